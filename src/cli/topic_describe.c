// SPDX-License-Identifier: Apache-2.0
// eddy topic describe NAME: partitions, configurations with their sources, and the groups that read it.
#include "base/json_write.h"
#include "cli/groups.h"
#include "cli/offsets.h"
#include "cli/topic.h"
#include "kafka/api/describe_configs.h"
#include "kafka/configs.h"
#include "kafka/errors.h"

#include <stdlib.h>

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--all-configs", .letter = 'a', .group = "Describe", .type = OPTION_BOOL,
      .help = "show configurations that have their default too", .at = offsetof(struct cli_topic_config, all_configs) },
    CLI_ROWS(struct cli_topic_config),
};
// clang-format on

struct setting {
    bytes_t name, value;
    int8_t source; // enum kafka_config_source
    bool is_sensitive;
};

// One topic and what is said about it.
struct description {
    const struct cli_topic_config *config;
    struct arena *arena;
    struct cluster_topic *topic;
    int64_t *earliest, *latest;
    struct setting *settings; // sorted by name
    size_t setting_count;
    err_t settings_err;
    struct cli_groups groups;
    diag_t *diag;
};

// --- asking

static int setting_order(const void *a, const void *b)
{
    return bytes_compare(((const struct setting *)a)->name, ((const struct setting *)b)->name);
}

static void take_settings(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct description *about = owner;
    const struct kafka_describe_configs_response *response = answer;
    if (response->results.count < 1)
        return;
    const struct kafka_describe_configs_result *result = &response->results.items[0];
    if (result->error_code != KAFKA_NONE) {
        about->settings_err = cli_kafka_fail(about->diag, "configurations", result->error_code, result->error_message);
        return;
    }
    about->setting_count = result->configs.count < 0 ? 0 : (size_t)result->configs.count;
    about->settings = arena_array(about->arena, about->setting_count, sizeof(*about->settings));
    for (size_t i = 0; i < about->setting_count; i++) {
        const struct kafka_describe_configs_resource_result *from = &result->configs.items[i];
        about->settings[i] = (struct setting){ .name = arena_copy(about->arena, from->name),
                                               .value = arena_copy(about->arena, from->value),
                                               .source = from->config_source,
                                               .is_sensitive = from->is_sensitive };
    }
    if (about->setting_count > 0)
        qsort(about->settings, about->setting_count, sizeof(*about->settings), setting_order);
}

static err_t settings_find(struct cluster *cluster, struct description *about)
{
    struct kafka_describe_configs_resource topic = { .resource_type = KAFKA_RESOURCE_TOPIC,
                                                     .resource_name = about->topic->name,
                                                     .configuration_keys.count = KAFKA_NULL_ARRAY };
    struct kafka_describe_configs_request request;
    kafka_defaults(kafka_describe_configs_api.request, &request);
    request.resources.items = &topic;
    request.resources.count = 1;
    err_t err = cluster_call(cluster, CLUSTER_ANY_NODE, &kafka_describe_configs_api, &request, take_settings, about,
                             about->diag);
    return err == ERR_OK ? about->settings_err : err;
}

static err_t partitions_find(struct cluster *cluster, struct description *about)
{
    const struct cluster_topic *topic = about->topic;
    about->earliest = arena_array(about->arena, topic->partition_count, sizeof(*about->earliest));
    about->latest = arena_array(about->arena, topic->partition_count, sizeof(*about->latest));
    err_t err = cli_offsets_find(cluster, topic, CLI_EARLIEST, about->earliest, about->diag);
    return err == ERR_OK ? cli_offsets_find(cluster, topic, CLI_LATEST, about->latest, about->diag) : err;
}

static err_t groups_find(struct cluster *cluster, struct description *about)
{
    err_t err = cli_groups_open(&about->groups, cluster, about->arena, about->diag);
    if (err == ERR_OK)
        err = cli_groups_list(&about->groups, about->diag);
    return err == ERR_OK ? cli_groups_offsets(&about->groups, about->diag) : err;
}

