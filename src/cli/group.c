// SPDX-License-Identifier: Apache-2.0
// eddy group list | describe | reset | delete
#include "cli/group.h"

#include "base/json_write.h"
#include "base/nearest.h"
#include "cli/groups.h"
#include "kafka/api/delete_groups.h"
#include "kafka/errors.h"

#include <strings.h>

// clang-format off
static const struct option_row list_rows[] = {
    { .flag = "--state", .group = "List", .type = OPTION_TEXT, .value_name = "STATE",
      .help = "only groups in this state, such as Stable or Empty", .at = offsetof(struct cli_group_config, state) },
    CLI_ROWS(struct cli_group_config),
};
static const struct option_row delete_rows[] = { CLI_ROWS(struct cli_group_config) };
// clang-format on

// --- list

// Of every type of group in Kafka (GroupState of its clients).
static const char *const states[] = { "Stable",    "Empty",       "PreparingRebalance", "CompletingRebalance",
                                      "Assigning", "Reconciling", "NotReady",           "Dead" };

static err_t list_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct cli_group_config *config = CONTAINER_OF_CONST(common, struct cli_group_config, common);
    (void)arguments;
    if (config->state == NULL)
        return ERR_OK;
    struct nearest nearest = nearest_to(bytes_of_text(config->state));
    for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
        if (strcasecmp(config->state, states[i]) == 0)
            return ERR_OK;
        nearest_offer(&nearest, states[i]);
    }
    return diag_fail(diag, ERR_INVALID, "--state",
                     "\"%s\" is no state of a group%s%s%s; there are Stable, Empty, PreparingRebalance, "
                     "CompletingRebalance, Assigning, Reconciling, NotReady and Dead",
                     config->state, nearest.best == NULL ? "" : "; did you mean ",
                     nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "?");
}

static void list_json(const struct cli_group *group, struct writer *out)
{
    int64_t lag = cli_group_lag(group, BYTES_NULL);
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_bytes(&json, "group", group->name);
    json_field_bytes(&json, "state", group->state);
    json_field_bytes(&json, "type", group->type);
    json_field_bytes(&json, "protocol_type", group->protocol_type);
    json_field_bytes(&json, "protocol", group->protocol);
    json_field_int(&json, "coordinator", group->coordinator);
    json_key(&json, "members");
    if (group->is_described)
        json_int(&json, (int64_t)group->member_count);
    else
        json_null(&json);
    json_key(&json, "lag");
    if (lag >= 0)
        json_int(&json, lag);
    else
        json_null(&json);
    json_object_end(&json);
    writer_text(out, "\n");
}

static void list_row(const struct cli_group *group, struct cli_table *table)
{
    int64_t lag = cli_group_lag(group, BYTES_NULL);
    bool is_consumer = group->protocol_type.size == 0 || bytes_is(group->protocol_type, "consumer");
    cli_table_add(table, "%.*s", BYTES_ARG(group->name));
    cli_table_add(table, "%.*s", BYTES_ARG(group->state));
    cli_table_add(table, "%.*s", BYTES_ARG(group->type));
    if (is_consumer)
        cli_table_add(table, "%.*s", BYTES_ARG(group->protocol.size == 0 ? BYTES_LITERAL("-") : group->protocol));
    else // of Kafka Connect and others that use groups their own way
        cli_table_add(table, "%.*s:%.*s", BYTES_ARG(group->protocol_type), BYTES_ARG(group->protocol));
    cli_table_number(table, group->is_described ? (int64_t)group->member_count : -1);
    cli_table_number(table, lag);
}

