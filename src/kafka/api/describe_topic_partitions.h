// SPDX-License-Identifier: Apache-2.0
// DescribeTopicPartitions (key 75). KIP-966.
#pragma once

#include "kafka/wire.h"

struct kafka_describe_topic_partitions_topic_request {
    bytes_t name;
};

struct kafka_describe_topic_partitions_cursor {
    bytes_t topic_name;
    int32_t partition_index;
};

struct kafka_describe_topic_partitions_request {
    KAFKA_ARRAY_OF(struct kafka_describe_topic_partitions_topic_request) topics;
    int32_t response_partition_limit;
    struct kafka_describe_topic_partitions_cursor *cursor;
};

struct kafka_describe_topic_partitions_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch;
    KAFKA_ARRAY_OF(int32_t) replica_nodes;
    KAFKA_ARRAY_OF(int32_t) isr_nodes;
    KAFKA_ARRAY_OF(int32_t) eligible_leader_replicas;
    KAFKA_ARRAY_OF(int32_t) last_known_elr;
    KAFKA_ARRAY_OF(int32_t) offline_replicas;
};

struct kafka_describe_topic_partitions_response_topic {
    int16_t error_code;
    bytes_t name;
    struct kafka_uuid topic_id;
    bool is_internal;
    KAFKA_ARRAY_OF(struct kafka_describe_topic_partitions_response_partition) partitions;
    int32_t topic_authorized_operations;
};

struct kafka_describe_topic_partitions_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_describe_topic_partitions_response_topic) topics;
    struct kafka_describe_topic_partitions_cursor *next_cursor;
};

// Versions 0 to 0.
extern const struct kafka_api kafka_describe_topic_partitions_api;
