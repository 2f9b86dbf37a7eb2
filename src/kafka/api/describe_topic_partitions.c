// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_topic_partitions.h"

#include "base/topic_name.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/store.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_describe_topic_partitions_topic_request
static const struct kafka_field describe_topic_partitions_topic_request_fields[] = {
    /* name   type          min max  null   tag   default place */
    { "Name", KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
};
static KAFKA_SCHEMA(describe_topic_partitions_topic_request, "TopicRequest");
#undef ROW

#define ROW struct kafka_describe_topic_partitions_cursor
static const struct kafka_field describe_topic_partitions_cursor_fields[] = {
    /* name             type          min max  null   tag   default place */
    { "TopicName",      KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(topic_name) },
    { "PartitionIndex", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
};
static KAFKA_SCHEMA(describe_topic_partitions_cursor, "Cursor");
#undef ROW

#define ROW struct kafka_describe_topic_partitions_request
static const struct kafka_field describe_topic_partitions_request_fields[] = {
    /* name                     type                        min max  null   tag   default place */
    { "Topics",                 KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_topic_partitions_topic_request_schema) },
    { "ResponsePartitionLimit", KAFKA_INT32,                0,  ANY, NEVER, NONE, 2000,   AT(response_partition_limit) },
    { "Cursor",                 KAFKA_STRUCT,               0,  ANY, 0,     NONE, 0,      AT_STRUCT(cursor, describe_topic_partitions_cursor_schema) },
};
static KAFKA_SCHEMA(describe_topic_partitions_request, "DescribeTopicPartitionsRequest");
#undef ROW

#define ROW struct kafka_describe_topic_partitions_response_partition
static const struct kafka_field describe_topic_partitions_response_partition_fields[] = {
    /* name                     type                       min max  null   tag   default place */
    { "ErrorCode",              KAFKA_INT16,               0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "PartitionIndex",         KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "LeaderId",               KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(leader_id) },
    { "LeaderEpoch",            KAFKA_INT32,               0,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
    { "ReplicaNodes",           KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(replica_nodes) },
    { "IsrNodes",               KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(isr_nodes) },
    { "EligibleLeaderReplicas", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, 0,     NONE, 0,      AT(eligible_leader_replicas) },
    { "LastKnownElr",           KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, 0,     NONE, 0,      AT(last_known_elr) },
    { "OfflineReplicas",        KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(offline_replicas) },
};
static KAFKA_SCHEMA(describe_topic_partitions_response_partition, "DescribeTopicPartitionsResponsePartition");
#undef ROW

#define ROW struct kafka_describe_topic_partitions_response_topic
static const struct kafka_field describe_topic_partitions_response_topic_fields[] = {
    /* name                        type                        min max  null   tag   default      place */
    { "ErrorCode",                 KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,           AT(error_code) },
    { "Name",                      KAFKA_STRING,               0,  ANY, 0,     NONE, 0,           AT(name) },
    { "TopicId",                   KAFKA_UUID,                 0,  ANY, NEVER, NONE, 0,           AT(topic_id) },
    { "IsInternal",                KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,           AT(is_internal) },
    { "Partitions",                KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,           AT_STRUCT(partitions, describe_topic_partitions_response_partition_schema) },
    { "TopicAuthorizedOperations", KAFKA_INT32,                0,  ANY, NEVER, NONE, -2147483648, AT(topic_authorized_operations) },
};
static KAFKA_SCHEMA(describe_topic_partitions_response_topic, "DescribeTopicPartitionsResponseTopic");
#undef ROW

#define ROW struct kafka_describe_topic_partitions_response
static const struct kafka_field describe_topic_partitions_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_topic_partitions_response_topic_schema) },
    { "NextCursor",     KAFKA_STRUCT,               0,  ANY, 0,     NONE, 0,      AT_STRUCT(next_cursor, describe_topic_partitions_cursor_schema) },
};
static KAFKA_SCHEMA(describe_topic_partitions_response, "DescribeTopicPartitionsResponse");
#undef ROW
// clang-format on

// max.request.partition.size.limit: partitions in one answer, whatever is asked for.
enum { PARTITIONS_IN_ANSWER_MAX = 2000 };

struct page {
    struct kafka_call *call;
    struct kafka_describe_topic_partitions_response *response;
    const struct kafka_describe_topic_partitions_cursor *from; // NULL: from the start
    int32_t left;                                              // partitions that the answer still has room for
    int32_t *node;
};

static void set_cursor(struct page *page, bytes_t name, int32_t index)
{
    struct kafka_describe_topic_partitions_cursor *cursor =
        kafka_new(&describe_topic_partitions_cursor_schema, 1, &page->call->arena);
    cursor->topic_name = arena_copy(&page->call->arena, name);
    cursor->partition_index = index;
    page->response->next_cursor = cursor;
}

