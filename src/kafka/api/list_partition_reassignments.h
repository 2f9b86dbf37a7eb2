// SPDX-License-Identifier: Apache-2.0
// ListPartitionReassignments (key 46). KIP-455.
#pragma once

#include "kafka/wire.h"

struct kafka_list_partition_reassignments_topics {
    bytes_t name;
    KAFKA_ARRAY_OF(int32_t) partition_indexes;
};

struct kafka_list_partition_reassignments_request {
    int32_t timeout_ms;
    KAFKA_ARRAY_OF(struct kafka_list_partition_reassignments_topics) topics;
};

struct kafka_ongoing_partition_reassignment {
    int32_t partition_index;
    KAFKA_ARRAY_OF(int32_t) replicas;
    KAFKA_ARRAY_OF(int32_t) adding_replicas;
    KAFKA_ARRAY_OF(int32_t) removing_replicas;
};

struct kafka_ongoing_topic_reassignment {
    bytes_t name;
    KAFKA_ARRAY_OF(struct kafka_ongoing_partition_reassignment) partitions;
};

struct kafka_list_partition_reassignments_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    bytes_t error_message;
    KAFKA_ARRAY_OF(struct kafka_ongoing_topic_reassignment) topics;
};

// Versions 0 to 0.
extern const struct kafka_api kafka_list_partition_reassignments_api;
