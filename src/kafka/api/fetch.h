// SPDX-License-Identifier: Apache-2.0
// Fetch (key 1): reads record batches, with long poll. KIP-74 (limits), KIP-227 (sessions), KIP-320 (leader epochs),
// KIP-516 (topic ids).
#pragma once

#include "kafka/api/common.h"

struct kafka_replica_state {
    int32_t replica_id;
    int64_t replica_epoch;
};

struct kafka_fetch_partition {
    int32_t partition;
    int32_t current_leader_epoch;
    int64_t fetch_offset;
    int32_t last_fetched_epoch;
    int64_t log_start_offset;
    int32_t partition_max_bytes;
    struct kafka_uuid replica_directory_id;
    int64_t high_watermark;
};

struct kafka_fetch_topic {
    bytes_t topic;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_fetch_partition) partitions;
};

struct kafka_forgotten_topic {
    bytes_t topic;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(int32_t) partitions;
};

struct kafka_fetch_request {
    bytes_t cluster_id;
    int32_t replica_id;
    struct kafka_replica_state replica_state;
    int32_t max_wait_ms;
    int32_t min_bytes;
    int32_t max_bytes;
    int8_t isolation_level;
    int32_t session_id;
    int32_t session_epoch;
    KAFKA_ARRAY_OF(struct kafka_fetch_topic) topics;
    KAFKA_ARRAY_OF(struct kafka_forgotten_topic) forgotten_topics_data;
    bytes_t rack_id;
};

struct kafka_epoch_end_offset {
    int32_t epoch;
    int64_t end_offset;
};

struct kafka_snapshot_id {
    int64_t end_offset;
    int32_t epoch;
};

struct kafka_aborted_transaction {
    int64_t producer_id;
    int64_t first_offset;
};

struct kafka_partition_data {
    int32_t partition_index;
    int16_t error_code;
    int64_t high_watermark;
    int64_t last_stable_offset;
    int64_t log_start_offset;
    struct kafka_epoch_end_offset diverging_epoch;
    struct kafka_leader_id_and_epoch current_leader;
    struct kafka_snapshot_id snapshot_id;
    KAFKA_ARRAY_OF(struct kafka_aborted_transaction) aborted_transactions;
    int32_t preferred_read_replica;
    struct kafka_records records;
};

struct kafka_fetchable_topic_response {
    bytes_t topic;
    struct kafka_uuid topic_id;
    KAFKA_ARRAY_OF(struct kafka_partition_data) partitions;
};

struct kafka_fetch_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int32_t session_id;
    KAFKA_ARRAY_OF(struct kafka_fetchable_topic_response) responses;
    KAFKA_ARRAY_OF(struct kafka_node_endpoint) node_endpoints;
};

// Versions 4 to 18.
extern const struct kafka_api kafka_fetch_api;
