// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/list_offsets.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/log.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_list_offsets_partition
static const struct kafka_field list_offsets_partition_fields[] = {
    /* name                 type         min max  null   tag   default place */
    { "PartitionIndex",     KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "CurrentLeaderEpoch", KAFKA_INT32, 4,  ANY, NEVER, NONE, -1,     AT(current_leader_epoch) },
    { "Timestamp",          KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(timestamp) },
};
static KAFKA_SCHEMA(list_offsets_partition, "ListOffsetsPartition");
#undef ROW

#define ROW struct kafka_list_offsets_topic
static const struct kafka_field list_offsets_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, list_offsets_partition_schema) },
};
static KAFKA_SCHEMA(list_offsets_topic, "ListOffsetsTopic");
#undef ROW

#define ROW struct kafka_list_offsets_request
static const struct kafka_field list_offsets_request_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ReplicaId",      KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(replica_id) },
    { "IsolationLevel", KAFKA_INT8,                 2,  ANY, NEVER, NONE, 0,      AT(isolation_level) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, list_offsets_topic_schema) },
    { "TimeoutMs",      KAFKA_INT32,                10, ANY, NEVER, NONE, 0,      AT(timeout_ms) },
};
static KAFKA_SCHEMA(list_offsets_request, "ListOffsetsRequest");
#undef ROW

#define ROW struct kafka_list_offsets_partition_response
static const struct kafka_field list_offsets_partition_response_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "Timestamp",      KAFKA_INT64, 1,  ANY, NEVER, NONE, -1,     AT(timestamp) },
    { "Offset",         KAFKA_INT64, 1,  ANY, NEVER, NONE, -1,     AT(offset) },
    { "LeaderEpoch",    KAFKA_INT32, 4,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
};
static KAFKA_SCHEMA(list_offsets_partition_response, "ListOffsetsPartitionResponse");
#undef ROW

#define ROW struct kafka_list_offsets_topic_response
static const struct kafka_field list_offsets_topic_response_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, list_offsets_partition_response_schema) },
};
static KAFKA_SCHEMA(list_offsets_topic_response, "ListOffsetsTopicResponse");
#undef ROW

#define ROW struct kafka_list_offsets_response
static const struct kafka_field list_offsets_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, list_offsets_topic_response_schema) },
};
static KAFKA_SCHEMA(list_offsets_response, "ListOffsetsResponse");
#undef ROW
// clang-format on

struct look_up {
    struct offset_op op;
    struct look_ups *all;
    const struct topic *topic; // one reference
    struct kafka_list_offsets_partition_response *response;
};

struct look_ups {
    struct kafka_call *call;
    struct look_up *items;
    size_t count;
    size_t pending; // and one for the loop that starts them
};

static void look_ups_release(struct look_ups *all)
{
    if (--all->pending > 0)
        return;
    struct kafka_call *call = all->call;
    free(all->items);
    free(all);
    kafka_call_reply(call);
}

static void on_found(struct log_op *op)
{
    struct look_up *look_up = CONTAINER_OF(op, struct look_up, op.op);
    look_up->response->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK) {
        look_up->response->offset = look_up->op.offset;
        look_up->response->timestamp = look_up->op.found_timestamp;
        look_up->response->leader_epoch = look_up->op.leader_epoch;
    }
    topic_unref(look_up->topic);
    look_ups_release(look_up->all);
}

// The special timestamps came one by one; Kafka refuses one that the request's version does not know.
static bool timestamp_is_known(int64_t timestamp, int version)
{
    static const int8_t first_versions[] = {
        [-OFFSET_LATEST] = 1,         [-OFFSET_EARLIEST] = 1,      [-OFFSET_MAX_TIMESTAMP] = 7,
        [-OFFSET_EARLIEST_LOCAL] = 8, [-OFFSET_LATEST_TIERED] = 9, [-OFFSET_EARLIEST_PENDING_UPLOAD] = 11,
    };
    if (timestamp >= 0)
        return true;
    return timestamp > -(int64_t)ARRAY_COUNT(first_versions) && version >= first_versions[-timestamp];
}

