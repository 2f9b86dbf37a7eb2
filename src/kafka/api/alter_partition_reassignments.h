// SPDX-License-Identifier: Apache-2.0
// AlterPartitionReassignments (key 45). KIP-455, KIP-860.
#pragma once

#include "kafka/wire.h"

struct kafka_reassignable_partition {
    int32_t partition_index;
    KAFKA_ARRAY_OF(int32_t) replicas;
};

struct kafka_reassignable_topic {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_reassignable_partition) partitions;
};

struct kafka_alter_partition_reassignments_request {
    int32_t timeout_ms;
    bool allow_replication_factor_change;
    KAFKA_ARRAY_OF(struct kafka_reassignable_topic) topics;
};

struct kafka_reassignable_partition_response {
    int32_t partition_index;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_reassignable_topic_response {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_reassignable_partition_response) partitions;
};

struct kafka_alter_partition_reassignments_response {
    int32_t throttle_time_ms;
    bool allow_replication_factor_change;
    int16_t error_code;
    bytes_t error_message;
    KAFKA_ARRAY_OF(struct kafka_reassignable_topic_response) responses;
};

// Versions 0 to 1.
extern const struct kafka_api kafka_alter_partition_reassignments_api;
