// SPDX-License-Identifier: Apache-2.0
// ConsumerGroupDescribe (key 69): groups of the newer protocol. KIP-848, KIP-1099. Asked of other brokers (eddy group),
// not served.
#pragma once

#include "kafka/wire.h"

struct kafka_consumer_group_describe_request {
    KAFKA_ARRAY_OF(bytes_t) group_ids;
    bool include_authorized_operations;
};

struct kafka_consumer_group_describe_topic_partitions {
    struct kafka_uuid topic_id;
    bytes_t topic_name;
    KAFKA_ARRAY_OF(int32_t) partitions;
};

struct kafka_consumer_group_describe_assignment {
    KAFKA_ARRAY_OF(struct kafka_consumer_group_describe_topic_partitions) topic_partitions;
};

struct kafka_consumer_group_describe_member {
    bytes_t member_id;
    bytes_t instance_id;
    bytes_t rack_id;
    int32_t member_epoch;
    bytes_t client_id;
    bytes_t client_host;
    KAFKA_ARRAY_OF(bytes_t) subscribed_topic_names;
    bytes_t subscribed_topic_regex;
    struct kafka_consumer_group_describe_assignment assignment;
    struct kafka_consumer_group_describe_assignment target_assignment;
    int8_t member_type;
};

struct kafka_consumer_group_describe_group {
    int16_t error_code;
    bytes_t error_message;
    bytes_t group_id;
    bytes_t group_state;
    int32_t group_epoch;
    int32_t assignment_epoch;
    bytes_t assignor_name;
    KAFKA_ARRAY_OF(struct kafka_consumer_group_describe_member) members;
    int32_t authorized_operations;
};

struct kafka_consumer_group_describe_response {
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_consumer_group_describe_group) groups;
};

// Versions 0 to 1.
extern const struct kafka_api kafka_consumer_group_describe_api;
