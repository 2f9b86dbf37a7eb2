// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/find_coordinator.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_find_coordinator_request
static const struct kafka_field find_coordinator_request_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "Key",             KAFKA_STRING,               0,  3,   NEVER, NONE, 0,      AT(key) },
    { "KeyType",         KAFKA_INT8,                 1,  ANY, NEVER, NONE, 0,      AT(key_type) },
    { "CoordinatorKeys", KAFKA_ARRAY | KAFKA_STRING, 4,  ANY, NEVER, NONE, 0,      AT(coordinator_keys) },
};
static KAFKA_SCHEMA(find_coordinator_request, "FindCoordinatorRequest");
#undef ROW

#define ROW struct kafka_coordinator
static const struct kafka_field coordinator_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "Key",          KAFKA_STRING, 4,  ANY, NEVER, NONE, 0,      AT(key) },
    { "NodeId",       KAFKA_INT32,  4,  ANY, NEVER, NONE, 0,      AT(node_id) },
    { "Host",         KAFKA_STRING, 4,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port",         KAFKA_INT32,  4,  ANY, NEVER, NONE, 0,      AT(port) },
    { "ErrorCode",    KAFKA_INT16,  4,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 4,  ANY, 4,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(coordinator, "Coordinator");
#undef ROW

#define ROW struct kafka_find_coordinator_response
static const struct kafka_field find_coordinator_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                0,  3,   NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",   KAFKA_STRING,               1,  3,   1,     NONE, 0,      AT(error_message) },
    { "NodeId",         KAFKA_INT32,                0,  3,   NEVER, NONE, 0,      AT(node_id) },
    { "Host",           KAFKA_STRING,               0,  3,   NEVER, NONE, 0,      AT(host) },
    { "Port",           KAFKA_INT32,                0,  3,   NEVER, NONE, 0,      AT(port) },
    { "Coordinators",   KAFKA_ARRAY | KAFKA_STRUCT, 4,  ANY, NEVER, NONE, 0,      AT_STRUCT(coordinators, coordinator_schema) },
};
static KAFKA_SCHEMA(find_coordinator_response, "FindCoordinatorResponse");
#undef ROW
// clang-format on

enum { KEY_GROUP, KEY_TRANSACTION, KEY_SHARE, FIRST_VERSION_OF_MANY = 4 };

// Every group is coordinated here. A transaction would be too: whoever asks is told where, and refused there.
static void answer(const struct kafka_call *call, int8_t type, bytes_t key, struct kafka_coordinator *row)
{
    const struct kafka_door *door = call->door;
    *row = (struct kafka_coordinator){ .key = key, .node_id = -1, .port = -1, .host = BYTES_LITERAL("") };
    if (type != KEY_GROUP && type != KEY_TRANSACTION) {
        row->error_code = KAFKA_INVALID_REQUEST;
        row->error_message = bytes_of_text(kafka_error_message(KAFKA_INVALID_REQUEST));
        return;
    }
    row->node_id = (int32_t)door->options->node_id;
    row->host = bytes_of_text(door->advertised.host);
    row->port = door->advertised.port;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_find_coordinator_request *request = call->request;
    struct kafka_find_coordinator_response *response = call->response;
    int32_t count = request->coordinator_keys.count;
    if (call->version < FIRST_VERSION_OF_MANY) {
        struct kafka_coordinator row;
        answer(call, request->key_type, request->key, &row);
        response->error_code = row.error_code;
        response->error_message = row.error_message;
        response->node_id = row.node_id;
        response->host = row.host;
        response->port = row.port;
        kafka_call_reply(call);
        return;
    }
    response->coordinators.items = kafka_new(&coordinator_schema, (size_t)count, &call->arena);
    response->coordinators.count = count;
    for (int32_t i = 0; i < count; i++)
        answer(call, request->key_type, request->coordinator_keys.items[i], &response->coordinators.items[i]);
    kafka_call_reply(call);
}

const struct kafka_api kafka_find_coordinator_api = {
    .key = 10,
    .name = "FindCoordinator",
    .min = 0,
    .max = 6,
    .advertised_min = 0,
    .flexible_from = 3,
    .request = &find_coordinator_request_schema,
    .response = &find_coordinator_response_schema,
    .handle = handle,
};
