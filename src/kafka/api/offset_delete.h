// SPDX-License-Identifier: Apache-2.0
// OffsetDelete (key 47): forgets offsets of a group. KIP-496.
#pragma once

#include "kafka/wire.h"

struct kafka_offset_delete_request_partition {
    int32_t partition_index;
};

struct kafka_offset_delete_request_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_offset_delete_request_partition) partitions;
};

struct kafka_offset_delete_request {
    bytes_t group_id;
    KAFKA_ARRAY_OF(struct kafka_offset_delete_request_topic) topics;
};

struct kafka_offset_delete_response_partition {
    int32_t partition_index;
    int16_t error_code;
};

struct kafka_offset_delete_response_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_offset_delete_response_partition) partitions;
};

struct kafka_offset_delete_response {
    int16_t error_code;
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_offset_delete_response_topic) topics;
};

// Version 0.
extern const struct kafka_api kafka_offset_delete_api;
