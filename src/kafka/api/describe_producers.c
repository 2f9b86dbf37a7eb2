// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_producers.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/log.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_describe_producers_topic_request
static const struct kafka_field describe_producers_topic_request_fields[] = {
    /* name               type                       min max  null   tag   default place */
    { "Name",             KAFKA_STRING,              0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "PartitionIndexes", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_indexes) },
};
static KAFKA_SCHEMA(describe_producers_topic_request, "TopicRequest");
#undef ROW

#define ROW struct kafka_describe_producers_request
static const struct kafka_field describe_producers_request_fields[] = {
    /* name     type                        min max  null   tag   default place */
    { "Topics", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_producers_topic_request_schema) },
};
static KAFKA_SCHEMA(describe_producers_request, "DescribeProducersRequest");
#undef ROW

#define ROW struct kafka_describe_producers_producer_state
static const struct kafka_field describe_producers_producer_state_fields[] = {
    /* name                    type         min max  null   tag   default place */
    { "ProducerId",            KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(producer_id) },
    { "ProducerEpoch",         KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(producer_epoch) },
    { "LastSequence",          KAFKA_INT32, 0,  ANY, NEVER, NONE, -1,     AT(last_sequence) },
    { "LastTimestamp",         KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(last_timestamp) },
    { "CoordinatorEpoch",      KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(coordinator_epoch) },
    { "CurrentTxnStartOffset", KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(current_txn_start_offset) },
};
static KAFKA_SCHEMA(describe_producers_producer_state, "ProducerState");
#undef ROW

#define ROW struct kafka_describe_producers_partition_response
static const struct kafka_field describe_producers_partition_response_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "PartitionIndex",  KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",       KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",    KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(error_message) },
    { "ActiveProducers", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(active_producers, describe_producers_producer_state_schema) },
};
static KAFKA_SCHEMA(describe_producers_partition_response, "PartitionResponse");
#undef ROW

#define ROW struct kafka_describe_producers_topic_response
static const struct kafka_field describe_producers_topic_response_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, describe_producers_partition_response_schema) },
};
static KAFKA_SCHEMA(describe_producers_topic_response, "TopicResponse");
#undef ROW

#define ROW struct kafka_describe_producers_response
static const struct kafka_field describe_producers_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_producers_topic_response_schema) },
};
static KAFKA_SCHEMA(describe_producers_response, "DescribeProducersResponse");
#undef ROW
// clang-format on

struct producer_look_up {
    struct kafka_gathered gathered;
    struct producers_op op;
    const struct topic *topic; // one reference
    struct kafka_describe_producers_partition_response *answer;
};

static void on_listed(struct log_op *op)
{
    struct producer_look_up *look_up = CONTAINER_OF(op, struct producer_look_up, op.op);
    struct kafka_call *call = look_up->gathered.gather->call;
    struct kafka_describe_producers_partition_response *answer = look_up->answer;
    answer->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK) {
        answer->active_producers.items =
            kafka_new(&describe_producers_producer_state_schema, look_up->op.count, &call->arena);
        answer->active_producers.count = (int32_t)look_up->op.count;
        for (size_t i = 0; i < look_up->op.count; i++) {
            const struct producer_state *state = &look_up->op.items[i];
            struct kafka_describe_producers_producer_state *row = &answer->active_producers.items[i];
            row->producer_id = state->id;
            row->producer_epoch = state->epoch;
            row->last_sequence = state->last_sequence;
            row->last_timestamp = state->last_timestamp;
            row->coordinator_epoch = -1; // transactions would have one
        }
        free(look_up->op.items);
    }
    topic_unref(look_up->topic);
    kafka_gather_release(look_up->gathered.gather);
}

static void list_partition(struct kafka_gather *gather, const struct topic *topic, int32_t index,
                           struct kafka_describe_producers_partition_response *answer)
{
    answer->partition_index = index;
    if (topic == NULL || index < 0 || index >= topic->partition_count) {
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        answer->error_message = bytes_of_text(kafka_error_message(KAFKA_UNKNOWN_TOPIC_OR_PARTITION));
        return;
    }
    struct producer_look_up *look_up = kafka_gather_add(gather, sizeof *look_up);
    look_up->topic = topic_ref(topic);
    look_up->answer = answer;
    look_up->op.op.partition = topic->partitions[index];
    look_up->op.op.on_done = on_listed;
    log_producers(&look_up->op);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_producers_request *request = call->request;
    struct kafka_describe_producers_response *response = call->response;
    size_t count = (size_t)request->topics.count, named = count;
    for (size_t i = 0; i < count; i++)
        named += (size_t)request->topics.items[i].partition_indexes.count;
    if (kafka_call_names_too_many(call, named))
        return;
    struct kafka_gather *gather = kafka_gather_new(call);
    response->topics.count = request->topics.count;
    response->topics.items = kafka_new(&describe_producers_topic_response_schema, count, &call->arena);
    for (size_t i = 0; i < count; i++) {
        const struct kafka_describe_producers_topic_request *asked = &request->topics.items[i];
        struct kafka_describe_producers_topic_response *answer = &response->topics.items[i];
        const struct topic *topic = topic_find(call->door->store, asked->name);
        answer->name = asked->name;
        answer->partitions.count = asked->partition_indexes.count;
        answer->partitions.items = kafka_new(&describe_producers_partition_response_schema,
                                             (size_t)asked->partition_indexes.count, &call->arena);
        for (int32_t j = 0; j < asked->partition_indexes.count; j++)
            list_partition(gather, topic, asked->partition_indexes.items[j], &answer->partitions.items[j]);
    }
    kafka_gather_release(gather);
}

const struct kafka_api kafka_describe_producers_api = {
    .key = 61,
    .name = "DescribeProducers",
    .min = 0,
    .max = 0,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &describe_producers_request_schema,
    .response = &describe_producers_response_schema,
    .handle = handle,
};
