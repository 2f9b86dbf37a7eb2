// SPDX-License-Identifier: Apache-2.0
// DescribeGroups (key 15): state and members of groups. KIP-430, KIP-345, KIP-1043.
#pragma once

#include "kafka/wire.h"

struct kafka_describe_groups_request {
    KAFKA_ARRAY_OF(bytes_t) groups;
    bool include_authorized_operations;
};

struct kafka_described_group_member {
    bytes_t member_id;
    bytes_t group_instance_id;
    bytes_t client_id;
    bytes_t client_host;
    bytes_t member_metadata;
    bytes_t member_assignment;
};

struct kafka_described_group {
    int16_t error_code;
    bytes_t error_message;
    bytes_t group_id;
    bytes_t group_state;
    bytes_t protocol_type;
    bytes_t protocol_data;
    KAFKA_ARRAY_OF(struct kafka_described_group_member) members;
    int32_t authorized_operations;
};

struct kafka_describe_groups_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_described_group) groups;
};

// Versions 0 to 6.
extern const struct kafka_api kafka_describe_groups_api;
