// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/alter_configs.h"

#include "kafka/api.h"
#include "kafka/configs.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_alter_configs_alterable_config
static const struct kafka_field alter_configs_alterable_config_fields[] = {
    /* name    type          min max  null   tag   default place */
    { "Name",  KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(value) },
};
static KAFKA_SCHEMA(alter_configs_alterable_config, "AlterableConfig");
#undef ROW

#define ROW struct kafka_alter_configs_resource
static const struct kafka_field alter_configs_resource_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "ResourceType", KAFKA_INT8,                 0,  ANY, NEVER, NONE, 0,      AT(resource_type) },
    { "ResourceName", KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(resource_name) },
    { "Configs",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(configs, alter_configs_alterable_config_schema) },
};
static KAFKA_SCHEMA(alter_configs_resource, "AlterConfigsResource");
#undef ROW

#define ROW struct kafka_alter_configs_request
static const struct kafka_field alter_configs_request_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "Resources",    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(resources, alter_configs_resource_schema) },
    { "ValidateOnly", KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,      AT(validate_only) },
};
static KAFKA_SCHEMA(alter_configs_request, "AlterConfigsRequest");
#undef ROW

#define ROW struct kafka_alter_configs_resource_response
static const struct kafka_field alter_configs_resource_response_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "ErrorCode",    KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(error_message) },
    { "ResourceType", KAFKA_INT8,   0,  ANY, NEVER, NONE, 0,      AT(resource_type) },
    { "ResourceName", KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(resource_name) },
};
static KAFKA_SCHEMA(alter_configs_resource_response, "AlterConfigsResourceResponse");
#undef ROW

#define ROW struct kafka_alter_configs_response
static const struct kafka_field alter_configs_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, alter_configs_resource_response_schema) },
};
static KAFKA_SCHEMA(alter_configs_response, "AlterConfigsResponse");
#undef ROW
// clang-format on

static void result_fail(struct kafka_alter_configs_resource_response *result, int16_t error, const char *text)
{
    result->error_code = error;
    result->error_message = bytes_of_text(text);
}

// False when the result says what is wrong.
static bool read_changes(struct kafka_call *call, const struct kafka_alter_configs_resource *asked,
                         struct config_change *changes, struct kafka_alter_configs_resource_response *result)
{
    struct kafka_names names = kafka_names_new(call);
    for (int32_t i = 0; i < asked->configs.count; i++) {
        const struct kafka_alter_configs_alterable_config *row = &asked->configs.items[i];
        changes[i] = (struct config_change){ row->name, row->value, CONFIG_SET, BYTES_NULL };
        if (row->value.data == NULL)
            result_fail(result, KAFKA_INVALID_REQUEST,
                        arena_format(&call->arena, "Null value not supported for : %.*s", BYTES_ARG(row->name)));
        else if (!kafka_names_add(&names, row->name))
            result_fail(result, KAFKA_INVALID_REQUEST, "Error due to duplicate config keys");
    }
    kafka_names_free(&names);
    return result->error_code == KAFKA_NONE;
}

static bytes_t resource_key(struct kafka_call *call, const struct kafka_alter_configs_resource *asked)
{
    return bytes_of_text(arena_format(&call->arena, "%d %.*s", asked->resource_type, BYTES_ARG(asked->resource_name)));
}

static void alter(struct kafka_gather *gather, const struct kafka_names *resources,
                  const struct kafka_alter_configs_resource *asked,
                  struct kafka_alter_configs_resource_response *result)
{
    struct kafka_call *call = gather->call;
    const struct kafka_alter_configs_request *request = call->request;
    size_t count = (size_t)asked->configs.count;
    struct config_change *changes = arena_array(&call->arena, count, sizeof *changes);
    result->resource_type = asked->resource_type;
    result->resource_name = asked->resource_name;
    if (kafka_names_twice(resources, resource_key(call, asked))) {
        result_fail(result, KAFKA_INVALID_REQUEST, "Each resource must appear at most once.");
        return;
    }
    if (!read_changes(call, asked, changes, result))
        return;
    struct kafka_alteration alteration = { .resource_type = asked->resource_type,
                                           .resource_name = asked->resource_name,
                                           .changes = changes,
                                           .change_count = count,
                                           .replace = true,
                                           .validate_only = request->validate_only,
                                           .ret_error = &result->error_code,
                                           .ret_message = &result->error_message };
    kafka_config_alter(gather, &alteration);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_alter_configs_request *request = call->request;
    struct kafka_alter_configs_response *response = call->response;
    int32_t count = request->resources.count;
    if (kafka_call_names_too_many(call, (size_t)count))
        return;
    struct kafka_names resources = kafka_names_new(call);
    struct kafka_gather *gather = kafka_gather_new(call);
    response->responses.items = kafka_new(&alter_configs_resource_response_schema, (size_t)count, &call->arena);
    response->responses.count = count;
    for (int32_t i = 0; i < count; i++)
        kafka_names_add(&resources, resource_key(call, &request->resources.items[i]));
    for (int32_t i = 0; i < count; i++)
        alter(gather, &resources, &request->resources.items[i], &response->responses.items[i]);
    kafka_names_free(&resources);
    kafka_gather_release(gather);
}

const struct kafka_api kafka_alter_configs_api = {
    .key = 33,
    .name = "AlterConfigs",
    .min = 0,
    .max = 2,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &alter_configs_request_schema,
    .response = &alter_configs_response_schema,
    .handle = handle,
};
