// SPDX-License-Identifier: Apache-2.0
// Metadata (key 3): brokers, topics, partitions. KIP-4, KIP-516 (topic ids).
#pragma once

#include "kafka/wire.h"

struct kafka_metadata_request_topic {
    struct kafka_uuid topic_id;
    bytes_t name;
};

struct kafka_metadata_request {
    KAFKA_ARRAY_OF(struct kafka_metadata_request_topic) topics;
    bool allow_auto_topic_creation;
    bool include_cluster_authorized_operations;
    bool include_topic_authorized_operations;
};

struct kafka_metadata_response_broker {
    int32_t node_id;
    bytes_t host;
    int32_t port;
    bytes_t rack;
};

struct kafka_metadata_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch;
    KAFKA_ARRAY_OF(int32_t) replica_nodes;
    KAFKA_ARRAY_OF(int32_t) isr_nodes;
    KAFKA_ARRAY_OF(int32_t) offline_replicas;
};

struct kafka_metadata_response_topic {
    int16_t error_code;
    bytes_t name;
    struct kafka_uuid topic_id;
    bool is_internal;
    KAFKA_ARRAY_OF(struct kafka_metadata_response_partition) partitions;
    int32_t topic_authorized_operations;
};

struct kafka_metadata_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_metadata_response_broker) brokers;
    bytes_t cluster_id;
    int32_t controller_id;
    KAFKA_ARRAY_OF(struct kafka_metadata_response_topic) topics;
    int32_t cluster_authorized_operations;
    int16_t error_code;
};

// Versions 0 to 13.
extern const struct kafka_api kafka_metadata_api;
