// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/fake_engine.h"

#include "base/mem.h"

#include <stdlib.h>

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

static struct fake_engine *fake_of(const struct engine_table *table)
{
    return CONTAINER_OF(table->engine, struct fake_engine, engine);
}

// The place of the first row whose key is not before KEY.
static size_t place_of(const struct fake_engine *fake, bytes_t key)
{
    size_t at = 0;
    while (at < fake->count && bytes_compare(fake->rows[at].key, key) < 0)
        at++;
    return at;
}

static struct fake_row *row_find(const struct fake_engine *fake, bytes_t key)
{
    size_t at = place_of(fake, key);
    return at < fake->count && bytes_equal(fake->rows[at].key, key) ? &fake->rows[at] : NULL;
}

// --- changes

struct put {
    struct message message;
    struct engine_put_op *op;
    bytes_t key, value;
};

static void tell(struct fake_engine *fake, const struct table_row *row, const struct table_row *old)
{
    LIST_EACH(&fake->watches, node)
    {
        struct table_watch *watch = LIST_ITEM(node, struct table_watch, node);
        watch->on_change(watch, row, old);
    }
}

static void row_set(struct fake_engine *fake, bytes_t key, bytes_t value)
{
    struct fake_row *row = row_find(fake, key);
    if (row == NULL) {
        size_t at = place_of(fake, key);
        MEM_GROW(fake->rows, fake->count, fake->capacity);
        memmove(&fake->rows[at + 1], &fake->rows[at], (fake->count++ - at) * sizeof *fake->rows);
        fake->rows[at] = (struct fake_row){ copy(key), copy(value), fake->version };
        return;
    }
    if (value.data != NULL) {
        row->value = copy(value);
        row->version = fake->version;
        return;
    }
    size_t at = (size_t)(row - fake->rows);
    memmove(row, row + 1, (--fake->count - at) * sizeof *row);
}

static err_t apply(struct fake_engine *fake, const struct put *put)
{
    const struct fake_row *row = row_find(fake, put->key);
    int64_t present = row == NULL ? TABLE_ABSENT : row->version;
    if (fake->put_error != ERR_OK)
        return fake->put_error;
    if (put->op->expected_version != TABLE_ANY && put->op->expected_version != present)
        return ERR_CONFLICT;
    if (put->value.data == NULL && row == NULL)
        return ERR_NOT_FOUND;
    struct fake_row old = row == NULL ? (struct fake_row){ 0 } : *row;
    fake->version++;
    row_set(fake, put->key, put->value);
    MEM_GROW(fake->log, fake->log_count, fake->log_capacity);
    fake->log[fake->log_count++] = (struct fake_record){ copy(put->key), copy(put->value) };
    struct table_row shown = { put->key, put->value, fake->version };
    struct table_row shown_old = { old.key, old.value, old.version };
    tell(fake, &shown, old.key.data == NULL ? NULL : &shown_old);
    drop(old.value);
    if (put->value.data == NULL)
        drop(old.key);
    return ERR_OK;
}

static void on_put(struct message *message)
{
    struct put *put = CONTAINER_OF(message, struct put, message);
    struct engine_put_op *op = put->op;
    struct fake_engine *fake = fake_of(op->table);
    op->err = apply(fake, put);
    const struct fake_row *row = row_find(fake, put->key);
    op->version = op->err == ERR_CONFLICT ? (row == NULL ? TABLE_ABSENT : row->version) : fake->version;
    drop(put->key);
    drop(put->value);
    free(put);
    fake->pending--;
    op->on_done(op);
}

static void fake_put(struct engine_put_op *op)
{
    struct put *put = mem_zalloc(1, sizeof *put);
    put->op = op;
    put->key = copy(op->key);
    put->value = copy(op->value);
    put->message.on_message = on_put;
    fake_of(op->table)->pending++;
    loop_post(fake_of(op->table)->loop, &put->message);
}

// --- the rest of a table

static err_t fake_open(struct engine *engine, const char *topic, struct engine_table **ret_table, diag_t *diag)
{
    struct fake_engine *fake = CONTAINER_OF(engine, struct fake_engine, engine);
    (void)topic;
    (void)diag;
    *ret_table = &fake->table;
    return ERR_OK;
}

static struct loop *fake_loop(const struct engine_table *table)
{
    return fake_of(table)->loop;
}

static err_t fake_get(const struct engine_table *table, bytes_t key, struct table_row *ret_row)
{
    const struct fake_row *row = row_find(fake_of(table), key);
    if (row == NULL)
        return ERR_NOT_FOUND;
    *ret_row = (struct table_row){ row->key, row->value, row->version };
    return ERR_OK;
}

