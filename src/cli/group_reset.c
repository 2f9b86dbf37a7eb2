// SPDX-License-Identifier: Apache-2.0
// eddy group reset GROUP: moves what a group committed. Shows the plan; --execute carries it out.
#include "base/json_write.h"
#include "cli/group.h"
#include "cli/groups.h"
#include "cli/offsets.h"
#include "kafka/api/offset_commit.h"
#include "kafka/errors.h"

#include <stdio.h>
#include <stdlib.h>

// One topic of the plan; the arrays have an item for each of its partitions.
struct target {
    const struct cluster_topic *topic;
    bool *chosen;
    int64_t *now; // what is committed; -1: nothing
    int64_t *to;
    int64_t *earliest, *latest;
};

struct plan {
    const struct cli_group_config *config;
    const char *group;
    struct cli_groups groups;
    struct target *targets; // room for one for each topic of the cluster
    size_t count;
};

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--topic", .letter = 't', .group = "Reset", .type = OPTION_TEXT, .repeats = true, .value_name = "TOPIC[:P,...]",
      .help = "a topic, or some of its partitions; may be given again. Without it: everything that the group committed",
      .at = offsetof(struct cli_group_config, topics) },
    { .flag = "--to", .group = "Reset", .type = OPTION_TEXT, .value_name = "WHERE",
      .help = "earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z", .at = offsetof(struct cli_group_config, to) },
    { .flag = "--shift-by", .group = "Reset", .type = OPTION_INT, .value_name = "N",
      .help = "N records on, or back when N is below 0, but not beyond what the partition holds", .at = offsetof(struct cli_group_config, shift_by) },
    { .flag = "--execute", .group = "Reset", .type = OPTION_BOOL, .help = "carry the plan out; without it, it is only shown",
      .at = offsetof(struct cli_group_config, execute) },
    CLI_ROWS(struct cli_group_config),
};
// clang-format on

// --- the words of --topic

// The next word of TEXT; null at the end.
static bytes_t next_word(const char **at)
{
    size_t size = strcspn(*at, " ");
    bytes_t word = bytes_of(*at, size);
    *at += size + ((*at)[size] == ' ');
    return word;
}

// "TOPIC" or "TOPIC:0,1".
static bytes_t word_topic(bytes_t word, bytes_t *ret_partitions)
{
    const uint8_t *colon = memchr(word.data, ':', word.size);
    *ret_partitions = BYTES_NULL;
    if (colon == NULL)
        return word;
    size_t size = (size_t)(colon - word.data);
    *ret_partitions = bytes_of(colon + 1, word.size - size - 1);
    return bytes_of(word.data, size);
}

// The next number of "0,1"; false at the end, and *RET_NUMBER is -1 for what is no number.
static bool next_number(bytes_t *list, int64_t *ret_number)
{
    if (list->data == NULL)
        return false;
    const uint8_t *comma = memchr(list->data, ',', list->size);
    bytes_t word = bytes_of(list->data, comma == NULL ? list->size : (size_t)(comma - list->data));
    if (!bytes_to_int64(word, ret_number) || *ret_number < 0)
        *ret_number = -1;
    *list = comma == NULL ? BYTES_NULL : bytes_of(comma + 1, list->size - word.size - 1);
    return true;
}

static err_t word_check(bytes_t word, diag_t *diag)
{
    bytes_t partitions, topic = word_topic(word, &partitions);
    int64_t number = 0;
    while (number >= 0 && next_number(&partitions, &number))
        ;
    if (topic.size > 0 && number >= 0)
        return ERR_OK;
    return diag_fail(diag, ERR_INVALID, "--topic",
                     "\"%.*s\" is not a topic; expected a name, or a name and partitions such as orders:0,2",
                     BYTES_ARG(word));
}

static err_t reset_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct cli_group_config *config = CONTAINER_OF_CONST(common, struct cli_group_config, common);
    int64_t number;
    bool is_offset;
    (void)arguments;
    if (config->to == NULL && config->shift_by == 0)
        return diag_fail(diag, ERR_INVALID, "--to",
                         "is missing: earliest, latest, an offset or a time; or --shift-by N moves by N records");
    if (config->to != NULL && config->shift_by != 0)
        return diag_fail(diag, ERR_INVALID, "--shift-by", "does not go together with --to");
    err_t err = config->to == NULL ? ERR_OK : cli_where_parse("--to", config->to, &number, &is_offset, diag);
    for (const char *at = config->topics; err == ERR_OK && at != NULL && *at != '\0';)
        err = word_check(next_word(&at), diag);
    if (err == ERR_OK && config->topics != NULL && config->topics[0] == '\0')
        return word_check(BYTES_LITERAL(""), diag);
    return err;
}

