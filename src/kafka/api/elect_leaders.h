// SPDX-License-Identifier: Apache-2.0
// ElectLeaders (key 43). KIP-183, KIP-460.
#pragma once

#include "kafka/wire.h"

struct kafka_elect_leaders_topic_partitions {
    bytes_t topic;
    KAFKA_ARRAY_OF(int32_t) partitions;
};

struct kafka_elect_leaders_request {
    int8_t election_type;
    KAFKA_ARRAY_OF(struct kafka_elect_leaders_topic_partitions) topic_partitions;
    int32_t timeout_ms;
};

struct kafka_elect_leaders_partition_result {
    int32_t partition_id;
    int16_t error_code;
    bytes_t error_message;
};

struct kafka_replica_election_result {
    bytes_t topic;
    KAFKA_ARRAY_OF(struct kafka_elect_leaders_partition_result) partition_result;
};

struct kafka_elect_leaders_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_replica_election_result) replica_election_results;
};

// Versions 0 to 2.
extern const struct kafka_api kafka_elect_leaders_api;
