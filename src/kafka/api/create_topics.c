// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/create_topics.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/topic_name.h"
#include "kafka/api.h"
#include "kafka/configs.h"
#include "kafka/door.h"
#include "store/settings.h"
#include "store/topic.h"

#include <stdlib.h>

// clang-format off
#define ROW struct kafka_creatable_replica_assignment
static const struct kafka_field creatable_replica_assignment_fields[] = {
    /* name             type                       min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "BrokerIds",      KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(broker_ids) },
};
static KAFKA_SCHEMA(creatable_replica_assignment, "CreatableReplicaAssignment");
#undef ROW

#define ROW struct kafka_creatable_topic_config
static const struct kafka_field creatable_topic_config_fields[] = {
    /* name    type          min max  null   tag   default place */
    { "Name",  KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(value) },
};
static KAFKA_SCHEMA(creatable_topic_config, "CreatableTopicConfig");
#undef ROW

#define ROW struct kafka_creatable_topic
static const struct kafka_field creatable_topic_fields[] = {
    /* name                type                        min max  null   tag   default place */
    { "Name",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "NumPartitions",     KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(num_partitions) },
    { "ReplicationFactor", KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(replication_factor) },
    { "Assignments",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(assignments, creatable_replica_assignment_schema) },
    { "Configs",           KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(configs, creatable_topic_config_schema) },
};
static KAFKA_SCHEMA(creatable_topic, "CreatableTopic");
#undef ROW

#define ROW struct kafka_create_topics_request
static const struct kafka_field create_topics_request_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "Topics",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, creatable_topic_schema) },
    { "timeoutMs",    KAFKA_INT32,                0,  ANY, NEVER, NONE, 60000,  AT(timeout_ms) },
    { "validateOnly", KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 0,      AT(validate_only) },
};
static KAFKA_SCHEMA(create_topics_request, "CreateTopicsRequest");
#undef ROW

#define ROW struct kafka_creatable_topic_configs
static const struct kafka_field creatable_topic_configs_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "Name",         KAFKA_STRING, 5,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Value",        KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(value) },
    { "ReadOnly",     KAFKA_BOOL,   5,  ANY, NEVER, NONE, 0,      AT(read_only) },
    { "ConfigSource", KAFKA_INT8,   5,  ANY, NEVER, NONE, -1,     AT(config_source) },
    { "IsSensitive",  KAFKA_BOOL,   5,  ANY, NEVER, NONE, 0,      AT(is_sensitive) },
};
static KAFKA_SCHEMA(creatable_topic_configs, "CreatableTopicConfigs");
#undef ROW

#define ROW struct kafka_creatable_topic_result
static const struct kafka_field creatable_topic_result_fields[] = {
    /* name                   type                        min max  null   tag   default place */
    { "Name",                 KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "TopicId",              KAFKA_UUID,                 7,  ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",         KAFKA_STRING,               1,  ANY, 1,     NONE, 0,      AT(error_message) },
    { "TopicConfigErrorCode", KAFKA_INT16,                5,  ANY, NEVER, 0,    0,      AT(topic_config_error_code) },
    { "NumPartitions",        KAFKA_INT32,                5,  ANY, NEVER, NONE, -1,     AT(num_partitions) },
    { "ReplicationFactor",    KAFKA_INT16,                5,  ANY, NEVER, NONE, -1,     AT(replication_factor) },
    { "Configs",              KAFKA_ARRAY | KAFKA_STRUCT, 5,  ANY, 5,     NONE, 0,      AT_STRUCT(configs, creatable_topic_configs_schema) },
};
static KAFKA_SCHEMA(creatable_topic_result, "CreatableTopicResult");
#undef ROW

#define ROW struct kafka_create_topics_response
static const struct kafka_field create_topics_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, creatable_topic_result_schema) },
};
static KAFKA_SCHEMA(create_topics_response, "CreateTopicsResponse");
#undef ROW
// clang-format on

// Of one request: each is answered with all its settings.
#define TOPICS_MAX 10000
struct creation {
    struct topic_op op;
    struct creations *all;
    struct kafka_creatable_topic_result *result;
};

struct creations {
    struct kafka_call *call;
    struct creation *items;
    struct kafka_names names;
    size_t count;
    size_t pending; // and one for the loop that starts them
};

static void result_fail(struct kafka_call *call, struct kafka_creatable_topic_result *result, int16_t error,
                        const char *text)
{
    result->error_code = error;
    result->error_message = bytes_of_text(arena_format(&call->arena, "%s", text));
    result->num_partitions = -1;
    result->replication_factor = -1;
    result->configs.count = 0;
}

// --- checks, in Kafka's order; each fills the result and returns false when something is wrong

