// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/list_config_resources.h"

#include "kafka/api.h"
#include "kafka/configs.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_list_config_resources_request
static const struct kafka_field list_config_resources_request_fields[] = {
    /* name            type                      min max  null   tag   default place */
    { "ResourceTypes", KAFKA_ARRAY | KAFKA_INT8, 1,  ANY, NEVER, NONE, 0,      AT(resource_types) },
};
static KAFKA_SCHEMA(list_config_resources_request, "ListConfigResourcesRequest");
#undef ROW

#define ROW struct kafka_list_config_resources_config_resource
static const struct kafka_field list_config_resources_config_resource_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "ResourceName", KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(resource_name) },
    { "ResourceType", KAFKA_INT8,   1,  ANY, NEVER, NONE, 16,     AT(resource_type) },
};
static KAFKA_SCHEMA(list_config_resources_config_resource, "ConfigResource");
#undef ROW

#define ROW struct kafka_list_config_resources_response
static const struct kafka_field list_config_resources_response_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "ThrottleTimeMs",  KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",       KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ConfigResources", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(config_resources, list_config_resources_config_resource_schema) },
};
static KAFKA_SCHEMA(list_config_resources_response, "ListConfigResourcesResponse");
#undef ROW
// clang-format on

#define FIRST_VERSION_WITH_TYPES 1

static void add(struct kafka_list_config_resources_response *response, bytes_t name, enum kafka_resource type)
{
    response->config_resources.items[response->config_resources.count++] =
        (struct kafka_list_config_resources_config_resource){ name, (int8_t)type };
}

static bool is_asked(const struct kafka_call *call, enum kafka_resource type)
{
    const struct kafka_list_config_resources_request *request = call->request;
    if (call->version < FIRST_VERSION_WITH_TYPES)
        return type == KAFKA_RESOURCE_CLIENT_METRICS;
    bool found = request->resource_types.count == 0;
    for (int32_t i = 0; i < request->resource_types.count; i++)
        found |= request->resource_types.items[i] == (int8_t)type;
    return found;
}

static bool types_are_known(const struct kafka_list_config_resources_request *request)
{
    for (int32_t i = 0; i < request->resource_types.count; i++) {
        int8_t type = request->resource_types.items[i];
        if (type != KAFKA_RESOURCE_TOPIC && type != KAFKA_RESOURCE_BROKER && type != KAFKA_RESOURCE_BROKER_LOGGER &&
            type != KAFKA_RESOURCE_CLIENT_METRICS && type != KAFKA_RESOURCE_GROUP)
            return false;
    }
    return true;
}

// Groups and client metrics have no configurations here: there is nothing to list of them.
static void handle(struct kafka_call *call)
{
    struct kafka_list_config_resources_response *response = call->response;
    struct store *store = call->door->store;
    if (!types_are_known(call->request)) {
        response->error_code = KAFKA_UNSUPPORTED_VERSION;
        kafka_call_reply(call);
        return;
    }
    bytes_t node = bytes_of_text(arena_format(&call->arena, "%lld", (long long)call->door->options->node_id));
    response->config_resources.items =
        kafka_new(&list_config_resources_config_resource_schema, topic_count(store) + 2, &call->arena);
    if (is_asked(call, KAFKA_RESOURCE_BROKER))
        add(response, node, KAFKA_RESOURCE_BROKER);
    if (is_asked(call, KAFKA_RESOURCE_BROKER_LOGGER))
        add(response, node, KAFKA_RESOURCE_BROKER_LOGGER);
    const struct topic *topic = NULL;
    while (is_asked(call, KAFKA_RESOURCE_TOPIC) && (topic = topic_next(store, topic)) != NULL)
        add(response, arena_copy(&call->arena, topic->name), KAFKA_RESOURCE_TOPIC);
    kafka_call_reply(call);
}

const struct kafka_api kafka_list_config_resources_api = {
    .key = 74,
    .name = "ListConfigResources",
    .min = 0,
    .max = 1,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &list_config_resources_request_schema,
    .response = &list_config_resources_response_schema,
    .handle = handle,
};
