// SPDX-License-Identifier: Apache-2.0
// DeleteRecords (key 21). KIP-107.
#pragma once

#include "kafka/wire.h"

struct kafka_delete_records_partition {
    int32_t partition_index;
    int64_t offset;
};

struct kafka_delete_records_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_delete_records_partition) partitions;
};

struct kafka_delete_records_request {
    KAFKA_ARRAY_OF(struct kafka_delete_records_topic) topics;
    int32_t timeout_ms;
};

struct kafka_delete_records_partition_result {
    int32_t partition_index;
    int64_t low_watermark;
    int16_t error_code;
};

struct kafka_delete_records_topic_result {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_delete_records_partition_result) partitions;
};

struct kafka_delete_records_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_delete_records_topic_result) topics;
};

// Versions 0 to 2.
extern const struct kafka_api kafka_delete_records_api;
