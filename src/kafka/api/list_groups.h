// SPDX-License-Identifier: Apache-2.0
// ListGroups (key 16): all groups, by state and type. KIP-518, KIP-848.
#pragma once

#include "kafka/wire.h"

struct kafka_list_groups_request {
    KAFKA_ARRAY_OF(bytes_t) states_filter;
    KAFKA_ARRAY_OF(bytes_t) types_filter;
};

struct kafka_listed_group {
    bytes_t group_id;
    bytes_t protocol_type;
    bytes_t group_state;
    bytes_t group_type;
};

struct kafka_list_groups_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_listed_group) groups;
};

// Versions 0 to 5.
extern const struct kafka_api kafka_list_groups_api;