// --- what of it is shown: to programs, everything

static bool is_shown(const struct description *about, const struct setting *setting)
{
    return about->config->all_configs || about->config->common.json || setting->source != KAFKA_SOURCE_DEFAULT;
}

// Whether the group committed something of the topic, or reads it now.
static bool is_reader(const struct description *about, const struct cli_group *group)
{
    for (size_t i = 0; i < group->place_count; i++) {
        if (bytes_equal(group->places[i].topic, about->topic->name))
            return true;
    }
    return false;
}

// In the words of eddy, whose sources are Kafka's (KIP-226).
static const char *source_text(int8_t source)
{
    static const char *const texts[] = {
        [KAFKA_SOURCE_TOPIC] = "topic",
        [KAFKA_SOURCE_THIS_BROKER] = "broker",
        [KAFKA_SOURCE_ALL_BROKERS] = "all brokers",
        [KAFKA_SOURCE_STATIC] = "server option",
        [KAFKA_SOURCE_DEFAULT] = "default",
    };
    bool is_known = source >= 0 && (size_t)source < ARRAY_COUNT(texts) && texts[source] != NULL;
    return is_known ? texts[source] : "unknown";
}

// --- for programs

static void partitions_json(const struct description *about, struct json_writer *json)
{
    json_key(json, "partitions");
    json_array_begin(json);
    for (size_t i = 0; i < about->topic->partition_count; i++) {
        const struct cluster_partition *partition = &about->topic->partitions[i];
        json_object_begin(json);
        json_field_int(json, "partition", partition->number);
        json_field_int(json, "leader", partition->leader);
        json_field_int(json, "leader_epoch", partition->leader_epoch);
        json_field_int(json, "replicas", partition->replica_count);
        json_field_int(json, "in_sync", partition->isr_count);
        json_field_int(json, "earliest", about->earliest[i]);
        json_field_int(json, "latest", about->latest[i]);
        json_object_end(json);
    }
    json_array_end(json);
}

static void settings_json(const struct description *about, struct json_writer *json)
{
    json_key(json, "configs");
    json_array_begin(json);
    for (size_t i = 0; i < about->setting_count; i++) {
        const struct setting *setting = &about->settings[i];
        if (!is_shown(about, setting))
            continue;
        json_object_begin(json);
        json_field_bytes(json, "name", setting->name);
        json_field_data(json, "value", setting->value);
        json_field_text(json, "source", source_text(setting->source));
        json_field_bool(json, "sensitive", setting->is_sensitive);
        json_object_end(json);
    }
    json_array_end(json);
}

static void groups_json(const struct description *about, struct json_writer *json)
{
    json_key(json, "groups");
    json_array_begin(json);
    for (size_t i = 0; i < about->groups.count; i++) {
        const struct cli_group *group = &about->groups.groups[i];
        if (!is_reader(about, group))
            continue;
        int64_t lag = cli_group_lag(group, about->topic->name);
        json_object_begin(json);
        json_field_bytes(json, "group", group->name);
        json_field_bytes(json, "state", group->state);
        json_key(json, "lag");
        if (lag < 0)
            json_null(json);
        else
            json_int(json, lag);
        json_object_end(json);
    }
    json_array_end(json);
}

static void describe_json(const struct description *about, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_bytes(&json, "name", about->topic->name);
    json_field_bool(&json, "internal", about->topic->internal);
    partitions_json(about, &json);
    settings_json(about, &json);
    groups_json(about, &json);
    json_object_end(&json);
    writer_text(out, "\n");
}

// --- for people

