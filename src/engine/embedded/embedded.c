// SPDX-License-Identifier: Apache-2.0
// The driver's table, and what is only a translation: offsets and tables.
#include "engine/embedded/impl.h"

#include "base/mem.h"
#include "store/partition.h"

#include <stdlib.h>

static struct loop *loop_of(struct engine *engine, bytes_t topic, int32_t partition)
{
    return partition_loop_of(embedded_of(engine)->store, topic, partition);
}

// --- offsets

static void commit(struct engine *engine, struct engine_commit_op *op)
{
    offsets_commit(&embedded_of(engine)->offsets, op);
}

static void fetch(struct engine *engine, struct engine_fetch_op *op)
{
    offsets_fetch(&embedded_of(engine)->offsets, op);
}

// --- tables

static err_t open_table(struct engine *engine, const char *topic, struct engine_table **ret_table, diag_t *diag)
{
    struct embedded *embedded = embedded_of(engine);
    struct table *rows;
    err_t err = table_open(embedded->store, topic, &rows, diag);
    if (err != ERR_OK)
        return err;
    struct embedded_table *table = mem_zalloc(1, sizeof *table);
    table->table.engine = engine;
    table->rows = rows;
    table->name = mem_text(topic);
    list_append(&embedded->tables, &table->node);
    *ret_table = &table->table;
    return ERR_OK;
}

static struct loop *rows_loop(const struct engine_table *table)
{
    return table_loop(embedded_rows(table));
}

static err_t rows_get(const struct engine_table *table, bytes_t key, struct table_row *ret_row)
{
    return table_get(embedded_rows(table), key, ret_row);
}

static bool rows_next(const struct engine_table *table, bytes_t from, bool after, struct table_row *ret_row)
{
    return table_seek(embedded_rows(table), from, after, ret_row);
}

static int64_t rows_version(const struct engine_table *table)
{
    return table_version(embedded_rows(table));
}

static void on_put(struct table_op *put)
{
    struct engine_put_op *op = CONTAINER_OF(put, struct engine_put_op, op);
    op->err = put->err;
    op->version = put->version;
    op->on_done(op);
}

static void rows_put(struct engine_put_op *op)
{
    op->op = (struct table_op){ .table = embedded_rows(op->table),
                                .on_done = on_put,
                                .key = op->key,
                                .value = op->value,
                                .expected_version = op->expected_version };
    table_put(&op->op);
}

static void rows_watch(struct engine_table *table, struct table_watch *watch)
{
    table_watch(embedded_rows(table), watch);
}

static const struct engine_driver driver = {
    .topic_ensure = embedded_topic_ensure,
    .topic_delete = embedded_topic_delete,
    .topic_describe = embedded_topic_describe,
    .topic_alter = embedded_topic_alter,
    .partition_loop = loop_of,
    .append = embedded_append,
    .reader_open = embedded_reader_open,
    .reader_next = embedded_reader_next,
    .reader_close = embedded_reader_close,
    .offset_find = embedded_offset_find,
    .offsets_commit = commit,
    .offsets_fetch = fetch,
    .table_open = open_table,
    .table_loop = rows_loop,
    .table_get = rows_get,
    .table_seek = rows_next,
    .table_version = rows_version,
    .table_put = rows_put,
    .table_watch = rows_watch,
    .table_unwatch = table_unwatch,
    .transaction = transactions_ask,
};

err_t embedded_open(struct store *store, struct engine **ret_engine, diag_t *diag)
{
    struct embedded *embedded = mem_zalloc(1, sizeof *embedded);
    embedded->engine.driver = &driver;
    embedded->store = store;
    list_init(&embedded->tables);
    err_t err = offsets_open(&embedded->offsets, store, diag);
    if (err == ERR_OK)
        err = transactions_open(&embedded->transactions, embedded, diag);
    if (err != ERR_OK) {
        transactions_free(&embedded->transactions);
        free(embedded);
        return err;
    }
    embedded->loop_count = store_loop_count(store);
    embedded->outboxes = mem_zalloc(embedded->loop_count, sizeof *embedded->outboxes);
    for (size_t i = 0; i < embedded->loop_count; i++)
        outbox_init(&embedded->outboxes[i], embedded, store_loop(store, i));
    *ret_engine = &embedded->engine;
    return ERR_OK;
}

void embedded_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    struct embedded *embedded = embedded_of(engine);
    transactions_free(&embedded->transactions);
    for (size_t i = 0; i < embedded->loop_count; i++)
        outbox_free(&embedded->outboxes[i]);
    LIST_EACH(&embedded->tables, node)
    {
        struct embedded_table *table = LIST_ITEM(node, struct embedded_table, node);
        free(table->name);
        free(table);
    }
    free(embedded->outboxes);
    free(embedded);
}

void embedded_on_ready(struct engine *engine, void (*on_ready)(void *owner), void *owner)
{
    transactions_on_ready(&embedded_of(engine)->transactions, on_ready, owner);
}

void embedded_stop(struct engine *engine, void (*on_stopped)(void *owner), void *owner)
{
    transactions_stop(&embedded_of(engine)->transactions, on_stopped, owner);
}

struct offsets *embedded_offsets(struct engine *engine)
{
    return &embedded_of(engine)->offsets;
}
