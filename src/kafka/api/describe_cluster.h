// SPDX-License-Identifier: Apache-2.0
// DescribeCluster (key 60). KIP-700, KIP-919 (endpoint types), KIP-1073 (fenced brokers).
#pragma once

#include "kafka/wire.h"

struct kafka_describe_cluster_request {
    bool include_cluster_authorized_operations;
    int8_t endpoint_type;
    bool include_fenced_brokers;
};

struct kafka_describe_cluster_broker {
    int32_t broker_id;
    bytes_t host;
    int32_t port;
    bytes_t rack;
    bool is_fenced;
};

struct kafka_describe_cluster_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    bytes_t error_message;
    int8_t endpoint_type;
    bytes_t cluster_id;
    int32_t controller_id;
    KAFKA_ARRAY_OF(struct kafka_describe_cluster_broker) brokers;
    int32_t cluster_authorized_operations;
};

// Versions 0 to 2.
extern const struct kafka_api kafka_describe_cluster_api;
