// SPDX-License-Identifier: Apache-2.0
#include "store/pass.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/epochs.h"
#include "store/index.h"
#include "store/producers.h"
#include "store/slot.h"

#include <stdlib.h>

enum {
    // Files from which one flush of the file system is cheaper than one for each: measured with 100 dirty segments, 46
    // MB/s and a p99
    // of 250 ms with a flush for each, 316 MB/s and 12 ms with one for all.
    PASS_SYNC_ALL_FROM = 8,
    // Durable bytes from which a checkpoint is made at once. What the journal holds waits in memory for it; what is in
    // the
    // segments does not, and a start reads it at more than 1 GB a second.
    CHECKPOINT_SIZE = 32 << 20,
    SEGMENTS_SHARE = 8, // bytes in segments count for so much less
    SNAPSHOT_INTERVAL_SIZE = 16 << 20,
    // Of the log that index entries stand for, before they are filed: with less, two files would be written for every
    // partition at every checkpoint, to save a reader or a recovery this much of reading.
    INDEXED_SIZE_MIN = 64 << 10,
    SPACE_RETRY_MS = 1000,
};

static void pass_run(struct disk_job *job);
static void pass_on_job_done(struct disk_job *job);

static void on_timer(struct timer *timer)
{
    checkpoint_want(CONTAINER_OF(timer, struct pass, timer)->shard);
}

struct pass *pass_new(struct shard *shard)
{
    struct pass *pass = mem_zalloc(1, sizeof *pass);
    pass->shard = shard;
    pass->job = (struct disk_job){ .loop = shard->loop, .run = pass_run, .on_done = pass_on_job_done };
    pass->set.sync_all_from = PASS_SYNC_ALL_FROM;
    timer_init(&pass->timer, shard->loop, on_timer);
    return pass;
}

static void drop_files(struct pass *pass)
{
    for (size_t i = 0; i < pass->file_count; i++) {
        struct pass_file *file = &pass->files[i];
        if (file->index != NULL)
            index_pending_free(file->index);
        slice_free(&file->content);
        free(file->path);
        free(file->remove);
    }
    pass->file_count = 0;
}

void pass_free(struct pass *pass)
{
    timer_stop(&pass->timer);
    drop_files(pass);
    free(pass->files);
    write_set_free(&pass->set);
    writer_free(&pass->state);
    while (pass->waiters != NULL || pass->covered != NULL) {
        struct checkpoint_waiter **list = pass->waiters != NULL ? &pass->waiters : &pass->covered;
        struct checkpoint_waiter *waiter = *list;
        *list = waiter->next;
        waiter->on_free(waiter);
    }
    free(pass);
}

void checkpoint_want(struct shard *shard)
{
    struct pass *pass = shard->pass;
    if (pass->want_posted || shard->failed)
        return;
    pass->want_posted = true;
    pass->want.on_message = checkpoint_on_want;
    loop_post(shard->store->shards[0].loop, &pass->want);
}

void pass_on_want_heard(struct message *message)
{
    CONTAINER_OF(message, struct pass, want)->want_posted = false;
}

void checkpoint_note(struct shard *shard, uint64_t journaled, uint64_t direct)
{
    struct pass *pass = shard->pass;
    const struct store_options *options = &shard->store->options;
    pass->noted_size += journaled + direct / SEGMENTS_SHARE;
    if (pass->noted_size >= CHECKPOINT_SIZE) {
        checkpoint_want(shard);
    } else if (!timer_active(&pass->timer)) {
        bool often = options->flush == FLUSH_INTERVAL && options->flush_interval_ms < options->checkpoint_interval_ms;
        timer_start(&pass->timer, often ? options->flush_interval_ms : options->checkpoint_interval_ms);
    }
}

void checkpoint_wait(struct shard *shard, struct checkpoint_waiter *waiter)
{
    waiter->next = shard->pass->waiters;
    shard->pass->waiters = waiter;
    checkpoint_want(shard);
}

bool pass_is_waiting(const struct shard *shard)
{
    return shard->pass->waiting;
}

bool pass_met_full_disk(const struct shard *shard)
{
    return !shard->pass->running && shard->pass->err == ERR_NO_SPACE;
}

