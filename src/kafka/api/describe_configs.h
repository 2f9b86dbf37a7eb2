// SPDX-License-Identifier: Apache-2.0
// DescribeConfigs (key 32). KIP-133, KIP-226 (sources and synonyms), KIP-569 (types and documentation).
#pragma once

#include "kafka/wire.h"

struct kafka_describe_configs_resource {
    int8_t resource_type;
    bytes_t resource_name;
    KAFKA_ARRAY_OF(bytes_t) configuration_keys;
};

struct kafka_describe_configs_request {
    KAFKA_ARRAY_OF(struct kafka_describe_configs_resource) resources;
    bool include_synonyms;
    bool include_documentation;
};

struct kafka_describe_configs_synonym {
    bytes_t name;
    bytes_t value;
    int8_t source;
};

struct kafka_describe_configs_resource_result {
    bytes_t name;
    bytes_t value;
    bool read_only;
    int8_t config_source;
    bool is_sensitive;
    KAFKA_ARRAY_OF(struct kafka_describe_configs_synonym) synonyms;
    int8_t config_type;
    bytes_t documentation;
};

struct kafka_describe_configs_result {
    int16_t error_code;
    bytes_t error_message;
    int8_t resource_type;
    bytes_t resource_name;
    KAFKA_ARRAY_OF(struct kafka_describe_configs_resource_result) configs;
};

struct kafka_describe_configs_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_describe_configs_result) results;
};

// Versions 1 to 4.
extern const struct kafka_api kafka_describe_configs_api;
