// SPDX-License-Identifier: Apache-2.0
// eddy topic list | create | describe | delete
#include "cli/topic.h"

#include "base/json_write.h"
#include "base/nearest.h"
#include "cli/action.h"
#include "cli/offsets.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_topics.h"
#include "kafka/errors.h"

#include <stdio.h>

struct config {
    struct cli_common common;
    bool internal;
    int64_t partitions;
    int64_t replication_factor;
};

// clang-format off
static const struct option_row list_rows[] = {
    { .flag = "--internal", .group = "List", .type = OPTION_BOOL, .help = "show internal topics too", .at = offsetof(struct config, internal) },
    CLI_ROWS(struct config),
};
static const struct option_row create_rows[] = {
    { .flag = "--partitions", .letter = 'p', .group = "Create", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = 100000,
      .help = "number of partitions; -1: the server's default", .limit_reason = "a topic larger than this belongs on a cluster",
      .at = offsetof(struct config, partitions) },
    { .flag = "--replication-factor", .group = "Create", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = 100,
      .help = "copies of each partition; -1: the server's default (eddy keeps one)", .limit_reason = "no cluster has more brokers worth copying to",
      .at = offsetof(struct config, replication_factor) },
    CLI_ROWS(struct config),
};
static const struct option_row plain_rows[] = { CLI_ROWS(struct config) };
// clang-format on

// --- list

static void list_json(const struct cluster_topic *topic, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_bytes(&json, "name", topic->name);
    json_field_int(&json, "partitions", (int64_t)topic->partition_count);
    json_field_bool(&json, "internal", topic->internal);
    json_object_end(&json);
    writer_text(out, "\n");
}

static void list_print(const struct config *config, const struct cluster_topic *topics, size_t count)
{
    static const char *const titles[] = { "TOPIC", "PARTITIONS", "COPIES" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < count; i++) {
        if (topics[i].internal && !config->internal)
            continue;
        if (config->common.json) {
            list_json(&topics[i], &out);
            continue;
        }
        cli_table_add(&table, "%.*s", BYTES_ARG(topics[i].name));
        cli_table_add(&table, "%zu", topics[i].partition_count);
        cli_table_add(&table, "%d", topics[i].partition_count == 0 ? 0 : topics[i].partitions[0].replica_count);
    }
    struct writer rows = WRITER_INIT;
    cli_table_finish(&table, &rows);
    if (!config->common.json)
        writer_bytes(&out, writer_view(&rows));
    (void)cli_print(&out);
    writer_free(&rows);
    writer_free(&out);
}

static enum cli_exit list_run(struct cluster *cluster, const struct cli_common *common,
                              const struct cli_arguments *arguments)
{
    const struct config *config = CONTAINER_OF_CONST(common, struct config, common);
    (void)arguments;
    struct arena arena = ARENA_INIT;
    struct cluster_topic *topics;
    size_t count;
    diag_t diag = { 0 };
    err_t err = cluster_topics(cluster, NULL, false, &arena, &topics, &count, &diag);
    if (err == ERR_OK)
        list_print(config, topics, count);
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("topic list", &diag);
}

// --- create

// What the answer to a change is told to people by.
struct changed {
    bool json;
    int64_t copies; // asked for
    enum cli_exit code;
};

static void take_created(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct changed *created = owner;
    const struct kafka_create_topics_response *response = answer;
    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kafka_creatable_topic_result *topic = &response->topics.items[i];
        char name[256];
        snprintf(name, sizeof(name), "%.*s", BYTES_ARG(topic->name));
        if (topic->error_code != KAFKA_NONE) {
            created->code = cli_complain_kafka("topic create", name, topic->error_code, topic->error_message);
            continue;
        }
        struct writer out = WRITER_INIT;
        if (created->json) {
            struct json_writer json = json_writer_of(&out);
            json_object_begin(&json);
            json_field_bytes(&json, "name", topic->name);
            json_field_int(&json, "partitions", topic->num_partitions);
            json_object_end(&json);
            writer_text(&out, "\n");
        } else if (topic->num_partitions > 0) {
            writer_format(&out, "created %s with %d partition%s", name, topic->num_partitions,
                          topic->num_partitions == 1 ? "" : "s");
            if (topic->replication_factor > 0 && topic->replication_factor < created->copies)
                writer_format(&out, " (copies of each: %d, not %lld)", topic->replication_factor,
                              (long long)created->copies);
            writer_text(&out, "\n");
        } else {
            writer_format(&out, "created %s\n", name);
        }
        (void)cli_print(&out);
        writer_free(&out);
    }
}

// KEY=VALUE arguments behind the name.
static err_t create_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    (void)common;
    for (int i = 1; i < arguments->rest_count; i++) {
        const char *equals = strchr(arguments->rest[i], '=');
        if (equals == NULL || equals == arguments->rest[i])
            return diag_fail(diag, ERR_INVALID, arguments->rest[i],
                             "expected KEY=VALUE, a configuration such as retention.ms=3600000");
    }
    return ERR_OK;
}

