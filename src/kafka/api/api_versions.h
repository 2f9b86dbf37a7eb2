// SPDX-License-Identifier: Apache-2.0
// ApiVersions (key 18): what the other side speaks. KIP-35, KIP-511, KIP-584 (features), KIP-1242 (cluster and node
// id).
#pragma once

#include "kafka/wire.h"

struct kafka_api_versions_request {
    bytes_t client_software_name;
    bytes_t client_software_version;
    bytes_t cluster_id;
    int32_t node_id;
};

struct kafka_api_version {
    int16_t api_key;
    int16_t min_version;
    int16_t max_version;
};

struct kafka_supported_feature_key {
    bytes_t name;
    int16_t min_version;
    int16_t max_version;
};

struct kafka_finalized_feature_key {
    bytes_t name;
    int16_t max_version_level;
    int16_t min_version_level;
};

struct kafka_api_versions_response {
    int16_t error_code;
    KAFKA_ARRAY_OF(struct kafka_api_version) api_keys;
    int32_t throttle_time_ms;
    KAFKA_ARRAY_OF(struct kafka_supported_feature_key) supported_features;
    int64_t finalized_features_epoch;
    KAFKA_ARRAY_OF(struct kafka_finalized_feature_key) finalized_features;
    bool zk_migration_ready;
};

// Versions 0 to 5.
extern const struct kafka_api kafka_api_versions_api;
