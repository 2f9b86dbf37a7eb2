// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/metadata.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/topic_name.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/store.h"
#include "store/topic.h"

#include <assert.h>
#include <stdlib.h>

// clang-format off
#define ROW struct kafka_metadata_request_topic
static const struct kafka_field metadata_request_topic_fields[] = {
    /* name      type          min max  null   tag   default place */
    { "TopicId", KAFKA_UUID,   10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Name",    KAFKA_STRING, 0,  ANY, 10,    NONE, 0,      AT(name) },
};
static KAFKA_SCHEMA(metadata_request_topic, "MetadataRequestTopic");
#undef ROW

#define ROW struct kafka_metadata_request
static const struct kafka_field metadata_request_fields[] = {
    /* name                                 type                        min max  null   tag   default place */
    { "Topics",                             KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 1,     NONE, 0,      AT_STRUCT(topics, metadata_request_topic_schema) },
    { "AllowAutoTopicCreation",             KAFKA_BOOL,                 4,  ANY, NEVER, NONE, 1,      AT(allow_auto_topic_creation) },
    { "IncludeClusterAuthorizedOperations", KAFKA_BOOL,                 8,  10,  NEVER, NONE, 0,      AT(include_cluster_authorized_operations) },
    { "IncludeTopicAuthorizedOperations",   KAFKA_BOOL,                 8,  ANY, NEVER, NONE, 0,      AT(include_topic_authorized_operations) },
};
static KAFKA_SCHEMA(metadata_request, "MetadataRequest");
#undef ROW

#define ROW struct kafka_metadata_response_broker
static const struct kafka_field metadata_response_broker_fields[] = {
    /* name     type          min max  null   tag   default place */
    { "NodeId", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(node_id) },
    { "Host",   KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port",   KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(port) },
    { "Rack",   KAFKA_STRING, 1,  ANY, 1,     NONE, 0,      AT(rack) },
};
static KAFKA_SCHEMA(metadata_response_broker, "MetadataResponseBroker");
#undef ROW

#define ROW struct kafka_metadata_response_partition
static const struct kafka_field metadata_response_partition_fields[] = {
    /* name              type                       min max  null   tag   default place */
    { "ErrorCode",       KAFKA_INT16,               0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "PartitionIndex",  KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "LeaderId",        KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(leader_id) },
    { "LeaderEpoch",     KAFKA_INT32,               7,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
    { "ReplicaNodes",    KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(replica_nodes) },
    { "IsrNodes",        KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(isr_nodes) },
    { "OfflineReplicas", KAFKA_ARRAY | KAFKA_INT32, 5,  ANY, NEVER, NONE, 0,      AT(offline_replicas) },
};
static KAFKA_SCHEMA(metadata_response_partition, "MetadataResponsePartition");
#undef ROW

#define ROW struct kafka_metadata_response_topic
static const struct kafka_field metadata_response_topic_fields[] = {
    /* name                        type                        min max  null   tag   default    place */
    { "ErrorCode",                 KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,         AT(error_code) },
    { "Name",                      KAFKA_STRING,               0,  ANY, 12,    NONE, 0,         AT(name) },
    { "TopicId",                   KAFKA_UUID,                 10, ANY, NEVER, NONE, 0,         AT(topic_id) },
    { "IsInternal",                KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 0,         AT(is_internal) },
    { "Partitions",                KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(partitions, metadata_response_partition_schema) },
    { "TopicAuthorizedOperations", KAFKA_INT32,                8,  ANY, NEVER, NONE, INT32_MIN, AT(topic_authorized_operations) },
};
static KAFKA_SCHEMA(metadata_response_topic, "MetadataResponseTopic");
#undef ROW

#define ROW struct kafka_metadata_response
static const struct kafka_field metadata_response_fields[] = {
    /* name                          type                        min max  null   tag   default    place */
    { "ThrottleTimeMs",              KAFKA_INT32,                3,  ANY, NEVER, NONE, 0,         AT(throttle_time_ms) },
    { "Brokers",                     KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(brokers, metadata_response_broker_schema) },
    { "ClusterId",                   KAFKA_STRING,               2,  ANY, 2,     NONE, 0,         AT(cluster_id) },
    { "ControllerId",                KAFKA_INT32,                1,  ANY, NEVER, NONE, -1,        AT(controller_id) },
    { "Topics",                      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(topics, metadata_response_topic_schema) },
    { "ClusterAuthorizedOperations", KAFKA_INT32,                8,  10,  NEVER, NONE, INT32_MIN, AT(cluster_authorized_operations) },
    { "ErrorCode",                   KAFKA_INT16,                13, ANY, NEVER, NONE, 0,         AT(error_code) },
};
static KAFKA_SCHEMA(metadata_response, "MetadataResponse");
#undef ROW
// clang-format on

#define FIRST_VERSION_AUTO_CREATE 4
#define FIRST_VERSION_NULL_NAME   12

struct creation {
    struct topic_op op;
    struct listing *listing;
    struct kafka_metadata_response_topic *row;
};

struct listing {
    struct kafka_call *call;
    struct creation *creations;
    size_t count;
    size_t pending; // creations under way, and one for the loop that starts them
};

static void list_partition(const struct kafka_call *call, int32_t index, int32_t *node,
                           struct kafka_metadata_response_partition *row)
{
    row->partition_index = index;
    row->leader_id = *node;
    row->leader_epoch = store_leader_epoch(call->door->store);
    row->replica_nodes.items = row->isr_nodes.items = node;
    row->replica_nodes.count = row->isr_nodes.count = 1;
}

static void list_topic(struct kafka_call *call, const struct topic *topic, struct kafka_metadata_response_topic *row)
{
    const struct kafka_metadata_request *request = call->request;
    int32_t *node = arena_alloc(&call->arena, sizeof(*node));
    *node = (int32_t)call->door->options->node_id;
    row->name = arena_copy(&call->arena, topic->name);
    row->topic_id = kafka_uuid_of(&topic->id);
    row->is_internal = topic->internal;
    row->partitions.items =
        kafka_new(&metadata_response_partition_schema, (size_t)topic->partition_count, &call->arena);
    row->partitions.count = topic->partition_count;
    for (int32_t i = 0; i < topic->partition_count; i++)
        list_partition(call, i, node, &row->partitions.items[i]);
    if (request->include_topic_authorized_operations)
        row->topic_authorized_operations = KAFKA_TOPIC_OPERATIONS;
}

static void listing_release(struct listing *listing)
{
    if (--listing->pending > 0)
        return;
    struct kafka_call *call = listing->call;
    free(listing->creations);
    free(listing);
    kafka_call_reply(call);
}

static void on_created(struct topic_op *op)
{
    struct creation *creation = CONTAINER_OF(op, struct creation, op);
    struct kafka_call *call = creation->listing->call;
    // Somebody else may have been faster.
    const struct topic *topic = op->err == ERR_EXISTS ? topic_find(call->door->store, op->name) : op->topic;
    if (op->err == ERR_INVALID || op->err == ERR_CONFLICT)
        creation->row->error_code = KAFKA_INVALID_TOPIC_EXCEPTION;
    else if (topic == NULL)
        creation->row->error_code = op->err == ERR_EXISTS ? KAFKA_LEADER_NOT_AVAILABLE : kafka_error_of(op->err);
    else
        list_topic(call, topic, creation->row);
    if (op->err == ERR_OK)
        topic_unref(op->topic);
    listing_release(creation->listing);
}

static void create_topic(struct listing *listing, bytes_t name, struct kafka_metadata_response_topic *row)
{
    struct kafka_door *door = listing->call->door;
    struct creation *creation = &listing->creations[listing->count++];
    *creation = (struct creation){
        .op = { .on_done = on_created, .name = name, .partition_count = (int32_t)door->options->topic_partitions },
        .listing = listing,
        .row = row
    };
    listing->pending++;
    topic_create(door->store, &creation->op);
}

// Java's AdminClient sends an id and an empty name, others an id and no name: the id counts, as in Kafka.
static bool asked_by_id(const struct kafka_metadata_request_topic *asked)
{
    return asked->name.data == NULL || !kafka_uuid_is_zero(&asked->topic_id);
}

static void list_asked(struct listing *listing, const struct kafka_metadata_request_topic *asked,
                       struct kafka_metadata_response_topic *row)
{
    struct kafka_call *call = listing->call;
    const struct kafka_metadata_request *request = call->request;
    bool by_id = asked_by_id(asked);
    bool may_create = call->version < FIRST_VERSION_AUTO_CREATE || request->allow_auto_topic_creation;
    const struct topic *topic = kafka_door_topic(call->door, by_id, asked->name, &asked->topic_id);
    row->name = by_id ? BYTES_NULL : asked->name;
    row->topic_id = asked->topic_id;
    if (topic != NULL)
        list_topic(call, topic, row);
    else if (by_id)
        row->error_code = call->version < FIRST_VERSION_NULL_NAME ? KAFKA_INVALID_REQUEST : KAFKA_UNKNOWN_TOPIC_ID;
    else if (topic_name_check(asked->name, NULL) != ERR_OK)
        row->error_code = KAFKA_INVALID_TOPIC_EXCEPTION;
    else if (may_create && call->door->options->auto_create_topics)
        create_topic(listing, asked->name, row);
    else
        row->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
}

// A topic that is asked for, by name or id.
struct asking {
    struct map_node node; // stands first
    bytes_t key;
};

static_assert(offsetof(struct asking, node) == 0, "the map's node stands first");

static bytes_t asking_key(const struct map_node *node)
{
    const struct asking *asking = (const void *)node;
    return asking->key;
}

// Each topic once, as Kafka does: a short request that repeats a large topic must not make a large answer.
static void list_each_asked(struct listing *listing)
{
    struct kafka_call *call = listing->call;
    const struct kafka_metadata_request *request = call->request;
    struct kafka_metadata_response *response = call->response;
    size_t count = (size_t)request->topics.count;
    struct asking *askings = arena_array(&call->arena, count, sizeof(*askings));
    struct map seen = MAP_INIT(asking_key);
    for (size_t i = 0; i < count; i++) {
        const struct kafka_metadata_request_topic *asked = &request->topics.items[i];
        askings[i].key = asked_by_id(asked) ? bytes_of(&asked->topic_id, sizeof(asked->topic_id)) : asked->name;
        if (map_find(&seen, askings[i].key) != NULL)
            continue;
        map_insert(&seen, &askings[i].node);
        list_asked(listing, asked, &response->topics.items[response->topics.count++]);
    }
    map_free(&seen);
}

static void list_all(struct kafka_call *call)
{
    struct kafka_metadata_response *response = call->response;
    struct store *store = call->door->store;
    response->topics.items = kafka_new(&metadata_response_topic_schema, topic_count(store), &call->arena);
    for (const struct topic *topic = topic_next(store, NULL); topic != NULL; topic = topic_next(store, topic))
        list_topic(call, topic, &response->topics.items[response->topics.count++]);
}

static void list_cluster(struct kafka_call *call)
{
    const struct kafka_metadata_request *request = call->request;
    struct kafka_metadata_response *response = call->response;
    struct kafka_door *door = call->door;
    struct kafka_metadata_response_broker *broker = kafka_new(&metadata_response_broker_schema, 1, &call->arena);
    broker->node_id = (int32_t)door->options->node_id;
    broker->host = bytes_of_text(door->advertised.host);
    broker->port = door->advertised.port;
    response->brokers.items = broker;
    response->brokers.count = 1;
    response->cluster_id = bytes_of_text(store_cluster_id(door->store));
    response->controller_id = broker->node_id;
    if (request->include_cluster_authorized_operations)
        response->cluster_authorized_operations = KAFKA_CLUSTER_OPERATIONS;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_metadata_request *request = call->request;
    struct kafka_metadata_response *response = call->response;
    list_cluster(call);
    // Null asks for all; version 0 has no null, there an empty list does.
    if (request->topics.count < 0 || (request->topics.count == 0 && call->version == 0)) {
        list_all(call);
        kafka_call_reply(call);
        return;
    }
    size_t count = (size_t)request->topics.count;
    struct listing *listing = mem_zalloc(1, sizeof(*listing));
    listing->call = call;
    listing->creations = mem_zalloc(count + 1, sizeof(struct creation));
    listing->pending = 1;
    response->topics.items = kafka_new(&metadata_response_topic_schema, count, &call->arena);
    list_each_asked(listing);
    listing_release(listing);
}

const struct kafka_api kafka_metadata_api = {
    .key = 3,
    .name = "Metadata",
    .min = 0,
    .max = 13,
    .advertised_min = 0,
    .flexible_from = 9,
    .request = &metadata_request_schema,
    .response = &metadata_response_schema,
    .handle = handle,
};