static struct pass_file *file_add(struct pass *pass, struct partition *partition)
{
    MEM_GROW(pass->files, pass->file_count, pass->file_capacity);
    struct pass_file *file = &pass->files[pass->file_count++];
    *file = (struct pass_file){ .partition = partition };
    return file;
}

static bool is_worth_filing(const struct index_pending *pending, uint32_t offsets)
{
    return offsets > 0 && pending->offsets[offsets - 1].position - pending->offsets[0].position >= INDEXED_SIZE_MIN;
}

// Copies the pending entries that are durable.
static void gather_index(struct pass *pass, struct partition *partition)
{
    for (const struct index_pending *pending = partition->index; pending != NULL; pending = pending->next) {
        int64_t limit = partition->durable.offset - pending->segment_base;
        uint32_t offsets = pending->offset_count, times = pending->time_count;
        while (offsets > 0 && pending->offsets[offsets - 1].relative_offset >= limit)
            offsets--;
        while (times > 0 && pending->times[times - 1].relative_offset >= limit)
            times--;
        bool whole = pending->closed && partition->durable.segment_base > pending->segment_base;
        if (!whole && !is_worth_filing(pending, offsets) && !(pass->last && offsets + times > 0))
            continue;
        struct index_pending *copy = mem_alloc(sizeof *copy);
        *copy = *pending;
        copy->next = NULL;
        copy->closed = whole;
        copy->offset_count = copy->offset_capacity = offsets;
        copy->time_count = copy->time_capacity = times;
        copy->offsets = mem_alloc((offsets + 1) * sizeof *copy->offsets);
        copy->times = mem_alloc((times + 1) * sizeof *copy->times);
        if (offsets > 0)
            memcpy(copy->offsets, pending->offsets, offsets * sizeof *copy->offsets);
        if (times > 0)
            memcpy(copy->times, pending->times, times * sizeof *copy->times);
        file_add(pass, partition)->index = copy;
    }
}

// A snapshot speaks of what is durable only: what comes later may be cut, and its offsets given again.
static void gather_snapshot(struct pass *pass, struct partition *partition)
{
    struct producers *producers = partition->producers;
    int64_t offset = partition->durable.offset;
    if (producers == NULL || partition->snapshot_offset == offset)
        return;
    // Of what was in dropped segments only a snapshot tells: it is durable before their files go.
    bool needed = partition->snapshot_offset < partition->log_start;
    bool due = partition->appended_size - partition->snapshot_size >= SNAPSHOT_INTERVAL_SIZE;
    if (!needed && (!producers->changed || (!pass->last && !due)))
        return;
    pass->sync_system = pass->sync_system || needed;
    char path[PATH_MAX_SIZE];
    segment_path(partition->path, offset, ".snapshot", path, sizeof path);
    struct writer content = WRITER_INIT;
    producers_encode(producers, offset, &content);
    struct pass_file *file = file_add(pass, partition);
    file->path = mem_text(path);
    file->content = writer_finish(&content);
    file->is_snapshot = true;
    if (partition->snapshot_older >= 0) {
        segment_path(partition->path, partition->snapshot_older, ".snapshot", path, sizeof path);
        file->remove = mem_text(path);
    }
    partition->snapshot_older = partition->snapshot_offset;
    producers->changed = offset != partition->end;
    partition->snapshot_offset = offset;
    partition->snapshot_size = partition->appended_size;
}

// Kafka's file, for its tools; the truth is in the batches and the checkpoint.
static void gather_epochs(struct pass *pass, struct partition *partition)
{
    if (!partition->epochs_changed)
        return;
    struct writer content = WRITER_INIT;
    epochs_encode(partition->epochs, partition->epoch_count, &content);
    struct pass_file *file = file_add(pass, partition);
    file->path = mem_format("%s/leader-epoch-checkpoint", partition->path);
    file->content = writer_finish(&content);
    partition->epochs_changed = false;
}

