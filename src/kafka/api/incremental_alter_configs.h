// SPDX-License-Identifier: Apache-2.0
// IncrementalAlterConfigs (key 44). KIP-339: sets, deletes, and changes lists.
#pragma once

#include "kafka/wire.h"

struct kafka_incremental_alter_configs_alterable_config {
    bytes_t name;
    int8_t config_operation;
    bytes_t value;
};

struct kafka_incremental_alter_configs_resource {
    int8_t resource_type;
    bytes_t resource_name;
    KAFKA_ARRAY_OF(struct kafka_incremental_alter_configs_alterable_config) configs;
};

struct kafka_incremental_alter_configs_request {
    KAFKA_ARRAY_OF(struct kafka_incremental_alter_configs_resource) resources;
    bool validate_only;
};

struct kafka_incremental_alter_configs_resource_response {
    int16_t error_code;
    bytes_t error_message;
    int8_t resource_type;
    bytes_t resource_name;
};

struct kafka_incremental_alter_configs_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_incremental_alter_configs_resource_response) responses;
};

// Versions 0 to 1.
extern const struct kafka_api kafka_incremental_alter_configs_api;