static enum cli_exit list_run(struct cluster *cluster, const struct cli_common *common,
                              const struct cli_arguments *arguments)
{
    static const char *const titles[] = { "GROUP", "STATE", "TYPE", "PROTOCOL", "MEMBERS", "LAG" };
    const struct cli_group_config *config = CONTAINER_OF_CONST(common, struct cli_group_config, common);
    (void)arguments;
    struct arena arena = ARENA_INIT;
    struct cli_groups groups;
    diag_t diag = { 0 };
    err_t err = cli_groups_open(&groups, cluster, &arena, &diag);
    if (err == ERR_OK)
        err = cli_groups_list(&groups, &diag);
    if (err == ERR_OK)
        err = cli_groups_offsets(&groups, &diag);
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < groups.count && err == ERR_OK; i++) {
        const struct cli_group *group = &groups.groups[i];
        bytes_t state = group->state;
        if (config->state != NULL && (strlen(config->state) != state.size ||
                                      strncasecmp(config->state, (const char *)state.data, state.size) != 0))
            continue;
        if (common->json)
            list_json(group, &out);
        else
            list_row(group, &table);
    }
    cli_table_print(&table, err != ERR_OK || common->json ? NULL : &out);
    if (err == ERR_OK)
        (void)cli_print(&out);
    writer_free(&out);
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("group list", &diag);
}

// --- delete

static void take_deleted(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_delete_groups_response *response = answer;
    for (int32_t i = 0; i < response->results.count; i++) {
        groups->error = response->results.items[i].error_code;
        groups->message = arena_copy(groups->arena, response->results.items[i].error_message);
    }
}

static err_t delete_one(struct cli_groups *groups, const char *name, diag_t *diag)
{
    int32_t broker;
    bytes_t text = bytes_of_text(name);
    err_t err = cluster_coordinator(groups->cluster, name, &broker, diag);
    if (err != ERR_OK)
        return err;
    struct kafka_delete_groups_request request;
    kafka_defaults(kafka_delete_groups_api.request, &request);
    request.groups_names.items = &text;
    request.groups_names.count = 1;
    err = cli_groups_ask(groups, broker, &kafka_delete_groups_api, &request, take_deleted, diag);
    if (err == ERR_OK && groups->error != KAFKA_NONE)
        return cli_kafka_fail(diag, name, groups->error, BYTES_NULL);
    return err;
}

static enum cli_exit delete_run(struct cluster *cluster, const struct cli_common *common,
                                const struct cli_arguments *arguments)
{
    struct arena arena = ARENA_INIT;
    struct cli_groups groups = { .cluster = cluster, .arena = &arena };
    enum cli_exit code = CLI_OK;
    for (int i = 0; i < arguments->rest_count; i++) {
        const char *name = arguments->rest[i];
        diag_t diag = { 0 };
        if (delete_one(&groups, name, &diag) != ERR_OK) {
            code = cli_complain("group delete", &diag);
            continue;
        }
        struct writer out = WRITER_INIT;
        if (common->json) {
            struct json_writer json = json_writer_of(&out);
            json_object_begin(&json);
            json_field_text(&json, "group", name);
            json_field_bool(&json, "deleted", true);
            json_object_end(&json);
            writer_text(&out, "\n");
        } else {
            writer_format(&out, "deleted %s\n", name);
        }
        (void)cli_print(&out);
        writer_free(&out);
    }
    arena_free(&arena);
    return code;
}

// --- which of them

static const struct cli_action list_action = {
    { "group list", "[options]",
      "Lists the groups: state, members, and how many records each has still to read.\n"
      "  eddy group list --state Stable",
      0, 0 },
    { list_rows, ARRAY_COUNT(list_rows) },
    list_check,
    list_run,
};

static const struct cli_action delete_action = {
    { "group delete", "GROUP ... [options]", "Deletes groups that have no members, and what they committed.", 1,
      CLI_REST_MAX - 1 },
    { delete_rows, ARRAY_COUNT(delete_rows) },
    NULL,
    delete_run,
};

enum cli_exit cli_group(int count, const char *const *arguments)
{
    static const struct cli_action *const actions[] = { &list_action, &cli_group_describe_action,
                                                        &cli_group_reset_action, &delete_action };
    static const struct cli_family family = {
        "group",
        "Consumer groups: who reads, how far they are, and where they go on. To read a topic from its start again,\n"
        "stop the group's consumers and move what it committed:\n"
        "  eddy group describe orders-app\n"
        "  eddy group reset orders-app --topic orders --to earliest            # shows what would change\n"
        "  eddy group reset orders-app --topic orders --to earliest --execute  # changes it",
        actions,
        ARRAY_COUNT(actions),
    };
    struct cli_group_config config;
    return cli_family_run(&family, &config.common, count, arguments);
}
