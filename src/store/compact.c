// SPDX-License-Identifier: Apache-2.0
#include "store/compact.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/random.h"
#include "store/compact_producers.h"
#include "store/segment_read.h"

#include <stdlib.h>

enum {
    READ_SIZE = 1 << 20,
    WRITE_SIZE = 1 << 20,
    RECORDS_MAX_SIZE = 256 << 20, // of one batch, decompressed
};

struct compact {
    const struct compact_plan *plan;
    struct key_map *keys;
    int64_t end_offset;
    size_t file_count; // that may be written
    struct compact_producers producers;
};

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

// Notes producers and keys; without KEYS only the producers.
struct scan {
    struct compact *compact;
    struct writer room;
    bool producers, keys;
    bool is_full;
    int64_t before; // offsets from here on are not looked at for keys
};

static err_t scan_batch(struct scan *scan, const struct batch_header *header, bytes_t batch)
{
    struct compact *compact = scan->compact;
    err_t err = ERR_OK;
    if (scan->producers)
        err = compact_producers_note(&compact->producers, header, batch);
    if (err != ERR_OK || !scan->keys || scan->is_full || batch_last_offset(header) >= scan->before)
        return err;
    writer_reset(&scan->room);
    bool has_keys = (header->attributes & BATCH_CONTROL) == 0 && batch_last_offset(header) >= compact->plan->dirty_from;
    if (has_keys && !compact_producers_is_aborted(&compact->producers, header))
        err = note_keys(compact, header, batch, &scan->room, &scan->is_full);
    if (err == ERR_OK && !scan->is_full)
        compact->end_offset = batch_last_offset(header) + 1;
    return err;
}

static err_t scan_file(struct scan *scan, const struct compact_file *from)
{
    struct walker walker;
    err_t err = walker_open(&walker, from);
    struct batch_header header;
    bytes_t batch;
    while (err == ERR_OK && walker_next(&walker, &header, &batch)) {
        err = scan_batch(scan, &header, batch);
        // What was aborted is known at the end only: keys wait until then.
        scan->keys = scan->keys && !(scan->producers && scan->compact->producers.transactional);
    }
    if (err == ERR_OK)
        err = walker.err;
    walker_close(&walker);
    return err;
}

static err_t scan_files(struct scan *scan)
{
    const struct compact_plan *plan = scan->compact->plan;
    err_t err = ERR_OK;
    for (size_t i = 0; i < plan->file_count && err == ERR_OK; i++)
        err = scan_file(scan, &plan->files[i]);
    writer_free(&scan->room);
    return err;
}

static void keys_begin(struct compact *compact)
{
    struct siphash_secret secret = { random_u64(), random_u64() };
    key_map_free(compact->keys);
    compact->keys = key_map_new(compact->plan->map_size, secret);
    compact->end_offset = 0;
}

// Files that begin, and end, below the first offset that is not decided.
static void limit_files(struct compact *compact, int64_t undecided)
{
    const struct compact_plan *plan = compact->plan;
    while (compact->file_count > 0 && plan->files[compact->file_count - 1].last_offset >= undecided)
        compact->file_count--;
}

err_t compact_scan(const struct compact_plan *plan, struct compact **ret_compact)
{
    struct compact *compact = mem_zalloc(1, sizeof(*compact));
    compact->plan = plan;
    compact->file_count = plan->file_count;
    compact_producers_init(&compact->producers);
    keys_begin(compact);
    struct scan scan = { .compact = compact, .producers = true, .keys = true, .before = INT64_MAX };
    err_t err = scan_files(&scan);
    if (err == ERR_OK && compact->producers.transactional) {
        keys_begin(compact);
        scan = (struct scan){ .compact = compact, .keys = true };
        scan.before = compact_producers_undecided(&compact->producers);
        limit_files(compact, scan.before);
        err = scan_files(&scan);
    }
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
    compact_producers_free(&compact->producers);
    free(compact);
}

