// SPDX-License-Identifier: Apache-2.0
#include "store/compact.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/map.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/random.h"
#include "store/segment_read.h"

#include <stdlib.h>

enum {
    READ_SIZE = 1 << 20,
    WRITE_SIZE = 1 << 20,
    RECORDS_MAX_SIZE = 256 << 20, // of one batch, decompressed
    PRODUCERS_MAX = 100000,
};

// The last batch of a producer in the scanned files.
struct producer_end {
    struct map_node node;
    int64_t id;
    int64_t last_offset;
};

struct compact {
    const struct compact_plan *plan;
    struct key_map *keys;
    int64_t end_offset;
    struct map producers;
    bool all_producers; // there were too many to know: every batch may be the last
};

static bytes_t producer_key(const struct map_node *node)
{
    const struct producer_end *end = CONTAINER_OF_CONST(node, struct producer_end, node);
    return bytes_of(&end->id, sizeof(end->id));
}

// --- walking a file

struct walker {
    struct file *file;
    uint64_t at, size;
    struct buf *buf; // holds the batch, at its start
    err_t err;
};

static err_t walker_open(struct walker *walker, const struct compact_file *from)
{
    *walker = (struct walker){ .size = from->size, .buf = buf_new(READ_SIZE) };
    return file_open(from->path, 0, &walker->file);
}

static void walker_close(struct walker *walker)
{
    file_close(walker->file);
    buf_unref(walker->buf);
}

// The next batch, with its records when RECORDS says so; false at the end or with walker->err.
static bool walker_next(struct walker *walker, struct batch_header *ret_header, bytes_t *ret_batch)
{
    if (walker->at + BATCH_HEADER_SIZE > walker->size)
        return false;
    size_t got = 0;
    walker->err = file_read_at(walker->file, walker->at, walker->buf->data, BATCH_HEADER_SIZE, &got);
    if (walker->err == ERR_OK)
        walker->err = batch_header_read(bytes_of(walker->buf->data, got), ret_header);
    if (walker->err != ERR_OK)
        return false;
    size_t size = batch_header_size(ret_header);
    if (size > walker->size - walker->at) {
        walker->err = ERR_CORRUPT;
        return false;
    }
    if (size > walker->buf->capacity) {
        buf_unref(walker->buf);
        walker->buf = buf_new(size);
    }
    walker->err = file_read_at(walker->file, walker->at, walker->buf->data, size, &got);
    // What is damaged must not get a new CRC by being written again.
    if (walker->err == ERR_OK)
        walker->err = segment_batch_check(bytes_of(walker->buf->data, got), ret_header);
    if (walker->err == ERR_TRUNCATED)
        walker->err = ERR_CORRUPT;
    if (walker->err != ERR_OK)
        return false;
    walker->at += size;
    *ret_batch = bytes_of(walker->buf->data, size);
    return true;
}

// --- the first pass

static void note_producer(struct compact *compact, const struct batch_header *header)
{
    if (header->producer_id < 0 || compact->all_producers)
        return;
    bytes_t key = bytes_of(&header->producer_id, sizeof(header->producer_id));
    struct map_node *node = map_find(&compact->producers, key);
    if (node == NULL) {
        if (compact->producers.count == PRODUCERS_MAX) {
            compact->all_producers = true;
            return;
        }
        struct producer_end *end = mem_zalloc(1, sizeof(*end));
        end->id = header->producer_id;
        map_insert(&compact->producers, &end->node);
        node = &end->node;
    }
    CONTAINER_OF(node, struct producer_end, node)->last_offset = batch_last_offset(header);
}

// Notes the keys of one batch; false when the map is full: the batch is not covered then.
static err_t note_keys(struct compact *compact, const struct batch_header *header, bytes_t batch, struct writer *room,
                       bool *ret_full)
{
    bytes_t records;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, room, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (record_walk_next(&walk, &record)) {
        int64_t offset = record_offset(header, &record);
        if (offset < compact->plan->dirty_from || record.key.data == NULL)
            continue;
        if (!key_map_put(compact->keys, record.key, offset)) {
            *ret_full = true;
            return ERR_OK;
        }
    }
    return walk.err;
}

