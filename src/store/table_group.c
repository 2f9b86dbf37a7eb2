// SPDX-License-Identifier: Apache-2.0
// Changes of a table that a transaction decided: the table is held while it decides, and takes its batch as a whole.
#include "store/table_impl.h"

#include "base/mem.h"

#include <stdlib.h>

static void on_answer(struct message *message)
{
    struct table_group *group = CONTAINER_OF(message, struct table_group, message);
    group->on_done(group);
}

void table_group_done(struct table_group *group, err_t err)
{
    struct table *table = group->table;
    bool was_held = table->hold == group && table->is_held;
    // A hold that was not granted failed.
    if (table->hold == group && (was_held ? err == ERR_OK : err != ERR_OK)) {
        table->hold = NULL;
        table->is_held = false;
    }
    slice_free(&group->batch);
    group->err = err;
    group->message.on_message = on_answer;
    loop_post(group->from, &group->message);
}

void table_hold_grant(struct table *table)
{
    struct table_group *group = table->hold;
    if (group == NULL || table->is_held)
        return;
    for (size_t i = 0; i < group->key_count; i++) {
        const struct row *row = rows_find(&table->rows, group->keys[i]);
        group->versions[i] = row == NULL ? TABLE_ABSENT : row->version;
    }
    table_group_done(group, ERR_OK);
    table->is_held = true;
}

err_t table_group_open(struct table *table, const struct table_group *group)
{
    struct batch_header header;
    bytes_t records;
    struct record record;
    err_t err = batch_header_read(group->batch.bytes, &header);
    if (err == ERR_OK)
        err = batch_records(group->batch.bytes, &header, 0, NULL, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header.record_count);
    while (record_walk_next(&walk, &record)) {
        struct table_change *change = mem_zalloc(1, sizeof *change);
        change->is_delete = record.value.data == NULL;
        change->row = row_new(record.key, record.value, 0);
        list_append(&table->flight, &change->node);
    }
    ASSERT(walk.err == ERR_OK); // built by this process, or read with its checksum
    return ERR_OK;
}

static void on_hold(struct message *message)
{
    struct table_group *group = CONTAINER_OF(message, struct table_group, message);
    struct table *table = group->table;
    if (table->stopping) {
        table_group_done(group, ERR_CLOSED);
        return;
    }
    ASSERT(table->hold == NULL);
    table->hold = group;
    if (table->partition == NULL && !table->creating)
        table->begin.on_message(&table->begin); // making the topic failed before
    table_put_wake(table);
}

void table_group_hold(struct table_group *group)
{
    group->from = table_asker(group->table);
    group->message.on_message = on_hold;
    loop_post(group->table->loop, &group->message);
}

static void on_apply(struct message *message)
{
    struct table_group *group = CONTAINER_OF(message, struct table_group, message);
    struct table *table = group->table;
    if (table->stopping || group->batch.bytes.size == 0) {
        table_group_done(group, table->stopping ? ERR_CLOSED : ERR_OK);
        table_put_wake(table);
        return;
    }
    struct table_change *change = mem_zalloc(1, sizeof *change);
    change->group = group;
    if (table->hold == group)
        list_insert_before(table->queue.next, &change->node);
    else
        list_append(&table->queue, &change->node);
    table_put_wake(table);
}

void table_group_apply(struct table_group *group)
{
    group->from = table_asker(group->table);
    group->message.on_message = on_apply;
    loop_post(group->table->loop, &group->message);
}
