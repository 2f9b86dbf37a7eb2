// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/leave_group.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_member_identity
static const struct kafka_field member_identity_fields[] = {
    /* name              type          min max  null   tag   default place */
    { "MemberId",        KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId", KAFKA_STRING, 3,  ANY, 3,     NONE, 0,      AT(group_instance_id) },
    { "Reason",          KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(reason) },
};
static KAFKA_SCHEMA(member_identity, "MemberIdentity");
#undef ROW

#define ROW struct kafka_leave_group_request
static const struct kafka_field leave_group_request_fields[] = {
    /* name       type                        min max  null   tag   default place */
    { "GroupId",  KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "MemberId", KAFKA_STRING,               0,  2,   NEVER, NONE, 0,      AT(member_id) },
    { "Members",  KAFKA_ARRAY | KAFKA_STRUCT, 3,  ANY, NEVER, NONE, 0,      AT_STRUCT(members, member_identity_schema) },
};
static KAFKA_SCHEMA(leave_group_request, "LeaveGroupRequest");
#undef ROW

#define ROW struct kafka_member_response
static const struct kafka_field member_response_fields[] = {
    /* name              type          min max  null   tag   default place */
    { "MemberId",        KAFKA_STRING, 3,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId", KAFKA_STRING, 3,  ANY, 3,     NONE, 0,      AT(group_instance_id) },
    { "ErrorCode",       KAFKA_INT16,  3,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(member_response, "MemberResponse");
#undef ROW

#define ROW struct kafka_leave_group_response
static const struct kafka_field leave_group_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "Members",        KAFKA_ARRAY | KAFKA_STRUCT, 3,  ANY, NEVER, NONE, 0,      AT_STRUCT(members, member_response_schema) },
};
static KAFKA_SCHEMA(leave_group_response, "LeaveGroupResponse");
#undef ROW
// clang-format on

enum { FIRST_VERSION_OF_MANY = 3 }; // KIP-345

static void leave_one(struct groups *groups, const struct kafka_leave_group_request *request,
                      struct kafka_leave_group_response *response)
{
    struct group_leaver leaver = { .member_id = request->member_id };
    enum group_error error = group_leave(groups, request->group_id, &leaver, 1);
    response->error_code = kafka_group_error(error == GROUP_OK ? leaver.error : error);
}

static void run(struct coordinator *coordinator, struct kafka_call *call)
{
    const struct kafka_leave_group_request *request = call->request;
    struct kafka_leave_group_response *response = call->response;
    struct groups *groups = coordinator_groups(coordinator);
    if (call->version < FIRST_VERSION_OF_MANY) {
        leave_one(groups, request, response);
        return;
    }
    size_t count = (size_t)request->members.count;
    struct group_leaver *leavers = arena_array(&call->arena, count, sizeof(*leavers));
    for (size_t i = 0; i < count; i++)
        leavers[i] = (struct group_leaver){ .member_id = request->members.items[i].member_id,
                                            .instance_id = request->members.items[i].group_instance_id };
    enum group_error error = group_leave(groups, request->group_id, leavers, count);
    response->error_code = kafka_group_error(error);
    if (error != GROUP_OK)
        return;
    response->members.items = kafka_new(&member_response_schema, count, &call->arena);
    response->members.count = (int32_t)count;
    for (size_t i = 0; i < count; i++)
        response->members.items[i] =
            (struct kafka_member_response){ .member_id = leavers[i].member_id,
                                            .group_instance_id = leavers[i].instance_id,
                                            .error_code = kafka_group_error(leavers[i].error) };
}

static void handle(struct kafka_call *call)
{
    kafka_group_call(call, run);
}

const struct kafka_api kafka_leave_group_api = {
    .key = 13,
    .name = "LeaveGroup",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 4,
    .request = &leave_group_request_schema,
    .response = &leave_group_response_schema,
    .handle = handle,
};
