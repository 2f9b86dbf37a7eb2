// SPDX-License-Identifier: Apache-2.0
// eddy group describe GROUP: its members, and its lag partition by partition.
#include "base/json_write.h"
#include "cli/group.h"
#include "cli/groups.h"
#include "kafka/errors.h"

static void nullable_int(struct json_writer *json, const char *key, int64_t value)
{
    json_key(json, key);
    if (value < 0)
        json_null(json);
    else
        json_int(json, value);
}

static void members_json(const struct cli_group *group, struct json_writer *json)
{
    json_key(json, "members");
    if (!group->is_described) {
        json_null(json);
        return;
    }
    json_array_begin(json);
    for (size_t i = 0; i < group->member_count; i++) {
        const struct cli_member *member = &group->members[i];
        json_object_begin(json);
        json_field_bytes(json, "member_id", member->id);
        json_field_data(json, "instance_id", member->instance);
        json_field_bytes(json, "client_id", member->client);
        json_field_bytes(json, "host", member->host);
        json_key(json, "partitions");
        json_array_begin(json);
        for (size_t p = 0; p < member->place_count; p++) {
            json_object_begin(json);
            json_field_bytes(json, "topic", member->places[p].topic);
            json_field_int(json, "partition", member->places[p].partition);
            json_object_end(json);
        }
        json_array_end(json);
        json_object_end(json);
    }
    json_array_end(json);
}

