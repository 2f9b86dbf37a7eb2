// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_configs.h"

#include "base/topic_name.h"
#include "kafka/api.h"
#include "kafka/configs.h"
#include "kafka/door.h"
#include "store/settings.h"

// clang-format off
#define ROW struct kafka_describe_configs_resource
static const struct kafka_field describe_configs_resource_fields[] = {
    /* name                type                        min max  null   tag   default place */
    { "ResourceType",      KAFKA_INT8,                 0,  ANY, NEVER, NONE, 0,      AT(resource_type) },
    { "ResourceName",      KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(resource_name) },
    { "ConfigurationKeys", KAFKA_ARRAY | KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(configuration_keys) },
};
static KAFKA_SCHEMA(describe_configs_resource, "DescribeConfigsResource");
#undef ROW

#define ROW struct kafka_describe_configs_request
static const struct kafka_field describe_configs_request_fields[] = {
    /* name                   type                        min max  null   tag   default place */
    { "Resources",            KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(resources, describe_configs_resource_schema) },
    { "IncludeSynonyms",      KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 0,      AT(include_synonyms) },
    { "IncludeDocumentation", KAFKA_BOOL,                 3,  ANY, NEVER, NONE, 0,      AT(include_documentation) },
};
static KAFKA_SCHEMA(describe_configs_request, "DescribeConfigsRequest");
#undef ROW

#define ROW struct kafka_describe_configs_synonym
static const struct kafka_field describe_configs_synonym_fields[] = {
    /* name     type          min max  null   tag   default place */
    { "Name",   KAFKA_STRING, 1,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value",  KAFKA_STRING, 1,  ANY, 0,     NONE, 0,      AT(value) },
    { "Source", KAFKA_INT8,   1,  ANY, NEVER, NONE, 0,      AT(source) },
};
static KAFKA_SCHEMA(describe_configs_synonym, "DescribeConfigsSynonym");
#undef ROW

#define ROW struct kafka_describe_configs_resource_result
static const struct kafka_field describe_configs_resource_result_fields[] = {
    /* name            type                        min max  null   tag   default place */
    { "Name",          KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value",         KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(value) },
    { "ReadOnly",      KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,      AT(read_only) },
    { "ConfigSource",  KAFKA_INT8,                 1,  ANY, NEVER, NONE, -1,     AT(config_source) },
    { "IsSensitive",   KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,      AT(is_sensitive) },
    { "Synonyms",      KAFKA_ARRAY | KAFKA_STRUCT, 1,  ANY, NEVER, NONE, 0,      AT_STRUCT(synonyms, describe_configs_synonym_schema) },
    { "ConfigType",    KAFKA_INT8,                 3,  ANY, NEVER, NONE, 0,      AT(config_type) },
    { "Documentation", KAFKA_STRING,               3,  ANY, 0,     NONE, 0,      AT(documentation) },
};
static KAFKA_SCHEMA(describe_configs_resource_result, "DescribeConfigsResourceResult");
#undef ROW

#define ROW struct kafka_describe_configs_result
static const struct kafka_field describe_configs_result_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "ErrorCode",    KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(error_message) },
    { "ResourceType", KAFKA_INT8,                 0,  ANY, NEVER, NONE, 0,      AT(resource_type) },
    { "ResourceName", KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(resource_name) },
    { "Configs",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(configs, describe_configs_resource_result_schema) },
};
static KAFKA_SCHEMA(describe_configs_result, "DescribeConfigsResult");
#undef ROW

#define ROW struct kafka_describe_configs_response
static const struct kafka_field describe_configs_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Results",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(results, describe_configs_result_schema) },
};
static KAFKA_SCHEMA(describe_configs_response, "DescribeConfigsResponse");
#undef ROW
// clang-format on

// A bound on the memory of one answer (about 10 KB for a topic): a short request could name a large one again and
// again.
enum { RESOURCES_MAX = 10000 };

static bool is_asked(const struct kafka_describe_configs_resource *asked, bytes_t name)
{
    if (asked->configuration_keys.count <= 0)
        return true;
    for (int32_t i = 0; i < asked->configuration_keys.count; i++) {
        if (bytes_equal(asked->configuration_keys.items[i], name))
            return true;
    }
    return false;
}

static void add_entry(struct kafka_call *call, const struct kafka_config_entry *entry,
                      struct kafka_describe_configs_result *result)
{
    const struct kafka_describe_configs_request *request = call->request;
    struct kafka_describe_configs_resource_result *row = &result->configs.items[result->configs.count++];
    row->name = entry->name;
    row->value = entry->is_sensitive ? BYTES_NULL : entry->value;
    row->read_only = entry->is_read_only;
    row->config_source = (int8_t)entry->source;
    row->is_sensitive = entry->is_sensitive;
    row->config_type = (int8_t)entry->type;
    if (request->include_documentation)
        row->documentation = bytes_of_text(entry->documentation);
    if (!request->include_synonyms)
        return;
    row->synonyms.items = kafka_new(&describe_configs_synonym_schema, entry->synonym_count, &call->arena);
    row->synonyms.count = (int32_t)entry->synonym_count;
    for (size_t i = 0; i < entry->synonym_count; i++)
        row->synonyms.items[i] =
            (struct kafka_describe_configs_synonym){ entry->synonyms[i].name, entry->synonyms[i].value,
                                                     (int8_t)entry->synonyms[i].source };
}

