// SPDX-License-Identifier: Apache-2.0
// OffsetFetch (key 9): what was committed, of one group or many. KIP-88, KIP-320, KIP-447, KIP-709.
#pragma once

#include "kafka/wire.h"

struct kafka_offset_fetch_request_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(int32_t) partition_indexes;
};

struct kafka_offset_fetch_request_topics {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(int32_t) partition_indexes;
};

struct kafka_offset_fetch_request_group {
    bytes_t group_id;
    bytes_t member_id;
    int32_t member_epoch;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_request_topics) topics;
};

struct kafka_offset_fetch_request {
    bytes_t group_id;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_request_topic) topics;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_request_group) groups;
    bool require_stable;
};

struct kafka_offset_fetch_response_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    bytes_t metadata;
    int16_t error_code;
};

struct kafka_offset_fetch_response_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_response_partition) partitions;
};

struct kafka_offset_fetch_response_partitions {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch;
    bytes_t metadata;
    int16_t error_code;
};

struct kafka_offset_fetch_response_topics {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_response_partitions) partitions;
};

struct kafka_offset_fetch_response_group {
    bytes_t group_id;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_response_topics) topics;
    int16_t error_code;
};

struct kafka_offset_fetch_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_response_topic) topics;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_offset_fetch_response_group) groups;
};

// Versions 1 to 10.
extern const struct kafka_api kafka_offset_fetch_api;