static void describe_json(const struct cli_groups *groups, const struct cli_group *group, struct writer *out)
{
    char address[CLUSTER_ADDRESS_SIZE];
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_bytes(&json, "group", group->name);
    json_field_bytes(&json, "state", group->state);
    json_field_bytes(&json, "type", group->type);
    json_field_bytes(&json, "protocol_type", group->protocol_type);
    json_field_bytes(&json, "protocol", group->protocol);
    json_field_int(&json, "coordinator", group->coordinator);
    json_field_text(&json, "coordinator_address", cluster_address(groups->cluster, group->coordinator, address));
    nullable_int(&json, "lag", cli_group_lag(group, BYTES_NULL));
    members_json(group, &json);
    json_key(&json, "partitions");
    json_array_begin(&json);
    for (size_t i = 0; i < group->place_count; i++) {
        const struct cli_place *place = &group->places[i];
        json_object_begin(&json);
        json_field_bytes(&json, "topic", place->topic);
        json_field_int(&json, "partition", place->partition);
        nullable_int(&json, "committed", place->committed);
        nullable_int(&json, "end", place->end);
        nullable_int(&json, "lag", cli_place_lag(place));
        json_field_data(&json, "member_id", place->owner == NULL ? BYTES_NULL : place->owner->id);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    writer_text(out, "\n");
}

// "orders:0-2,5 payments:1", or "-".
static void assigned_write(const struct cli_member *member, struct writer *out)
{
    if (member->place_count == 0)
        writer_text(out, "-");
    for (size_t i = 0; i < member->place_count;) {
        const struct cli_place *place = &member->places[i];
        bool is_same = i > 0 && bytes_equal(place->topic, member->places[i - 1].topic);
        size_t next = i + 1;
        while (next < member->place_count && bytes_equal(member->places[next].topic, place->topic) &&
               member->places[next].partition == member->places[next - 1].partition + 1)
            next++;
        if (is_same)
            writer_format(out, ",%d", place->partition);
        else
            writer_format(out, "%s%.*s:%d", i == 0 ? "" : " ", BYTES_ARG(place->topic), place->partition);
        if (next > i + 1)
            writer_format(out, "-%d", member->places[next - 1].partition);
        i = next;
    }
}

static void members_rows(const struct cli_group *group, struct writer *out)
{
    static const char *const titles[] = { "MEMBER", "CLIENT", "HOST", "INSTANCE", "PARTITIONS", "ID" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    struct writer assigned = WRITER_INIT;
    for (size_t i = 0; i < group->member_count; i++) {
        const struct cli_member *member = &group->members[i];
        writer_reset(&assigned);
        assigned_write(member, &assigned);
        cli_table_add(&table, "#%zu", member->number);
        cli_table_add(&table, "%.*s", BYTES_ARG(member->client));
        cli_table_add(&table, "%.*s", BYTES_ARG(member->host));
        cli_table_add(&table, "%.*s", BYTES_ARG(member->instance.size == 0 ? BYTES_LITERAL("-") : member->instance));
        cli_table_add(&table, "%.*s", BYTES_ARG(writer_view(&assigned)));
        cli_table_add(&table, "%.*s", BYTES_ARG(member->id));
    }
    writer_free(&assigned);
    writer_text(out, "\n");
    cli_table_print(&table, out);
}

static void places_rows(const struct cli_group *group, struct writer *out)
{
    static const char *const titles[] = { "TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "OWNER" };
    struct cli_table table = { .titles = titles, .columns = ARRAY_COUNT(titles) };
    for (size_t i = 0; i < group->place_count; i++) {
        const struct cli_place *place = &group->places[i];
        cli_table_add(&table, "%.*s", BYTES_ARG(place->topic));
        cli_table_add(&table, "%d", place->partition);
        cli_table_number(&table, place->committed);
        cli_table_number(&table, place->end);
        cli_table_number(&table, cli_place_lag(place));
        if (place->owner == NULL)
            cli_table_add(&table, "-");
        else
            cli_table_add(&table, "#%zu %.*s", place->owner->number, BYTES_ARG(place->owner->client));
    }
    writer_text(out, "\n");
    cli_table_print(&table, out);
}

static void describe_text(const struct cli_groups *groups, const struct cli_group *group, struct writer *out)
{
    char address[CLUSTER_ADDRESS_SIZE];
    int64_t lag = cli_group_lag(group, BYTES_NULL);
    writer_format(out, "%s: %s", cli_shown(groups->arena, group->name), cli_shown(groups->arena, group->state));
    if (group->is_described)
        writer_format(out, ", %zu member%s", group->member_count, group->member_count == 1 ? "" : "s");
    size_t without = 0;
    for (size_t i = 0; i < group->place_count; i++)
        without += group->places[i].committed < 0;
    if (lag >= 0)
        writer_format(out, ", lag %lld", (long long)lag);
    if (without > 0)
        writer_format(out, ", nothing committed of %zu partition%s", without, without == 1 ? "" : "s");
    writer_text(out, "\n");
    if (group->type.size > 0)
        writer_format(out, "type %s, ", cli_shown(groups->arena, group->type));
    if (group->protocol_type.size > 0)
        writer_format(out, "protocol %s%s%s, ", cli_shown(groups->arena, group->protocol_type),
                      group->protocol.size > 0 ? " " : "", cli_shown(groups->arena, group->protocol));
    writer_format(out, "coordinator %d at %s\n", group->coordinator,
                  cluster_address(groups->cluster, group->coordinator, address));
    if (!group->is_described)
        writer_text(out, "Members of groups of this type are not shown.\n");
    if (group->member_count > 0)
        members_rows(group, out);
    if (group->place_count > 0)
        places_rows(group, out);
}

static enum cli_exit describe_run(struct cluster *cluster, const struct cli_common *common,
                                  const struct cli_arguments *arguments)
{
    struct arena arena = ARENA_INIT;
    struct cli_groups groups;
    diag_t diag = { 0 };
    err_t err = cli_groups_open(&groups, cluster, &arena, &diag);
    if (err == ERR_OK)
        err = cli_groups_find(&groups, arguments->rest[0], &diag);
    if (err == ERR_OK && groups.count == 0)
        err = cli_kafka_fail(&diag, arguments->rest[0], KAFKA_GROUP_ID_NOT_FOUND, BYTES_NULL);
    if (err == ERR_OK)
        err = cli_groups_offsets(&groups, &diag);
    if (err == ERR_OK) {
        struct writer out = WRITER_INIT;
        if (common->json)
            describe_json(&groups, &groups.groups[0], &out);
        else
            describe_text(&groups, &groups.groups[0], &out);
        (void)cli_print(&out);
        writer_free(&out);
    }
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("group describe", &diag);
}

static const struct option_row rows[] = { CLI_ROWS(struct cli_group_config) };

const struct cli_action cli_group_describe_action = {
    { "group describe", "GROUP [options]",
      "Shows the members of a group, what it committed, and how far behind it is, partition by partition.\n"
      "LAG is what is stored behind the committed offset; OWNER is the member that reads the partition now.\n"
      "  eddy group describe orders-app",
      1, 1 },
    { rows, ARRAY_COUNT(rows) },
    NULL,
    describe_run,
};