static bool check_name(struct creations *all, const struct kafka_creatable_topic *topic,
                       struct kafka_creatable_topic_result *result)
{
    struct kafka_call *call = all->call;
    const struct kafka_create_topics_request *request = call->request;
    diag_t diag = { 0 };
    if (request->topics.count > TOPICS_MAX)
        result_fail(call, result, KAFKA_POLICY_VIOLATION, "Too many topics in one request.");
    else if (kafka_names_twice(&all->names, topic->name))
        result_fail(call, result, KAFKA_INVALID_REQUEST, "Duplicate topic name.");
    else if (topic_name_check(topic->name, &diag) != ERR_OK)
        result_fail(call, result, KAFKA_INVALID_TOPIC_EXCEPTION, diag.text);
    else if (topic_find(call->door->store, topic->name) != NULL)
        result_fail(call, result, KAFKA_TOPIC_ALREADY_EXISTS,
                    arena_format(&call->arena, "Topic '%.*s' already exists.", BYTES_ARG(topic->name)));
    return result->error_code == KAFKA_NONE;
}

// Manual assignments: every partition once, from 0 on, each on this broker and no other.
static bool check_assignments(struct kafka_call *call, const struct kafka_creatable_topic *topic,
                              struct kafka_creatable_topic_result *result)
{
    int32_t count = topic->assignments.count;
    if (topic->num_partitions != -1 || topic->replication_factor != -1) {
        result_fail(call, result, KAFKA_INVALID_REQUEST,
                    "Both numPartitions or replicationFactor and replicasAssignments were set.");
        return false;
    }
    bool *is_seen = arena_array(&call->arena, (size_t)count, sizeof(bool));
    for (int32_t i = 0; i < count; i++) {
        const struct kafka_creatable_replica_assignment *row = &topic->assignments.items[i];
        bool is_index = row->partition_index >= 0 && row->partition_index < count && !is_seen[row->partition_index];
        if (!is_index || row->broker_ids.count != 1 || row->broker_ids.items[0] != call->door->options->node_id) {
            result_fail(call, result, KAFKA_INVALID_REPLICA_ASSIGNMENT,
                        "Partitions must be numbered from 0 without gaps, each with this broker as its only replica.");
            return false;
        }
        is_seen[row->partition_index] = true;
    }
    result->num_partitions = count;
    result->replication_factor = 1;
    return true;
}

static bool check_replication(struct kafka_call *call, const struct kafka_creatable_topic *topic,
                              struct kafka_creatable_topic_result *result)
{
    if (topic->replication_factor > 1 && !call->door->options->strict_replication) {
        log_line(LOG_WARN, "a topic was asked for with replicas; this broker keeps one copy",
                 LOG_FIELDS(log_bytes("topic", topic->name), log_int("replication_factor", topic->replication_factor)));
        result->replication_factor = 1;
        return true;
    }
    if (topic->replication_factor != -1 && topic->replication_factor != 1) {
        result_fail(call, result, KAFKA_INVALID_REPLICATION_FACTOR,
                    topic->replication_factor > 1
                        ? "Unable to replicate the partition: there is 1 broker."
                        : "Replication factor must be larger than 0, or -1 to use the default value.");
        return false;
    }
    result->replication_factor = 1;
    return true;
}

static bool check_partitions(struct kafka_call *call, const struct kafka_creatable_topic *topic,
                             struct kafka_creatable_topic_result *result)
{
    const struct kafka_options *options = call->door->options;
    if (topic->assignments.count > 0) {
        if (!check_assignments(call, topic, result))
            return false;
    } else if (topic->num_partitions == 0 || topic->num_partitions < -1) {
        result_fail(call, result, KAFKA_INVALID_PARTITIONS,
                    "Number of partitions was set to an invalid non-positive value.");
        return false;
    } else {
        result->num_partitions =
            topic->num_partitions == -1 ? (int32_t)options->topic_partitions : topic->num_partitions;
        if (!check_replication(call, topic, result))
            return false;
    }
    if (result->num_partitions > options->partitions_max)
        result_fail(call, result, KAFKA_POLICY_VIOLATION,
                    arena_format(&call->arena, "A topic may have at most %lld partitions (kafka.partitions-max).",
                                 (long long)options->partitions_max));
    return result->error_code == KAFKA_NONE;
}

static bool check_configs(struct kafka_call *call, const struct kafka_creatable_topic *topic,
                          struct topic_config *config, struct kafka_creatable_topic_result *result)
{
    for (int32_t i = 0; i < topic->configs.count; i++) {
        const struct kafka_creatable_topic_config *row = &topic->configs.items[i];
        diag_t diag = { 0 };
        const char *text = diag.text;
        if (row->value.data == NULL)
            text = arena_format(&call->arena, "Null value not supported for topic configs: %.*s", BYTES_ARG(row->name));
        else if (topic_config_set(config, row->name, row->value, &diag) == ERR_OK)
            continue;
        else if (diag.text[0] == '\0')
            text = arena_format(&call->arena, "Unknown topic config name: %.*s", BYTES_ARG(row->name));
        result_fail(call, result, KAFKA_INVALID_CONFIG, text);
        return false;
    }
    return true;
}

