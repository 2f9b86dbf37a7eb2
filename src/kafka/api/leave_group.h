// SPDX-License-Identifier: Apache-2.0
// LeaveGroup (key 13): members go, one or many. KIP-345, KIP-800.
#pragma once

#include "kafka/wire.h"

struct kafka_member_identity {
    bytes_t member_id;
    bytes_t group_instance_id;
    bytes_t reason;
};

struct kafka_leave_group_request {
    bytes_t group_id;
    bytes_t member_id;
    KAFKA_ARRAY_OF(struct kafka_member_identity) members;
};

struct kafka_member_response {
    bytes_t member_id;
    bytes_t group_instance_id;
    int16_t error_code;
};

struct kafka_leave_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_member_response) members;
};

// Versions 0 to 5.
extern const struct kafka_api kafka_leave_group_api;
