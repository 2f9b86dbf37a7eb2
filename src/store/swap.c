// SPDX-License-Identifier: Apache-2.0
#include "store/swap.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/impl.h"
#include "store/index.h"
#include "store/segment_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_DIGITS = 20, SCAN_STEP = 1 << 20 };

struct swap_change {
    struct change change;
    struct disk_job job;
    struct segment_replace_op *op;
    int64_t *bases; // of the segments that go, the first one's name stays
    size_t count;
    struct partition *scratch; // a partition of one segment: what its index would be
    struct segment segment;    // the new one
    err_t err;
    bool begun; // from here on a failure cannot be taken back
};

// --- on disk

static bool parse_digits(const char *text, int64_t *ret_value)
{
    return strlen(text) >= NAME_DIGITS && bytes_to_int64(bytes_of(text, NAME_DIGITS), ret_value) && *ret_value >= 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), size = strlen(suffix);
    return length >= size && strcmp(name + length - size, suffix) == 0;
}

static err_t remove_if_there(const char *path)
{
    err_t err = file_remove(path);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static err_t remove_files(const char *folder, int64_t base)
{
    static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex" };
    err_t err = ERR_OK;
    for (size_t i = 0; i < ARRAY_COUNT(suffixes) && err == ERR_OK; i++) {
        char path[PATH_MAX_SIZE];
        segment_path(folder, base, suffixes[i], path, sizeof path);
        err = remove_if_there(path);
    }
    return err;
}

// "<first>.log.<last>.swap": the old files of the range go, and it gets its name.
static err_t finish_swap(const char *folder, const char *name, struct arena *arena)
{
    struct dir_entry *entries;
    size_t count;
    int64_t first, last;
    if (!parse_digits(name, &first) || strlen(name) < NAME_DIGITS + 5 || !parse_digits(name + NAME_DIGITS + 5, &last))
        return ERR_OK;
    err_t err = dir_list(folder, arena, &entries, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        int64_t base;
        if (has_suffix(entries[i].name, ".log") && parse_digits(entries[i].name, &base) && base >= first &&
            base <= last)
            err = remove_files(folder, base);
    }
    char path[PATH_MAX_SIZE];
    segment_path(folder, first, ".log", path, sizeof path);
    if (err == ERR_OK)
        err = file_rename(arena_format(arena, "%s/%s", folder, name), path);
    return err == ERR_OK ? dir_sync(folder) : err;
}

err_t swap_finish(const char *folder, struct arena *arena)
{
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list(folder, arena, &entries, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (has_suffix(entries[i].name, ".cleaned"))
            err = remove_if_there(arena_format(arena, "%s/%s", folder, entries[i].name));
        else if (has_suffix(entries[i].name, ".swap"))
            err = finish_swap(folder, entries[i].name, arena);
    }
    return err;
}

// --- while running

static bool on_batch(void *owner, const struct batch_header *header, bytes_t batch, uint64_t position)
{
    struct partition *scratch = owner;
    struct segment *segment = partition_active(scratch);
    index_add_batch(scratch, header, position);
    if (header->max_timestamp > segment->max_timestamp) {
        segment->max_timestamp = header->max_timestamp;
        segment->max_timestamp_offset = batch_last_offset(header);
    }
    segment->size = position + batch.size;
    segment->last_offset = batch_last_offset(header);
    return true;
}

// Reads the cleaned file once: its index, its descriptor, and that every batch is whole.
static err_t scan_cleaned(struct swap_change *swap, const char *path)
{
    struct segment_reader reader = {
        .folder = swap->change.partition->path, .segment_base = swap->op->first, .start_known = true, .step = SCAN_STEP
    };
    err_t err = file_open(path, 0, &reader.file);
    if (err != ERR_OK)
        return err;
    err = file_size(reader.file, &reader.end);
    if (err == ERR_OK)
        err = segment_reader_walk(&reader, 0, on_batch, swap->scratch);
    file_close(reader.file);
    index_close_segment(swap->scratch);
    swap->segment = *partition_active(swap->scratch);
    return err;
}

static void remove_index(const char *folder, int64_t base)
{
    char path[PATH_MAX_SIZE];
    segment_path(folder, base, ".index", path, sizeof path);
    (void)!remove_if_there(path);
    segment_path(folder, base, ".timeindex", path, sizeof path);
    (void)!remove_if_there(path);
}

static void swap_run(struct disk_job *job)
{
    struct swap_change *swap = CONTAINER_OF(job, struct swap_change, job);
    const char *folder = swap->change.partition->path;
    char cleaned[PATH_MAX_SIZE], swapped[PATH_MAX_SIZE], path[PATH_MAX_SIZE], suffix[64];
    segment_path(folder, swap->op->first, ".log.cleaned", cleaned, sizeof cleaned);
    segment_path(folder, swap->op->first, ".log", path, sizeof path);
    snprintf(suffix, sizeof suffix, ".log.%020" PRId64 ".swap", swap->op->last);
    segment_path(folder, swap->op->first, suffix, swapped, sizeof swapped);
    if (swap->err != ERR_OK) { // refused: only the file goes
        (void)!remove_if_there(cleaned);
        return;
    }
    swap->err = scan_cleaned(swap, cleaned);
    if (swap->err != ERR_OK) {
        (void)!remove_if_there(cleaned);
        return;
    }
    swap->begun = true;
    swap->err = file_rename(cleaned, swapped);
    if (swap->err == ERR_OK)
        swap->err = dir_sync(folder);
    for (size_t i = 0; i < swap->count && swap->err == ERR_OK; i++)
        swap->err = remove_files(folder, swap->bases[i]);
    if (swap->err == ERR_OK)
        swap->err = file_rename(swapped, path);
    // Without its index a segment is only slower to read: a full disk must not end the store here.
    if (swap->err == ERR_OK && index_write(folder, swap->scratch->index) != ERR_OK)
        remove_index(folder, swap->op->first);
    if (swap->err == ERR_OK)
        swap->err = dir_sync(folder);
}

static void swap_segments(struct partition *partition, const struct swap_change *swap)
{
    size_t at = partition_segment_find(partition, swap->op->first);
    size_t rest = partition->segment_count - at - swap->count;
    partition->segments[at] = swap->segment;
    memmove(&partition->segments[at + 1], &partition->segments[at + swap->count], rest * sizeof *partition->segments);
    partition->segment_count -= (uint32_t)swap->count - 1;
    files_forget(partition->shard, partition, swap->op->first, swap->op->last);
    partition->read_hint.offset = -1;
    read_ahead_free(partition);
}

static void unpark(struct partition *partition)
{
    struct op_queue parked = partition->parked;
    partition->parked = (struct op_queue){ 0 };
    struct message *message;
    while ((message = op_queue_pop(&parked)) != NULL)
        message->on_message(message);
    partition_appends_resume(partition);
}

static void scratch_free(struct swap_change *swap)
{
    if (swap->scratch == NULL)
        return;
    index_free(swap->scratch);
    free(swap->scratch->segments);
    free(swap->scratch);
}

static void swap_free(struct change *change)
{
    struct swap_change *swap = CONTAINER_OF(change, struct swap_change, change);
    scratch_free(swap);
    free(swap->bases);
    free(swap);
}

static void swap_on_done(struct disk_job *job)
{
    struct swap_change *swap = CONTAINER_OF(job, struct swap_change, job);
    struct partition *partition = swap->change.partition;
    struct shard *shard = partition->shard;
    if (swap->err == ERR_OK) {
        swap_segments(partition, swap);
        checkpoint_want(shard);
    } else if (swap->begun) {
        shard_fail(shard, swap->err, partition->path); // files and memory do not agree any more
    }
    if (swap->scratch != NULL) {
        partition->swapping = false;
        unpark(partition);
    }
    log_op_done(&swap->op->op, swap->err);
    swap_free(&swap->change);
    shard->jobs--;
    changes_try(shard);
    shard_idle(shard);
}

static bool swap_begin(struct change *change)
{
    struct swap_change *swap = CONTAINER_OF(change, struct swap_change, change);
    if (change->partition->disk_reads > 0)
        return false;
    change->partition->shard->jobs++;
    disk_submit(DISK_BACKGROUND, &swap->job);
    return true;
}

// The segments of the range, if it may be replaced.
static bool take_range(struct swap_change *swap)
{
    const struct partition *partition = swap->change.partition;
    const struct segment_replace_op *op = swap->op;
    size_t from = partition_segment_find(partition, op->first);
    size_t to = partition_segment_find(partition, op->last);
    if (partition->deleted || partition->swapping || partition->dropping || op->last < op->first ||
        op->last >= partition->settled_base || to + 1 >= partition->segment_count ||
        partition->segments[from].base_offset != op->first || partition->segments[to].base_offset != op->last)
        return false;
    swap->count = to - from + 1;
    swap->bases = mem_zalloc(swap->count, sizeof *swap->bases);
    for (size_t i = 0; i < swap->count; i++)
        swap->bases[i] = partition->segments[from + i].base_offset;
    return true;
}

void partition_replace_segments(struct segment_replace_op *op)
{
    struct partition *partition = op->op.partition;
    struct shard *shard = partition->shard;
    op->op.from = shard->loop;
    struct swap_change *swap = mem_zalloc(1, sizeof *swap);
    swap->change.partition = partition;
    swap->change.begin = swap_begin;
    swap->change.on_free = swap_free;
    swap->op = op;
    swap->job = (struct disk_job){ .loop = shard->loop, .run = swap_run, .on_done = swap_on_done };
    if (shard->failed || !take_range(swap)) {
        swap->err = shard->failed ? ERR_IO : ERR_CONFLICT;
        shard->jobs++;
        disk_submit(DISK_BACKGROUND, &swap->job);
        return;
    }
    struct partition *scratch = mem_zalloc(1, sizeof *scratch);
    scratch->config = partition->config;
    scratch->indexed_timestamp = -1;
    partition_segment_add(scratch, op->first);
    swap->scratch = scratch;
    partition->swapping = true;
    change_want(&swap->change);
}