static void look_up_partition(struct look_ups *all, const struct topic *topic,
                              const struct kafka_list_offsets_partition *partition,
                              struct kafka_list_offsets_partition_response *response)
{
    struct kafka_call *call = all->call;
    int32_t index = partition->partition_index;
    response->error_code = kafka_door_epoch_error(call->door, partition->current_leader_epoch);
    if (topic == NULL || index < 0 || index >= topic->partition_count)
        response->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    else if (!timestamp_is_known(partition->timestamp, call->version))
        response->error_code = KAFKA_UNSUPPORTED_VERSION;
    if (response->error_code != KAFKA_NONE)
        return;
    struct look_up *look_up = &all->items[all->count++];
    *look_up = (struct look_up){ .all = all, .topic = topic_ref(topic), .response = response };
    look_up->op.op.partition = topic->partitions[index];
    look_up->op.op.on_done = on_found;
    look_up->op.timestamp = partition->timestamp;
    all->pending++;
    log_find_offset(&look_up->op);
}

// --- a partition that is asked for more than once is refused, and answered once, as Kafka does

enum naming { NAMED_ONCE, NAMED_FIRST_OF_SEVERAL, NAMED_AGAIN };

struct named {
    bytes_t topic;
    int32_t partition;
    size_t place; // in the request, all topics together
};

static int named_order(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    int order = bytes_compare(left->topic, right->topic);
    if (order == 0)
        order = (left->partition > right->partition) - (left->partition < right->partition);
    return order != 0 ? order : (left->place > right->place) - (left->place < right->place);
}

static bool is_same_partition(const struct named *a, const struct named *b)
{
    return a->partition == b->partition && bytes_equal(a->topic, b->topic);
}

// One value for each of COUNT partitions, in the order of the request; in the call's arena.
static const enum naming *namings_of(struct kafka_call *call, size_t count)
{
    const struct kafka_list_offsets_request *request = call->request;
    enum naming *namings = arena_array(&call->arena, count + 1, sizeof(*namings));
    struct named *all = mem_alloc((count + 1) * sizeof(*all));
    size_t at = 0;
    for (int32_t i = 0; i < request->topics.count; i++) {
        const struct kafka_list_offsets_topic *topic = &request->topics.items[i];
        for (int32_t j = 0; j < topic->partitions.count; j++, at++)
            all[at] = (struct named){ topic->name, topic->partitions.items[j].partition_index, at };
    }
    qsort(all, count, sizeof(*all), named_order);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && is_same_partition(&all[i - 1], &all[i]))
            namings[all[i].place] = NAMED_AGAIN;
        else if (i + 1 < count && is_same_partition(&all[i], &all[i + 1]))
            namings[all[i].place] = NAMED_FIRST_OF_SEVERAL;
        else
            namings[all[i].place] = NAMED_ONCE;
    }
    free(all);
    return namings;
}

static void answer_topic(struct look_ups *all, const struct kafka_list_offsets_topic *asked, const enum naming *namings,
                         struct kafka_list_offsets_topic_response *answer)
{
    struct kafka_call *call = all->call;
    const struct topic *topic = topic_find(call->door->store, asked->name);
    answer->name = asked->name;
    answer->partitions.items =
        kafka_new(&list_offsets_partition_response_schema, (size_t)asked->partitions.count, &call->arena);
    for (int32_t i = 0; i < asked->partitions.count; i++) {
        if (namings[i] == NAMED_AGAIN)
            continue;
        struct kafka_list_offsets_partition_response *row = &answer->partitions.items[answer->partitions.count++];
        row->partition_index = asked->partitions.items[i].partition_index;
        if (namings[i] == NAMED_ONCE)
            look_up_partition(all, topic, &asked->partitions.items[i], row);
        else
            row->error_code = KAFKA_INVALID_REQUEST;
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_list_offsets_request *request = call->request;
    struct kafka_list_offsets_response *response = call->response;
    size_t partition_count = 0;
    for (int32_t i = 0; i < request->topics.count; i++)
        partition_count += (size_t)request->topics.items[i].partitions.count;
    const enum naming *namings = namings_of(call, partition_count);
    struct look_ups *all = mem_zalloc(1, sizeof(*all));
    all->call = call;
    all->items = mem_zalloc(partition_count + 1, sizeof(struct look_up));
    all->pending = 1;
    response->topics.count = request->topics.count;
    response->topics.items =
        kafka_new(&list_offsets_topic_response_schema, (size_t)request->topics.count, &call->arena);
    for (int32_t i = 0; i < request->topics.count; i++) {
        answer_topic(all, &request->topics.items[i], namings, &response->topics.items[i]);
        namings += request->topics.items[i].partitions.count;
    }
    look_ups_release(all);
}

const struct kafka_api kafka_list_offsets_api = {
    .key = 2,
    .name = "ListOffsets",
    .min = 1,
    .max = 11,
    .advertised_min = 1,
    .flexible_from = 6,
    .request = &list_offsets_request_schema,
    .response = &list_offsets_response_schema,
    .handle = handle,
};
