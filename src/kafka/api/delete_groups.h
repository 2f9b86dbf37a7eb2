// SPDX-License-Identifier: Apache-2.0
// DeleteGroups (key 42): removes groups without members, and their offsets. KIP-229.
#pragma once

#include "kafka/wire.h"

struct kafka_delete_groups_request {
    KAFKA_ARRAY_OF(bytes_t) groups_names;
};

struct kafka_deletable_group_result {
    bytes_t group_id;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_delete_groups_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_deletable_group_result) results;
};

// Versions 0 to 3.
extern const struct kafka_api kafka_delete_groups_api;
