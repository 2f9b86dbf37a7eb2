// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/create_topics.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_creatable_replica_assignment
static const struct kafka_field creatable_replica_assignment_fields[] = {
    /* name             type                       min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "BrokerIds",      KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(broker_ids) },
};
static KAFKA_SCHEMA(creatable_replica_assignment, "CreatableReplicaAssignment");
#undef ROW

#define ROW struct kafka_creatable_topic_config
static const struct kafka_field creatable_topic_config_fields[] = {
    /* name    type          min max  null   tag   default place */
    { "Name",  KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(value) },
};
static KAFKA_SCHEMA(creatable_topic_config, "CreatableTopicConfig");
#undef ROW

#define ROW struct kafka_creatable_topic
static const struct kafka_field creatable_topic_fields[] = {
    /* name                type                        min max  null   tag   default place */
    { "Name",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "NumPartitions",     KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(num_partitions) },
    { "ReplicationFactor", KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(replication_factor) },
    { "Assignments",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(assignments, creatable_replica_assignment_schema) },
    { "Configs",           KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(configs, creatable_topic_config_schema) },
};
static KAFKA_SCHEMA(creatable_topic, "CreatableTopic");
#undef ROW

#define ROW struct kafka_create_topics_request
static const struct kafka_field create_topics_request_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "Topics",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, creatable_topic_schema) },
    { "timeoutMs",    KAFKA_INT32,                0,  ANY, NEVER, NONE, 60000,  AT(timeout_ms) },
    { "validateOnly", KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 0,      AT(validate_only) },
};
static KAFKA_SCHEMA(create_topics_request, "CreateTopicsRequest");
#undef ROW

#define ROW struct kafka_creatable_topic_configs
static const struct kafka_field creatable_topic_configs_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "Name",         KAFKA_STRING, 5,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value",        KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(value) },
    { "ReadOnly",     KAFKA_BOOL,   5,  ANY, NEVER, NONE, 0,      AT(read_only) },
    { "ConfigSource", KAFKA_INT8,   5,  ANY, NEVER, NONE, -1,     AT(config_source) },
    { "IsSensitive",  KAFKA_BOOL,   5,  ANY, NEVER, NONE, 0,      AT(is_sensitive) },
};
static KAFKA_SCHEMA(creatable_topic_configs, "CreatableTopicConfigs");
#undef ROW

#define ROW struct kafka_creatable_topic_result
static const struct kafka_field creatable_topic_result_fields[] = {
    /* name                   type                        min max  null   tag   default place */
    { "Name",                 KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "TopicId",              KAFKA_UUID,                 7,  ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",         KAFKA_STRING,               1,  ANY, 1,     NONE, 0,      AT(error_message) },
    { "TopicConfigErrorCode", KAFKA_INT16,                5,  ANY, NEVER, 0,    0,      AT(topic_config_error_code) },
    { "NumPartitions",        KAFKA_INT32,                5,  ANY, NEVER, NONE, -1,     AT(num_partitions) },
    { "ReplicationFactor",    KAFKA_INT16,                5,  ANY, NEVER, NONE, -1,     AT(replication_factor) },
    { "Configs",              KAFKA_ARRAY | KAFKA_STRUCT, 5,  ANY, 5,     NONE, 0,      AT_STRUCT(configs, creatable_topic_configs_schema) },
};
static KAFKA_SCHEMA(creatable_topic_result, "CreatableTopicResult");
#undef ROW

#define ROW struct kafka_create_topics_response
static const struct kafka_field create_topics_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, creatable_topic_result_schema) },
};
static KAFKA_SCHEMA(create_topics_response, "CreateTopicsResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_create_topics_api = {
    .key = 19,
    .name = "CreateTopics",
    .min = 2,
    .max = 7,
    .advertised_min = 2,
    .flexible_from = 5,
    .request = &create_topics_request_schema,
    .response = &create_topics_response_schema,
};
