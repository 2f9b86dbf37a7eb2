// SPDX-License-Identifier: Apache-2.0
// ListConfigResources (key 74). KIP-1142; version 0 is KIP-714's ListClientMetricsResources.
#pragma once

#include "kafka/wire.h"

struct kafka_list_config_resources_request {
    KAFKA_ARRAY_OF(int8_t) resource_types;
};

struct kafka_list_config_resources_config_resource {
    bytes_t resource_name;
    int8_t resource_type;
};

struct kafka_list_config_resources_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_list_config_resources_config_resource) config_resources;
};

// Versions 0 to 1.
extern const struct kafka_api kafka_list_config_resources_api;
