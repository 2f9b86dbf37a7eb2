// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/offset_for_leader_epoch.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/log.h"

// clang-format off
#define ROW struct kafka_offset_for_leader_partition
static const struct kafka_field offset_for_leader_partition_fields[] = {
    /* name                 type         min max  null   tag   default place */
    { "Partition",          KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition) },
    { "CurrentLeaderEpoch", KAFKA_INT32, 2,  ANY, NEVER, NONE, -1,     AT(current_leader_epoch) },
    { "LeaderEpoch",        KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(leader_epoch) },
};
static KAFKA_SCHEMA(offset_for_leader_partition, "OffsetForLeaderPartition");
#undef ROW

#define ROW struct kafka_offset_for_leader_topic
static const struct kafka_field offset_for_leader_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(topic) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_for_leader_partition_schema) },
};
static KAFKA_SCHEMA(offset_for_leader_topic, "OffsetForLeaderTopic");
#undef ROW

#define ROW struct kafka_offset_for_leader_epoch_request
static const struct kafka_field offset_for_leader_epoch_request_fields[] = {
    /* name        type                        min max  null   tag   default place */
    { "ReplicaId", KAFKA_INT32,                3,  ANY, NEVER, NONE, -2,     AT(replica_id) },
    { "Topics",    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_for_leader_topic_schema) },
};
static KAFKA_SCHEMA(offset_for_leader_epoch_request, "OffsetForLeaderEpochRequest");
#undef ROW

#define ROW struct kafka_offset_for_leader_epoch_epoch_end_offset
static const struct kafka_field offset_for_leader_epoch_epoch_end_offset_fields[] = {
    /* name          type         min max  null   tag   default place */
    { "ErrorCode",   KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "Partition",   KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition) },
    { "LeaderEpoch", KAFKA_INT32, 1,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
    { "EndOffset",   KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(end_offset) },
};
static KAFKA_SCHEMA(offset_for_leader_epoch_epoch_end_offset, "EpochEndOffset");
#undef ROW

#define ROW struct kafka_offset_for_leader_topic_result
static const struct kafka_field offset_for_leader_topic_result_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(topic) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_for_leader_epoch_epoch_end_offset_schema) },
};
static KAFKA_SCHEMA(offset_for_leader_topic_result, "OffsetForLeaderTopicResult");
#undef ROW

#define ROW struct kafka_offset_for_leader_epoch_response
static const struct kafka_field offset_for_leader_epoch_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_for_leader_topic_result_schema) },
};
static KAFKA_SCHEMA(offset_for_leader_epoch_response, "OffsetForLeaderEpochResponse");
#undef ROW
// clang-format on

struct epoch_look_up {
    struct kafka_gathered gathered;
    struct stat_op op;
    const struct topic *topic; // one reference
    struct kafka_offset_for_leader_epoch_epoch_end_offset *answer;
};

static void on_stat(struct log_op *op)
{
    struct epoch_look_up *look_up = CONTAINER_OF(op, struct epoch_look_up, op.op);
    look_up->answer->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK) {
        look_up->answer->leader_epoch = look_up->op.found_epoch;
        look_up->answer->end_offset = look_up->op.epoch_end_offset;
    }
    topic_unref(look_up->topic);
    kafka_gather_release(look_up->gathered.gather);
}

static void find_end(struct kafka_gather *gather, const struct topic *topic,
                     const struct kafka_offset_for_leader_partition *asked,
                     struct kafka_offset_for_leader_epoch_epoch_end_offset *answer)
{
    int32_t index = asked->partition;
    answer->partition = index;
    answer->error_code = kafka_door_epoch_error(gather->call->door, asked->current_leader_epoch);
    if (topic == NULL || index < 0 || index >= topic->partition_count)
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (answer->error_code != KAFKA_NONE)
        return;
    struct epoch_look_up *look_up = kafka_gather_add(gather, sizeof *look_up);
    look_up->topic = topic_ref(topic);
    look_up->answer = answer;
    look_up->op.epoch = asked->leader_epoch;
    look_up->op.op.partition = topic->partitions[index];
    look_up->op.op.on_done = on_stat;
    log_stat(&look_up->op);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_offset_for_leader_epoch_request *request = call->request;
    struct kafka_offset_for_leader_epoch_response *response = call->response;
    struct kafka_gather *gather = kafka_gather_new(call);
    response->topics.count = request->topics.count;
    response->topics.items =
        kafka_new(&offset_for_leader_topic_result_schema, (size_t)request->topics.count, &call->arena);
    for (int32_t i = 0; i < request->topics.count; i++) {
        const struct kafka_offset_for_leader_topic *asked = &request->topics.items[i];
        struct kafka_offset_for_leader_topic_result *answer = &response->topics.items[i];
        const struct topic *topic = topic_find(call->door->store, asked->topic);
        answer->topic = asked->topic;
        answer->partitions.count = asked->partitions.count;
        answer->partitions.items =
            kafka_new(&offset_for_leader_epoch_epoch_end_offset_schema, (size_t)asked->partitions.count, &call->arena);
        for (int32_t j = 0; j < asked->partitions.count; j++)
            find_end(gather, topic, &asked->partitions.items[j], &answer->partitions.items[j]);
    }
    kafka_gather_release(gather);
}

const struct kafka_api kafka_offset_for_leader_epoch_api = {
    .key = 23,
    .name = "OffsetForLeaderEpoch",
    .min = 2,
    .max = 4,
    .advertised_min = 2,
    .flexible_from = 4,
    .request = &offset_for_leader_epoch_request_schema,
    .response = &offset_for_leader_epoch_response_schema,
    .handle = handle,
};
