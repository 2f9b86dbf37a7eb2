// SPDX-License-Identifier: Apache-2.0
// DeleteTopics (key 20), by name, since version 6 also by id. KIP-4, KIP-516.
#pragma once

#include "kafka/wire.h"

struct kafka_delete_topic_state {
    bytes_t name;
    struct kafka_uuid topic_id;
};

struct kafka_delete_topics_request {
    KAFKA_ARRAY_OF(struct kafka_delete_topic_state) topics;
    KAFKA_ARRAY_OF(bytes_t) topic_names;
    int32_t timeout_ms;
};

struct kafka_deletable_topic_result {
    bytes_t name;
    struct kafka_uuid topic_id;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_delete_topics_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_deletable_topic_result) responses;
};

// Versions 1 to 6.
extern const struct kafka_api kafka_delete_topics_api;