static void gather_partition(struct pass *pass, struct partition *partition)
{
    if (partition->deleted)
        return;
    bool padded = partition->padded_base >= 0 &&
                  (pass->last || partition->padded_base != partition_active(partition)->base_offset);
    if ((padded || partition->durable.offset > partition->written.offset) && partition->writer == WRITER_NONE) {
        write_set_gather(&pass->set, partition, &partition->durable, UINT64_MAX,
                         pass->last ? WRITE_LAST : WRITE_CACHED);
        partition->writer = WRITER_PASS;
    }
    if (partition->synced.offset < partition->written.offset)
        pass->sync_system = true;
    partition->settling = partition->writer == WRITER_PASS ? partition->durable : partition->written;
    if (partition->index != NULL)
        gather_index(pass, partition);
    gather_snapshot(pass, partition);
    gather_epochs(pass, partition);
}

// The shard failed: whoever waits for the pass must not wait for ever.
static void pass_give_up(struct pass *pass)
{
    pass->waiting = false;
    pass->err = ERR_IO;
    pass->message.on_message = checkpoint_on_pass;
    loop_post(pass->shard->store->shards[0].loop, &pass->message);
}

void pass_try(struct shard *shard)
{
    struct pass *pass = shard->pass;
    if (!pass->waiting || pass->running)
        return;
    if (shard->failed) {
        pass_give_up(pass);
        return;
    }
    // A partition that somebody else writes cannot be brought up to what the journal holds of it, which the checkpoint
    // would release.
    if (shard->commit.direct.count > 0 || shard->cuts > 0)
        return;
    pass->waiting = false;
    pass->running = true;
    pass->noted_size = 0;
    pass->sync_system = false;
    pass->err = ERR_OK;
    timer_stop(&pass->timer);
    LIST_EACH(&shard->partitions, node)
    gather_partition(pass, LIST_ITEM(node, struct partition, node));
    disk_submit(DISK_BACKGROUND, &pass->job);
}

void pass_on_begin(struct message *message)
{
    struct pass *pass = CONTAINER_OF(message, struct pass, message);
    pass->waiting = true;
    pass_try(pass->shard);
}

static err_t write_small(const char *path, bytes_t content)
{
    struct file *file;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &file);
    if (err != ERR_OK)
        return err;
    err = file_write_at(file, 0, &content, 1);
    file_close(file);
    return err;
}

static void pass_run(struct disk_job *job)
{
    struct pass *pass = CONTAINER_OF(job, struct pass, job);
    const struct store *store = pass->shard->store;
    const char *path;
    uint64_t total;
    if (dir_space(store->folder, &pass->free_space, &total) != ERR_OK)
        pass->free_space = UINT64_MAX;
    write_set_run(&pass->set, true, NULL, NULL);
    pass->err = write_set_error(&pass->set, &path);
    for (size_t i = 0; i < pass->file_count && pass->err == ERR_OK; i++) {
        const struct pass_file *file = &pass->files[i];
        if (file->index != NULL)
            pass->err = index_write(file->partition->path, file->index);
        else
            pass->err = write_small(file->path, file->content.bytes);
        if (pass->err == ERR_OK && file->remove != NULL)
            (void)!file_remove(file->remove); // one too many is harmless
    }
    bool all = pass->sync_system || (pass->last && pass->file_count > 0);
    if (pass->err == ERR_OK && all && flush_is_on())
        pass->err = file_sync_system(store->lock) == ERR_OK ? ERR_OK : ERR_IO;
}

// The entries are in the files: takes them out of the list.
static void index_note_filed(struct partition *partition, const struct index_pending *copy)
{
    struct index_pending **at = &partition->index;
    while (*at != NULL && (*at)->segment_base != copy->segment_base)
        at = &(*at)->next;
    struct index_pending *pending = *at;
    if (pending == NULL)
        return;
    bool active = pending->segment_base == partition_active(partition)->base_offset;
    pending->offset_count -= copy->offset_count;
    pending->time_count -= copy->time_count;
    pending->offsets_filed += copy->offset_count;
    pending->times_filed += copy->time_count;
    if (pending->offset_count > 0)
        memmove(pending->offsets, pending->offsets + copy->offset_count,
                pending->offset_count * sizeof *pending->offsets);
    if (pending->time_count > 0)
        memmove(pending->times, pending->times + copy->time_count, pending->time_count * sizeof *pending->times);
    if (active) {
        partition->offsets_filed = pending->offsets_filed;
        partition->times_filed = pending->times_filed;
    }
    if (pending->offset_count == 0 && pending->time_count == 0 && (active || copy->closed)) {
        *at = pending->next;
        index_pending_free(pending);
    }
}

