// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/init_producer_id.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_init_producer_id_request
static const struct kafka_field init_producer_id_request_fields[] = {
    /* name                   type          min max  null   tag   default place */
    { "TransactionalId",      KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(transactional_id) },
    { "TransactionTimeoutMs", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(transaction_timeout_ms) },
    { "ProducerId",           KAFKA_INT64,  3,  ANY, NEVER, NONE, -1,     AT(producer_id) },
    { "ProducerEpoch",        KAFKA_INT16,  3,  ANY, NEVER, NONE, -1,     AT(producer_epoch) },
};
static KAFKA_SCHEMA(init_producer_id_request, "InitProducerIdRequest");
#undef ROW

#define ROW struct kafka_init_producer_id_response
static const struct kafka_field init_producer_id_response_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ProducerId",     KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(producer_id) },
    { "ProducerEpoch",  KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(producer_epoch) },
};
static KAFKA_SCHEMA(init_producer_id_response, "InitProducerIdResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_init_producer_id_api = {
    .key = 22,
    .name = "InitProducerId",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &init_producer_id_request_schema,
    .response = &init_producer_id_response_schema,
};
