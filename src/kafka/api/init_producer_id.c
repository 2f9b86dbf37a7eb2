// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/init_producer_id.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/topic.h"

#include <stdlib.h>

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

struct allocation {
    struct producer_id_op op;
    struct kafka_call *call;
};

static void on_allocated(struct producer_id_op *op)
{
    struct allocation *allocation = CONTAINER_OF(op, struct allocation, op);
    struct kafka_call *call = allocation->call;
    struct kafka_init_producer_id_response *response = call->response;
    response->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK)
        response->producer_id = op->producer_id;
    else
        response->producer_epoch = -1;
    free(allocation);
    kafka_call_reply(call);
}

// Without a transactional id Kafka gives a new id each time, also to a client that asks for a higher epoch of its old
// one (KIP-360): so the epoch is always 0.
static void handle(struct kafka_call *call)
{
    const struct kafka_init_producer_id_request *request = call->request;
    struct kafka_init_producer_id_response *response = call->response;
    if (request->transactional_id.data != NULL) {
        response->error_code = request->transactional_id.size == 0 ? KAFKA_INVALID_REQUEST : KAFKA_UNSUPPORTED_VERSION;
        response->producer_epoch = -1;
        kafka_call_reply(call);
        return;
    }
    struct allocation *allocation = mem_zalloc(1, sizeof(*allocation));
    allocation->call = call;
    allocation->op.on_done = on_allocated;
    producer_id_allocate(call->door->store, &allocation->op);
}

const struct kafka_api kafka_init_producer_id_api = {
    .key = 22,
    .name = "InitProducerId",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &init_producer_id_request_schema,
    .response = &init_producer_id_response_schema,
    .handle = handle,
};