// --- the plan

static struct target *target_of(struct plan *plan, const struct cluster_topic *topic)
{
    struct arena *arena = plan->groups.arena;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->targets[i].topic == topic)
            return &plan->targets[i];
    }
    struct target *target = &plan->targets[plan->count++];
    *target = (struct target){ .topic = topic };
    target->chosen = arena_array(arena, topic->partition_count, sizeof(*target->chosen));
    int64_t **const offsets[] = { &target->now, &target->to, &target->earliest, &target->latest };
    for (size_t i = 0; i < ARRAY_COUNT(offsets); i++)
        *offsets[i] = arena_array(arena, topic->partition_count, sizeof(**offsets[i]));
    for (size_t i = 0; i < topic->partition_count; i++)
        target->now[i] = -1;
    return target;
}

static err_t choose_word(struct plan *plan, bytes_t word, diag_t *diag)
{
    bytes_t partitions, name = word_topic(word, &partitions);
    const struct cluster_topic *topic = cli_groups_topic(&plan->groups, name);
    if (topic == NULL) {
        char where[sizeof(diag->where)];
        snprintf(where, sizeof(where), "%.*s", BYTES_ARG(name));
        return diag_fail(diag, ERR_NOT_FOUND, where, "there is no such topic; `eddy topic list` shows those that are");
    }
    struct target *target = target_of(plan, topic);
    for (size_t i = 0; partitions.data == NULL && i < topic->partition_count; i++)
        target->chosen[i] = true;
    int64_t number;
    while (next_number(&partitions, &number)) {
        err_t err = cli_partition_check(topic, number, "--topic", diag);
        if (err != ERR_OK)
            return err;
        target->chosen[number] = true;
    }
    return ERR_OK;
}

// What was committed, into the plan; without --topic, it is the plan.
static void choose_committed(struct plan *plan, bool is_all)
{
    const struct cli_group *group = plan->groups.count == 0 ? NULL : &plan->groups.groups[0];
    for (size_t i = 0; group != NULL && i < group->place_count; i++) {
        const struct cli_place *place = &group->places[i];
        const struct cluster_topic *topic = cli_groups_topic(&plan->groups, place->topic);
        size_t at = (size_t)place->partition;
        if (topic == NULL || place->committed < 0 || at >= topic->partition_count)
            continue;
        struct target *target = is_all ? target_of(plan, topic) : NULL;
        for (size_t t = 0; target == NULL && t < plan->count; t++)
            target = plan->targets[t].topic == topic ? &plan->targets[t] : NULL;
        if (target == NULL)
            continue;
        target->now[at] = place->committed;
        target->chosen[at] |= is_all;
    }
}

static err_t choose(struct plan *plan, diag_t *diag)
{
    plan->targets = arena_array(plan->groups.arena, plan->groups.topic_count, sizeof(*plan->targets));
    for (const char *at = plan->config->topics; at != NULL && *at != '\0';) {
        err_t err = choose_word(plan, next_word(&at), diag);
        if (err != ERR_OK)
            return err;
    }
    choose_committed(plan, plan->config->topics == NULL);
    if (plan->count > 0)
        return ERR_OK;
    return diag_fail(diag, ERR_NOT_FOUND, plan->group, "%s; --topic TOPIC names what the group shall read",
                     plan->groups.count == 0 ? "there is no such group" : "the group has committed nothing");
}

static err_t offset_check(const struct target *target, size_t at, int64_t offset, diag_t *diag)
{
    if (offset >= target->earliest[at] && offset <= target->latest[at])
        return ERR_OK;
    return diag_fail(diag, ERR_OUT_OF_RANGE, "--to",
                     "partition %zu of %.*s begins at offset %lld and ends at %lld, %lld is outside; --topic %.*s:P "
                     "names partitions alone",
                     at, BYTES_ARG(target->topic->name), (long long)target->earliest[at], (long long)target->latest[at],
                     (long long)offset, BYTES_ARG(target->topic->name));
}

