// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/produce.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_partition_produce_data
static const struct kafka_field partition_produce_data_fields[] = {
    /* name      type           min max  null   tag   default place */
    { "Index",   KAFKA_INT32,   0,  ANY, NEVER, NONE, 0,      AT(index) },
    { "Records", KAFKA_RECORDS, 0,  ANY, 0,     NONE, 0,      AT(records) },
};
static KAFKA_SCHEMA(partition_produce_data, "PartitionProduceData");
#undef ROW

#define ROW struct kafka_topic_produce_data
static const struct kafka_field topic_produce_data_fields[] = {
    /* name            type                        min max  null   tag   default place */
    { "Name",          KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(name) },
    { "TopicId",       KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "PartitionData", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partition_data, partition_produce_data_schema) },
};
static KAFKA_SCHEMA(topic_produce_data, "TopicProduceData");
#undef ROW

#define ROW struct kafka_produce_request
static const struct kafka_field produce_request_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "TransactionalId", KAFKA_STRING,               3,  ANY, 3,     NONE, 0,      AT(transactional_id) },
    { "Acks",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(acks) },
    { "TimeoutMs",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(timeout_ms) },
    { "TopicData",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topic_data, topic_produce_data_schema) },
};
static KAFKA_SCHEMA(produce_request, "ProduceRequest");
#undef ROW

#define ROW struct kafka_batch_index_and_error_message
static const struct kafka_field batch_index_and_error_message_fields[] = {
    /* name                     type          min max  null   tag   default place */
    { "BatchIndex",             KAFKA_INT32,  8,  ANY, NEVER, NONE, 0,      AT(batch_index) },
    { "BatchIndexErrorMessage", KAFKA_STRING, 8,  ANY, 8,     NONE, 0,      AT(batch_index_error_message) },
};
static KAFKA_SCHEMA(batch_index_and_error_message, "BatchIndexAndErrorMessage");
#undef ROW

#define ROW struct kafka_partition_produce_response
static const struct kafka_field partition_produce_response_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "Index",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(index) },
    { "ErrorCode",       KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "BaseOffset",      KAFKA_INT64,                0,  ANY, NEVER, NONE, 0,      AT(base_offset) },
    { "LogAppendTimeMs", KAFKA_INT64,                2,  ANY, NEVER, NONE, -1,     AT(log_append_time_ms) },
    { "LogStartOffset",  KAFKA_INT64,                5,  ANY, NEVER, NONE, -1,     AT(log_start_offset) },
    { "RecordErrors",    KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(record_errors, batch_index_and_error_message_schema) },
    { "ErrorMessage",    KAFKA_STRING,               8,  ANY, 8,     NONE, 0,      AT(error_message) },
    { "CurrentLeader",   KAFKA_STRUCT,               10, ANY, NEVER, 0,    0,      AT_STRUCT(current_leader, kafka_leader_id_and_epoch_schema) },
};
static KAFKA_SCHEMA(partition_produce_response, "PartitionProduceResponse");
#undef ROW

#define ROW struct kafka_topic_produce_response
static const struct kafka_field topic_produce_response_fields[] = {
    /* name                 type                        min max  null   tag   default place */
    { "Name",               KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(name) },
    { "TopicId",            KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "PartitionResponses", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partition_responses, partition_produce_response_schema) },
};
static KAFKA_SCHEMA(topic_produce_response, "TopicProduceResponse");
#undef ROW

#define ROW struct kafka_produce_response
static const struct kafka_field produce_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, topic_produce_response_schema) },
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "NodeEndpoints",  KAFKA_ARRAY | KAFKA_STRUCT, 10, ANY, NEVER, 0,    0,      AT_STRUCT(node_endpoints, kafka_node_endpoint_schema) },
};
static KAFKA_SCHEMA(produce_response, "ProduceResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_produce_api = {
    .key = 0,
    .name = "Produce",
    .min = 3,
    .max = 13,
    .advertised_min = 0,
    .flexible_from = 9,
    .request = &produce_request_schema,
    .response = &produce_response_schema,
};
