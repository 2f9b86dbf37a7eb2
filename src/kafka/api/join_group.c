// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/join_group.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_join_group_request_protocol
static const struct kafka_field join_group_request_protocol_fields[] = {
    /* name       type          min max  null   tag   default place */
    { "Name",     KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Metadata", KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(metadata) },
};
static KAFKA_SCHEMA(join_group_request_protocol, "JoinGroupRequestProtocol");
#undef ROW

#define ROW struct kafka_join_group_request
static const struct kafka_field join_group_request_fields[] = {
    /* name                 type                        min max  null   tag   default place */
    { "GroupId",            KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "SessionTimeoutMs",   KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(session_timeout_ms) },
    { "RebalanceTimeoutMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, -1,     AT(rebalance_timeout_ms) },
    { "MemberId",           KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId",    KAFKA_STRING,               5,  ANY, 5,     NONE, 0,      AT(group_instance_id) },
    { "ProtocolType",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(protocol_type) },
    { "Protocols",          KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(protocols, join_group_request_protocol_schema) },
    { "Reason",             KAFKA_STRING,               8,  ANY, 8,     NONE, 0,      AT(reason) },
};
static KAFKA_SCHEMA(join_group_request, "JoinGroupRequest");
#undef ROW

#define ROW struct kafka_join_group_response_member
static const struct kafka_field join_group_response_member_fields[] = {
    /* name              type          min max  null   tag   default place */
    { "MemberId",        KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId", KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(group_instance_id) },
    { "Metadata",        KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(metadata) },
};
static KAFKA_SCHEMA(join_group_response_member, "JoinGroupResponseMember");
#undef ROW

#define ROW struct kafka_join_group_response
static const struct kafka_field join_group_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "GenerationId",   KAFKA_INT32,                0,  ANY, NEVER, NONE, -1,     AT(generation_id) },
    { "ProtocolType",   KAFKA_STRING,               7,  ANY, 7,     NONE, 0,      AT(protocol_type) },
    { "ProtocolName",   KAFKA_STRING,               0,  ANY, 7,     NONE, 0,      AT(protocol_name) },
    { "Leader",         KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(leader) },
    { "SkipAssignment", KAFKA_BOOL,                 9,  ANY, NEVER, NONE, 0,      AT(skip_assignment) },
    { "MemberId",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "Members",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(members, join_group_response_member_schema) },
};
static KAFKA_SCHEMA(join_group_response, "JoinGroupResponse");
#undef ROW
// clang-format on

enum {
    FIRST_VERSION_WITH_REBALANCE_TIMEOUT = 1, // before, the session timeout is both
    FIRST_VERSION_THAT_KNOWS_ITS_ID = 4,      // KIP-394
    FIRST_VERSION_THAT_SKIPS = 9,             // KIP-814
};

struct join_call {
    struct kafka_group_wait wait;
    struct group_join join;
    struct group_protocol protocols[];
};

static void on_joined(struct group_join *join)
{
    coordinator_answer(&CONTAINER_OF(join, struct join_call, join)->wait.op);
}

static void on_start(struct kafka_group_wait *wait, struct groups *groups)
{
    group_join(groups, &CONTAINER_OF(wait, struct join_call, wait)->join);
}

static void on_cancel(struct kafka_group_wait *wait, struct groups *groups)
{
    group_join_cancel(groups, &CONTAINER_OF(wait, struct join_call, wait)->join);
}

static void on_answer(struct kafka_group_wait *wait)
{
    const struct group_join *join = &CONTAINER_OF(wait, struct join_call, wait)->join;
    struct kafka_join_group_response *response = wait->call->response;
    response->error_code = kafka_group_error(join->answer.error);
    response->generation_id = join->answer.generation;
    response->member_id = join->answer.member_id;
    response->leader = join->answer.leader;
    response->protocol_type = join->answer.protocol_type;
    response->protocol_name = join->answer.protocol_name;
    response->skip_assignment = join->answer.skip_assignment;
    response->members.items =
        kafka_new(&join_group_response_member_schema, join->answer.member_count, &wait->call->arena);
    response->members.count = (int32_t)join->answer.member_count;
    for (size_t i = 0; i < join->answer.member_count; i++) {
        const struct group_join_member *member = &join->answer.members[i];
        response->members.items[i] = (struct kafka_join_group_response_member){
            .member_id = member->id, .group_instance_id = member->instance_id, .metadata = member->metadata
        };
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_join_group_request *request = call->request;
    size_t count = (size_t)request->protocols.count;
    struct join_call *joining = mem_zalloc(1, sizeof(*joining) + count * sizeof(joining->protocols[0]));
    int32_t rebalance_ms = request->rebalance_timeout_ms;
    if (call->version < FIRST_VERSION_WITH_REBALANCE_TIMEOUT || rebalance_ms < 0)
        rebalance_ms = request->session_timeout_ms;
    for (size_t i = 0; i < count; i++)
        joining->protocols[i] =
            (struct group_protocol){ request->protocols.items[i].name, request->protocols.items[i].metadata };
    joining->wait = (struct kafka_group_wait){ .on_start = on_start, .on_cancel = on_cancel, .on_answer = on_answer };
    joining->join = (struct group_join){
        .on_done = on_joined,
        .arena = &call->arena,
        .group_id = request->group_id,
        .member_id = request->member_id,
        .instance_id = request->group_instance_id,
        .client_id = call->header.client_id.data == NULL ? BYTES_LITERAL("") : call->header.client_id,
        .client_host = kafka_group_client_host(call),
        .protocol_type = request->protocol_type,
        .protocols = joining->protocols,
        .protocol_count = count,
        .session_timeout_ms = request->session_timeout_ms,
        .rebalance_timeout_ms = rebalance_ms,
        .needs_known_id = call->version >= FIRST_VERSION_THAT_KNOWS_ITS_ID,
        .skips_assignment = call->version >= FIRST_VERSION_THAT_SKIPS,
        .new_member_id = coordinator_member_id(request->group_instance_id, call->header.client_id, &call->arena),
    };
    kafka_group_wait_start(&joining->wait, call);
}

const struct kafka_api kafka_join_group_api = {
    .key = 11,
    .name = "JoinGroup",
    .min = 0,
    .max = 9,
    .advertised_min = 0,
    .flexible_from = 6,
    .request = &join_group_request_schema,
    .response = &join_group_response_schema,
    .handle = handle,
};
