// SPDX-License-Identifier: Apache-2.0
// CreateTopics (key 19). KIP-4, KIP-464 (defaults), KIP-525 (configs in the answer).
#pragma once

#include "kafka/wire.h"

struct kafka_creatable_replica_assignment {
    int32_t partition_index;
    KAFKA_ARRAY_OF(int32_t) broker_ids;
};

struct kafka_creatable_topic_config {
    bytes_t name;
    bytes_t value;
};

struct kafka_creatable_topic {
    bytes_t name;
    int32_t num_partitions;
    int16_t replication_factor;
    KAFKA_ARRAY_OF(struct kafka_creatable_replica_assignment) assignments;
    KAFKA_ARRAY_OF(struct kafka_creatable_topic_config) configs;
};

struct kafka_create_topics_request {
    KAFKA_ARRAY_OF(struct kafka_creatable_topic) topics;
    int32_t timeout_ms;
    bool validate_only;
};

struct kafka_creatable_topic_configs {
    bytes_t name;
    bytes_t value;
    bool read_only;
    int8_t config_source;
    bool is_sensitive;
};

struct kafka_creatable_topic_result {
    bytes_t name;
    struct kafka_uuid topic_id;
    int16_t error_code;
    bytes_t error_message;
    int16_t topic_config_error_code;
    int32_t num_partitions;
    int16_t replication_factor;
    KAFKA_ARRAY_OF(struct kafka_creatable_topic_configs) configs;
};

struct kafka_create_topics_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_creatable_topic_result) topics;
};

// Versions 2 to 7.
extern const struct kafka_api kafka_create_topics_api;
