// SPDX-License-Identifier: Apache-2.0
// ListOffsets (key 2): offsets by time or by a special timestamp. KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023.
#pragma once

#include "kafka/wire.h"

struct kafka_list_offsets_partition {
    int32_t partition_index;
    int32_t current_leader_epoch;
    int64_t timestamp;
};

struct kafka_list_offsets_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_list_offsets_partition) partitions;
};

struct kafka_list_offsets_request {
    int32_t replica_id;
    int8_t isolation_level;
    KAFKA_ARRAY_OF(struct kafka_list_offsets_topic) topics;
    int32_t timeout_ms;
};

struct kafka_list_offsets_partition_response {
    int32_t partition_index;
    int16_t error_code;
    int64_t timestamp;
    int64_t offset;
    int32_t leader_epoch;
};

struct kafka_list_offsets_topic_response {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_list_offsets_partition_response) partitions;
};

struct kafka_list_offsets_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_list_offsets_topic_response) topics;
};

// Versions 1 to 11.
extern const struct kafka_api kafka_list_offsets_api;
