// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/offset_commit.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_offset_commit_request_partition
static const struct kafka_field offset_commit_request_partition_fields[] = {
    /* name                   type          min max  null   tag   default place */
    { "PartitionIndex",       KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "CommittedOffset",      KAFKA_INT64,  0,  ANY, NEVER, NONE, 0,      AT(committed_offset) },
    { "CommittedLeaderEpoch", KAFKA_INT32,  6,  ANY, NEVER, NONE, -1,     AT(committed_leader_epoch) },
    { "CommittedMetadata",    KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(committed_metadata) },
};
static KAFKA_SCHEMA(offset_commit_request_partition, "OffsetCommitRequestPartition");
#undef ROW

#define ROW struct kafka_offset_commit_request_topic
static const struct kafka_field offset_commit_request_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  9,   NEVER, NONE, 0,      AT(name) },
    { "TopicId",    KAFKA_UUID,                 10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_commit_request_partition_schema) },
};
static KAFKA_SCHEMA(offset_commit_request_topic, "OffsetCommitRequestTopic");
#undef ROW

#define ROW struct kafka_offset_commit_request
static const struct kafka_field offset_commit_request_fields[] = {
    /* name                        type                        min max  null   tag   default place */
    { "GroupId",                   KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "GenerationIdOrMemberEpoch", KAFKA_INT32,                0,  ANY, NEVER, NONE, -1,     AT(generation_id_or_member_epoch) },
    { "MemberId",                  KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId",           KAFKA_STRING,               7,  ANY, 7,     NONE, 0,      AT(group_instance_id) },
    { "RetentionTimeMs",           KAFKA_INT64,                0,  4,   NEVER, NONE, -1,     AT(retention_time_ms) },
    { "Topics",                    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_commit_request_topic_schema) },
};
static KAFKA_SCHEMA(offset_commit_request, "OffsetCommitRequest");
#undef ROW

#define ROW struct kafka_offset_commit_response_partition
static const struct kafka_field offset_commit_response_partition_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(offset_commit_response_partition, "OffsetCommitResponsePartition");
#undef ROW

#define ROW struct kafka_offset_commit_response_topic
static const struct kafka_field offset_commit_response_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  9,   NEVER, NONE, 0,      AT(name) },
    { "TopicId",    KAFKA_UUID,                 10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_commit_response_partition_schema) },
};
static KAFKA_SCHEMA(offset_commit_response_topic, "OffsetCommitResponseTopic");
#undef ROW

#define ROW struct kafka_offset_commit_response
static const struct kafka_field offset_commit_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                3,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_commit_response_topic_schema) },
};
static KAFKA_SCHEMA(offset_commit_response, "OffsetCommitResponse");
#undef ROW
// clang-format on

enum {
    FIRST_VERSION_BY_ID = 10,
    FIRST_VERSION_WITH_GROUP_NOT_FOUND = 9, // KIP-848; before, a group that is not there has another generation
};

struct commit {
    struct coordinator_op op;
    struct engine_commit_op put;
    struct kafka_call *call;
    struct engine_offset *items;
    int16_t **errors; // of each item, in the answer
};

// An error of the whole request: of every partition that has none of its own.
static void fail_all(const struct commit *commit, int16_t error)
{
    for (size_t i = 0; i < commit->put.count; i++)
        *commit->errors[i] = error;
}

static int16_t put_error(err_t err)
{
    if (err == ERR_TOO_LARGE)
        return KAFKA_INVALID_COMMIT_OFFSET_SIZE;
    return err == ERR_OK ? (int16_t)KAFKA_NONE : (int16_t)KAFKA_COORDINATOR_NOT_AVAILABLE;
}

static void on_put(struct engine_commit_op *put)
{
    struct commit *commit = CONTAINER_OF(put, struct commit, put);
    fail_all(commit, put_error(put->err));
    coordinator_answer(&commit->op);
}

static void on_run(struct coordinator_op *op)
{
    struct commit *commit = CONTAINER_OF(op, struct commit, op);
    const struct kafka_offset_commit_request *request = commit->call->request;
    const struct group_caller caller = { .group_id = request->group_id,
                                         .member_id = request->member_id,
                                         .instance_id = request->group_instance_id,
                                         .generation = request->generation_id_or_member_epoch };
    enum group_error error = group_commit_check(coordinator_groups(op->coordinator), &caller);
    if (error == GROUP_NOT_FOUND && commit->call->version < FIRST_VERSION_WITH_GROUP_NOT_FOUND)
        error = GROUP_ILLEGAL_GENERATION;
    if (error == GROUP_OK && commit->put.count > 0) {
        offsets_commit(coordinator_offsets(op->coordinator), &commit->put);
        return;
    }
    fail_all(commit, kafka_group_error(error));
    coordinator_answer(op);
}

