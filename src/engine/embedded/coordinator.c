// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/coordinator.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/embedded/group_record.h"
#include "io/clock.h"
#include "io/random.h"
#include "store/table.h"

#include <stdlib.h>

enum { WALK_ROWS = 4096 }; // in one turn: about a millisecond

struct coordinator {
    struct offsets *offsets;
    const struct group_options *options;
    struct groups groups;
    struct loop *loop;
    struct message begin;
    struct timer timer; // the next deadline of a group
    int64_t armed_ms;   // what it waits for; INT64_MAX: nothing
    struct timer expiry;
    struct message walk;  // through the rows, to find what is too old
    struct writer walked; // the last key that was looked at
    struct table_watch watch;
    struct list_node writes; // struct row_write: under way
};

// A row that is written or removed.
struct row_write {
    struct table_op op;
    struct list_node node;
    struct coordinator *coordinator;
    struct coordinator_removal *removal; // NULL: nobody waits
    uint64_t number;                     // of a group's record
    size_t id_size;                      // 0: no group waits
    uint8_t id[];
};

// --- time

static void now_set(struct coordinator *coordinator)
{
    groups_time_set(&coordinator->groups, loop_now_ms(coordinator->loop), clock_wall_ms());
}

// A deadline that moved away is noticed when the timer fires too early.
static void rearm(struct coordinator *coordinator)
{
    int64_t due_ms = groups_deadline(&coordinator->groups);
    if (due_ms >= coordinator->armed_ms)
        return;
    coordinator->armed_ms = due_ms;
    int64_t delay_ms = due_ms - loop_now_ms(coordinator->loop);
    timer_start(&coordinator->timer, delay_ms > 0 ? delay_ms : 0);
}

static void on_timer(struct timer *timer)
{
    struct coordinator *coordinator = CONTAINER_OF(timer, struct coordinator, timer);
    coordinator->armed_ms = INT64_MAX;
    now_set(coordinator);
    groups_tick(&coordinator->groups);
    rearm(coordinator);
}

// --- rows

static enum group_error error_of(err_t err)
{
    if (err == ERR_OK)
        return GROUP_OK;
    return err == ERR_TOO_LARGE ? GROUP_TOO_LARGE : GROUP_NOT_AVAILABLE;
}

static void on_row(struct table_op *op)
{
    struct row_write *write = CONTAINER_OF(op, struct row_write, op);
    struct coordinator *coordinator = write->coordinator;
    // What is not there, or is newer than what was to go, is no failure.
    bool is_removal = write->id_size == 0;
    err_t err = is_removal && (op->err == ERR_NOT_FOUND || op->err == ERR_CONFLICT) ? ERR_OK : op->err;
    if (err != ERR_OK && err != ERR_CLOSED)
        log_line(LOG_ERROR, "a row of the groups cannot be written", LOG_FIELDS(log_err(err)));
    list_remove(&write->node);
    now_set(coordinator);
    if (!is_removal)
        groups_written(&coordinator->groups, bytes_of(write->id, write->id_size), write->number, error_of(err));
    struct coordinator_removal *removal = write->removal;
    free(write);
    if (removal != NULL) {
        removal->err = removal->err == ERR_OK ? err : removal->err;
        if (--removal->left == 0)
            removal->on_done(removal);
    }
    rearm(coordinator);
}

static struct row_write *write_new(struct coordinator *coordinator, bytes_t id)
{
    struct row_write *write = mem_zalloc(1, sizeof *write + id.size);
    write->coordinator = coordinator;
    write->op.table = coordinator->offsets->table;
    write->op.on_done = on_row;
    write->op.expected_version = TABLE_ANY;
    write->id_size = id.size;
    if (id.size > 0)
        memcpy(write->id, id.data, id.size);
    list_append(&coordinator->writes, &write->node);
    return write;
}

static void on_write(struct groups *groups, struct group *group)
{
    struct coordinator *coordinator = CONTAINER_OF(groups, struct coordinator, groups);
    struct row_write *write = write_new(coordinator, group->id);
    struct writer key = WRITER_INIT, value = WRITER_INIT;
    group_record_key_write(&key, group->id);
    group_record_value_write(&value, group);
    write->number = group->write;
    write->op.key = writer_view(&key);
    write->op.value = writer_view(&value);
    table_put(&write->op);
    writer_free(&key);
    writer_free(&value);
}

