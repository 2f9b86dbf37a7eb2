// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/delete_records.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/log.h"

// clang-format off
#define ROW struct kafka_delete_records_partition
static const struct kafka_field delete_records_partition_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "Offset",         KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(offset) },
};
static KAFKA_SCHEMA(delete_records_partition, "DeleteRecordsPartition");
#undef ROW

#define ROW struct kafka_delete_records_topic
static const struct kafka_field delete_records_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, delete_records_partition_schema) },
};
static KAFKA_SCHEMA(delete_records_topic, "DeleteRecordsTopic");
#undef ROW

#define ROW struct kafka_delete_records_request
static const struct kafka_field delete_records_request_fields[] = {
    /* name        type                        min max  null   tag   default place */
    { "Topics",    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, delete_records_topic_schema) },
    { "TimeoutMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(timeout_ms) },
};
static KAFKA_SCHEMA(delete_records_request, "DeleteRecordsRequest");
#undef ROW

#define ROW struct kafka_delete_records_partition_result
static const struct kafka_field delete_records_partition_result_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "LowWatermark",   KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(low_watermark) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(delete_records_partition_result, "DeleteRecordsPartitionResult");
#undef ROW

#define ROW struct kafka_delete_records_topic_result
static const struct kafka_field delete_records_topic_result_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, delete_records_partition_result_schema) },
};
static KAFKA_SCHEMA(delete_records_topic_result, "DeleteRecordsTopicResult");
#undef ROW

#define ROW struct kafka_delete_records_response
static const struct kafka_field delete_records_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, delete_records_topic_result_schema) },
};
static KAFKA_SCHEMA(delete_records_response, "DeleteRecordsResponse");
#undef ROW
// clang-format on

struct deletion {
    struct kafka_gathered gathered;
    struct delete_records_op op;
    const struct topic *topic; // one reference
    struct kafka_delete_records_partition_result *result;
};

static void on_deleted(struct log_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op.op);
    deletion->result->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK)
        deletion->result->low_watermark = deletion->op.log_start_offset;
    topic_unref(deletion->topic);
    kafka_gather_release(deletion->gathered.gather);
}

// What is wrong with all partitions of a topic at once.
static int16_t topic_error(const struct topic *topic)
{
    if (topic == NULL)
        return KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (topic->internal)
        return KAFKA_INVALID_TOPIC_EXCEPTION;
    // The latest value of a key is not what this may take away.
    return (topic->config.cleanup & CLEANUP_DELETE) == 0 ? KAFKA_POLICY_VIOLATION : KAFKA_NONE;
}

static void delete_records(struct kafka_gather *gather, const struct topic *topic,
                           const struct kafka_delete_records_partition *asked,
                           struct kafka_delete_records_partition_result *result)
{
    int32_t index = asked->partition_index;
    result->partition_index = index;
    result->low_watermark = -1;
    result->error_code = topic_error(topic);
    if (topic != NULL && (index < 0 || index >= topic->partition_count))
        result->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (result->error_code != KAFKA_NONE)
        return;
    struct deletion *deletion = kafka_gather_add(gather, sizeof *deletion);
    deletion->topic = topic_ref(topic);
    deletion->result = result;
    deletion->op.offset = asked->offset;
    deletion->op.op.partition = topic->partitions[index];
    deletion->op.op.on_done = on_deleted;
    log_delete_records(&deletion->op);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_delete_records_request *request = call->request;
    struct kafka_delete_records_response *response = call->response;
    size_t named = (size_t)request->topics.count;
    for (int32_t i = 0; i < request->topics.count; i++)
        named += (size_t)request->topics.items[i].partitions.count;
    if (kafka_call_names_too_many(call, named))
        return;
    struct kafka_gather *gather = kafka_gather_new(call);
    response->topics.count = request->topics.count;
    response->topics.items =
        kafka_new(&delete_records_topic_result_schema, (size_t)request->topics.count, &call->arena);
    for (int32_t i = 0; i < request->topics.count; i++) {
        const struct kafka_delete_records_topic *asked = &request->topics.items[i];
        struct kafka_delete_records_topic_result *answer = &response->topics.items[i];
        const struct topic *topic = topic_find(call->door->store, asked->name);
        answer->name = asked->name;
        answer->partitions.count = asked->partitions.count;
        answer->partitions.items =
            kafka_new(&delete_records_partition_result_schema, (size_t)asked->partitions.count, &call->arena);
        for (int32_t j = 0; j < asked->partitions.count; j++)
            delete_records(gather, topic, &asked->partitions.items[j], &answer->partitions.items[j]);
    }
    kafka_gather_release(gather);
}

const struct kafka_api kafka_delete_records_api = {
    .key = 21,
    .name = "DeleteRecords",
    .min = 0,
    .max = 2,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &delete_records_request_schema,
    .response = &delete_records_response_schema,
    .handle = handle,
};