void pass_encode_state(struct pass *pass)
{
    pass->partition_count = 0;
    LIST_EACH(&pass->shard->partitions, node)
    {
        const struct partition *partition = LIST_ITEM(node, struct partition, node);
        if (partition->deleted)
            continue;
        slot_encode_partition(partition, &pass->state);
        pass->partition_count++;
    }
}

static void items_done(struct pass *pass)
{
    for (uint32_t i = 0; i < pass->set.count; i++) {
        const struct write_item *item = &pass->set.items[i];
        item->partition->writer = WRITER_NONE;
        if (item->err != ERR_OK)
            continue;
        item->partition->written = item->to;
        tail_on_written(item->partition);
    }
    for (size_t i = 0; i < pass->file_count; i++) {
        const struct pass_file *file = &pass->files[i];
        if (pass->err == ERR_OK && file->index != NULL)
            index_note_filed(file->partition, file->index);
        else if (pass->err != ERR_OK && file->is_snapshot)
            file->partition->snapshot_offset = -1; // it may not be there
    }
}

// Everything up to `settling` is synced now; the state says so.
static void state_noted(struct pass *pass)
{
    LIST_EACH(&pass->shard->partitions, node)
    {
        struct partition *partition = LIST_ITEM(node, struct partition, node);
        if (partition->settling.offset > partition->synced.offset)
            partition->synced = partition->settling;
        // An active segment that holds nothing yet has nothing to settle.
        int64_t active_base = partition_active(partition)->base_offset;
        partition->settling_base =
            partition->synced.offset >= active_base ? active_base : partition->synced.segment_base;
        if (partition->padded_base >= 0 && partition->padded_base < partition->settling_base)
            partition->settling_base = partition->padded_base; // its file has zeros at the end yet
    }
    pass_encode_state(pass);
    struct checkpoint_waiter **end = &pass->covered;
    while (*end != NULL)
        end = &(*end)->next;
    *end = pass->waiters;
    pass->waiters = NULL;
}

// Below the reserve only internal topics take appends, so that a full disk can be dealt with.
static void note_space(struct pass *pass)
{
    struct shard *shard = pass->shard;
    uint64_t reserve = shard->store->options.reserve_size;
    bool is_short = pass->err == ERR_NO_SPACE || pass->free_space < reserve;
    if (is_short != shard->space_short)
        log_line(is_short ? LOG_ERROR : LOG_INFO,
                 is_short ? "the disk is nearly full: only internal topics take appends" : "there is disk space again",
                 LOG_FIELDS(log_text("folder", shard->store->folder), log_int("free_bytes", (int64_t)pass->free_space),
                            log_int("reserve_bytes", (int64_t)reserve)));
    shard->space_short = is_short;
}

static void pass_on_job_done(struct disk_job *job)
{
    struct pass *pass = CONTAINER_OF(job, struct pass, job);
    struct shard *shard = pass->shard;
    pass->running = false;
    if (pass->err != ERR_OK && pass->err != ERR_NO_SPACE)
        shard_fail(shard, pass->err, shard->store->folder);
    items_done(pass);
    write_set_done(shard, &pass->set);
    if (pass->err == ERR_OK)
        state_noted(pass);
    note_space(pass);
    if (shard->space_short && !timer_active(&pass->timer)) // looks again, though nothing is appended
        timer_start(&pass->timer, SPACE_RETRY_MS);
    drop_files(pass);
    commit_on_pass_done(shard);
    tail_evict(shard);
    shard_appends_resume(shard);
    changes_try(shard);
    commit_defer(shard);
    pass->message.on_message = checkpoint_on_pass;
    loop_post(shard->store->shards[0].loop, &pass->message);
}

void pass_on_settled(struct message *message)
{
    struct pass *pass = CONTAINER_OF(message, struct pass, settled);
    LIST_EACH(&pass->shard->partitions, node)
    {
        struct partition *partition = LIST_ITEM(node, struct partition, node);
        partition->settled_base = partition->settling_base;
    }
    struct checkpoint_waiter *waiter = pass->covered;
    pass->covered = NULL;
    while (waiter != NULL) {
        struct checkpoint_waiter *next = waiter->next;
        waiter->on_done(waiter);
        waiter = next;
    }
}
