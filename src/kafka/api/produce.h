// SPDX-License-Identifier: Apache-2.0
// Produce (key 0): appends record batches. Versions 0 to 2 are advertised for old librdkafka (KAFKA-18659) and answered
// with UNSUPPORTED_VERSION. KIP-98, KIP-467 (record errors), KIP-951 (current leader), KIP-516 (topic ids).
#pragma once

#include "kafka/api/common.h"

struct kafka_partition_produce_data {
    int32_t index;
    struct kafka_records records;
};

struct kafka_topic_produce_data {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_partition_produce_data) partition_data;
};

struct kafka_produce_request {
    bytes_t transactional_id;
    int16_t acks;
    int32_t timeout_ms;
    KAFKA_ARRAY_OF(struct kafka_topic_produce_data) topic_data;
};

struct kafka_batch_index_and_error_message {
    int32_t batch_index;
    bytes_t batch_index_error_message;
};

struct kafka_partition_produce_response {
    int32_t index;
    int16_t error_code;
    int64_t base_offset;
    int64_t log_append_time_ms;
    int64_t log_start_offset;
    KAFKA_ARRAY_OF(struct kafka_batch_index_and_error_message) record_errors;
    bytes_t error_message;
    struct kafka_leader_id_and_epoch current_leader;
};

struct kafka_topic_produce_response {
    bytes_t name;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_partition_produce_response) partition_responses;
};

struct kafka_produce_response {
    KAFKA_ARRAY_OF(struct kafka_topic_produce_response) responses;
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_node_endpoint) node_endpoints;
};

// Versions 3 to 13.
extern const struct kafka_api kafka_produce_api;
