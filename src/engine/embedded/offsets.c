// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/offsets.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/reader.h"
#include "io/clock.h"

#include <stdlib.h>

enum {
    KEY_VERSION = 1, // 0 is the same with another number
    VALUE_VERSION = 3,
    VALUE_VERSION_EXPIRES = 1, // the only one with expireTimestamp
    VALUE_VERSION_EPOCH = 3,   // from here on with leaderEpoch
    VALUE_VERSION_FLEXIBLE = 4,
};

err_t offsets_open(struct offsets *offsets, struct store *store, diag_t *diag)
{
    offsets->store = store;
    return table_open(store, OFFSETS_TOPIC, &offsets->table, diag);
}

struct loop *offsets_loop(const struct offsets *offsets)
{
    return table_loop(offsets->table);
}

// --- wire (OffsetCommitKey.json, OffsetCommitValue.json of Kafka's group coordinator)

static void string_write(struct writer *w, bytes_t text)
{
    writer_u16(w, (uint16_t)text.size);
    writer_bytes(w, text);
}

void offsets_prefix_write(struct writer *w, bytes_t group)
{
    writer_i16(w, KEY_VERSION);
    string_write(w, group);
}

void offsets_key_write(struct writer *w, bytes_t group, bytes_t topic, int32_t partition)
{
    offsets_prefix_write(w, group);
    string_write(w, topic);
    writer_i32(w, partition);
}

void offsets_value_write(struct writer *w, const struct engine_offset *offset, int64_t now_ms)
{
    // As Kafka does it: a time of expiry has a version of its own, without the epoch.
    bool expires = offset->expire_time_ms > 0;
    writer_i16(w, expires ? VALUE_VERSION_EXPIRES : VALUE_VERSION);
    writer_i64(w, offset->offset);
    if (!expires)
        writer_i32(w, offset->leader_epoch);
    string_write(w, offset->metadata);
    writer_i64(w, now_ms);
    if (expires)
        writer_i64(w, offset->expire_time_ms);
}

static bytes_t string_read(struct reader *r)
{
    return reader_bytes(r, reader_u16(r));
}

static bytes_t compact_string_read(struct reader *r)
{
    uint32_t size = reader_uvarint(r);
    if (size == 0)
        reader_fail(r, ERR_MALFORMED);
    return reader_bytes(r, size == 0 ? 0 : size - 1);
}

err_t offsets_row_read(bytes_t key, bytes_t value, struct engine_offset *ret_offset)
{
    struct reader r = reader_of(key);
    struct engine_offset offset = { .leader_epoch = -1 };
    int16_t key_version = reader_i16(&r);
    if (r.err == ERR_OK && (key_version < 0 || key_version > KEY_VERSION))
        return ERR_UNSUPPORTED; // of a group's metadata, for one
    offset.group = string_read(&r);
    offset.topic = string_read(&r);
    offset.partition = reader_i32(&r);
    if (r.err != ERR_OK)
        return r.err;
    r = reader_of(value);
    int16_t version = reader_i16(&r);
    if (r.err == ERR_OK && (version < 0 || version > VALUE_VERSION_FLEXIBLE))
        return ERR_UNSUPPORTED;
    offset.offset = reader_i64(&r);
    if (version >= VALUE_VERSION_EPOCH)
        offset.leader_epoch = reader_i32(&r);
    offset.metadata = version >= VALUE_VERSION_FLEXIBLE ? compact_string_read(&r) : string_read(&r);
    offset.commit_time_ms = reader_i64(&r);
    if (version == VALUE_VERSION_EXPIRES)
        offset.expire_time_ms = reader_i64(&r);
    if (r.err != ERR_OK)
        return r.err;
    *ret_offset = offset;
    return ERR_OK;
}

// --- on the loop