static void configs_read(const struct cli_arguments *arguments, struct kafka_creatable_topic_config *to)
{
    for (int i = 1; i < arguments->rest_count; i++) {
        const char *equals = strchr(arguments->rest[i], '=');
        to[i - 1].name = bytes_of(arguments->rest[i], (size_t)(equals - arguments->rest[i]));
        to[i - 1].value = bytes_of_text(equals + 1);
    }
}

static enum cli_exit create_run(struct cluster *cluster, const struct cli_common *common,
                                const struct cli_arguments *arguments)
{
    const struct config *config = CONTAINER_OF_CONST(common, struct config, common);
    struct kafka_creatable_topic_config configs[CLI_REST_MAX] = { 0 };
    diag_t diag = { 0 };
    configs_read(arguments, configs);
    struct kafka_creatable_topic topic = { .name = bytes_of_text(arguments->rest[0]),
                                           .num_partitions = (int32_t)config->partitions,
                                           .replication_factor = (int16_t)config->replication_factor };
    topic.configs.items = configs;
    topic.configs.count = arguments->rest_count - 1;
    struct kafka_create_topics_request request;
    kafka_defaults(kafka_create_topics_api.request, &request);
    request.topics.items = &topic;
    request.topics.count = 1;
    request.timeout_ms = CLI_REQUEST_TIMEOUT_MS;
    struct changed created = {
        .json = config->common.json,
        .copies = config->replication_factor,
        .code = CLI_OK,
    };
    if (cluster_call(cluster, CLUSTER_ANY_NODE, &kafka_create_topics_api, &request, take_created, &created, &diag) !=
        ERR_OK)
        return cli_complain("topic create", &diag);
    return created.code;
}

// --- describe

