// SPDX-License-Identifier: Apache-2.0
// eddy topic alter NAME: more partitions, other configurations.
#include "base/json_write.h"
#include "base/mem.h"
#include "cli/offsets.h"
#include "cli/topic.h"
#include "kafka/api/create_partitions.h"
#include "kafka/api/incremental_alter_configs.h"
#include "kafka/configs.h"
#include "kafka/errors.h"

#include <stdlib.h>

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--partitions", .letter = 'p', .group = "Alter", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = 100000,
      .help = "the new number of partitions, which can only grow; -1: as it is", .limit_reason = "a topic larger than this belongs on a cluster",
      .at = offsetof(struct cli_topic_config, partitions) },
    { .flag = "--delete-config", .group = "Alter", .type = OPTION_TEXT, .repeats = true, .value_name = "KEY",
      .help = "a configuration that goes back to its default; may be given again", .at = offsetof(struct cli_topic_config, delete_configs) },
    CLI_ROWS(struct cli_topic_config),
};
// clang-format on

static err_t alter_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct cli_topic_config *config = CONTAINER_OF_CONST(common, struct cli_topic_config, common);
    if (config->partitions < 0 && config->delete_configs == NULL && arguments->rest_count == 1)
        return diag_fail(diag, ERR_INVALID, arguments->rest[0],
                         "there is nothing to change; KEY=VALUE sets a configuration, --delete-config KEY takes it "
                         "back, --partitions N adds partitions");
    if (config->delete_configs != NULL && config->delete_configs[0] == '\0')
        return diag_fail(diag, ERR_INVALID, "--delete-config",
                         "must not be empty; expected the name of a configuration");
    return cli_topic_pairs_check(common, arguments, diag);
}

// What one of the two requests was answered.
struct taker {
    const char *name;
    int16_t error;
    diag_t diag;
};

static void take_configs(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct taker *taker = owner;
    const struct kafka_incremental_alter_configs_response *response = answer;
    for (int32_t i = 0; i < response->responses.count; i++) {
        taker->error = response->responses.items[i].error_code;
        if (taker->error != KAFKA_NONE)
            (void)cli_kafka_fail(&taker->diag, taker->name, taker->error, response->responses.items[i].error_message);
    }
}

static void take_partitions(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct taker *taker = owner;
    const struct kafka_create_partitions_response *response = answer;
    for (int32_t i = 0; i < response->results.count; i++) {
        taker->error = response->results.items[i].error_code;
        if (taker->error != KAFKA_NONE)
            (void)cli_kafka_fail(&taker->diag, taker->name, taker->error, response->results.items[i].error_message);
    }
}

static err_t ask(struct cluster *cluster, const struct kafka_api *api, const void *request, cluster_take_fn *take,
                 const char *name, diag_t *diag)
{
    struct taker taker = { .name = name };
    err_t err = cluster_call(cluster, CLUSTER_ANY_NODE, api, request, take, &taker, diag);
    if (err != ERR_OK || taker.error == KAFKA_NONE)
        return err;
    *diag = taker.diag;
    return ERR_INVALID;
}

// RET_CHANGES is the caller's to free.
static int32_t changes_read(const struct cli_topic_config *config, const struct cli_arguments *arguments,
                            struct kafka_incremental_alter_configs_alterable_config **ret_changes)
{
    const char *words = config->delete_configs == NULL ? "" : config->delete_configs;
    // There are fewer words than characters.
    struct kafka_incremental_alter_configs_alterable_config *changes =
        mem_zalloc((size_t)arguments->rest_count + strlen(words), sizeof(*changes));
    int32_t count = 0;
    for (int i = 1; i < arguments->rest_count; i++) {
        changes[count].config_operation = CONFIG_SET;
        changes[count].name = cli_topic_pair(arguments->rest[i], &changes[count].value);
        count++;
    }
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        changes[count].config_operation = CONFIG_DELETE;
        changes[count++].name = bytes_of(words, size);
        words += size + (words[size] == ' ');
    }
    *ret_changes = changes;
    return count;
}

