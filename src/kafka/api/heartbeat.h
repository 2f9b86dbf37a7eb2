// SPDX-License-Identifier: Apache-2.0
// Heartbeat (key 12): a member lives, and learns of a rebalance. KIP-345.
#pragma once

#include "kafka/wire.h"

struct kafka_heartbeat_request {
    bytes_t group_id;
    int32_t generation_id;
    bytes_t member_id;
    bytes_t group_instance_id;
};

struct kafka_heartbeat_response {
    int32_t throttle_time_ms;
    int16_t error_code;
};

// Versions 0 to 4.
extern const struct kafka_api kafka_heartbeat_api;
