// SPDX-License-Identifier: Apache-2.0
// Structs that several APIs share, with their schemas.
#pragma once

#include "kafka/schema.h"

// LeaderIdAndEpoch of Produce 10+ and Fetch 12+ (KIP-951).
struct kafka_leader_id_and_epoch {
    int32_t leader_id;
    int32_t leader_epoch;
};
extern const struct kafka_schema kafka_leader_id_and_epoch_schema;

// NodeEndpoint of Produce 10+ and Fetch 16+ (KIP-951).
struct kafka_node_endpoint {
    int32_t node_id;
    bytes_t host;
    int32_t port;
    bytes_t rack; // may be null
};
extern const struct kafka_schema kafka_node_endpoint_schema;
