// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/alter_partition_reassignments.h"

#include "kafka/api.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_reassignable_partition
static const struct kafka_field reassignable_partition_fields[] = {
    /* name             type                       min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "Replicas",       KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, 0,     NONE, 0,      AT(replicas) },
};
static KAFKA_SCHEMA(reassignable_partition, "ReassignablePartition");
#undef ROW

#define ROW struct kafka_reassignable_topic
static const struct kafka_field reassignable_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, reassignable_partition_schema) },
};
static KAFKA_SCHEMA(reassignable_topic, "ReassignableTopic");
#undef ROW

#define ROW struct kafka_alter_partition_reassignments_request
static const struct kafka_field alter_partition_reassignments_request_fields[] = {
    /* name                           type                        min max  null   tag   default place */
    { "TimeoutMs",                    KAFKA_INT32,                0,  ANY, NEVER, NONE, 60000,  AT(timeout_ms) },
    { "AllowReplicationFactorChange", KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 1,      AT(allow_replication_factor_change) },
    { "Topics",                       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, reassignable_topic_schema) },
};
static KAFKA_SCHEMA(alter_partition_reassignments_request, "AlterPartitionReassignmentsRequest");
#undef ROW

#define ROW struct kafka_reassignable_partition_response
static const struct kafka_field reassignable_partition_response_fields[] = {
    /* name             type          min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",      KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",   KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(reassignable_partition_response, "ReassignablePartitionResponse");
#undef ROW

#define ROW struct kafka_reassignable_topic_response
static const struct kafka_field reassignable_topic_response_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, reassignable_partition_response_schema) },
};
static KAFKA_SCHEMA(reassignable_topic_response, "ReassignableTopicResponse");
#undef ROW

#define ROW struct kafka_alter_partition_reassignments_response
static const struct kafka_field alter_partition_reassignments_response_fields[] = {
    /* name                           type                        min max  null   tag   default place */
    { "ThrottleTimeMs",               KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "AllowReplicationFactorChange", KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 1,      AT(allow_replication_factor_change) },
    { "ErrorCode",                    KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",                 KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(error_message) },
    { "Responses",                    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, reassignable_topic_response_schema) },
};
static KAFKA_SCHEMA(alter_partition_reassignments_response, "AlterPartitionReassignmentsResponse");
#undef ROW
// clang-format on

// A partition may be put where it is, which is done at once; nowhere else.
static void reassign(struct kafka_call *call, const struct topic *topic,
                     const struct kafka_reassignable_partition *asked,
                     struct kafka_reassignable_partition_response *row)
{
    int32_t node = (int32_t)call->door->options->node_id;
    int16_t error = KAFKA_NONE;
    const char *text = NULL;
    if (topic == NULL || asked->partition_index < 0 || asked->partition_index >= topic->partition_count) {
        error = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    } else if (asked->replicas.count == KAFKA_NULL_ARRAY) {
        error = KAFKA_NO_REASSIGNMENT_IN_PROGRESS;
    } else if (asked->replicas.count != 1 || asked->replicas.items[0] != node) {
        error = KAFKA_INVALID_REPLICA_ASSIGNMENT;
        text = arena_format(&call->arena, "Broker %d is the only one: a partition has one replica, there.", (int)node);
    }
    row->partition_index = asked->partition_index;
    row->error_code = error;
    if (error != KAFKA_NONE)
        row->error_message = bytes_of_text(text == NULL ? kafka_error_message(error) : text);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_alter_partition_reassignments_request *request = call->request;
    struct kafka_alter_partition_reassignments_response *response = call->response;
    size_t count = (size_t)request->topics.count;
    response->allow_replication_factor_change = request->allow_replication_factor_change;
    response->responses.items = kafka_new(&reassignable_topic_response_schema, count, &call->arena);
    response->responses.count = request->topics.count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_reassignable_topic *asked = &request->topics.items[i];
        struct kafka_reassignable_topic_response *answer = &response->responses.items[i];
        const struct topic *topic = topic_find(call->door->store, asked->name);
        answer->name = asked->name;
        answer->partitions.count = asked->partitions.count;
        answer->partitions.items =
            kafka_new(&reassignable_partition_response_schema, (size_t)asked->partitions.count, &call->arena);
        for (int32_t j = 0; j < asked->partitions.count; j++)
            reassign(call, topic, &asked->partitions.items[j], &answer->partitions.items[j]);
    }
    kafka_call_reply(call);
}

const struct kafka_api kafka_alter_partition_reassignments_api = {
    .key = 45,
    .name = "AlterPartitionReassignments",
    .min = 0,
    .max = 1,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &alter_partition_reassignments_request_schema,
    .response = &alter_partition_reassignments_response_schema,
    .handle = handle,
};