static err_t scan_file(struct compact *compact, const struct compact_file *from, struct writer *room, bool *ret_full)
{
    struct walker walker;
    err_t err = walker_open(&walker, from);
    struct batch_header header;
    bytes_t batch;
    while (err == ERR_OK && walker_next(&walker, &header, &batch)) {
        writer_reset(room);
        note_producer(compact, &header);
        if ((header.attributes & (BATCH_TRANSACTIONAL | BATCH_CONTROL)) != 0)
            err = ERR_UNSUPPORTED;
        else if (!*ret_full && batch_last_offset(&header) >= compact->plan->dirty_from)
            err = note_keys(compact, &header, batch, room, ret_full);
        if (err == ERR_OK && !*ret_full)
            compact->end_offset = batch_last_offset(&header) + 1;
    }
    if (err == ERR_OK)
        err = walker.err;
    walker_close(&walker);
    return err;
}

err_t compact_scan(const struct compact_plan *plan, struct compact **ret_compact)
{
    struct compact *compact = mem_zalloc(1, sizeof(*compact));
    struct siphash_secret secret = { random_u64(), random_u64() };
    compact->plan = plan;
    compact->keys = key_map_new(plan->map_size, secret);
    compact->producers = MAP_INIT(producer_key);
    struct writer room = WRITER_INIT;
    bool is_full = false;
    err_t err = ERR_OK;
    for (size_t i = 0; i < plan->file_count && err == ERR_OK; i++)
        err = scan_file(compact, &plan->files[i], &room, &is_full);
    writer_free(&room);
    if (err != ERR_OK) {
        compact_free(compact);
        return err;
    }
    *ret_compact = compact;
    return ERR_OK;
}

void compact_free(struct compact *compact)
{
    if (compact == NULL)
        return;
    key_map_free(compact->keys);
    struct map_node *node = map_next(&compact->producers, NULL);
    while (node != NULL) {
        struct map_node *next = map_next(&compact->producers, node);
        free(CONTAINER_OF(node, struct producer_end, node));
        node = next;
    }
    map_free(&compact->producers);
    free(compact);
}

int64_t compact_end_offset(const struct compact *compact)
{
    return compact->end_offset;
}

// --- the second pass

struct rewriting {
    const struct compact *compact;
    struct file *file;
    struct writer out;  // not written yet
    struct writer room; // decompressed records
    uint64_t written;
    struct compact_result result;
};

static err_t out_flush(struct rewriting *rewriting)
{
    bytes_t bytes = writer_view(&rewriting->out);
    if (bytes.size == 0)
        return ERR_OK;
    err_t err = file_write_at(rewriting->file, rewriting->written, &bytes, 1);
    rewriting->written += bytes.size;
    writer_reset(&rewriting->out);
    return err;
}

static err_t out_batch(struct rewriting *rewriting, bytes_t batch)
{
    writer_bytes(&rewriting->out, batch);
    return rewriting->out.size < WRITE_SIZE ? ERR_OK : out_flush(rewriting);
}

static bool is_producers_last(const struct compact *compact, const struct batch_header *header)
{
    if (header->producer_id < 0)
        return false;
    if (compact->all_producers)
        return true;
    const struct map_node *node =
        map_find(&compact->producers, bytes_of(&header->producer_id, sizeof(header->producer_id)));
    return node != NULL &&
           CONTAINER_OF_CONST(node, struct producer_end, node)->last_offset == batch_last_offset(header);
}

// What happens to one batch, found before anything is written.
struct verdict {
    int32_t kept, tombstones;
};

static bool record_stays(const struct compact *compact, const struct batch_header *header, const struct record *record)
{
    int64_t offset = record_offset(header, record);
    if (offset >= compact->end_offset)
        return true;
    // Kafka's cleaner too drops what has no key: nothing could ever replace it.
    if (record->key.data == NULL)
        return false;
    if (key_map_get(compact->keys, record->key) > offset)
        return false;
    bool is_expired =
        (header->attributes & BATCH_DELETE_HORIZON) != 0 && header->base_timestamp <= compact->plan->now_ms;
    return record->value.data != NULL || !is_expired || offset >= compact->plan->tombstones_from;
}