static err_t alter_configs(struct cluster *cluster, const struct cli_topic_config *config,
                           const struct cli_arguments *arguments, bool only_check, diag_t *diag)
{
    struct kafka_incremental_alter_configs_resource topic = { .resource_type = KAFKA_RESOURCE_TOPIC,
                                                              .resource_name = bytes_of_text(arguments->rest[0]) };
    topic.configs.count = changes_read(config, arguments, &topic.configs.items);
    struct kafka_incremental_alter_configs_request request;
    kafka_defaults(kafka_incremental_alter_configs_api.request, &request);
    request.resources.items = &topic;
    request.resources.count = 1;
    request.validate_only = only_check;
    err_t err = ERR_OK;
    if (topic.configs.count > 0)
        err = ask(cluster, &kafka_incremental_alter_configs_api, &request, take_configs, arguments->rest[0], diag);
    free(topic.configs.items);
    return err;
}

static err_t add_partitions(struct cluster *cluster, const struct cli_topic_config *config, const char *name,
                            bool only_check, diag_t *diag)
{
    if (config->partitions < 0)
        return ERR_OK;
    struct kafka_create_partitions_topic topic = { .name = bytes_of_text(name),
                                                   .count = (int32_t)config->partitions,
                                                   .assignments.count = KAFKA_NULL_ARRAY };
    struct kafka_create_partitions_request request;
    kafka_defaults(kafka_create_partitions_api.request, &request);
    request.topics.items = &topic;
    request.topics.count = 1;
    request.timeout_ms = CLI_REQUEST_TIMEOUT_MS;
    request.validate_only = only_check;
    return ask(cluster, &kafka_create_partitions_api, &request, take_partitions, name, diag);
}

static void alter_print(const struct cli_topic_config *config, const char *name)
{
    struct writer out = WRITER_INIT;
    if (config->common.json) {
        struct json_writer json = json_writer_of(&out);
        json_object_begin(&json);
        json_field_text(&json, "name", name);
        json_field_bool(&json, "altered", true);
        json_object_end(&json);
        writer_text(&out, "\n");
    } else if (config->partitions >= 0) {
        writer_format(&out, "altered %s, which has %lld partition%s now\n", name, (long long)config->partitions,
                      config->partitions == 1 ? "" : "s");
    } else {
        writer_format(&out, "altered %s\n", name);
    }
    (void)cli_print(&out);
    writer_free(&out);
}

static enum cli_exit alter_run(struct cluster *cluster, const struct cli_common *common,
                               const struct cli_arguments *arguments)
{
    const struct cli_topic_config *config = CONTAINER_OF_CONST(common, struct cli_topic_config, common);
    diag_t diag = { 0 };
    err_t err = ERR_OK;
    // Both requests are checked before the first of them changes anything.
    for (int only_check = 1; only_check >= 0 && err == ERR_OK; only_check--) {
        err = add_partitions(cluster, config, arguments->rest[0], only_check != 0, &diag);
        if (err == ERR_OK)
            err = alter_configs(cluster, config, arguments, only_check != 0, &diag);
    }
    if (err != ERR_OK)
        return cli_complain("topic alter", &diag);
    alter_print(config, arguments->rest[0]);
    return CLI_OK;
}

const struct cli_action cli_topic_alter_action = {
    { "topic alter", "NAME [KEY=VALUE ...] [options]",
      "Changes a topic: adds partitions, sets configurations, or takes them back to their defaults.\n"
      "  eddy topic alter orders --partitions 12\n"
      "  eddy topic alter orders retention.ms=86400000 --delete-config cleanup.policy\n\n"
      "Records with a key go to another partition once there are more of them.",
      1, CLI_REST_MAX - 1 },
    { rows, ARRAY_COUNT(rows) },
    alter_check,
    alter_run,
};
