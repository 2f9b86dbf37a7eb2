// SPDX-License-Identifier: Apache-2.0
// CreatePartitions (key 37). KIP-195.
#pragma once

#include "kafka/wire.h"

struct kafka_create_partitions_assignment {
    KAFKA_ARRAY_OF(int32_t) broker_ids;
};

struct kafka_create_partitions_topic {
    bytes_t name;
    int32_t count;
    KAFKA_ARRAY_OF(struct kafka_create_partitions_assignment) assignments;
};

struct kafka_create_partitions_request {
    KAFKA_ARRAY_OF(struct kafka_create_partitions_topic) topics;
    int32_t timeout_ms;
    bool validate_only;
};

struct kafka_create_partitions_topic_result {
    bytes_t name;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_create_partitions_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_create_partitions_topic_result) results;
};

// Versions 0 to 3.
extern const struct kafka_api kafka_create_partitions_api;
