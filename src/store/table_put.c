// SPDX-License-Identifier: Apache-2.0
// Changes of a table. One batch is in flight at a time and carries what was asked for while the one before it was made
// durable; so every check looks at rows that are durable, or at nothing that the same batch changes.
#include "store/table_impl.h"

#include "base/mem.h"
#include "io/clock.h"

#include <stdlib.h>

enum {
    BATCH_CHANGES_MAX = 1024,
    BATCH_BYTES_MAX = 512 << 10, // a batch is closed at this size
    CHANGE_SIZE_MAX = 8 << 20,
};

static bytes_t change_key(const struct map_node *node)
{
    return row_key(CONTAINER_OF_CONST(node, struct table_change, by_key)->row);
}

static void on_answer(struct message *message)
{
    struct table_op *op = CONTAINER_OF(message, struct table_op, message);
    op->on_done(op);
}

// Answers; the row is the table's by now, or is freed here.
static void change_done(struct table_change *change, err_t err)
{
    struct table_op *op = change->op;
    if (change->group != NULL)
        table_group_done(change->group, err);
    free(change->row);
    free(change);
    if (op == NULL)
        return;
    op->err = err;
    op->message.on_message = on_answer;
    loop_post(op->from, &op->message);
}

// What the change asks of the row it replaces.
static err_t change_check(const struct table *table, const struct table_change *change)
{
    const struct row *row = rows_find(&table->rows, row_key(change->row));
    int64_t expected = change->op->expected_version;
    change->op->version = row == NULL ? TABLE_ABSENT : row->version;
    if (change->row->key_size + (size_t)change->row->value_size > CHANGE_SIZE_MAX)
        return ERR_TOO_LARGE;
    if (change->is_delete && row == NULL)
        return ERR_NOT_FOUND;
    if (expected != TABLE_ANY && expected != change->op->version)
        return ERR_CONFLICT;
    return ERR_OK;
}

// True when the change looks at a row that the batch changes: it waits for the next one, and all behind it too, so that
// the order stays.
static bool change_must_wait(const struct table *table, const struct table_change *change)
{
    bool looks = change->is_delete || change->op->expected_version != TABLE_ANY;
    return looks && map_find(&table->flight_keys, row_key(change->row)) != NULL;
}

static void change_add(struct table *table, struct table_change *change, struct batch_builder *builder, int64_t now_ms)
{
    bytes_t key = row_key(change->row);
    batch_builder_add(builder, key, change->is_delete ? BYTES_NULL : row_value(change->row), NULL, 0, now_ms);
    list_append(&table->flight, &change->node);
    change->mapped = map_find(&table->flight_keys, key) == NULL;
    if (change->mapped)
        map_insert(&table->flight_keys, &change->by_key);
}

// Behind what was asked for before it: done with that, which is in this batch or done already.
static void sync_go(struct table *table, struct table_change *change)
{
    list_remove(&change->node);
    if (list_empty(&table->flight))
        change_done(change, ERR_OK);
    else
        list_append(&table->flight, &change->node);
}

// Moves changes from the queue into the batch; the number of them.
static size_t batch_fill(struct table *table, struct batch_builder *builder)
{
    size_t count = 0;
    int64_t now_ms = clock_wall_ms();
    LIST_EACH(&table->queue, node)
    {
        struct table_change *change = LIST_ITEM(node, struct table_change, node);
        if (change->group != NULL)
            break;
        if (change->row == NULL) {
            sync_go(table, change);
            continue;
        }
        size_t size = change->row->key_size + (size_t)change->row->value_size;
        bool full = count == BATCH_CHANGES_MAX || batch_builder_size(builder) + size > BATCH_BYTES_MAX;
        if (count > 0 && (full || change_must_wait(table, change)))
            break;
        list_remove(&change->node);
        err_t err = change_check(table, change);
        if (err != ERR_OK) {
            change_done(change, err);
            continue;
        }
        change_add(table, change, builder, now_ms);
        count++;
    }
    return count;
}

// The batch is durable, or failed as a whole. One that was there before (ERR_DUPLICATE, of a group) was loaded.
static void on_appended(struct log_op *op)
{
    struct table *table = CONTAINER_OF(CONTAINER_OF(op, struct append_op, op), struct table, append);
    int64_t version = table->append.base_offset;
    struct table_group *group = table->flight_group;
    table->appending = false;
    table->flight_group = NULL;
    LIST_EACH(&table->flight, node)
    {
        struct table_change *change = LIST_ITEM(node, struct table_change, node);
        list_remove(&change->node);
        if (change->mapped)
            map_remove(&table->flight_keys, &change->by_key);
        if (op->err == ERR_OK && change->row != NULL) {
            change->row->version = ++version;
            if (change->op != NULL)
                change->op->version = version;
            table_apply(table, change->row, change->is_delete);
            change->row = NULL;
        }
        change_done(change, op->err);
    }
    if (op->err == ERR_OK)
        table->unsaved_size += table->append_size;
    if (group != NULL) {
        group->base_offset = op->err == ERR_OK ? table->append.base_offset : -1;
        table_group_done(group, op->err == ERR_DUPLICATE ? ERR_OK : op->err);
    }
    table_save_if_due(table);
    table_put_wake(table);
    table_stop_try(table);
}

