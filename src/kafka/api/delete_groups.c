// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/delete_groups.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_delete_groups_request
static const struct kafka_field delete_groups_request_fields[] = {
    /* name          type                        min max  null   tag   default place */
    { "GroupsNames", KAFKA_ARRAY | KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(groups_names) },
};
static KAFKA_SCHEMA(delete_groups_request, "DeleteGroupsRequest");
#undef ROW

#define ROW struct kafka_deletable_group_result
static const struct kafka_field deletable_group_result_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "GroupId",      KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "ErrorCode",    KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 3,  ANY, 3,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(deletable_group_result, "DeletableGroupResult");
#undef ROW

#define ROW struct kafka_delete_groups_response
static const struct kafka_field delete_groups_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Results",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(results, deletable_group_result_schema) },
};
static KAFKA_SCHEMA(delete_groups_response, "DeleteGroupsResponse");
#undef ROW
// clang-format on

struct deletion {
    struct coordinator_op op;
    struct coordinator_removal removal;
    struct kafka_call *call;
};

static void result_fail(struct kafka_deletable_group_result *row, int16_t error)
{
    row->error_code = error;
    row->error_message = bytes_of_text(kafka_error_message(error));
}

static void on_removed(struct coordinator_removal *removal)
{
    struct deletion *deletion = CONTAINER_OF(removal, struct deletion, removal);
    struct kafka_delete_groups_response *response = deletion->call->response;
    for (int32_t i = 0; i < response->results.count && removal->err != ERR_OK; i++)
        if (response->results.items[i].error_code == KAFKA_NONE)
            result_fail(&response->results.items[i], KAFKA_COORDINATOR_NOT_AVAILABLE);
    coordinator_answer(&deletion->op);
}

static void on_run(struct coordinator_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op);
    const struct kafka_delete_groups_request *request = deletion->call->request;
    struct kafka_delete_groups_response *response = deletion->call->response;
    struct groups *groups = coordinator_groups(op->coordinator);
    for (int32_t i = 0; i < request->groups_names.count; i++) {
        struct kafka_deletable_group_result *row = &response->results.items[i];
        enum group_error error = group_delete_check(groups, request->groups_names.items[i]);
        row->group_id = request->groups_names.items[i];
        if (error == GROUP_OK)
            coordinator_remove_group(op->coordinator, groups_find(groups, row->group_id), &deletion->removal);
        else
            result_fail(row, kafka_group_error(error));
    }
    if (deletion->removal.left == 0)
        coordinator_answer(op);
}

static void on_done(struct coordinator_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op);
    struct kafka_call *call = deletion->call;
    free(deletion);
    kafka_call_reply(call);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_delete_groups_request *request = call->request;
    struct kafka_delete_groups_response *response = call->response;
    struct deletion *deletion = mem_zalloc(1, sizeof(*deletion));
    deletion->call = call;
    deletion->removal.on_done = on_removed;
    deletion->op = (struct coordinator_op){ .on_run = on_run, .on_done = on_done };
    response->results.items =
        kafka_new(&deletable_group_result_schema, (size_t)request->groups_names.count, &call->arena);
    response->results.count = request->groups_names.count;
    coordinator_ask(call->door->coordinator, &deletion->op);
}

const struct kafka_api kafka_delete_groups_api = {
    .key = 42,
    .name = "DeleteGroups",
    .min = 0,
    .max = 3,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &delete_groups_request_schema,
    .response = &delete_groups_response_schema,
    .handle = handle,
};