static void row_remove(struct coordinator *coordinator, bytes_t key, int64_t version,
                       struct coordinator_removal *removal)
{
    struct row_write *write = write_new(coordinator, BYTES_NULL);
    write->op.key = key;
    write->op.expected_version = version;
    write->removal = removal;
    if (removal != NULL)
        removal->left++;
    table_put(&write->op);
}

void coordinator_remove_group(struct coordinator *coordinator, struct group *group, struct coordinator_removal *removal)
{
    struct writer key = WRITER_INIT;
    struct offsets_walk walk = { .group = group->id };
    struct engine_offset offset;
    while (offsets_walk_next(coordinator->offsets, &walk, &offset))
        row_remove(coordinator, walk.key, TABLE_ANY, removal);
    group_record_key_write(&key, group->id);
    row_remove(coordinator, writer_view(&key), TABLE_ANY, removal);
    writer_free(&key);
    groups_remove(&coordinator->groups, group);
}

// --- expiry

static bool is_expired(const struct coordinator *coordinator, const struct group *group,
                       const struct engine_offset *offset)
{
    if (offset->expire_time_ms > 0)
        return coordinator->groups.wall_ms >= offset->expire_time_ms;
    return group_offset_is_old(&coordinator->groups, group, offset->topic, offset->commit_time_ms);
}

static void groups_without_offsets_remove(struct coordinator *coordinator)
{
    struct groups *groups = &coordinator->groups;
    for (struct group *group = groups_next(groups, NULL), *next; group != NULL; group = next) {
        next = groups_next(groups, group);
        if (group->state == GROUP_EMPTY && group->pending_count == 0 && !group->has_offsets)
            coordinator_remove_group(coordinator, group, NULL);
    }
}

// Offsets that are too old go, then groups that have nothing left. A commit that is under way wins: the version says
// so, and on_change. Some rows in each turn, so that nobody waits.
static void on_walk(struct message *message)
{
    struct coordinator *coordinator = CONTAINER_OF(message, struct coordinator, walk);
    struct table_row row = { .key = writer_view(&coordinator->walked) };
    bool found = true;
    now_set(coordinator);
    for (int i = 0; i < WALK_ROWS && found; i++) {
        found = table_seek(coordinator->offsets->table, row.key, row.key.data != NULL, &row);
        struct engine_offset offset;
        if (!found || offsets_row_read(row.key, row.value, &offset) != ERR_OK)
            continue;
        struct group *group = groups_ensure(&coordinator->groups, offset.group);
        if (is_expired(coordinator, group, &offset))
            row_remove(coordinator, row.key, row.version, NULL);
        else
            group->has_offsets = true;
    }
    if (found) {
        struct writer next = WRITER_INIT;
        writer_bytes(&next, row.key);
        writer_free(&coordinator->walked);
        coordinator->walked = next;
        loop_post(coordinator->loop, message);
        return;
    }
    writer_free(&coordinator->walked);
    coordinator->walked = WRITER_INIT;
    groups_without_offsets_remove(coordinator);
    timer_start(&coordinator->expiry, coordinator->options->retention_interval_ms);
}

static void on_expiry(struct timer *timer)
{
    struct coordinator *coordinator = CONTAINER_OF(timer, struct coordinator, expiry);
    for (struct group *group = NULL; (group = groups_next(&coordinator->groups, group)) != NULL;)
        group->has_offsets = false;
    on_walk(&coordinator->walk);
}

// --- start

// Of one that was to stay for ever. Groups whose offsets expire stay until the next walk, as Kafka's do.
static void offset_is_gone(struct coordinator *coordinator, bytes_t id)
{
    struct offsets_walk walk = { .group = id };
    struct engine_offset left;
    struct group *group = groups_find(&coordinator->groups, id);
    if (group != NULL && group->state == GROUP_EMPTY && group->pending_count == 0 &&
        !offsets_walk_next(coordinator->offsets, &walk, &left))
        coordinator_remove_group(coordinator, group, NULL);
}

// Whoever commits to a group that nobody joined makes it: a client that chooses its partitions, or the engine.
static void on_change(struct table_watch *watch, const struct table_row *row, const struct table_row *old)
{
    struct coordinator *coordinator = CONTAINER_OF(watch, struct coordinator, watch);
    struct engine_offset offset;
    now_set(coordinator);
    if (row->value.data == NULL) {
        if (old != NULL && offsets_row_read(old->key, old->value, &offset) == ERR_OK &&
            offset.expire_time_ms == ENGINE_NEVER)
            offset_is_gone(coordinator, offset.group);
    } else if (offsets_row_read(row->key, row->value, &offset) == ERR_OK) {
        groups_ensure(&coordinator->groups, offset.group)->has_offsets = true;
    }
}

