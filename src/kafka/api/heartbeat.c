// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/heartbeat.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_heartbeat_request
static const struct kafka_field heartbeat_request_fields[] = {
    /* name              type          min max  null   tag   default place */
    { "GroupId",         KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "GenerationId",    KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(generation_id) },
    { "MemberId",        KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId", KAFKA_STRING, 3,  ANY, 3,     NONE, 0,      AT(group_instance_id) },
};
static KAFKA_SCHEMA(heartbeat_request, "HeartbeatRequest");
#undef ROW

#define ROW struct kafka_heartbeat_response
static const struct kafka_field heartbeat_response_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32, 1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16, 0,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(heartbeat_response, "HeartbeatResponse");
#undef ROW
// clang-format on

static void run(struct coordinator *coordinator, struct kafka_call *call)
{
    const struct kafka_heartbeat_request *request = call->request;
    struct kafka_heartbeat_response *response = call->response;
    const struct group_caller caller = { .group_id = request->group_id,
                                         .member_id = request->member_id,
                                         .instance_id = request->group_instance_id,
                                         .generation = request->generation_id };
    response->error_code = kafka_group_error(group_heartbeat(coordinator_groups(coordinator), &caller));
}

static void handle(struct kafka_call *call)
{
    kafka_group_call(call, run);
}

const struct kafka_api kafka_heartbeat_api = {
    .key = 12,
    .name = "Heartbeat",
    .min = 0,
    .max = 4,
    .advertised_min = 0,
    .flexible_from = 4,
    .request = &heartbeat_request_schema,
    .response = &heartbeat_response_schema,
    .handle = handle,
};
