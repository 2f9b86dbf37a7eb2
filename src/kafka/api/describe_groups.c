// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_groups.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_describe_groups_request
static const struct kafka_field describe_groups_request_fields[] = {
    /* name                          type                        min max  null   tag   default place */
    { "Groups",                      KAFKA_ARRAY | KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(groups) },
    { "IncludeAuthorizedOperations", KAFKA_BOOL,                 3,  ANY, NEVER, NONE, 0,      AT(include_authorized_operations) },
};
static KAFKA_SCHEMA(describe_groups_request, "DescribeGroupsRequest");
#undef ROW

#define ROW struct kafka_described_group_member
static const struct kafka_field described_group_member_fields[] = {
    /* name               type          min max  null   tag   default place */
    { "MemberId",         KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "GroupInstanceId",  KAFKA_STRING, 4,  ANY, 4,     NONE, 0,      AT(group_instance_id) },
    { "ClientId",         KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(client_id) },
    { "ClientHost",       KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(client_host) },
    { "MemberMetadata",   KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(member_metadata) },
    { "MemberAssignment", KAFKA_BYTES,  0,  ANY, NEVER, NONE, 0,      AT(member_assignment) },
};
static KAFKA_SCHEMA(described_group_member, "DescribedGroupMember");
#undef ROW

#define ROW struct kafka_described_group
static const struct kafka_field described_group_fields[] = {
    /* name                   type                        min max  null   tag   default    place */
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,         AT(error_code) },
    { "ErrorMessage",         KAFKA_STRING,               6,  ANY, 6,     NONE, 0,         AT(error_message) },
    { "GroupId",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(group_id) },
    { "GroupState",           KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(group_state) },
    { "ProtocolType",         KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(protocol_type) },
    { "ProtocolData",         KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(protocol_data) },
    { "Members",              KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(members, described_group_member_schema) },
    { "AuthorizedOperations", KAFKA_INT32,                3,  ANY, NEVER, NONE, INT32_MIN, AT(authorized_operations) },
};
static KAFKA_SCHEMA(described_group, "DescribedGroup");
#undef ROW

#define ROW struct kafka_describe_groups_response
static const struct kafka_field describe_groups_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Groups",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(groups, described_group_schema) },
};
static KAFKA_SCHEMA(describe_groups_response, "DescribeGroupsResponse");
#undef ROW
// clang-format on

enum { FIRST_VERSION_WITH_NOT_FOUND = 6 }; // KIP-1043; before, an unknown group is a dead one

#define GROUP_OPERATIONS 0x0d48 // read, delete, describe, describe and alter configs

// Memory of the answer: the group may change before it is sent.
static bytes_t keep(struct kafka_call *call, bytes_t bytes)
{
    return bytes.data == NULL ? BYTES_LITERAL("") : arena_copy(&call->arena, bytes);
}

static void describe_members(struct kafka_call *call, const struct group *group, struct kafka_described_group *row)
{
    struct kafka_described_group_member *members =
        kafka_new(&described_group_member_schema, group->joined_count, &call->arena);
    int32_t count = 0;
    LIST_EACH(&group->joined, node)
    {
        const struct group_member *member = LIST_ITEM(node, struct group_member, node);
        struct kafka_described_group_member *at = &members[count++];
        at->member_id = keep(call, member->id);
        at->group_instance_id = arena_copy(&call->arena, member->instance_id);
        at->client_id = keep(call, member->client_id);
        at->client_host = keep(call, member->client_host);
        if (group->state != GROUP_STABLE)
            continue;
        at->member_metadata = keep(call, group_member_metadata(member));
        at->member_assignment = keep(call, member->assignment);
    }
    row->members.items = members;
    row->members.count = count;
}

static void describe(struct kafka_call *call, const struct group *group, struct kafka_described_group *row)
{
    const struct kafka_describe_groups_request *request = call->request;
    if (request->include_authorized_operations)
        row->authorized_operations = GROUP_OPERATIONS;
    if (group == NULL) {
        row->group_state = BYTES_LITERAL("Dead");
        if (call->version < FIRST_VERSION_WITH_NOT_FOUND)
            return;
        row->error_code = KAFKA_GROUP_ID_NOT_FOUND;
        row->error_message =
            bytes_of_text(arena_format(&call->arena, "Group %.*s not found.", BYTES_ARG(row->group_id)));
        return;
    }
    row->group_state = bytes_of_text(group_state_name(group->state));
    row->protocol_type = keep(call, group->protocol_type);
    if (group->state == GROUP_STABLE)
        row->protocol_data = keep(call, group->protocol_name);
    describe_members(call, group, row);
}

static void run(struct coordinator *coordinator, struct kafka_call *call)
{
    const struct kafka_describe_groups_request *request = call->request;
    struct kafka_describe_groups_response *response = call->response;
    if (!kafka_group_answer_fits(call, (size_t)request->groups.count, sizeof *response->groups.items))
        return;
    response->groups.items = kafka_new(&described_group_schema, (size_t)request->groups.count, &call->arena);
    response->groups.count = request->groups.count;
    for (int32_t i = 0; i < request->groups.count && kafka_group_answer_fits(call, 0, 1); i++) {
        response->groups.items[i].group_id = request->groups.items[i];
        describe(call, groups_find(coordinator_groups(coordinator), request->groups.items[i]),
                 &response->groups.items[i]);
    }
}

static void handle(struct kafka_call *call)
{
    kafka_group_call(call, run);
}

const struct kafka_api kafka_describe_groups_api = {
    .key = 15,
    .name = "DescribeGroups",
    .min = 0,
    .max = 6,
    .advertised_min = 0,
    .flexible_from = 5,
    .request = &describe_groups_request_schema,
    .response = &describe_groups_response_schema,
    .handle = handle,
};
