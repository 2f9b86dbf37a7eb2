// SPDX-License-Identifier: Apache-2.0
// DescribeLogDirs (key 35). KIP-113, KIP-827 (size of the volume).
#pragma once

#include "kafka/wire.h"

struct kafka_describable_log_dir_topic {
    bytes_t topic;
    KAFKA_ARRAY_OF(int32_t) partitions;
};

struct kafka_describe_log_dirs_request {
    KAFKA_ARRAY_OF(struct kafka_describable_log_dir_topic) topics;
};

struct kafka_describe_log_dirs_partition {
    int32_t partition_index;
    int64_t partition_size;
    int64_t offset_lag;
    bool is_future_key;
};

struct kafka_describe_log_dirs_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_describe_log_dirs_partition) partitions;
};

struct kafka_describe_log_dirs_result {
    int16_t error_code;
    bytes_t log_dir;
    KAFKA_ARRAY_OF(struct kafka_describe_log_dirs_topic) topics;
    int64_t total_bytes;
    int64_t usable_bytes;
    bool is_cordoned;
};

struct kafka_describe_log_dirs_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_describe_log_dirs_result) results;
};

// Versions 1 to 5.
extern const struct kafka_api kafka_describe_log_dirs_api;
