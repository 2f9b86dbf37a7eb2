// SPDX-License-Identifier: Apache-2.0
// OffsetCommit (key 8): a group's offsets, durable when it is answered. KIP-211, KIP-320, KIP-345, KIP-848.
#pragma once

#include "kafka/wire.h"

struct kafka_offset_commit_request_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    bytes_t committed_metadata;
};

struct kafka_offset_commit_request_topic {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_offset_commit_request_partition) partitions;
};

struct kafka_offset_commit_request {
    bytes_t group_id;
    int32_t generation_id_or_member_epoch;
    bytes_t member_id;
    bytes_t group_instance_id;
    int64_t retention_time_ms;
    KAFKA_ARRAY_OF(struct kafka_offset_commit_request_topic) topics;
};

struct kafka_offset_commit_response_partition {
    int32_t partition_index;
    int16_t error_code;
};

struct kafka_offset_commit_response_topic {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_offset_commit_response_partition) partitions;
};

struct kafka_offset_commit_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_offset_commit_response_topic) topics;
};

// Versions 2 to 10.
extern const struct kafka_api kafka_offset_commit_api;