static void append_go(struct table *table, struct slice batch, bool decided)
{
    table->append = (struct append_op){ .op = { .partition = table->partition, .on_done = on_appended },
                                        .batch = batch,
                                        .decided = decided };
    table->append_size = batch.bytes.size;
    table->appending = true;
    log_append(&table->append);
}

static void puts_go(struct table *table)
{
    struct batch_builder builder;
    batch_builder_init(&builder, BATCH_PLAIN);
    if (batch_fill(table, &builder) > 0) {
        struct slice batch;
        err_t err = batch_builder_finish(&builder, &batch);
        ASSERT(err == ERR_OK); // the sizes are bounded
        append_go(table, batch, false);
    } else {
        table_put_wake(table); // what was refused may have stood before a group
    }
    batch_builder_free(&builder);
}

static void group_go(struct table *table, struct table_change *change)
{
    struct table_group *group = change->group;
    list_remove(&change->node);
    free(change);
    err_t err = table_group_open(table, group);
    if (err != ERR_OK) {
        table_group_done(group, err);
        table_put_wake(table);
        return;
    }
    struct slice batch = group->batch;
    group->batch = (struct slice){ 0 };
    table->flight_group = group;
    append_go(table, batch, true);
}

static void on_turn_end(struct deferred *deferred)
{
    struct table *table = CONTAINER_OF(deferred, struct table, deferred);
    if (table->appending || table->partition == NULL)
        return;
    table_hold_grant(table);
    struct list_node *first = list_first(&table->queue);
    struct table_change *change = first == NULL ? NULL : LIST_ITEM(first, struct table_change, node);
    if (change != NULL && change->group != NULL)
        group_go(table, change);
    else if (change != NULL && !table->is_held)
        puts_go(table);
    table_stop_try(table);
}

void table_put_init(struct table *table)
{
    list_init(&table->queue);
    list_init(&table->flight);
    table->flight_keys = MAP_INIT(change_key);
    table->deferred.on_turn_end = on_turn_end;
}

void table_put_wake(struct table *table)
{
    bool wanted = !list_empty(&table->queue) || (table->hold != NULL && !table->is_held);
    if (wanted && !table->appending && table->partition != NULL)
        loop_defer(table->loop, &table->deferred);
}

void table_put_fail(struct table *table, err_t err)
{
    LIST_EACH(&table->queue, node)
    {
        struct table_change *change = LIST_ITEM(node, struct table_change, node);
        list_remove(&change->node);
        change_done(change, err);
    }
    if (table->hold != NULL && !table->is_held)
        table_group_done(table->hold, err);
}

void table_put_stop(struct table *table)
{
    if (table->hold == NULL)
        return;
    table_put_fail(table, ERR_CLOSED);
    table->hold = NULL;
    table->is_held = false;
}

bool table_put_idle(const struct table *table)
{
    return list_empty(&table->queue) && !table->appending;
}

struct loop *table_asker(const struct table *table)
{
    struct loop *current = loop_current();
    return current == NULL ? table->loop : current;
}

static void on_sync(struct message *message)
{
    struct table_op *op = CONTAINER_OF(message, struct table_op, message);
    struct table *table = op->table;
    struct table_change *change = mem_zalloc(1, sizeof *change);
    change->op = op;
    if (table_put_idle(table))
        change_done(change, ERR_OK);
    else
        list_append(&table->queue, &change->node);
}

void table_sync(struct table_op *op)
{
    op->from = table_asker(op->table);
    op->message.on_message = on_sync;
    if (loop_current() == op->table->loop)
        on_sync(&op->message);
    else
        loop_post(op->table->loop, &op->message);
}

static void on_put(struct message *message)
{
    struct table_op *op = CONTAINER_OF(message, struct table_op, message);
    struct table *table = op->table;
    struct table_change *change = op->private_state;
    if (table->stopping) {
        change_done(change, ERR_CLOSED);
        return;
    }
    list_append(&table->queue, &change->node);
    if (table->partition == NULL && !table->creating)
        table->begin.on_message(&table->begin); // making the topic failed before
    table_put_wake(table);
}

void table_put(struct table_op *op)
{
    struct table *table = op->table;
    struct table_change *change = mem_zalloc(1, sizeof *change);
    change->op = op;
    change->is_delete = op->value.data == NULL;
    change->row = row_new(op->key, op->value, 0);
    op->private_state = change;
    op->from = table_asker(table);
    op->message.on_message = on_put;
    if (loop_current() == table->loop)
        on_put(&op->message);
    else
        loop_post(table->loop, &op->message);
}