static err_t shift(const struct plan *plan, struct target *target, size_t at, diag_t *diag)
{
    if (target->now[at] < 0)
        return diag_fail(
            diag, ERR_NOT_FOUND, "--shift-by",
            "the group has committed nothing for partition %zu of %.*s, so there is nothing to shift; --to "
            "says where it begins",
            at, BYTES_ARG(target->topic->name));
    int64_t by = plan->config->shift_by, to;
    if (__builtin_add_overflow(target->now[at], by, &to))
        to = by < 0 ? INT64_MIN : INT64_MAX;
    if (to > target->latest[at])
        to = target->latest[at];
    target->to[at] = to < target->earliest[at] ? target->earliest[at] : to;
    return ERR_OK;
}

static err_t target_find(const struct plan *plan, struct target *target, diag_t *diag)
{
    struct cluster *cluster = plan->groups.cluster;
    int64_t number = 0;
    bool is_offset = false;
    err_t err = cli_offsets_find(cluster, target->topic, CLI_EARLIEST, target->earliest, diag);
    if (err == ERR_OK)
        err = cli_offsets_find(cluster, target->topic, CLI_LATEST, target->latest, diag);
    if (err == ERR_OK && plan->config->to != NULL)
        err = cli_where_parse("--to", plan->config->to, &number, &is_offset, diag);
    if (err == ERR_OK && plan->config->to != NULL && !is_offset)
        err = cli_offsets_find(cluster, target->topic, number, target->to, diag);
    for (size_t i = 0; i < target->topic->partition_count && err == ERR_OK; i++) {
        if (!target->chosen[i])
            continue;
        if (plan->config->to == NULL)
            err = shift(plan, target, i, diag);
        if (is_offset) {
            target->to[i] = number;
            err = offset_check(target, i, number, diag);
        }
    }
    return err;
}

// --- carrying it out

// A group is moved while nobody reads: members keep their own positions and would commit over it.
static err_t idle_check(const struct plan *plan, diag_t *diag)
{
    const struct cli_group *group = plan->groups.count == 0 ? NULL : &plan->groups.groups[0];
    if (group == NULL || bytes_is(group->state, "Empty") || bytes_is(group->state, "Dead"))
        return ERR_OK;
    struct writer who = WRITER_INIT;
    for (size_t i = 0; i < group->member_count && i < 3; i++)
        writer_format(&who, "%s%s at %s", i == 0 ? " (" : ", ", cli_shown(plan->groups.arena, group->members[i].client),
                      cli_shown(plan->groups.arena, group->members[i].host));
    if (who.size > 0)
        writer_text(&who, group->member_count > 3 ? " and others)" : ")");
    err_t err = diag_fail(diag, ERR_BUSY, plan->group,
                          "the group has members%.*s and is %.*s; stop its consumers, then reset it. One that died "
                          "counts until its session ends",
                          BYTES_ARG(writer_view(&who)), BYTES_ARG(group->state));
    writer_free(&who);
    return err;
}

static void take_committed(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_offset_commit_response *response = answer;
    for (int32_t t = 0; t < response->topics.count; t++) {
        for (int32_t p = 0; p < response->topics.items[t].partitions.count; p++) {
            int16_t error = response->topics.items[t].partitions.items[p].error_code;
            if (error != KAFKA_NONE)
                groups->error = error;
        }
    }
}

static err_t execute(struct plan *plan, int32_t coordinator, diag_t *diag)
{
    struct arena *arena = plan->groups.arena;
    struct kafka_offset_commit_request request;
    kafka_defaults(kafka_offset_commit_api.request, &request);
    request.group_id = bytes_of_text(plan->group);
    request.topics.items = arena_array(arena, plan->count, sizeof(*request.topics.items));
    request.topics.count = (int32_t)plan->count;
    for (size_t t = 0; t < plan->count; t++) {
        const struct target *target = &plan->targets[t];
        struct kafka_offset_commit_request_topic *topic = &request.topics.items[t];
        *topic =
            (struct kafka_offset_commit_request_topic){ .name = target->topic->name, .topic_id = target->topic->id };
        topic->partitions.items = arena_array(arena, target->topic->partition_count, sizeof(*topic->partitions.items));
        for (size_t i = 0; i < target->topic->partition_count; i++) {
            if (target->chosen[i])
                topic->partitions.items[topic->partitions.count++] =
                    (struct kafka_offset_commit_request_partition){ .partition_index =
                                                                        target->topic->partitions[i].number,
                                                                    .committed_offset = target->to[i],
                                                                    .committed_leader_epoch = -1,
                                                                    .committed_metadata = BYTES_LITERAL("") };
        }
    }
    err_t err = cli_groups_ask(&plan->groups, coordinator, &kafka_offset_commit_api, &request, take_committed, diag);
    if (err == ERR_OK && plan->groups.error != KAFKA_NONE)
        return cli_kafka_fail(diag, plan->group, plan->groups.error, BYTES_NULL);
    return err;
}

