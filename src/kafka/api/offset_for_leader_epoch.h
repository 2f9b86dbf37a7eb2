// SPDX-License-Identifier: Apache-2.0
// OffsetForLeaderEpoch (key 23). KIP-101, KIP-320.
#pragma once

#include "kafka/wire.h"

struct kafka_offset_for_leader_partition {
    int32_t partition;
    int32_t current_leader_epoch;
    int32_t leader_epoch;
};

struct kafka_offset_for_leader_topic {
    bytes_t topic;
    KAFKA_ARRAY_OF(struct kafka_offset_for_leader_partition) partitions;
};

struct kafka_offset_for_leader_epoch_request {
    int32_t replica_id;
    KAFKA_ARRAY_OF(struct kafka_offset_for_leader_topic) topics;
};

struct kafka_offset_for_leader_epoch_epoch_end_offset {
    int16_t error_code;
    int32_t partition;
    int32_t leader_epoch;
    int64_t end_offset;
};

struct kafka_offset_for_leader_topic_result {
    bytes_t topic;
    KAFKA_ARRAY_OF(struct kafka_offset_for_leader_epoch_epoch_end_offset) partitions;
};

struct kafka_offset_for_leader_epoch_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_offset_for_leader_topic_result) topics;
};

// Versions 2 to 4.
extern const struct kafka_api kafka_offset_for_leader_epoch_api;
