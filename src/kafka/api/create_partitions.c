// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/create_partitions.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"

// clang-format off
#define ROW struct kafka_create_partitions_assignment
static const struct kafka_field create_partitions_assignment_fields[] = {
    /* name        type                       min max  null   tag   default place */
    { "BrokerIds", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(broker_ids) },
};
static KAFKA_SCHEMA(create_partitions_assignment, "CreatePartitionsAssignment");
#undef ROW

#define ROW struct kafka_create_partitions_topic
static const struct kafka_field create_partitions_topic_fields[] = {
    /* name          type                        min max  null   tag   default place */
    { "Name",        KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Count",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(count) },
    { "Assignments", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 0,     NONE, 0,      AT_STRUCT(assignments, create_partitions_assignment_schema) },
};
static KAFKA_SCHEMA(create_partitions_topic, "CreatePartitionsTopic");
#undef ROW

#define ROW struct kafka_create_partitions_request
static const struct kafka_field create_partitions_request_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "Topics",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, create_partitions_topic_schema) },
    { "TimeoutMs",    KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(timeout_ms) },
    { "ValidateOnly", KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,      AT(validate_only) },
};
static KAFKA_SCHEMA(create_partitions_request, "CreatePartitionsRequest");
#undef ROW

#define ROW struct kafka_create_partitions_topic_result
static const struct kafka_field create_partitions_topic_result_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "Name",         KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "ErrorCode",    KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(create_partitions_topic_result, "CreatePartitionsTopicResult");
#undef ROW

#define ROW struct kafka_create_partitions_response
static const struct kafka_field create_partitions_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Results",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(results, create_partitions_topic_result_schema) },
};
static KAFKA_SCHEMA(create_partitions_response, "CreatePartitionsResponse");
#undef ROW
// clang-format on

struct growth {
    struct kafka_gathered gathered;
    struct topic_op op;
    struct kafka_create_partitions_topic_result *result;
};

static void result_fail(struct kafka_create_partitions_topic_result *result, int16_t error, const char *text)
{
    result->error_code = error;
    result->error_message = bytes_of_text(text);
}

static void on_grown(struct topic_op *op)
{
    struct growth *growth = CONTAINER_OF(op, struct growth, op);
    struct kafka_call *call = growth->gathered.gather->call;
    if (op->err == ERR_OK) {
        topic_unref(op->topic);
    } else {
        // Somebody else was faster: it has that many by now.
        int16_t error = op->err == ERR_INVALID ? (int16_t)KAFKA_INVALID_PARTITIONS : kafka_error_of(op->err);
        result_fail(growth->result, error, arena_format(&call->arena, "%s", op->diag.text));
    }
    kafka_gather_release(growth->gathered.gather);
}

// A new partition can only be on this broker, and on no other. False when the result says what is wrong.
static bool check_assignments(struct kafka_call *call, const struct kafka_create_partitions_topic *asked, int32_t added,
                              struct kafka_create_partitions_topic_result *result)
{
    if (asked->assignments.count == KAFKA_NULL_ARRAY)
        return true;
    if (asked->assignments.count != added) {
        result_fail(
            result, KAFKA_INVALID_REPLICA_ASSIGNMENT,
            arena_format(&call->arena,
                         "Attempted to add %d additional partition(s), but only %d assignment(s) were specified.",
                         (int)added, (int)asked->assignments.count));
        return false;
    }
    for (int32_t i = 0; i < added; i++) {
        const struct kafka_create_partitions_assignment *row = &asked->assignments.items[i];
        if (row->broker_ids.count != 1 || row->broker_ids.items[0] != call->door->options->node_id) {
            result_fail(result, KAFKA_INVALID_REPLICA_ASSIGNMENT, "This broker is the only replica there can be.");
            return false;
        }
    }
    return true;
}

static bool check(struct kafka_call *call, const struct kafka_names *names,
                  const struct kafka_create_partitions_topic *asked,
                  struct kafka_create_partitions_topic_result *result)
{
    const struct topic *topic = topic_find(call->door->store, asked->name);
    int64_t max = call->door->options->partitions_max;
    if (kafka_names_twice(names, asked->name)) {
        result_fail(result, KAFKA_INVALID_REQUEST, "Duplicate topic name.");
    } else if (topic == NULL) {
        result_fail(result, KAFKA_UNKNOWN_TOPIC_OR_PARTITION, kafka_error_message(KAFKA_UNKNOWN_TOPIC_OR_PARTITION));
    } else if (topic->internal) {
        result_fail(result, KAFKA_INVALID_TOPIC_EXCEPTION, "An internal topic keeps its number of partitions.");
    } else if (asked->count == topic->partition_count) {
        result_fail(result, KAFKA_INVALID_PARTITIONS,
                    arena_format(&call->arena, "Topic already has %d partition(s).", (int)asked->count));
    } else if (asked->count < topic->partition_count) {
        result_fail(result, KAFKA_INVALID_PARTITIONS,
                    arena_format(&call->arena,
                                 "The topic %.*s currently has %d partition(s); %d would not be an increase.",
                                 BYTES_ARG(asked->name), (int)topic->partition_count, (int)asked->count));
    } else if (asked->count > max) {
        result_fail(result, KAFKA_POLICY_VIOLATION,
                    arena_format(&call->arena, "A topic may have at most %lld partitions (kafka.partitions-max).",
                                 (long long)max));
    } else {
        return check_assignments(call, asked, asked->count - topic->partition_count, result);
    }
    return false;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_create_partitions_request *request = call->request;
    struct kafka_create_partitions_response *response = call->response;
    int32_t count = request->topics.count;
    struct kafka_names names = kafka_names_new(call);
    struct kafka_gather *gather = kafka_gather_new(call);
    response->results.items = kafka_new(&create_partitions_topic_result_schema, (size_t)count, &call->arena);
    response->results.count = count;
    for (int32_t i = 0; i < count; i++)
        kafka_names_add(&names, request->topics.items[i].name);
    for (int32_t i = 0; i < count; i++) {
        const struct kafka_create_partitions_topic *asked = &request->topics.items[i];
        struct kafka_create_partitions_topic_result *result = &response->results.items[i];
        result->name = asked->name;
        if (!check(call, &names, asked, result))
            continue;
        struct growth *growth = kafka_gather_add(gather, sizeof *growth);
        growth->result = result;
        growth->op.name = asked->name;
        growth->op.partition_count = asked->count;
        growth->op.validate_only = request->validate_only;
        growth->op.on_done = on_grown;
        topic_grow(call->door->store, &growth->op);
    }
    kafka_names_free(&names);
    kafka_gather_release(gather);
}

const struct kafka_api kafka_create_partitions_api = {
    .key = 37,
    .name = "CreatePartitions",
    .min = 0,
    .max = 3,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &create_partitions_request_schema,
    .response = &create_partitions_response_schema,
    .handle = handle,
};
