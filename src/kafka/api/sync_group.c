// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/sync_group.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_sync_group_request_assignment
static const struct kafka_field sync_group_request_assignment_fields[] = {
    /* name         type          min max  null   tag   default place */
    { "MemberId",   KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "Assignment", KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(assignment) },
};
static KAFKA_SCHEMA(sync_group_request_assignment, "SyncGroupRequestAssignment");
#undef ROW

#define ROW struct kafka_sync_group_request
static const struct kafka_field sync_group_request_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "GroupId",         KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "GenerationId",    KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(generation_id) },
    { "MemberId",        KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId", KAFKA_STRING,               3,  ANY, 3,     NONE, 0,      AT(group_instance_id) },
    { "ProtocolType",    KAFKA_STRING,               5,  ANY, 5,     NONE, 0,      AT(protocol_type) },
    { "ProtocolName",    KAFKA_STRING,               5,  ANY, 5,     NONE, 0,      AT(protocol_name) },
    { "Assignments",     KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(assignments, sync_group_request_assignment_schema) },
};
static KAFKA_SCHEMA(sync_group_request, "SyncGroupRequest");
#undef ROW

#define ROW struct kafka_sync_group_response
static const struct kafka_field sync_group_response_fields[] = {
    /* name             type          min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,  1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ProtocolType",   KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(protocol_type) },
    { "ProtocolName",   KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(protocol_name) },
    { "Assignment",     KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(assignment) },
};
static KAFKA_SCHEMA(sync_group_response, "SyncGroupResponse");
#undef ROW
// clang-format on

enum { FIRST_VERSION_WITH_PROTOCOL = 5 }; // KIP-559

struct sync_call {
    struct kafka_group_wait wait;
    struct group_sync sync;
    struct group_assignment assignments[];
};

static void on_synced(struct group_sync *sync)
{
    coordinator_answer(&CONTAINER_OF(sync, struct sync_call, sync)->wait.op);
}

static void on_start(struct kafka_group_wait *wait, struct groups *groups)
{
    group_sync(groups, &CONTAINER_OF(wait, struct sync_call, wait)->sync);
}

static void on_cancel(struct kafka_group_wait *wait, struct groups *groups)
{
    group_sync_cancel(groups, &CONTAINER_OF(wait, struct sync_call, wait)->sync);
}

static void on_answer(struct kafka_group_wait *wait)
{
    const struct group_sync *sync = &CONTAINER_OF(wait, struct sync_call, wait)->sync;
    struct kafka_sync_group_response *response = wait->call->response;
    response->error_code = kafka_group_error(sync->answer.error);
    response->protocol_type = sync->answer.protocol_type;
    response->protocol_name = sync->answer.protocol_name;
    response->assignment = sync->answer.assignment;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_sync_group_request *request = call->request;
    struct kafka_sync_group_response *response = call->response;
    bool says_protocol = request->protocol_type.data != NULL && request->protocol_name.data != NULL;
    if (call->version >= FIRST_VERSION_WITH_PROTOCOL && !says_protocol) {
        response->error_code = KAFKA_INCONSISTENT_GROUP_PROTOCOL;
        kafka_call_reply(call);
        return;
    }
    size_t count = (size_t)request->assignments.count;
    struct sync_call *syncing = mem_zalloc(1, sizeof(*syncing) + count * sizeof(syncing->assignments[0]));
    for (size_t i = 0; i < count; i++)
        syncing->assignments[i] = (struct group_assignment){ request->assignments.items[i].member_id,
                                                             request->assignments.items[i].assignment };
    syncing->wait = (struct kafka_group_wait){ .on_start = on_start, .on_cancel = on_cancel, .on_answer = on_answer };
    syncing->sync = (struct group_sync){
        .on_done = on_synced,
        .arena = &call->arena,
        .group_id = request->group_id,
        .member_id = request->member_id,
        .instance_id = request->group_instance_id,
        .generation = request->generation_id,
        .protocol_type = request->protocol_type,
        .protocol_name = request->protocol_name,
        .assignments = syncing->assignments,
        .assignment_count = count,
    };
    kafka_group_wait_start(&syncing->wait, call);
}

const struct kafka_api kafka_sync_group_api = {
    .key = 14,
    .name = "SyncGroup",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 4,
    .request = &sync_group_request_schema,
    .response = &sync_group_response_schema,
    .handle = handle,
};
