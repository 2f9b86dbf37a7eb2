// SPDX-License-Identifier: Apache-2.0
// DescribeProducers (key 61). KIP-664.
#pragma once

#include "kafka/wire.h"

struct kafka_describe_producers_topic_request {
    bytes_t name;
    KAFKA_ARRAY_OF(int32_t) partition_indexes;
};

struct kafka_describe_producers_request {
    KAFKA_ARRAY_OF(struct kafka_describe_producers_topic_request) topics;
};

struct kafka_describe_producers_producer_state {
    int64_t producer_id;
    int32_t producer_epoch;
    int32_t last_sequence;
    int64_t last_timestamp;
    int32_t coordinator_epoch;
    int64_t current_txn_start_offset;
};

struct kafka_describe_producers_partition_response {
    int32_t partition_index;
    int16_t error_code;
    bytes_t error_message;
    KAFKA_ARRAY_OF(struct kafka_describe_producers_producer_state) active_producers;
};

struct kafka_describe_producers_topic_response {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_describe_producers_partition_response) partitions;
};

struct kafka_describe_producers_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_describe_producers_topic_response) topics;
};

// Versions 0 to 0.
extern const struct kafka_api kafka_describe_producers_api;
