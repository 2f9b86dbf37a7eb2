// SPDX-License-Identifier: Apache-2.0
// FindCoordinator (key 10): where a group is coordinated. KIP-98, KIP-699.
#pragma once

#include "kafka/wire.h"

struct kafka_find_coordinator_request {
    bytes_t key;
    int8_t key_type;
    KAFKA_ARRAY_OF(bytes_t) coordinator_keys;
};

struct kafka_coordinator {
    bytes_t key;
    int32_t node_id;
    bytes_t host;
    int32_t port;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_find_coordinator_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    bytes_t error_message;
    int32_t node_id;
    bytes_t host;
    int32_t port;
    KAFKA_ARRAY_OF(struct kafka_coordinator) coordinators;
};

// Versions 0 to 6.
extern const struct kafka_api kafka_find_coordinator_api;