err_t offsets_find(const struct offsets *offsets, bytes_t group, bytes_t topic, int32_t partition,
                   struct engine_offset *ret_offset)
{
    struct writer key = WRITER_INIT;
    offsets_key_write(&key, group, topic, partition);
    struct table_row row;
    err_t err = table_get(offsets->table, writer_view(&key), &row);
    writer_free(&key);
    return err == ERR_OK ? offsets_row_read(row.key, row.value, ret_offset) : err;
}

bool offsets_walk_next(const struct offsets *offsets, struct offsets_walk *walk, struct engine_offset *ret_offset)
{
    struct writer prefix = WRITER_INIT;
    offsets_prefix_write(&prefix, walk->group);
    bytes_t from = writer_view(&prefix);
    struct table_row row = { .key = walk->key.data == NULL ? from : walk->key };
    bool found = table_seek(offsets->table, row.key, walk->key.data != NULL, &row);
    found = found && bytes_starts_with(row.key, from);
    while (found && offsets_row_read(row.key, row.value, ret_offset) != ERR_OK) {
        found = table_seek(offsets->table, row.key, true, &row);
        found = found && bytes_starts_with(row.key, from);
    }
    writer_free(&prefix);
    walk->key = row.key;
    return found;
}

// --- commit

struct commit_put {
    struct table_op op;
    struct commit_state *state;
};

struct commit_state {
    struct engine_commit_op *op;
    struct message settled; // when nothing had to be written
    size_t left;
    struct commit_put puts[];
};

static void commit_end(struct commit_state *state)
{
    struct engine_commit_op *op = state->op;
    free(state);
    op->on_done(op);
}

static void on_put(struct table_op *put)
{
    struct commit_state *state = CONTAINER_OF(put, struct commit_put, op)->state;
    // To forget what was not known is no failure.
    if (put->err != ERR_OK && put->err != ERR_NOT_FOUND && state->op->err == ERR_OK)
        state->op->err = put->err;
    if (--state->left == 0)
        commit_end(state);
}

static void on_settled(struct message *message)
{
    commit_end(CONTAINER_OF(message, struct commit_state, settled));
}

bool offsets_item_fits(const struct engine_offset *item)
{
    return item->group.size <= INT16_MAX && item->topic.size <= INT16_MAX && item->metadata.size <= INT16_MAX &&
           item->partition >= 0 && item->offset >= -1;
}

void offsets_commit(struct offsets *offsets, struct engine_commit_op *op)
{
    struct commit_state *state = mem_zalloc(1, sizeof *state + op->count * sizeof state->puts[0]);
    struct writer key = WRITER_INIT, value = WRITER_INIT;
    int64_t now_ms = clock_wall_ms();
    state->op = op;
    op->err = ERR_OK;
    state->left = op->count;
    for (size_t i = 0; i < op->count; i++) {
        const struct engine_offset *item = &op->items[i];
        struct commit_put *put = &state->puts[i];
        if (!offsets_item_fits(item)) {
            op->err = ERR_INVALID;
            state->left--;
            continue;
        }
        writer_reset(&key);
        writer_reset(&value);
        offsets_key_write(&key, item->group, item->topic, item->partition);
        offsets_value_write(&value, item, now_ms);
        put->state = state;
        put->op = (struct table_op){ .table = offsets->table,
                                     .on_done = on_put,
                                     .key = writer_view(&key),
                                     .value = item->offset < 0 ? BYTES_NULL : writer_view(&value),
                                     .expected_version = TABLE_ANY };
        table_put(&put->op);
    }
    writer_free(&key);
    writer_free(&value);
    if (state->left > 0)
        return;
    state->settled.on_message = on_settled;
    loop_post(loop_current(), &state->settled);
}

// --- fetch

struct fetch_state {
    struct offsets *offsets;
    struct engine_fetch_op *op;
    struct table_op sync;
    struct arena arena;
    struct engine_offset *items;
    size_t count, capacity;
};

static void on_fetched(struct message *message)
{
    struct engine_fetch_op *op = CONTAINER_OF(message, struct engine_fetch_op, message);
    struct fetch_state *state = op->state;
    op->on_done(op);
    arena_free(&state->arena);
    free(state->items);
    free(state);
}

