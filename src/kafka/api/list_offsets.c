// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/list_offsets.h"

#include "base/assert.h"
#include "kafka/api.h"

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

const struct kafka_api kafka_list_offsets_api = {
    .key = 2,
    .name = "ListOffsets",
    .min = 1,
    .max = 11,
    .advertised_min = 1,
    .flexible_from = 6,
    .request = &list_offsets_request_schema,
    .response = &list_offsets_response_schema,
};
