// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/list_groups.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

#include <ctype.h>

// clang-format off
#define ROW struct kafka_list_groups_request
static const struct kafka_field list_groups_request_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "StatesFilter", KAFKA_ARRAY | KAFKA_STRING, 4,  ANY, NEVER, NONE, 0,      AT(states_filter) },
    { "TypesFilter",  KAFKA_ARRAY | KAFKA_STRING, 5,  ANY, NEVER, NONE, 0,      AT(types_filter) },
};
static KAFKA_SCHEMA(list_groups_request, "ListGroupsRequest");
#undef ROW

#define ROW struct kafka_listed_group
static const struct kafka_field listed_group_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "GroupId",      KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "ProtocolType", KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(protocol_type) },
    { "GroupState",   KAFKA_STRING, 4,  ANY, NEVER, NONE, 0,      AT(group_state) },
    { "GroupType",    KAFKA_STRING, 5,  ANY, NEVER, NONE, 0,      AT(group_type) },
};
static KAFKA_SCHEMA(listed_group, "ListedGroup");
#undef ROW

#define ROW struct kafka_list_groups_response
static const struct kafka_field list_groups_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "Groups",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(groups, listed_group_schema) },
};
static KAFKA_SCHEMA(list_groups_response, "ListGroupsResponse");
#undef ROW
// clang-format on

#define GROUP_TYPE "classic"

static bool equal_in_any_case(bytes_t a, bytes_t b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++)
        if (tolower(a.data[i]) != tolower(b.data[i]))
            return false;
    return a.size == b.size;
}

// No filter lets all through.
static bool passes(const bytes_t *filter, int32_t count, bytes_t text)
{
    for (int32_t i = 0; i < count; i++)
        if (equal_in_any_case(filter[i], text))
            return true;
    return count <= 0;
}

static void run(struct coordinator *coordinator, struct kafka_call *call)
{
    const struct kafka_list_groups_request *request = call->request;
    struct kafka_list_groups_response *response = call->response;
    const struct groups *groups = coordinator_groups(coordinator);
    response->groups.items = kafka_new(&listed_group_schema, groups->by_id.count, &call->arena);
    response->groups.count = 0;
    if (!passes(request->types_filter.items, request->types_filter.count, BYTES_LITERAL(GROUP_TYPE)))
        return;
    for (struct group *group = NULL; (group = groups_next(groups, group)) != NULL;) {
        bytes_t state = bytes_of_text(group_state_name(group->state));
        if (!passes(request->states_filter.items, request->states_filter.count, state))
            continue;
        struct kafka_listed_group *row = &response->groups.items[response->groups.count++];
        row->group_id = arena_copy(&call->arena, group->id);
        row->group_state = state;
        row->group_type = BYTES_LITERAL(GROUP_TYPE);
        if (group->protocol_type.data != NULL)
            row->protocol_type = arena_copy(&call->arena, group->protocol_type);
    }
}

static void handle(struct kafka_call *call)
{
    kafka_group_call(call, run);
}

const struct kafka_api kafka_list_groups_api = {
    .key = 16,
    .name = "ListGroups",
    .min = 0,
    .max = 5,
    .advertised_min = 0,
    .flexible_from = 3,
    .request = &list_groups_request_schema,
    .response = &list_groups_response_schema,
    .handle = handle,
};