static void load(struct coordinator *coordinator)
{
    struct table_row row = { 0 };
    while (table_seek(coordinator->offsets->table, row.key, row.key.data != NULL, &row)) {
        struct engine_offset offset;
        err_t err = group_record_load(&coordinator->groups, row.key, row.value);
        if (err == ERR_UNSUPPORTED && offsets_row_read(row.key, row.value, &offset) == ERR_OK)
            groups_ensure(&coordinator->groups, offset.group);
        else if (err != ERR_OK && err != ERR_UNSUPPORTED)
            log_line(LOG_ERROR, "the record of a group cannot be read, its members have to join again",
                     LOG_FIELDS(log_err(err), log_int("version", row.version)));
    }
}

static void on_begin(struct message *message)
{
    struct coordinator *coordinator = CONTAINER_OF(message, struct coordinator, begin);
    // Members that were there when the server stopped have their whole session to come back, however long it took to
    // start.
    now_set(coordinator);
    groups_begin(&coordinator->groups);
    rearm(coordinator);
    timer_start(&coordinator->expiry, coordinator->options->retention_interval_ms);
}

struct coordinator *coordinator_open(struct offsets *offsets, const struct group_options *options)
{
    struct coordinator *coordinator = mem_zalloc(1, sizeof *coordinator);
    coordinator->offsets = offsets;
    coordinator->options = options;
    coordinator->loop = offsets_loop(offsets);
    coordinator->armed_ms = INT64_MAX;
    list_init(&coordinator->writes);
    timer_init(&coordinator->timer, coordinator->loop, on_timer);
    timer_init(&coordinator->expiry, coordinator->loop, on_expiry);
    groups_init(&coordinator->groups, options, on_write);
    now_set(coordinator);
    load(coordinator);
    coordinator->watch.on_change = on_change;
    table_watch(offsets->table, &coordinator->watch);
    coordinator->walk.on_message = on_walk;
    coordinator->begin.on_message = on_begin;
    loop_post(coordinator->loop, &coordinator->begin);
    return coordinator;
}

void coordinator_free(struct coordinator *coordinator)
{
    if (coordinator == NULL)
        return;
    timer_stop(&coordinator->timer);
    timer_stop(&coordinator->expiry);
    table_unwatch(&coordinator->watch);
    LIST_EACH(&coordinator->writes, node)
    free(LIST_ITEM(node, struct row_write, node));
    groups_free(&coordinator->groups);
    writer_free(&coordinator->walked);
    free(coordinator);
}

// --- operations

static void on_answered(struct message *message)
{
    struct coordinator_op *op = CONTAINER_OF(message, struct coordinator_op, message);
    op->on_done(op);
}

void coordinator_answer(struct coordinator_op *op)
{
    op->message.on_message = on_answered;
    loop_post(op->from, &op->message);
}

static void on_asked(struct message *message)
{
    struct coordinator_op *op = CONTAINER_OF(message, struct coordinator_op, message);
    struct coordinator *coordinator = op->coordinator;
    now_set(coordinator);
    op->on_run(op);
    rearm(coordinator);
}

void coordinator_ask(struct coordinator *coordinator, struct coordinator_op *op)
{
    op->coordinator = coordinator;
    op->from = loop_current();
    op->message.on_message = on_asked;
    loop_post(coordinator->loop, &op->message);
}

struct groups *coordinator_groups(struct coordinator *coordinator)
{
    return &coordinator->groups;
}

struct offsets *coordinator_offsets(struct coordinator *coordinator)
{
    return coordinator->offsets;
}

bytes_t coordinator_member_id(bytes_t instance_id, bytes_t client_id, struct arena *arena)
{
    enum { NAME_SIZE_MAX = 1024 }; // the rest is cut: ids are strings of at most 32,767 bytes, and come often
    bytes_t name = instance_id.data != NULL ? instance_id : client_id;
    int size = name.size > NAME_SIZE_MAX ? NAME_SIZE_MAX : (int)name.size;
    uint8_t r[16];
    random_bytes(r, sizeof r);
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40); // RFC 9562, version 4
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    return bytes_of_text(arena_format(arena,
                                      "%.*s-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", size,
                                      size == 0 ? "" : (const char *)name.data, r[0], r[1], r[2], r[3], r[4], r[5],
                                      r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]));
}