static void partitions_text(const struct description *about, struct writer *out)
{
    static const char *const titles[] = { "PARTITION", "LEADER", "EPOCH", "IN SYNC", "EARLIEST", "LATEST", "RECORDS" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    const struct cluster_topic *topic = about->topic;
    writer_format(out, "%.*s: %zu partition%s%s\n", BYTES_ARG(topic->name), topic->partition_count,
                  topic->partition_count == 1 ? "" : "s", topic->internal ? ", internal" : "");
    for (size_t i = 0; i < topic->partition_count; i++) {
        const struct cluster_partition *partition = &topic->partitions[i];
        cli_table_add(&table, "%d", partition->number);
        cli_table_add(&table, "%d", partition->leader);
        cli_table_add(&table, "%d", partition->leader_epoch);
        cli_table_add(&table, "%d of %d", partition->isr_count, partition->replica_count);
        cli_table_number(&table, about->earliest[i]);
        cli_table_number(&table, about->latest[i]);
        cli_table_number(&table, about->latest[i] - about->earliest[i]);
    }
    cli_table_print(&table, out);
}

static void settings_text(const struct description *about, struct writer *out)
{
    static const char *const titles[] = { "CONFIGURATION", "VALUE", "FROM" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    for (size_t i = 0; i < about->setting_count; i++) {
        const struct setting *setting = &about->settings[i];
        if (!is_shown(about, setting))
            continue;
        cli_table_add(&table, "%.*s", BYTES_ARG(setting->name));
        if (setting->value.size == 0)
            cli_table_add(&table, "%s", setting->is_sensitive ? "(secret)" : "(none)");
        else
            cli_table_add(&table, "%.*s", BYTES_ARG(setting->value));
        cli_table_add(&table, "%s", source_text(setting->source));
    }
    if (table.count > 0)
        writer_text(out, "\n");
    cli_table_print(&table, table.count > 0 ? out : NULL);
}

static void groups_text(const struct description *about, struct writer *out)
{
    static const char *const titles[] = { "GROUP", "STATE", "LAG" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    for (size_t i = 0; i < about->groups.count; i++) {
        const struct cli_group *group = &about->groups.groups[i];
        if (!is_reader(about, group))
            continue;
        cli_table_add(&table, "%.*s", BYTES_ARG(group->name));
        cli_table_add(&table, "%.*s", BYTES_ARG(group->state));
        cli_table_number(&table, cli_group_lag(group, about->topic->name));
    }
    if (table.count > 0)
        writer_text(out, "\n");
    cli_table_print(&table, table.count > 0 ? out : NULL);
}

static enum cli_exit describe_run(struct cluster *cluster, const struct cli_common *common,
                                  const struct cli_arguments *arguments)
{
    struct arena arena = ARENA_INIT;
    diag_t diag = { 0 };
    struct description about = { .config = CONTAINER_OF_CONST(common, struct cli_topic_config, common),
                                 .arena = &arena,
                                 .diag = &diag };
    err_t err = cli_topic_find(cluster, arguments->rest[0], false, &arena, &about.topic, &diag);
    if (err == ERR_OK)
        err = partitions_find(cluster, &about);
    if (err == ERR_OK)
        err = settings_find(cluster, &about);
    if (err == ERR_OK)
        err = groups_find(cluster, &about);
    if (err == ERR_OK) {
        struct writer out = WRITER_INIT;
        if (common->json) {
            describe_json(&about, &out);
        } else {
            partitions_text(&about, &out);
            settings_text(&about, &out);
            groups_text(&about, &out);
        }
        (void)cli_print(&out);
        writer_free(&out);
    }
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("topic describe", &diag);
}

const struct cli_action cli_topic_describe_action = {
    { "topic describe", "NAME [options]",
      "Shows the partitions of a topic, the configurations that are not Kafka's defaults, and the groups that read "
      "it.\n"
      "FROM says where a configuration comes from: the topic itself, the broker, all brokers, or an option of the "
      "server\n"
      "(a flag, the environment, a file).\n"
      "  eddy topic describe orders --all-configs",
      1, 1 },
    { rows, ARRAY_COUNT(rows) },
    NULL,
    describe_run,
};