static void describe_partition(const struct page *page, int32_t index,
                               struct kafka_describe_topic_partitions_response_partition *row)
{
    row->partition_index = index;
    row->leader_id = *page->node;
    row->leader_epoch = store_leader_epoch(page->call->door->store);
    row->replica_nodes.items = row->isr_nodes.items = page->node;
    row->replica_nodes.count = row->isr_nodes.count = 1;
}

// False when the page is full; the cursor then says where the next one begins.
static bool describe_topic(struct page *page, bytes_t name, const struct topic *topic)
{
    struct kafka_call *call = page->call;
    if (page->left == 0) {
        set_cursor(page, name, 0);
        return false;
    }
    struct kafka_describe_topic_partitions_response_topic *row =
        &page->response->topics.items[page->response->topics.count++];
    row->name = arena_copy(&call->arena, name);
    if (topic == NULL) {
        row->error_code =
            topic_name_check(name, NULL) == ERR_OK ? KAFKA_UNKNOWN_TOPIC_OR_PARTITION : KAFKA_INVALID_TOPIC_EXCEPTION;
        return true;
    }
    int32_t first = 0;
    if (page->from != NULL && bytes_equal(page->from->topic_name, name))
        first =
            page->from->partition_index < topic->partition_count ? page->from->partition_index : topic->partition_count;
    int32_t count = topic->partition_count - first < page->left ? topic->partition_count - first : page->left;
    row->topic_id = kafka_uuid_of(&topic->id);
    row->is_internal = topic->internal;
    row->topic_authorized_operations = KAFKA_TOPIC_OPERATIONS;
    row->partitions.items =
        kafka_new(&describe_topic_partitions_response_partition_schema, (size_t)count, &call->arena);
    row->partitions.count = count;
    for (int32_t i = 0; i < count; i++)
        describe_partition(page, first + i, &row->partitions.items[i]);
    page->left -= count;
    if (first + count == topic->partition_count)
        return true;
    set_cursor(page, name, first + count);
    return false;
}

static bool is_before_cursor(const struct page *page, bytes_t name)
{
    return page->from != NULL && bytes_compare(name, page->from->topic_name) < 0;
}

static void describe_all(struct page *page)
{
    struct store *store = page->call->door->store;
    const struct topic *topic = NULL;
    page->response->topics.items =
        kafka_new(&describe_topic_partitions_response_topic_schema, topic_count(store), &page->call->arena);
    while ((topic = topic_next(store, topic)) != NULL) {
        if (!is_before_cursor(page, topic->name) && !describe_topic(page, topic->name, topic))
            return;
    }
}

static int name_order(const void *a, const void *b)
{
    const struct kafka_describe_topic_partitions_topic_request *x = a, *y = b;
    return bytes_compare(x->name, y->name);
}

// Each name once, in their order: so the cursor can go on in a later request.
static void describe_asked(struct page *page)
{
    struct kafka_call *call = page->call;
    struct kafka_describe_topic_partitions_request *request = call->request;
    struct kafka_describe_topic_partitions_topic_request *asked = request->topics.items;
    size_t count = (size_t)request->topics.count;
    qsort(asked, count, sizeof asked[0], name_order);
    page->response->topics.items = kafka_new(&describe_topic_partitions_response_topic_schema, count, &call->arena);
    for (size_t i = 0; i < count; i++) {
        if ((i > 0 && bytes_equal(asked[i].name, asked[i - 1].name)) || is_before_cursor(page, asked[i].name))
            continue;
        if (!describe_topic(page, asked[i].name, topic_find(call->door->store, asked[i].name)))
            return;
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_topic_partitions_request *request = call->request;
    struct page page = { .call = call, .response = call->response, .from = request->cursor };
    if (kafka_call_names_too_many(call, (size_t)request->topics.count))
        return;
    if (request->cursor != NULL && request->cursor->partition_index < 0) {
        kafka_call_hang_up(call, "DescribeTopicPartitions has a cursor with a negative partition");
        return;
    }
    page.node = arena_array(&call->arena, 1, sizeof *page.node);
    *page.node = (int32_t)call->door->options->node_id;
    page.left = request->response_partition_limit < 1 ? 1 : request->response_partition_limit;
    if (page.left > PARTITIONS_IN_ANSWER_MAX)
        page.left = PARTITIONS_IN_ANSWER_MAX;
    if (request->topics.count == 0)
        describe_all(&page);
    else
        describe_asked(&page);
    kafka_call_reply(call);
}

const struct kafka_api kafka_describe_topic_partitions_api = {
    .key = 75,
    .name = "DescribeTopicPartitions",
    .min = 0,
    .max = 0,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &describe_topic_partitions_request_schema,
    .response = &describe_topic_partitions_response_schema,
    .handle = handle,
};