static struct config_change *all_changes(struct kafka_call *call, const struct kafka_creatable_topic *topic)
{
    size_t count = (size_t)topic->configs.count;
    struct config_change *changes = arena_array(&call->arena, count, sizeof *changes);
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct config_change){ .name = topic->configs.items[i].name,
                                             .value = topic->configs.items[i].value,
                                             .kind = CONFIG_SET };
    return changes;
}

// All settings with their sources, as version 5 and newer answer (KIP-525).
static void answer_configs(struct kafka_call *call, const struct kafka_creatable_topic *topic,
                           const struct topic_config *config, struct kafka_creatable_topic_result *result)
{
    const struct config_list none = { 0 };
    struct config_list set =
        config_list_change(&none, all_changes(call, topic), (size_t)topic->configs.count, &call->arena);
    result->configs.items = kafka_new(&creatable_topic_configs_schema, topic_config_row_count, &call->arena);
    result->configs.count = (int32_t)topic_config_row_count;
    for (size_t i = 0; i < topic_config_row_count; i++) {
        struct kafka_config_entry entry;
        kafka_config_of_topic(call, &topic_config_rows[i], &set, config, &entry);
        result->configs.items[i] = (struct kafka_creatable_topic_configs){
            .name = entry.name,
            .value = entry.value,
            .read_only = entry.is_read_only,
            .config_source = (int8_t)entry.source,
            .is_sensitive = entry.is_sensitive,
        };
    }
}

// --- creation

static void creations_release(struct creations *all)
{
    if (--all->pending > 0)
        return;
    struct kafka_call *call = all->call;
    free(all->items);
    free(all);
    kafka_call_reply(call);
}

static void on_created(struct topic_op *op)
{
    struct creation *creation = CONTAINER_OF(op, struct creation, op);
    if (op->err == ERR_OK) {
        if (op->topic != NULL)
            creation->result->topic_id = kafka_uuid_of(&op->topic->id);
        topic_unref(op->topic);
    } else {
        int16_t error = kafka_error_of(op->err);
        if (op->err == ERR_INVALID)
            error = KAFKA_INVALID_CONFIG;
        if (op->err == ERR_CONFLICT) // names that differ in '.' and '_' only
            error = KAFKA_INVALID_TOPIC_EXCEPTION;
        result_fail(creation->all->call, creation->result, error,
                    op->diag.text[0] == '\0' ? kafka_error_message(error) : op->diag.text);
    }
    creations_release(creation->all);
}

static void create_topic(struct creations *all, const struct kafka_creatable_topic *topic,
                         struct kafka_creatable_topic_result *result)
{
    struct kafka_call *call = all->call;
    const struct kafka_create_topics_request *request = call->request;
    struct topic_config config;
    result->name = topic->name;
    settings_topic_defaults(call->door->store, &config);
    if (!check_name(all, topic, result) || !check_partitions(call, topic, result) ||
        !check_configs(call, topic, &config, result))
        return;
    if (call->version >= 5)
        answer_configs(call, topic, &config, result);
    size_t count = (size_t)topic->configs.count;
    bytes_t *names = arena_array(&call->arena, count, sizeof(bytes_t));
    bytes_t *values = arena_array(&call->arena, count, sizeof(bytes_t));
    for (size_t i = 0; i < count; i++) {
        names[i] = topic->configs.items[i].name;
        values[i] = topic->configs.items[i].value;
    }
    struct creation *creation = &all->items[all->count++];
    *creation = (struct creation){ .op = { .on_done = on_created,
                                           .name = topic->name,
                                           .partition_count = result->num_partitions,
                                           .config_names = names,
                                           .config_values = values,
                                           .config_count = count,
                                           .validate_only = request->validate_only },
                                   .all = all,
                                   .result = result };
    all->pending++;
    topic_create(call->door->store, &creation->op);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_create_topics_request *request = call->request;
    struct kafka_create_topics_response *response = call->response;
    size_t count = (size_t)request->topics.count;
    struct creations *all = mem_zalloc(1, sizeof(*all));
    all->call = call;
    all->items = mem_zalloc(count + 1, sizeof(struct creation));
    all->pending = 1;
    response->topics.items = kafka_new(&creatable_topic_result_schema, count, &call->arena);
    response->topics.count = request->topics.count;
    all->names = kafka_names_new(call);
    for (size_t i = 0; i < count; i++)
        kafka_names_add(&all->names, request->topics.items[i].name);
    for (size_t i = 0; i < count; i++)
        create_topic(all, &request->topics.items[i], &response->topics.items[i]);
    kafka_names_free(&all->names);
    creations_release(all);
}

const struct kafka_api kafka_create_topics_api = {
    .key = 19,
    .name = "CreateTopics",
    .min = 2,
    .max = 7,
    .advertised_min = 2,
    .flexible_from = 5,
    .request = &create_topics_request_schema,
    .response = &create_topics_response_schema,
    .handle = handle,
};
