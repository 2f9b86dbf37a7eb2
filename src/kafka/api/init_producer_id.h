// SPDX-License-Identifier: Apache-2.0
// InitProducerId (key 22): the id and epoch under which a producer is idempotent. KIP-98, KIP-360.
#pragma once

#include "kafka/wire.h"

struct kafka_init_producer_id_request {
    bytes_t transactional_id;
    int32_t transaction_timeout_ms;
    int64_t producer_id;
    int16_t producer_epoch;
};

struct kafka_init_producer_id_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int64_t producer_id;
    int16_t producer_epoch;
};

// Versions 0 to 5.
extern const struct kafka_api kafka_init_producer_id_api;