static void result_fail(struct kafka_describe_configs_result *result, int16_t error, const char *text)
{
    result->error_code = error;
    result->error_message = bytes_of_text(text == NULL ? kafka_error_message(error) : text);
}

static void describe_topic(struct kafka_call *call, const struct kafka_describe_configs_resource *asked,
                           struct kafka_describe_configs_result *result)
{
    const struct topic *topic = topic_find(call->door->store, asked->resource_name);
    if (topic == NULL) {
        result_fail(result,
                    topic_name_check(asked->resource_name, NULL) == ERR_OK ? KAFKA_UNKNOWN_TOPIC_OR_PARTITION
                                                                           : KAFKA_INVALID_TOPIC_EXCEPTION,
                    NULL);
        return;
    }
    const struct config_list set = { topic->set_names, topic->set_values, topic->set_count };
    result->configs.items = kafka_new(&describe_configs_resource_result_schema, topic_config_row_count, &call->arena);
    for (size_t i = 0; i < topic_config_row_count; i++) {
        struct kafka_config_entry entry;
        if (!is_asked(asked, bytes_of_text(topic_config_rows[i].name)))
            continue;
        kafka_config_of_topic(call, &topic_config_rows[i], &set, &topic->config, &entry);
        add_entry(call, &entry, result);
    }
}

static void describe_broker(struct kafka_call *call, const struct kafka_describe_configs_resource *asked,
                            struct kafka_describe_configs_result *result)
{
    const struct config_list *for_all_set = settings_of(call->door->store, SETTINGS_ALL_BROKERS);
    const char *complaint;
    bool for_all;
    if (!kafka_config_broker_of(call, asked->resource_name, &for_all, &complaint)) {
        result_fail(result, KAFKA_INVALID_REQUEST, complaint);
        return;
    }
    result->configs.items =
        kafka_new(&describe_configs_resource_result_schema, kafka_broker_config_count, &call->arena);
    for (size_t i = 0; i < kafka_broker_config_count; i++) {
        struct kafka_config_entry entry;
        if (!is_asked(asked, bytes_of_text(kafka_broker_configs[i].name)))
            continue;
        if (for_all && config_list_find(for_all_set, bytes_of_text(kafka_broker_configs[i].name)) == NULL)
            continue; // for all brokers only what is set for them
        kafka_config_of_broker(call, &kafka_broker_configs[i], for_all, &entry);
        add_entry(call, &entry, result);
    }
}

static void describe_logger(struct kafka_call *call, const struct kafka_describe_configs_resource *asked,
                            struct kafka_describe_configs_result *result)
{
    const char *complaint = "Broker id must not be empty";
    bool for_all;
    if (!kafka_config_broker_of(call, asked->resource_name, &for_all, &complaint) || for_all) {
        result_fail(result, KAFKA_INVALID_REQUEST, complaint);
        return;
    }
    struct kafka_config_entry entry;
    result->configs.items = kafka_new(&describe_configs_resource_result_schema, 1, &call->arena);
    kafka_config_of_logger(call, &entry);
    if (is_asked(asked, entry.name))
        add_entry(call, &entry, result);
}

static void describe(struct kafka_call *call, const struct kafka_describe_configs_resource *asked,
                     struct kafka_describe_configs_result *result)
{
    switch (asked->resource_type) {
    case KAFKA_RESOURCE_TOPIC:
        describe_topic(call, asked, result);
        return;
    case KAFKA_RESOURCE_BROKER:
        describe_broker(call, asked, result);
        return;
    case KAFKA_RESOURCE_BROKER_LOGGER:
        describe_logger(call, asked, result);
        return;
    default:
        result_fail(result, KAFKA_INVALID_REQUEST,
                    arena_format(&call->arena, "Unsupported resource type: %d", asked->resource_type));
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_configs_request *request = call->request;
    struct kafka_describe_configs_response *response = call->response;
    int32_t count = request->resources.count;
    response->results.items = kafka_new(&describe_configs_result_schema, (size_t)count, &call->arena);
    response->results.count = count;
    for (int32_t i = 0; i < count; i++) {
        const struct kafka_describe_configs_resource *asked = &request->resources.items[i];
        struct kafka_describe_configs_result *result = &response->results.items[i];
        result->resource_type = asked->resource_type;
        result->resource_name = asked->resource_name;
        if (i < RESOURCES_MAX)
            describe(call, asked, result);
        else
            result_fail(result, KAFKA_INVALID_REQUEST, "Too many resources in one request.");
    }
    kafka_call_reply(call);
}

const struct kafka_api kafka_describe_configs_api = {
    .key = 32,
    .name = "DescribeConfigs",
    .min = 1,
    .max = 4,
    .advertised_min = 1,
    .flexible_from = 4,
    .request = &describe_configs_request_schema,
    .response = &describe_configs_response_schema,
    .handle = handle,
};
