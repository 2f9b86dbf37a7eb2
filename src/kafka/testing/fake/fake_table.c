// SPDX-License-Identifier: Apache-2.0
// The tables of the store in memory: sorted rows, every change answers in a later turn, some fail on request.
#include "base/assert.h"
#include "base/list.h"
#include "base/mem.h"
#include "kafka/testing/fake/fake_internal.h"
#include "store/table.h"

#include <stdlib.h>

struct fake_row {
    bytes_t key, value;
    int64_t version;
};

struct table {
    struct list_node node;
    struct store *store;
    struct loop *loop;
    struct fake_row *rows; // in the order of their keys
    size_t count, capacity;
    int64_t version;
    struct list_node watches;
};

static bytes_t copy(bytes_t bytes)
{
    if (bytes.data == NULL)
        return BYTES_NULL;
    uint8_t *to = mem_alloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return bytes_of(to, bytes.size);
}

static void drop(bytes_t bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

err_t table_open(struct store *store, const char *topic, struct table **ret_table, diag_t *diag)
{
    (void)topic;
    (void)diag;
    struct table *table = mem_zalloc(1, sizeof(*table));
    table->store = store;
    table->loop = fake_store_loop(store);
    list_init(&table->watches);
    list_append(fake_store_tables(store), &table->node);
    *ret_table = table;
    return ERR_OK;
}

void fake_table_free(struct list_node *node)
{
    struct table *table = LIST_ITEM(node, struct table, node);
    for (size_t i = 0; i < table->count; i++) {
        drop(table->rows[i].key);
        drop(table->rows[i].value);
    }
    list_remove(node);
    free(table->rows);
    free(table);
}

struct loop *table_loop(const struct table *table)
{
    return table->loop;
}

// The place of the first row whose key is not before KEY.
static size_t place_of(const struct table *table, bytes_t key)
{
    size_t at = 0;
    while (at < table->count && bytes_compare(table->rows[at].key, key) < 0)
        at++;
    return at;
}

static struct fake_row *row_find(const struct table *table, bytes_t key)
{
    size_t at = place_of(table, key);
    return at < table->count && bytes_equal(table->rows[at].key, key) ? &table->rows[at] : NULL;
}

err_t table_get(const struct table *table, bytes_t key, struct table_row *ret_row)
{
    const struct fake_row *row = row_find(table, key);
    if (row == NULL)
        return ERR_NOT_FOUND;
    *ret_row = (struct table_row){ row->key, row->value, row->version };
    return ERR_OK;
}

bool table_seek(const struct table *table, bytes_t from, bool after, struct table_row *ret_row)
{
    size_t at = place_of(table, from);
    if (after && at < table->count && bytes_equal(table->rows[at].key, from))
        at++;
    if (at == table->count)
        return false;
    *ret_row = (struct table_row){ table->rows[at].key, table->rows[at].value, table->rows[at].version };
    return true;
}

void table_watch(struct table *table, struct table_watch *watch)
{
    list_append(&table->watches, &watch->node);
}

void table_unwatch(struct table_watch *watch)
{
    list_remove(&watch->node);
}

struct put {
    struct message message;
    struct table_op *op;
    bytes_t key, value;
};

static err_t apply(struct table *table, const struct put *put)
{
    struct fake_row *row = row_find(table, put->key);
    if (put->op->expected_version != TABLE_ANY && put->op->expected_version != (row == NULL ? 0 : row->version))
        return ERR_CONFLICT;
    if (put->value.data == NULL && row == NULL)
        return ERR_NOT_FOUND;
    struct fake_row old = row == NULL ? (struct fake_row){ 0 } : *row;
    if (row != NULL && put->value.data == NULL) {
        size_t at = (size_t)(row - table->rows);
        memmove(row, row + 1, (--table->count - at) * sizeof(*row));
    } else if (row != NULL) {
        row->value = copy(put->value);
        row->version = ++table->version;
    } else {
        size_t at = place_of(table, put->key);
        MEM_GROW(table->rows, table->count, table->capacity);
        memmove(&table->rows[at + 1], &table->rows[at], (table->count++ - at) * sizeof(*row));
        table->rows[at] = (struct fake_row){ copy(put->key), copy(put->value), ++table->version };
    }
    struct table_row shown = { put->key, put->value, table->version };
    struct table_row shown_old = { old.key, old.value, old.version };
    LIST_EACH(&table->watches, node)
    {
        struct table_watch *watch = LIST_ITEM(node, struct table_watch, node);
        watch->on_change(watch, &shown, old.key.data == NULL ? NULL : &shown_old);
    }
    drop(old.value);
    if (put->value.data == NULL)
        drop(old.key);
    return ERR_OK;
}

static void on_answered(struct message *message)
{
    struct table_op *op = CONTAINER_OF(message, struct table_op, message);
    op->on_done(op);
}

static void on_put(struct message *message)
{
    struct put *put = CONTAINER_OF(message, struct put, message);
    struct table_op *op = put->op;
    op->err = fake_store_put_error(op->table->store);
    if (op->err == ERR_OK)
        op->err = apply(op->table, put);
    op->version = op->table->version;
    drop(put->key);
    drop(put->value);
    free(put);
    op->message.on_message = on_answered;
    loop_post(op->from, &op->message);
}

void table_put(struct table_op *op)
{
    struct put *put = mem_zalloc(1, sizeof(*put));
    put->op = op;
    put->key = copy(op->key);
    put->value = copy(op->value);
    put->message.on_message = on_put;
    op->from = loop_current() == NULL ? op->table->loop : loop_current();
    loop_post(op->table->loop, &put->message);
}

static void on_sync(struct message *message)
{
    struct table_op *op = CONTAINER_OF(message, struct table_op, message);
    op->err = ERR_OK; // what was asked for before it came before it
    op->message.on_message = on_answered;
    loop_post(op->from, &op->message);
}

void table_sync(struct table_op *op)
{
    op->from = loop_current() == NULL ? op->table->loop : loop_current();
    op->message.on_message = on_sync;
    loop_post(op->table->loop, &op->message);
}