// --- showing it

static void row_json(const struct plan *plan, const struct target *target, size_t at, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_text(&json, "group", plan->group);
    json_field_bytes(&json, "topic", target->topic->name);
    json_field_int(&json, "partition", target->topic->partitions[at].number);
    json_key(&json, "from");
    if (target->now[at] < 0)
        json_null(&json);
    else
        json_int(&json, target->now[at]);
    json_field_int(&json, "to", target->to[at]);
    json_field_int(&json, "lag", target->latest[at] - target->to[at]);
    json_field_bool(&json, "executed", plan->config->execute);
    json_object_end(&json);
    writer_text(out, "\n");
}

static void row_text(const struct target *target, size_t at, struct cli_table *table)
{
    cli_table_add(table, "%.*s", BYTES_ARG(target->topic->name));
    cli_table_add(table, "%d", target->topic->partitions[at].number);
    cli_table_number(table, target->now[at]);
    cli_table_number(table, target->to[at]);
    if (target->now[at] < 0)
        cli_table_add(table, "-");
    else
        cli_table_add(table, "%+lld", (long long)(target->to[at] - target->now[at]));
    cli_table_number(table, target->latest[at] - target->to[at]);
}

static void plan_print(const struct plan *plan)
{
    static const char *const titles[] = { "TOPIC", "PARTITION", "COMMITTED", "NEW", "CHANGE", "NEW LAG" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    bool is_json = plan->config->common.json;
    struct writer out = WRITER_INIT;
    size_t count = 0;
    for (size_t t = 0; t < plan->count; t++) {
        for (size_t i = 0; i < plan->targets[t].topic->partition_count; i++) {
            if (!plan->targets[t].chosen[i])
                continue;
            count++;
            if (is_json)
                row_json(plan, &plan->targets[t], i, &out);
            else
                row_text(&plan->targets[t], i, &table);
        }
    }
    cli_table_print(&table, is_json ? NULL : &out);
    if (!is_json && plan->config->execute)
        writer_format(&out, "\nreset %zu partition%s of %s\n", count, count == 1 ? "" : "s", plan->group);
    else if (!is_json)
        writer_format(&out, "\nNothing is changed yet: this is the plan; --execute carries it out.%s\n",
                      plan->groups.count == 0 ? " The group is not there yet; this makes it." : "");
    (void)cli_print(&out);
    writer_free(&out);
}

static err_t reset(struct plan *plan, diag_t *diag)
{
    // That there is none is fine: a place may be given to a group before it first reads.
    err_t err = cli_groups_find(&plan->groups, plan->group, diag);
    int32_t coordinator = plan->groups.broker;
    if (err == ERR_OK)
        err = idle_check(plan, diag);
    if (err == ERR_OK)
        err = cli_groups_offsets(&plan->groups, diag);
    if (err == ERR_OK)
        err = choose(plan, diag);
    for (size_t i = 0; i < plan->count && err == ERR_OK; i++)
        err = target_find(plan, &plan->targets[i], diag);
    if (err == ERR_OK && plan->config->execute)
        err = execute(plan, coordinator, diag);
    return err;
}

static enum cli_exit reset_run(struct cluster *cluster, const struct cli_common *common,
                               const struct cli_arguments *arguments)
{
    struct arena arena = ARENA_INIT;
    struct plan plan = { .config = CONTAINER_OF_CONST(common, struct cli_group_config, common),
                         .group = arguments->rest[0] };
    diag_t diag = { 0 };
    err_t err = cli_groups_open(&plan.groups, cluster, &arena, &diag);
    if (err == ERR_OK)
        err = reset(&plan, &diag);
    if (err == ERR_OK)
        plan_print(&plan);
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("group reset", &diag);
}

const struct cli_action cli_group_reset_action = {
    { "group reset", "GROUP --to WHERE | --shift-by N [options]",
      "Moves what a group committed, so that it reads on from another place.\n"
      "Shows the plan, and changes nothing without --execute. The group's consumers must be stopped.\n"
      "  eddy group reset orders-app --to earliest\n"
      "  eddy group reset orders-app --topic orders:0,2 --topic payments --to 2026-01-31T12:00:00Z --execute\n"
      "  eddy group reset orders-app --shift-by -10 --execute",
      1, 1 },
    { rows, ARRAY_COUNT(rows) },
    reset_check,
    reset_run,
};
