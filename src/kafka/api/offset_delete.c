// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/offset_delete.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_offset_delete_request_partition
static const struct kafka_field offset_delete_request_partition_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
};
static KAFKA_SCHEMA(offset_delete_request_partition, "OffsetDeleteRequestPartition");
#undef ROW

#define ROW struct kafka_offset_delete_request_topic
static const struct kafka_field offset_delete_request_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_delete_request_partition_schema) },
};
static KAFKA_SCHEMA(offset_delete_request_topic, "OffsetDeleteRequestTopic");
#undef ROW

#define ROW struct kafka_offset_delete_request
static const struct kafka_field offset_delete_request_fields[] = {
    /* name      type                        min max  null   tag   default place */
    { "GroupId", KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "Topics",  KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_delete_request_topic_schema) },
};
static KAFKA_SCHEMA(offset_delete_request, "OffsetDeleteRequest");
#undef ROW

#define ROW struct kafka_offset_delete_response_partition
static const struct kafka_field offset_delete_response_partition_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(offset_delete_response_partition, "OffsetDeleteResponsePartition");
#undef ROW

#define ROW struct kafka_offset_delete_response_topic
static const struct kafka_field offset_delete_response_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_delete_response_partition_schema) },
};
static KAFKA_SCHEMA(offset_delete_response_topic, "OffsetDeleteResponseTopic");
#undef ROW

#define ROW struct kafka_offset_delete_response
static const struct kafka_field offset_delete_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_delete_response_topic_schema) },
};
static KAFKA_SCHEMA(offset_delete_response, "OffsetDeleteResponse");
#undef ROW
// clang-format on

struct deletion {
    struct coordinator_op op;
    struct engine_commit_op put;
    struct kafka_call *call;
    struct engine_offset *items;
    int16_t **errors; // of each item, in the answer
};

static void on_put(struct engine_commit_op *put)
{
    struct deletion *deletion = CONTAINER_OF(put, struct deletion, put);
    for (size_t i = 0; i < put->count && put->err != ERR_OK; i++)
        *deletion->errors[i] = KAFKA_COORDINATOR_NOT_AVAILABLE;
    coordinator_answer(&deletion->op);
}

static void add_topic(struct deletion *deletion, const struct group *group,
                      const struct kafka_offset_delete_request_topic *asked,
                      struct kafka_offset_delete_response_topic *row)
{
    static const struct kafka_uuid no_id;
    struct kafka_call *call = deletion->call;
    const struct kafka_offset_delete_request *request = call->request;
    const struct topic *topic = kafka_door_topic(call->door, false, asked->name, &no_id);
    bool is_read = group_reads_topic(group, asked->name);
    size_t count = (size_t)asked->partitions.count;
    row->name = asked->name;
    row->partitions.items = kafka_new(&offset_delete_response_partition_schema, count, &call->arena);
    row->partitions.count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        struct kafka_offset_delete_response_partition *to = &row->partitions.items[i];
        to->partition_index = asked->partitions.items[i].partition_index;
        if (topic == NULL || to->partition_index < 0 || to->partition_index >= topic->partition_count) {
            to->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
            continue;
        }
        to->error_code = is_read ? KAFKA_GROUP_SUBSCRIBED_TO_TOPIC : KAFKA_NONE;
        if (is_read)
            continue;
        deletion->errors[deletion->put.count] = &to->error_code;
        deletion->items[deletion->put.count++] = (struct engine_offset){
            .group = request->group_id, .topic = asked->name, .partition = to->partition_index, .offset = -1
        };
    }
}

static void on_run(struct coordinator_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op);
    struct kafka_call *call = deletion->call;
    const struct kafka_offset_delete_request *request = call->request;
    struct kafka_offset_delete_response *response = call->response;
    const struct groups *groups = coordinator_groups(op->coordinator);
    enum group_error error = group_forget_check(groups, request->group_id);
    response->error_code = kafka_group_error(error);
    size_t topics = error == GROUP_OK ? (size_t)request->topics.count : 0, most = 0;
    for (size_t i = 0; i < topics; i++)
        most += (size_t)request->topics.items[i].partitions.count;
    deletion->items = arena_array(&call->arena, most, sizeof(*deletion->items));
    deletion->errors = arena_array(&call->arena, most, sizeof(*deletion->errors));
    deletion->put.items = deletion->items;
    response->topics.items = kafka_new(&offset_delete_response_topic_schema, topics, &call->arena);
    response->topics.count = (int32_t)topics;
    for (size_t i = 0; i < topics; i++)
        add_topic(deletion, groups_find(groups, request->group_id), &request->topics.items[i],
                  &response->topics.items[i]);
    if (deletion->put.count > 0)
        offsets_commit(coordinator_offsets(op->coordinator), &deletion->put);
    else
        coordinator_answer(op);
}

static void on_done(struct coordinator_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op);
    struct kafka_call *call = deletion->call;
    free(deletion);
    kafka_call_reply(call);
}

static void handle(struct kafka_call *call)
{
    struct deletion *deletion = mem_zalloc(1, sizeof(*deletion));
    deletion->call = call;
    deletion->put.on_done = on_put;
    deletion->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    coordinator_ask(call->door->coordinator, &deletion->op);
}

const struct kafka_api kafka_offset_delete_api = {
    .key = 47,
    .name = "OffsetDelete",
    .min = 0,
    .max = 0,
    .advertised_min = 0,
    .flexible_from = INT8_MAX,
    .request = &offset_delete_request_schema,
    .response = &offset_delete_response_schema,
    .handle = handle,
};
