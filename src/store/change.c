// SPDX-License-Identifier: Apache-2.0
// Deleting partitions and dropping old segments: changes that need the files for themselves, or a durable log start
// first.
#include "base/log.h"
#include "base/mem.h"
#include "io/random.h"
#include "store/checkpoint.h"
#include "store/epochs.h"
#include "store/impl.h"
#include "store/pass.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void change_want(struct change *change)
{
    list_append(&change->partition->shard->changes, &change->node);
    changes_try(change->partition->shard);
}

void changes_try(struct shard *shard)
{
    LIST_EACH(&shard->changes, node)
    {
        struct change *change = LIST_ITEM(node, struct change, node);
        list_remove(node);
        if (!change->begin(change))
            list_insert_before(node_next, node);
    }
}

// --- removing folders

err_t folder_remove(const char *path)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list(path, &arena, &entries, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (!entries[i].is_dir)
            err = file_remove(arena_format(&arena, "%s/%s", path, entries[i].name));
    }
    arena_free(&arena);
    return err == ERR_OK ? dir_remove(path) : err;
}

struct remove_job {
    struct disk_job job;
    struct shard *shard;
    char *path; // a folder; or
    struct partition *partition;
    int64_t *bases; // of segments of the partition
    size_t count;
    struct segment_drop_op *op; // NULL: nobody waits
};

static void remove_segment(const struct partition *partition, int64_t base)
{
    static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex" };
    for (size_t i = 0; i < ARRAY_COUNT(suffixes); i++) {
        char path[PATH_MAX_SIZE];
        segment_path(partition->path, base, suffixes[i], path, sizeof path);
        err_t err = file_remove(path);
        // What stays is below the log start: the next recovery removes it.
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            log_line(LOG_WARN, "old segment cannot be removed", LOG_FIELDS(log_text("path", path), log_err(err)));
    }
}

static void remove_run(struct disk_job *job)
{
    struct remove_job *remove = CONTAINER_OF(job, struct remove_job, job);
    if (remove->path != NULL) {
        err_t err = folder_remove(remove->path);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            log_line(LOG_WARN, "deleted folder cannot be removed",
                     LOG_FIELDS(log_text("path", remove->path), log_err(err)));
    }
    for (size_t i = 0; i < remove->count; i++)
        remove_segment(remove->partition, remove->bases[i]);
}

static void remove_on_done(struct disk_job *job)
{
    struct remove_job *remove = CONTAINER_OF(job, struct remove_job, job);
    struct shard *shard = remove->shard;
    if (remove->partition != NULL)
        remove->partition->dropping = false;
    if (remove->op != NULL)
        log_op_done(&remove->op->op, ERR_OK);
    free(remove->path);
    free(remove->bases);
    free(remove);
    shard->jobs--;
    changes_try(shard);
    shard_idle(shard);
}

static struct remove_job *remove_job_new(struct shard *shard)
{
    struct remove_job *remove = mem_zalloc(1, sizeof *remove);
    remove->job = (struct disk_job){ .loop = shard->loop, .run = remove_run, .on_done = remove_on_done };
    remove->shard = shard;
    return remove;
}

static void remove_folder_later(struct shard *shard, const char *path)
{
    struct remove_job *remove = remove_job_new(shard);
    remove->path = mem_text(path);
    shard->jobs++;
    disk_submit(DISK_BACKGROUND, &remove->job);
}

void folders_remove_deleted(struct store *store)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count = 0;
    if (dir_list(store->folder, &arena, &entries, &count) != ERR_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *end = strstr(entries[i].name, "-delete");
        if (entries[i].is_dir && end != NULL && end[sizeof "-delete" - 1] == 0)
            remove_folder_later(&store->shards[0], arena_format(&arena, "%s/%s", store->folder, entries[i].name));
    }
    arena_free(&arena);
}

// --- deleting a partition

struct delete_change {
    struct change change;
    struct disk_job job;
    struct log_op *op;
    char path[PATH_MAX_SIZE]; // the new name
    err_t err;
};

static void delete_run(struct disk_job *job)
{
    struct delete_change *delete = CONTAINER_OF(job, struct delete_change, job);
    const struct partition *partition = delete->change.partition;
    delete->err = file_rename(partition->path, delete->path);
    if (delete->err == ERR_OK)
        delete->err = dir_sync(partition->store->folder);
}

static void delete_on_done(struct disk_job *job)
{
    struct delete_change *delete = CONTAINER_OF(job, struct delete_change, job);
    struct shard *shard = delete->change.partition->shard;
    if (delete->err == ERR_OK)
        remove_folder_later(shard, delete->path);
    log_op_done(delete->op, delete->err);
    free(delete);
    shard->jobs--;
    changes_try(shard);
    shard_idle(shard);
}