static bool fake_seek(const struct engine_table *table, bytes_t from, bool after, struct table_row *ret_row)
{
    const struct fake_engine *fake = fake_of(table);
    size_t at = place_of(fake, from);
    if (after && at < fake->count && bytes_equal(fake->rows[at].key, from))
        at++;
    if (at == fake->count)
        return false;
    *ret_row = (struct table_row){ fake->rows[at].key, fake->rows[at].value, fake->rows[at].version };
    return true;
}

static int64_t fake_version(const struct engine_table *table)
{
    return fake_of(table)->version;
}

static void fake_watch(struct engine_table *table, struct table_watch *watch)
{
    list_append(&fake_of(table)->watches, &watch->node);
}

static void fake_unwatch(struct table_watch *watch)
{
    list_remove(&watch->node);
}

// --- readers

enum { PIECE_MAX = 3 }; // records: so that tests see several pieces

struct engine_reader {
    struct message message;
    struct fake_engine *fake;
    int64_t offset;
    engine_on_records *on_records;
    void *owner;
};

// As a reader of the real engine, it does not tell how many records were there once.
static size_t piece_fill(struct engine_reader *reader, struct engine_record items[PIECE_MAX])
{
    const struct fake_engine *fake = reader->fake;
    size_t count = 0;
    for (; count < PIECE_MAX && reader->offset < (int64_t)fake->log_count; reader->offset++) {
        const struct fake_record *record = &fake->log[reader->offset];
        if (record->key.data != NULL)
            items[count++] =
                (struct engine_record){ .offset = reader->offset, .key = record->key, .value = record->value };
    }
    return count;
}

static void on_read(struct message *message)
{
    struct engine_reader *reader = CONTAINER_OF(message, struct engine_reader, message);
    struct fake_engine *fake = reader->fake;
    struct engine_record items[PIECE_MAX];
    struct engine_records records = { .items = items, .high_watermark = (int64_t)fake->log_count };
    err_t err = fake->reader_error;
    fake->pending--;
    if (err == ERR_OK && reader->offset < (int64_t)fake->log_start)
        err = ERR_OUT_OF_RANGE;
    if (err == ERR_OK)
        records.count = piece_fill(reader, items);
    records.next_offset = err == ERR_OUT_OF_RANGE ? (int64_t)fake->log_start : reader->offset;
    reader->on_records(reader->owner, err, &records);
}

static struct engine_reader *fake_reader_open(struct engine *engine, bytes_t topic, int32_t partition, int64_t offset,
                                              size_t max_size, engine_on_records *on_records, void *owner)
{
    (void)topic;
    (void)partition;
    (void)max_size;
    struct engine_reader *reader = mem_zalloc(1, sizeof *reader);
    *reader = (struct engine_reader){
        { .on_message = on_read }, CONTAINER_OF(engine, struct fake_engine, engine), offset, on_records, owner
    };
    return reader;
}

static void fake_reader_next(struct engine_reader *reader)
{
    reader->fake->pending++;
    loop_post(reader->fake->loop, &reader->message);
}

static void fake_reader_close(struct engine_reader *reader)
{
    free(reader);
}

static const struct engine_driver driver = {
    .topic_ensure = fake_topic_ensure,
    .topic_delete = fake_topic_delete,
    .topic_describe = fake_topic_describe,
    .topic_alter = fake_topic_alter,
    .reader_open = fake_reader_open,
    .reader_next = fake_reader_next,
    .reader_close = fake_reader_close,
    .table_open = fake_open,
    .table_loop = fake_loop,
    .table_get = fake_get,
    .table_seek = fake_seek,
    .table_version = fake_version,
    .table_put = fake_put,
    .table_watch = fake_watch,
    .table_unwatch = fake_unwatch,
};

void fake_engine_init(struct fake_engine *fake, struct loop *loop)
{
    *fake = (struct fake_engine){ .engine = { &driver }, .loop = loop };
    fake->table.engine = &fake->engine;
    list_init(&fake->watches);
}

static void record_drop(struct fake_record *record)
{
    drop(record->key);
    drop(record->value);
    *record = (struct fake_record){ 0 };
}

void fake_engine_compact(struct fake_engine *fake, int64_t version)
{
    record_drop(&fake->log[version - 1]);
}

void fake_engine_restart(struct fake_engine *fake)
{
    list_init(&fake->watches);
}

void fake_engine_deinit(struct fake_engine *fake)
{
    for (size_t i = 0; i < fake->count; i++) {
        drop(fake->rows[i].key);
        drop(fake->rows[i].value);
    }
    for (size_t i = 0; i < fake->log_count; i++)
        record_drop(&fake->log[i]);
    free(fake->rows);
    fake_topics_free(&fake->topics);
    free(fake->log);
}