static err_t batch_judge(const struct compact *compact, const struct batch_header *header, bytes_t records,
                         struct verdict *ret_verdict)
{
    *ret_verdict = (struct verdict){ 0 };
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (record_walk_next(&walk, &record)) {
        if (!record_stays(compact, header, &record))
            continue;
        ret_verdict->kept++;
        ret_verdict->tombstones += record.value.data == NULL && record_offset(header, &record) < compact->end_offset;
    }
    return walk.err;
}

static err_t batch_rewrite(struct rewriting *rewriting, const struct batch_header *header, bytes_t records,
                           bool sets_horizon)
{
    struct batch_header changed = *header;
    if (sets_horizon) {
        changed.attributes |= BATCH_DELETE_HORIZON;
        changed.base_timestamp = rewriting->compact->plan->now_ms + rewriting->compact->plan->delete_retention_ms;
    }
    struct batch_builder builder;
    batch_builder_init_like(&builder, &changed);
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (record_walk_next(&walk, &record)) {
        if (record_stays(rewriting->compact, header, &record))
            batch_builder_add_record(&builder, &record, record_timestamp(header, &record));
    }
    struct slice batch;
    err_t err = batch_builder_finish(&builder, &batch);
    if (err == ERR_OK) {
        err = out_batch(rewriting, batch.bytes);
        slice_free(&batch);
    }
    batch_builder_free(&builder);
    return err;
}

static err_t batch_compact(struct rewriting *rewriting, const struct batch_header *header, bytes_t batch)
{
    const struct compact *compact = rewriting->compact;
    rewriting->result.records_before += (uint64_t)header->record_count;
    if (header->base_offset >= compact->end_offset) {
        rewriting->result.records_after += (uint64_t)header->record_count;
        return out_batch(rewriting, batch);
    }
    writer_reset(&rewriting->room);
    bytes_t records;
    struct verdict verdict;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &rewriting->room, &records);
    if (err == ERR_OK)
        err = batch_judge(compact, header, records, &verdict);
    if (err != ERR_OK)
        return err;
    rewriting->result.records_after += (uint64_t)verdict.kept;
    bool sets_horizon = verdict.tombstones > 0 && (header->attributes & BATCH_DELETE_HORIZON) == 0;
    if (verdict.kept == header->record_count && !sets_horizon && verdict.kept > 0)
        return out_batch(rewriting, batch);
    if (verdict.kept == 0 && !is_producers_last(compact, header))
        return ERR_OK;
    return batch_rewrite(rewriting, header, records, sets_horizon);
}

static err_t file_compact(struct rewriting *rewriting, const struct compact_file *from)
{
    struct walker walker;
    err_t err = walker_open(&walker, from);
    struct batch_header header;
    bytes_t batch;
    while (err == ERR_OK && walker_next(&walker, &header, &batch))
        err = batch_compact(rewriting, &header, batch);
    if (err == ERR_OK)
        err = walker.err;
    walker_close(&walker);
    rewriting->result.bytes_before += from->size;
    return err;
}

err_t compact_write(const struct compact *compact, size_t first, size_t last, const char *path,
                    struct compact_result *ret_result)
{
    struct rewriting rewriting = { .compact = compact };
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &rewriting.file);
    if (err != ERR_OK)
        return err;
    for (size_t i = first; i <= last && err == ERR_OK; i++)
        err = file_compact(&rewriting, &compact->plan->files[i]);
    if (err == ERR_OK)
        err = out_flush(&rewriting);
    if (err == ERR_OK)
        err = file_sync(rewriting.file);
    file_close(rewriting.file);
    writer_free(&rewriting.out);
    writer_free(&rewriting.room);
    rewriting.result.bytes_after = rewriting.written;
    if (err != ERR_OK) {
        // Left behind, it would be removed at the next start.
        (void)!file_remove(path);
        return err;
    }
    *ret_result = rewriting.result;
    return ERR_OK;
}
