// SPDX-License-Identifier: Apache-2.0
// The driver's table, and what is only a translation: topics and tables.
#include "engine/embedded/impl.h"

#include "base/mem.h"
#include "store/partition.h"

#include <stdlib.h>

// --- topics

struct topic_call {
    struct topic_op op;
    struct embedded *embedded;
    struct engine_topic_op *asked;
    struct offsets_forget forget; // what groups have in a topic that was deleted
};

static void topic_answer(struct topic_call *call, err_t err)
{
    struct engine_topic_op *asked = call->asked;
    asked->err = err;
    asked->diag = call->op.diag;
    topic_unref(call->op.topic);
    free(call);
    asked->on_done(asked);
}

static void on_forgotten(struct offsets_forget *forget)
{
    topic_answer(CONTAINER_OF(forget, struct topic_call, forget), ERR_OK);
}

static void on_deleted(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    if (op->err != ERR_OK) {
        topic_answer(call, op->err);
        return;
    }
    call->forget = (struct offsets_forget){ .topic = op->name, .on_done = on_forgotten };
    offsets_forget_topic(&call->embedded->offsets, &call->forget);
}

static void on_ensured(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    const struct topic *topic = op->err == ERR_OK ? op->topic : NULL;
    if (op->err == ERR_EXISTS)
        topic = topic_find(call->embedded->store, op->name);
    call->asked->found_count = topic == NULL ? 0 : topic->partition_count;
    topic_answer(call, topic != NULL ? ERR_OK : op->err);
}

static struct topic_call *topic_call_new(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = mem_zalloc(1, sizeof *call);
    call->embedded = embedded_of(engine);
    call->asked = op;
    call->op.name = op->name;
    call->op.partition_count = op->partition_count;
    call->op.config_names = op->config_names;
    call->op.config_values = op->config_values;
    call->op.config_count = op->config_count;
    return call;
}

static void topic_ensure(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = topic_call_new(engine, op);
    call->op.on_done = on_ensured;
    topic_create(call->embedded->store, &call->op);
}

static void topic_remove(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = topic_call_new(engine, op);
    call->op.on_done = on_deleted;
    topic_delete(call->embedded->store, &call->op);
}

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
    .topic_ensure = topic_ensure,
    .topic_delete = topic_remove,
    .partition_loop = loop_of,
    .append = embedded_append,
    .reader_open = embedded_reader_open,
    .reader_next = embedded_reader_next,
    .reader_close = embedded_reader_close,
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