static bool delete_begin(struct change *change)
{
    struct delete_change *delete = CONTAINER_OF(change, struct delete_change, change);
    struct partition *partition = change->partition;
    struct shard *shard = partition->shard;
    if (partition->writer != WRITER_NONE || partition->disk_reads > 0 || partition->swapping || partition->dropping ||
        commit_active(shard) || shard->pass->running)
        return false;
    files_forget(shard, partition, 0, INT64_MAX);
    read_ahead_free(partition);
    tail_free(partition);
    snprintf(delete->path, sizeof delete->path, "%s.%016" PRIx64 "-delete", partition->path, random_u64());
    delete->job = (struct disk_job){ .loop = shard->loop, .run = delete_run, .on_done = delete_on_done };
    shard->jobs++;
    disk_submit(DISK_BACKGROUND, &delete->job);
    return true;
}

static void delete_free(struct change *change)
{
    free(CONTAINER_OF(change, struct delete_change, change));
}

static void on_delete(struct message *message)
{
    struct log_op *op = CONTAINER_OF(message, struct log_op, message);
    struct partition *partition = op->partition;
    if (partition->deleted) {
        log_op_done(op, ERR_CLOSED);
        return;
    }
    partition->deleted = true;
    list_remove(&partition->dirty);
    partition_appends_fail(partition, ERR_CLOSED);
    partition_waiters_fail(partition, ERR_CLOSED);
    struct delete_change *delete = mem_zalloc(1, sizeof *delete);
    delete->change.partition = partition;
    delete->change.begin = delete_begin;
    delete->change.on_free = delete_free;
    delete->op = op;
    change_want(&delete->change);
}

void partition_delete(struct log_op *op)
{
    log_op_send(op, on_delete);
}

void partition_free(struct partition *partition)
{
    ASSERT(partition->deleted);
    partition_release(partition);
}

// --- dropping old segments

struct drop_waiter {
    struct checkpoint_waiter waiter;
    struct remove_job *remove;
};

static void drop_free(struct checkpoint_waiter *waiter)
{
    struct drop_waiter *drop = CONTAINER_OF(waiter, struct drop_waiter, waiter);
    free(drop->remove->bases);
    free(drop->remove);
    free(drop);
}

// A snapshot tells what producers sent to the segments that go. (The pass that ran may have begun before.)
static bool has_snapshot(const struct partition *partition)
{
    return partition->producers == NULL || partition->deleted || partition->snapshot_offset >= partition->log_start;
}

static void on_drop_durable(struct checkpoint_waiter *waiter)
{
    struct drop_waiter *drop = CONTAINER_OF(waiter, struct drop_waiter, waiter);
    if (!has_snapshot(drop->remove->partition)) {
        checkpoint_wait(drop->remove->shard, waiter);
        return;
    }
    drop->remove->shard->jobs++;
    disk_submit(DISK_BACKGROUND, &drop->remove->job);
    free(drop);
}

// How many segments from the oldest on may go.
static uint32_t droppable(const struct partition *partition, int64_t before)
{
    if (before > partition->durable.offset)
        before = partition->durable.offset;
    uint32_t count = 0;
    while (count + 1 < partition->segment_count && partition->segments[count].last_offset < before &&
           partition->segments[count].base_offset < partition->settled_base)
        count++;
    return count;
}

// Returns how many go; OP, if any, is answered when they are gone.
static uint32_t drop_begin(struct partition *partition, int64_t before, struct segment_drop_op *op)
{
    struct shard *shard = partition->shard;
    uint32_t count = droppable(partition, before);
    if (partition->deleted || shard->failed || partition->swapping || partition->dropping || count == 0)
        return 0;
    struct drop_waiter *drop = mem_zalloc(1, sizeof *drop);
    drop->waiter.on_done = on_drop_durable;
    drop->waiter.on_free = drop_free;
    drop->remove = remove_job_new(shard);
    drop->remove->partition = partition;
    drop->remove->op = op;
    drop->remove->count = count;
    drop->remove->bases = mem_zalloc(count, sizeof *drop->remove->bases);
    for (uint32_t i = 0; i < count; i++)
        drop->remove->bases[i] = partition->segments[i].base_offset;
    files_forget(shard, partition, 0, partition->segments[count - 1].base_offset);
    partition->segment_count -= count;
    memmove(partition->segments, partition->segments + count, partition->segment_count * sizeof *partition->segments);
    if (partition->log_start < partition->segments[0].base_offset)
        partition->log_start = partition->segments[0].base_offset;
    epochs_trim(partition, partition->log_start);
    partition->dropping = true;
    checkpoint_wait(shard, &drop->waiter);
    return count;
}

void partition_drop_segments(struct segment_drop_op *op)
{
    struct partition *partition = op->op.partition;
    struct shard *shard = partition->shard;
    op->op.from = shard->loop;
    op->dropped = drop_begin(partition, op->before, op);
    op->log_start_offset = partition->log_start;
    if (op->dropped == 0)
        log_op_done(&op->op, partition->deleted ? ERR_CLOSED : shard->failed ? ERR_IO : ERR_OK);
}

void partition_drop_deleted(struct partition *partition)
{
    (void)drop_begin(partition, partition->log_start, NULL);
}