static void describe_rows(const struct config *config, const struct cluster_topic *topic, const int64_t *earliest,
                          const int64_t *latest)
{
    static const char *const titles[] = { "PARTITION", "LEADER", "EPOCH", "IN SYNC", "EARLIEST", "LATEST", "RECORDS" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    struct writer out = WRITER_INIT;
    if (!config->common.json)
        writer_format(&out, "%.*s: %zu partition%s%s\n", BYTES_ARG(topic->name), topic->partition_count,
                      topic->partition_count == 1 ? "" : "s", topic->internal ? ", internal" : "");
    for (size_t i = 0; i < topic->partition_count; i++) {
        const struct cluster_partition *partition = &topic->partitions[i];
        if (config->common.json) {
            struct json_writer json = json_writer_of(&out);
            json_object_begin(&json);
            json_field_bytes(&json, "topic", topic->name);
            json_field_int(&json, "partition", partition->number);
            json_field_int(&json, "leader", partition->leader);
            json_field_int(&json, "leader_epoch", partition->leader_epoch);
            json_field_int(&json, "earliest", earliest[i]);
            json_field_int(&json, "latest", latest[i]);
            json_object_end(&json);
            writer_text(&out, "\n");
            continue;
        }
        cli_table_add(&table, "%d", partition->number);
        cli_table_add(&table, "%d", partition->leader);
        cli_table_add(&table, "%d", partition->leader_epoch);
        cli_table_add(&table, "%d of %d", partition->isr_count, partition->replica_count);
        cli_table_add(&table, "%lld", (long long)earliest[i]);
        cli_table_add(&table, "%lld", (long long)latest[i]);
        cli_table_add(&table, "%lld", (long long)(latest[i] - earliest[i]));
    }
    struct writer rows = WRITER_INIT;
    cli_table_finish(&table, &rows);
    if (!config->common.json)
        writer_bytes(&out, writer_view(&rows));
    (void)cli_print(&out);
    writer_free(&rows);
    writer_free(&out);
}

static enum cli_exit describe_run(struct cluster *cluster, const struct cli_common *common,
                                  const struct cli_arguments *arguments)
{
    const struct config *config = CONTAINER_OF_CONST(common, struct config, common);
    struct arena arena = ARENA_INIT;
    struct cluster_topic *topic;
    diag_t diag = { 0 };
    enum cli_exit code = CLI_FAILED;
    err_t err = cli_topic_find(cluster, arguments->rest[0], false, &arena, &topic, &diag);
    if (err == ERR_OK) {
        int64_t *earliest = arena_array(&arena, topic->partition_count, sizeof(*earliest));
        int64_t *latest = arena_array(&arena, topic->partition_count, sizeof(*latest));
        err = cli_offsets_find(cluster, topic, CLI_EARLIEST, earliest, &diag);
        if (err == ERR_OK)
            err = cli_offsets_find(cluster, topic, CLI_LATEST, latest, &diag);
        if (err == ERR_OK) {
            describe_rows(config, topic, earliest, latest);
            code = CLI_OK;
        }
    }
    arena_free(&arena);
    return code == CLI_OK ? CLI_OK : cli_complain("topic describe", &diag);
}

// --- delete

static void take_deleted(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct changed *deleted = owner;
    const struct kafka_delete_topics_response *response = answer;
    for (int32_t i = 0; i < response->responses.count; i++) {
        const struct kafka_deletable_topic_result *topic = &response->responses.items[i];
        char name[256];
        snprintf(name, sizeof(name), "%.*s", BYTES_ARG(topic->name));
        if (topic->error_code != KAFKA_NONE) {
            deleted->code = cli_complain_kafka("topic delete", name, topic->error_code, topic->error_message);
            continue;
        }
        struct writer out = WRITER_INIT;
        if (deleted->json) {
            struct json_writer json = json_writer_of(&out);
            json_object_begin(&json);
            json_field_bytes(&json, "name", topic->name);
            json_field_bool(&json, "deleted", true);
            json_object_end(&json);
            writer_text(&out, "\n");
        } else {
            writer_format(&out, "deleted %s\n", name);
        }
        (void)cli_print(&out);
        writer_free(&out);
    }
}

static enum cli_exit delete_run(struct cluster *cluster, const struct cli_common *common,
                                const struct cli_arguments *arguments)
{
    struct kafka_delete_topic_state states[CLI_REST_MAX] = { 0 };
    bytes_t names[CLI_REST_MAX];
    for (int i = 0; i < arguments->rest_count; i++)
        states[i].name = names[i] = bytes_of_text(arguments->rest[i]);
    struct kafka_delete_topics_request request;
    kafka_defaults(kafka_delete_topics_api.request, &request);
    request.topics.items = states;
    request.topics.count = arguments->rest_count;
    request.topic_names.items = names;
    request.topic_names.count = arguments->rest_count;
    request.timeout_ms = CLI_REQUEST_TIMEOUT_MS;
    struct changed deleted = { .json = common->json, .code = CLI_OK };
    diag_t diag = { 0 };
    if (cluster_call(cluster, CLUSTER_ANY_NODE, &kafka_delete_topics_api, &request, take_deleted, &deleted, &diag) !=
        ERR_OK)
        return cli_complain("topic delete", &diag);
    return deleted.code;
}

// --- which of them

static const struct {
    const char *name;
    struct cli_action action;
} actions[] = {
    { "list",
      { { "topic list", "[options]", "Lists the topics.", 0, 0 },
        { list_rows, ARRAY_COUNT(list_rows) },
        NULL,
        list_run } },
    { "create",
      { { "topic create", "NAME [KEY=VALUE ...] [options]",
          "Creates a topic. KEY=VALUE are topic configurations under Kafka's names:\n"
          "  eddy topic create orders --partitions 6 retention.ms=86400000 cleanup.policy=compact",
          1, CLI_REST_MAX - 1 },
        { create_rows, ARRAY_COUNT(create_rows) },
        create_check,
        create_run } },
    { "describe",
      { { "topic describe", "NAME [options]", "Shows the partitions of a topic and what they hold.", 1, 1 },
        { plain_rows, ARRAY_COUNT(plain_rows) },
        NULL,
        describe_run } },
    { "delete",
      { { "topic delete", "NAME ... [options]", "Deletes topics and everything in them.", 1, CLI_REST_MAX - 1 },
        { plain_rows, ARRAY_COUNT(plain_rows) },
        NULL,
        delete_run } },
};

enum cli_exit cli_topic(int count, const char *const *arguments)
{
    const char *name = count > 0 ? arguments[0] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        struct writer out = WRITER_INIT;
        writer_text(&out, "usage: eddy topic list|create|describe|delete [options]\n\n");
        for (size_t i = 0; i < ARRAY_COUNT(actions); i++)
            writer_format(&out, "  eddy %s %s\n", actions[i].action.usage.name, actions[i].action.usage.pattern);
        (void)cli_print(&out);
        writer_free(&out);
        return count > 0 ? CLI_OK : CLI_USAGE;
    }
    struct config config;
    struct nearest nearest = nearest_to(bytes_of_text(name));
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        if (strcmp(actions[i].name, name) == 0)
            return cli_action_run(&actions[i].action, &config.common, count - 1, arguments + 1);
        nearest_offer(&nearest, actions[i].name);
    }
    diag_t diag = { 0 };
    (void)diag_fail(&diag, ERR_INVALID, name, "no such action; %s%s%slist, create, describe, delete",
                    nearest.best == NULL ? "" : "did you mean \"", nearest.best == NULL ? "" : nearest.best,
                    nearest.best == NULL ? "there are " : "\"? There are ");
    (void)cli_complain("topic", &diag);
    return CLI_USAGE;
}
