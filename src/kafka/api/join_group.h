// SPDX-License-Identifier: Apache-2.0
// JoinGroup (key 11): a member asks for its place in the next generation. KIP-62, KIP-345, KIP-394, KIP-559, KIP-800,
// KIP-814.
#pragma once

#include "kafka/wire.h"

struct kafka_join_group_request_protocol {
    bytes_t name;
    bytes_t metadata;
};

struct kafka_join_group_request {
    bytes_t group_id;
    int32_t session_timeout_ms;
    int32_t rebalance_timeout_ms;
    bytes_t member_id;
    bytes_t group_instance_id;
    bytes_t protocol_type;
    KAFKA_ARRAY_OF(struct kafka_join_group_request_protocol) protocols;
    bytes_t reason;
};

struct kafka_join_group_response_member {
    bytes_t member_id;
    bytes_t group_instance_id;
    bytes_t metadata;
};

struct kafka_join_group_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int32_t generation_id;
    bytes_t protocol_type;
    bytes_t protocol_name;
    bytes_t leader;
    bool skip_assignment;
    bytes_t member_id;
    KAFKA_ARRAY_OF(struct kafka_join_group_response_member) members;
};

// Versions 0 to 9.
extern const struct kafka_api kafka_join_group_api;
