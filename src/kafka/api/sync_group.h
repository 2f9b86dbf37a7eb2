// SPDX-License-Identifier: Apache-2.0
// SyncGroup (key 14): the leader hands in the assignment, every member waits for its own. KIP-345, KIP-559.
#pragma once

#include "kafka/wire.h"

struct kafka_sync_group_request_assignment {
    bytes_t member_id;
    bytes_t assignment;
};

struct kafka_sync_group_request {
    bytes_t group_id;
    int32_t generation_id;
    bytes_t member_id;
    bytes_t group_instance_id;
    bytes_t protocol_type;
    bytes_t protocol_name;
    KAFKA_ARRAY_OF(struct kafka_sync_group_request_assignment) assignments;
};

struct kafka_sync_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    bytes_t protocol_type;
    bytes_t protocol_name;
    bytes_t assignment;
};

// Versions 0 to 5.
extern const struct kafka_api kafka_sync_group_api;