int64_t compact_end_offset(const struct compact *compact)
{
    bool all = compact->file_count == compact->plan->file_count;
    int64_t unwritten = all ? INT64_MAX : compact->plan->files[compact->file_count].base_offset;
    return compact->end_offset < unwritten ? compact->end_offset : unwritten;
}

size_t compact_file_count(const struct compact *compact)
{
    return compact->file_count;
}

// --- the second pass

struct rewriting {
    struct compact *compact;
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

// What happens to one batch, found before anything is written.
struct verdict {
    int32_t kept, tombstones;
};

static bool has_expired(const struct compact *compact, const struct batch_header *header)
{
    return (header->attributes & BATCH_DELETE_HORIZON) != 0 && header->base_timestamp <= compact->plan->now_ms;
}

static bool record_stays(const struct compact *compact, const struct batch_header *header, const struct record *record)
{
    int64_t offset = record_offset(header, record);
    if (offset >= compact->end_offset || (header->attributes & BATCH_CONTROL) != 0)
        return true;
    // Kafka's cleaner too drops what has no key: nothing could ever replace it.
    if (record->key.data == NULL)
        return false;
    if (key_map_get(compact->keys, record->key) > offset)
        return false;
    return record->value.data != NULL || !has_expired(compact, header) || offset >= compact->plan->tombstones_from;
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

// RECORDS are those of HEADER, or none.
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
    struct record_walk walk = record_walk_of(records, records.size == 0 ? 0 : header->record_count);
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

// All its records go; the header stays when it is the producer's last one.
static err_t batch_drop(struct rewriting *rewriting, const struct batch_header *header)
{
    if (!compact_producers_is_last(&rewriting->compact->producers, header))
        return ERR_OK;
    return batch_rewrite(rewriting, header, BYTES_NULL, false);
}

static err_t batch_keep(struct rewriting *rewriting, const struct batch_header *header, bytes_t batch)
{
    rewriting->result.records_after += (uint64_t)header->record_count;
    return out_batch(rewriting, batch);
}

// IS_LONE: nothing is left of its transaction.
static err_t marker_compact(struct rewriting *rewriting, const struct batch_header *header, bytes_t batch, bool is_lone)
{
    bool has_horizon = (header->attributes & BATCH_DELETE_HORIZON) != 0;
    if (is_lone && (header->record_count == 0 || has_expired(rewriting->compact, header)))
        return batch_drop(rewriting, header);
    if (!is_lone || has_horizon)
        return batch_keep(rewriting, header, batch);
    bytes_t records;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &rewriting->room, &records);
    rewriting->result.records_after += (uint64_t)header->record_count;
    return err == ERR_OK ? batch_rewrite(rewriting, header, records, true) : err;
}

static err_t batch_compact(struct rewriting *rewriting, const struct batch_header *header, bytes_t batch)
{
    struct compact *compact = rewriting->compact;
    bool is_lone = compact_producers_is_lone_marker(&compact->producers, header);
    rewriting->result.records_before += (uint64_t)header->record_count;
    writer_reset(&rewriting->room);
    if (compact_producers_is_aborted(&compact->producers, header))
        return batch_drop(rewriting, header);
    if (header->base_offset >= compact->end_offset)
        return batch_keep(rewriting, header, batch);
    if ((header->attributes & BATCH_CONTROL) != 0)
        return marker_compact(rewriting, header, batch, is_lone);
    bytes_t records;
    struct verdict verdict;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &rewriting->room, &records);
    if (err == ERR_OK)
        err = batch_judge(compact, header, records, &verdict);
    if (err != ERR_OK)
        return err;
    bool sets_horizon = verdict.tombstones > 0 && (header->attributes & BATCH_DELETE_HORIZON) == 0;
    if (verdict.kept == header->record_count && !sets_horizon && verdict.kept > 0)
        return batch_keep(rewriting, header, batch);
    if (verdict.kept == 0)
        return batch_drop(rewriting, header);
    rewriting->result.records_after += (uint64_t)verdict.kept;
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

err_t compact_write(struct compact *compact, size_t first, size_t last, const char *path,
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