static void fetch_add(struct fetch_state *state, const struct engine_offset *offset)
{
    MEM_GROW(state->items, state->count, state->capacity);
    struct engine_offset *item = &state->items[state->count++];
    *item = *offset;
    item->group = arena_copy(&state->arena, offset->group);
    item->topic = arena_copy(&state->arena, offset->topic);
    item->metadata = arena_copy(&state->arena, offset->metadata);
}

static void on_synced(struct table_op *sync)
{
    struct fetch_state *state = CONTAINER_OF(sync, struct fetch_state, sync);
    struct engine_fetch_op *op = state->op;
    struct offsets_walk walk = { .group = op->group };
    struct engine_offset offset;
    while (offsets_walk_next(state->offsets, &walk, &offset))
        fetch_add(state, &offset);
    op->items = state->items;
    op->count = state->count;
    op->err = ERR_OK;
    op->message.on_message = on_fetched;
    loop_post(op->answer, &op->message);
}

// What was committed before is seen: rows show what is durable.
static void on_fetch(struct message *message)
{
    struct engine_fetch_op *op = CONTAINER_OF(message, struct engine_fetch_op, message);
    struct fetch_state *state = op->state;
    state->sync = (struct table_op){ .table = state->offsets->table, .on_done = on_synced };
    table_sync(&state->sync);
}

void offsets_fetch(struct offsets *offsets, struct engine_fetch_op *op)
{
    struct fetch_state *state = mem_zalloc(1, sizeof *state);
    state->offsets = offsets;
    state->op = op;
    op->state = state;
    op->answer = loop_current();
    op->message.on_message = on_fetch;
    loop_post(offsets_loop(offsets), &op->message);
}

// --- a topic that was deleted

struct forget_put {
    struct table_op op;
    struct offsets_forget *forget;
};

static void on_forgotten(struct message *message)
{
    struct offsets_forget *forget = CONTAINER_OF(message, struct offsets_forget, message);
    forget->on_done(forget);
}

static void forget_release(struct offsets_forget *forget)
{
    if (--forget->left > 0)
        return;
    forget->message.on_message = on_forgotten;
    loop_post(forget->answer, &forget->message);
}

static void on_row_forgotten(struct table_op *op)
{
    struct forget_put *put = CONTAINER_OF(op, struct forget_put, op);
    struct offsets_forget *forget = put->forget;
    // What is gone, or was committed meanwhile, is no failure.
    if (op->err != ERR_OK && op->err != ERR_NOT_FOUND && op->err != ERR_CONFLICT && op->err != ERR_CLOSED)
        log_line(LOG_ERROR, "an offset in a deleted topic cannot be removed",
                 LOG_FIELDS(log_bytes("topic", forget->topic), log_err(op->err)));
    free(put);
    forget_release(forget);
}

static void on_forget(struct message *message)
{
    struct offsets_forget *forget = CONTAINER_OF(message, struct offsets_forget, message);
    struct table *table = forget->offsets->table;
    struct table_row row = { 0 };
    forget->left = 1; // for this walk
    while (table_seek(table, row.key, row.key.data != NULL, &row)) {
        struct engine_offset offset;
        if (offsets_row_read(row.key, row.value, &offset) != ERR_OK || !bytes_equal(offset.topic, forget->topic))
            continue;
        struct forget_put *put = mem_zalloc(1, sizeof *put);
        put->forget = forget;
        put->op = (struct table_op){
            .table = table, .on_done = on_row_forgotten, .key = row.key, .expected_version = row.version
        };
        forget->left++;
        table_put(&put->op);
    }
    forget_release(forget);
}

void offsets_forget_topic(struct offsets *offsets, struct offsets_forget *forget)
{
    forget->offsets = offsets;
    forget->answer = loop_current();
    forget->message.on_message = on_forget;
    loop_post(offsets_loop(offsets), &forget->message);
}
