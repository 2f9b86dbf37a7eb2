// SPDX-License-Identifier: Apache-2.0
// DescribeQuorum (key 55). KIP-595, KIP-836, KIP-853.
#pragma once

#include "kafka/wire.h"

struct kafka_describe_quorum_partition_data {
    int32_t partition_index;
};

struct kafka_describe_quorum_topic_data {
    bytes_t topic_name;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_partition_data) partitions;
};

struct kafka_describe_quorum_request {
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_topic_data) topics;
};

struct kafka_describe_quorum_replica_state {
    int32_t replica_id;
    struct kafka_uuid replica_directory_id;
    int64_t log_end_offset;
    int64_t last_fetch_timestamp;
    int64_t last_caught_up_timestamp;
};

struct kafka_describe_quorum_partition_data_answer {
    int32_t partition_index;
    int16_t error_code;
    bytes_t error_message;
    int32_t leader_id;
    int32_t leader_epoch;
    int64_t high_watermark;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_replica_state) current_voters;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_replica_state) observers;
};

struct kafka_describe_quorum_topic_data_answer {
    bytes_t topic_name;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_partition_data_answer) partitions;
};

struct kafka_describe_quorum_listener {
    bytes_t name;
    bytes_t host;
    uint16_t port;
};

struct kafka_describe_quorum_node {
    int32_t node_id;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_listener) listeners;
};

struct kafka_describe_quorum_response {
    int16_t error_code;
    bytes_t error_message;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_topic_data_answer) topics;
    KAFKA_ARRAY_OF(struct kafka_describe_quorum_node) nodes;
};

// Versions 0 to 2.
extern const struct kafka_api kafka_describe_quorum_api;