static void on_done(struct coordinator_op *op)
{
    struct commit *commit = CONTAINER_OF(op, struct commit, op);
    struct kafka_call *call = commit->call;
    free(commit);
    kafka_call_reply(call);
}

// What is wrong with one partition, whoever commits it.
static int16_t item_error(const struct kafka_call *call, const struct topic *topic,
                          const struct kafka_offset_commit_request_partition *asked)
{
    if (topic == NULL)
        return kafka_unknown_topic_error(call->version >= FIRST_VERSION_BY_ID);
    if (asked->partition_index < 0 || asked->partition_index >= topic->partition_count)
        return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (asked->committed_metadata.size > (size_t)call->door->options->groups.metadata_max_size)
        return KAFKA_OFFSET_METADATA_TOO_LARGE;
    return asked->committed_offset < -1 ? (int16_t)KAFKA_OFFSET_OUT_OF_RANGE : (int16_t)KAFKA_NONE;
}

// When versions up to 4 say that the offset is too old; 0 when they do not.
static int64_t expire_time_ms(int64_t retention_ms)
{
    int64_t now_ms = clock_wall_ms();
    if (retention_ms < 0)
        return 0;
    return retention_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + retention_ms;
}

static void add_topic(struct commit *commit, const struct kafka_offset_commit_request_topic *asked,
                      struct kafka_offset_commit_response_topic *row)
{
    struct kafka_call *call = commit->call;
    const struct kafka_offset_commit_request *request = call->request;
    const struct topic *topic =
        kafka_door_topic(call->door, call->version >= FIRST_VERSION_BY_ID, asked->name, &asked->topic_id);
    bytes_t name = topic == NULL ? BYTES_NULL : arena_copy(&call->arena, topic->name);
    size_t count = (size_t)asked->partitions.count;
    row->name = asked->name;
    row->topic_id = asked->topic_id;
    row->partitions.items = kafka_new(&offset_commit_response_partition_schema, count, &call->arena);
    row->partitions.count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_offset_commit_request_partition *from = &asked->partitions.items[i];
        struct kafka_offset_commit_response_partition *to = &row->partitions.items[i];
        to->partition_index = from->partition_index;
        to->error_code = item_error(call, topic, from);
        if (to->error_code != KAFKA_NONE)
            continue;
        commit->errors[commit->put.count] = &to->error_code;
        commit->items[commit->put.count++] = (struct engine_offset){
            .group = request->group_id,
            .topic = name,
            .partition = from->partition_index,
            .offset = from->committed_offset,
            .leader_epoch = from->committed_leader_epoch,
            .metadata = from->committed_metadata,
            .expire_time_ms = expire_time_ms(request->retention_time_ms),
        };
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_offset_commit_request *request = call->request;
    struct kafka_offset_commit_response *response = call->response;
    struct commit *commit = mem_zalloc(1, sizeof(*commit));
    size_t topics = (size_t)request->topics.count, most = 0;
    for (size_t i = 0; i < topics; i++)
        most += (size_t)request->topics.items[i].partitions.count;
    commit->call = call;
    commit->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    commit->items = arena_array(&call->arena, most, sizeof(*commit->items));
    commit->errors = arena_array(&call->arena, most, sizeof(*commit->errors));
    commit->put.on_done = on_put;
    commit->put.items = commit->items;
    response->topics.items = kafka_new(&offset_commit_response_topic_schema, topics, &call->arena);
    response->topics.count = (int32_t)topics;
    for (size_t i = 0; i < topics; i++)
        add_topic(commit, &request->topics.items[i], &response->topics.items[i]);
    coordinator_ask(call->door->coordinator, &commit->op);
}

const struct kafka_api kafka_offset_commit_api = {
    .key = 8,
    .name = "OffsetCommit",
    .min = 2,
    .max = 10,
    .advertised_min = 2,
    .flexible_from = 8,
    .request = &offset_commit_request_schema,
    .response = &offset_commit_response_schema,
    .handle = handle,
};
