// SPDX-License-Identifier: Apache-2.0
// eddy topic list | create | describe | alter | delete
#include "cli/topic.h"

#include "base/json_write.h"
#include "cli/offsets.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_topics.h"
#include "kafka/errors.h"

#include <stdio.h>

// clang-format off
static const struct option_row list_rows[] = {
    { .flag = "--internal", .group = "List", .type = OPTION_BOOL, .help = "show internal topics too", .at = offsetof(struct cli_topic_config, internal) },
    CLI_ROWS(struct cli_topic_config),
};
static const struct option_row create_rows[] = {
    { .flag = "--partitions", .letter = 'p', .group = "Create", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = 100000,
      .help = "number of partitions; -1: the server's default", .limit_reason = "a topic larger than this belongs on a cluster",
      .at = offsetof(struct cli_topic_config, partitions) },
    { .flag = "--replication-factor", .group = "Create", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = 100,
      .help = "copies of each partition; -1: the server's default (eddy keeps one)", .limit_reason = "no cluster has more brokers worth copying to",
      .at = offsetof(struct cli_topic_config, replication_factor) },
    CLI_ROWS(struct cli_topic_config),
};
static const struct option_row delete_rows[] = { CLI_ROWS(struct cli_topic_config) };
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

static void list_print(const struct cli_topic_config *config, const struct cluster_topic *topics, size_t count)
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
    cli_table_print(&table, config->common.json ? NULL : &out);
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit list_run(struct cluster *cluster, const struct cli_common *common,
                              const struct cli_arguments *arguments)
{
    const struct cli_topic_config *config = CONTAINER_OF_CONST(common, struct cli_topic_config, common);
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

err_t cli_topic_pairs_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
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

bytes_t cli_topic_pair(const char *argument, bytes_t *ret_value)
{
    const char *equals = strchr(argument, '=');
    ASSERT(equals != NULL);
    *ret_value = bytes_of_text(equals + 1);
    return bytes_of(argument, (size_t)(equals - argument));
}

static enum cli_exit create_run(struct cluster *cluster, const struct cli_common *common,
                                const struct cli_arguments *arguments)
{
    const struct cli_topic_config *config = CONTAINER_OF_CONST(common, struct cli_topic_config, common);
    struct kafka_creatable_topic_config configs[CLI_REST_MAX] = { 0 };
    diag_t diag = { 0 };
    for (int i = 1; i < arguments->rest_count; i++)
        configs[i - 1].name = cli_topic_pair(arguments->rest[i], &configs[i - 1].value);
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

static const struct cli_action list_action = {
    { "topic list", "[options]", "Lists the topics.", 0, 0 },
    { list_rows, ARRAY_COUNT(list_rows) },
    NULL,
    list_run,
};

static const struct cli_action create_action = {
    { "topic create", "NAME [KEY=VALUE ...] [options]",
      "Creates a topic.\n"
      "KEY=VALUE are topic configurations under Kafka's names:\n"
      "  eddy topic create orders --partitions 6 retention.ms=86400000 cleanup.policy=compact",
      1, CLI_REST_MAX - 1 },
    { create_rows, ARRAY_COUNT(create_rows) },
    cli_topic_pairs_check,
    create_run,
};

static const struct cli_action delete_action = {
    { "topic delete", "NAME ... [options]", "Deletes topics and everything in them.", 1, CLI_REST_MAX - 1 },
    { delete_rows, ARRAY_COUNT(delete_rows) },
    NULL,
    delete_run,
};

enum cli_exit cli_topic(int count, const char *const *arguments)
{
    static const struct cli_action *const actions[] = { &list_action, &create_action, &cli_topic_describe_action,
                                                        &cli_topic_alter_action, &delete_action };
    static const struct cli_family family = {
        "topic",
        "Topics: what there is, what it holds, how it is configured, and who reads it.\n"
        "  eddy topic create orders --partitions 6\n"
        "  eddy topic alter orders retention.ms=86400000\n"
        "  eddy topic describe orders",
        actions,
        ARRAY_COUNT(actions),
    };
    struct cli_topic_config config;
    return cli_family_run(&family, &config.common, count, arguments);
}
