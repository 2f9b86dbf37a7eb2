// SPDX-License-Identifier: Apache-2.0
// Group commit: one in flight for each loop; the next begins when it ends and carries all that came meanwhile.
// Partitions with much to write, and one that is alone, are written and flushed directly; many with little each go to
// the journal in one write.
#include "store/impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "store/cut.h"
#include "store/journal.h"
#include "store/pass.h"

static void commit_on_turn_end(struct deferred *deferred);
static void commit_run(struct disk_job *job);
static void commit_on_job_done(struct disk_job *job);
static void commit_on_group_done(struct journal_group *group);
static void commit_on_written(struct message *message);

enum { SYNC_ALL_FROM = 8, TELL_FULL_INTERVAL_MS = 10000 };

void commit_init(struct shard *shard)
{
    struct commit *commit = &shard->commit;
    commit->shard = shard;
    commit->job = (struct disk_job){ .loop = shard->loop, .run = commit_run, .on_done = commit_on_job_done };
    commit->written.on_message = commit_on_written;
    commit->group =
        (struct journal_group){ .shard = shard, .set = &commit->journaled, .on_done = commit_on_group_done };
    commit->direct.sync_all_from = SYNC_ALL_FROM;
    shard->deferred.on_turn_end = commit_on_turn_end;
}

void commit_free(struct shard *shard)
{
    write_set_free(&shard->commit.direct);
    write_set_free(&shard->commit.journaled);
}

bool commit_active(const struct shard *shard)
{
    return shard->commit.parts > 0;
}

void commit_defer(struct shard *shard)
{
    if (!commit_active(shard) && !list_empty(&shard->dirty))
        loop_defer(shard->loop, &shard->deferred);
}

void commit_want(struct partition *partition)
{
    if (!list_linked(&partition->dirty))
        list_append(&partition->shard->dirty, &partition->dirty);
    commit_defer(partition->shard);
}

// Bytes that are appended and not durable, as far as it matters for the choice.
static uint64_t undurable_size(const struct partition *partition, uint64_t enough)
{
    uint64_t size = 0;
    const struct tail_chunk *chunk = partition->tail_last;
    for (; chunk != NULL && chunk->last_offset >= partition->durable.offset && size < enough; chunk = chunk->prev) {
        bool begins_durable = chunk->first_offset < partition->durable.offset;
        size += chunk->size - (begins_durable ? (size_t)(partition->durable.position - chunk->position) : 0);
    }
    return size;
}

// How many bytes a group may take from one partition, and about how many in all.
static uint64_t group_limit(const struct store_options *options)
{
    uint64_t limit = options->journal_size / 16;
    return limit < COMMIT_SIZE_MAX ? limit : COMMIT_SIZE_MAX;
}

static void commit_gather(struct shard *shard, bool pass_waits)
{
    struct commit *commit = &shard->commit;
    const struct store_options *options = &shard->store->options;
    uint64_t limit = group_limit(options);
    uint64_t enough = options->direct_flush_size < limit ? options->direct_flush_size : limit;
    bool alone = list_first(&shard->dirty) == shard->dirty.prev;
    if (!alone && !shard->journal_ready)
        journal_want(shard);
    LIST_EACH(&shard->dirty, node)
    {
        struct partition *partition = LIST_ITEM(node, struct partition, dirty);
        if (partition->writer == WRITER_COMMIT)
            continue; // it is being cut
        bool free = partition->writer == WRITER_NONE && !pass_waits && !shard->journal_refused;
        bool much = alone || undurable_size(partition, enough) >= enough;
        bool direct = free && (!shard->journal_ready || much);
        if (direct) {
            // Many small writes are cheaper through the cache, with one flush for all.
            bool past_cache = much && options->direct_io && options->flush == FLUSH_COMMIT;
            write_set_gather(&commit->direct, partition, NULL, COMMIT_SIZE_MAX,
                             past_cache ? WRITE_PAST_CACHE : WRITE_CACHED);
            partition->writer = WRITER_COMMIT;
        } else if (shard->journal_ready && commit->journaled.size < limit && undurable_size(partition, limit) < limit) {
            write_set_gather_journal(&commit->journaled, partition, limit);
        }
    }
}

static void commit_on_turn_end(struct deferred *deferred)
{
    struct shard *shard = CONTAINER_OF(deferred, struct shard, deferred);
    struct commit *commit = &shard->commit;
    if (commit_active(shard) || shard->failed || list_empty(&shard->dirty))
        return;
    commit_gather(shard, pass_is_waiting(shard));
    commit->sync = shard->store->options.flush == FLUSH_COMMIT;
    commit->post_written = shard->written_wanted && commit->sync;
    shard->written_wanted = false;
    bool journals = commit->journaled.count > 0 || shard->journal_refused;
    commit->parts = (commit->direct.count > 0 ? 1U : 0U) + (journals ? 1U : 0U);
    commit->started_ns = clock_mono_ns();
    if (commit->direct.count > 0)
        disk_submit(DISK_FLUSH, &commit->job);
    if (journals)
        journal_write(&commit->group);
}

static void post_written(void *owner)
{
    struct commit *commit = owner;
    if (commit->post_written)
        loop_post(commit->shard->loop, &commit->written);
}

static void commit_run(struct disk_job *job)
{
    struct commit *commit = CONTAINER_OF(job, struct commit, job);
    write_set_run(&commit->direct, commit->sync, post_written, commit);
}

// Answers those who wait for the write only, and leaves the others in the queue.
static void acknowledge_written(struct partition *partition, int64_t before)
{
    struct op_queue rest = { 0 };
    struct message *message;
    while ((message = op_queue_pop(&partition->acks)) != NULL) {
        struct append_op *op = CONTAINER_OF(message, struct append_op, op.message);
        op->log_start_offset = partition->log_start;
        if (op->ack == APPEND_WRITTEN && op->base_offset < before)
            log_op_done(&op->op, op->op.err);
        else
            op_queue_push(&rest, message);
    }
    partition->acks = rest;
}

static void commit_on_written(struct message *message)
{
    struct commit *commit = CONTAINER_OF(message, struct commit, written);
    for (uint32_t i = 0; i < commit->direct.count; i++) {
        if (commit->direct.items[i].wrote)
            acknowledge_written(commit->direct.items[i].partition, commit->direct.items[i].to.offset);
    }
}

static void partition_durable(const struct write_item *item)
{
    struct partition *partition = item->partition;
    ASSERT(item->to.offset >= partition->durable.offset);
    partition->durable = item->to;
    partition->durable_segment = item->segment;
    struct message *message;
    while ((message = partition->acks.first) != NULL) {
        struct append_op *op = CONTAINER_OF(message, struct append_op, op.message);
        if (op->base_offset >= partition->durable.offset)
            break;
        op_queue_pop(&partition->acks);
        op->log_start_offset = partition->log_start;
        log_op_done(&op->op, op->op.err); // ERR_OK, or ERR_DUPLICATE of what is durable now
    }
    list_remove(&partition->dirty);
    if (partition->end != partition->durable.offset) // behind those that this commit had no room for
        list_append(&partition->shard->dirty, &partition->dirty);
    partition_wake(partition);
}

// One line now and then: a full disk refuses every commit.
static void tell_full(const struct partition *partition)
{
    struct shard *shard = partition->shard;
    int64_t now_ms = loop_now_ms(shard->loop);
    if (now_ms < shard->tell_full_ms)
        return;
    shard->tell_full_ms = now_ms + TELL_FULL_INTERVAL_MS;
    log_line(LOG_ERROR, "the disk is full: appends are refused until there is room",
             LOG_FIELDS(log_text("partition", partition->name), log_text("folder", partition->store->folder)));
}

static void direct_item_done(struct commit *commit, const struct write_item *item)
{
    struct partition *partition = item->partition;
    partition->writer = WRITER_NONE;
    if (item->err == ERR_NO_SPACE) {
        tell_full(partition);
        partition_cut(partition);
        return;
    }
    partition->written = item->to;
    tail_on_written(partition);
    if (commit->sync)
        partition->synced = item->to;
    partition_durable(item);
}

static void commit_part_done(struct shard *shard)
{
    if (--shard->commit.parts > 0) {
        pass_try(shard); // the group may be waiting for room in the journal, which only a pass makes
        return;
    }
    histogram_record(&shard->metrics.commit_ns, clock_mono_ns() - shard->commit.started_ns);
    gauge_set(&shard->metrics.tail_size, (int64_t)shard->tail_size);
    tail_evict(shard);
    shard_appends_resume(shard);
    pass_try(shard);
    changes_try(shard);
    commit_defer(shard);
    shard_idle(shard);
}

static void commit_on_job_done(struct disk_job *job)
{
    struct commit *commit = CONTAINER_OF(job, struct commit, job);
    struct shard *shard = commit->shard;
    const char *path = NULL;
    err_t err = write_set_error(&commit->direct, &path);
    if (err != ERR_OK && err != ERR_NO_SPACE)
        shard_fail(shard, err, path);
    for (uint32_t i = 0; i < commit->direct.count && !shard->failed; i++)
        direct_item_done(commit, &commit->direct.items[i]);
    counter_add(&shard->metrics.direct_size, commit->direct.size);
    checkpoint_note(shard, 0, commit->direct.size);
    write_set_done(shard, &commit->direct);
    commit_part_done(shard);
}

static void group_refused(struct shard *shard)
{
    LIST_EACH(&shard->dirty, node)
    {
        struct partition *partition = LIST_ITEM(node, struct partition, dirty);
        if (partition->writer == WRITER_COMMIT)
            continue; // written directly
        tell_full(partition);
        partition_cut(partition);
    }
}

static void commit_on_group_done(struct journal_group *group)
{
    struct commit *commit = CONTAINER_OF(group, struct commit, group);
    struct shard *shard = commit->shard;
    shard->journal_refused = group->err == ERR_NO_SPACE;
    if (shard->journal_refused && shard->pass->running && !shard->failed) {
        commit->waits_for_pass = true; // which may be writing to what is cut
        return;
    }
    if (group->err != ERR_OK && group->err != ERR_NO_SPACE)
        shard_fail(shard, group->err, "journal");
    else if (group->err == ERR_NO_SPACE && !shard->failed)
        group_refused(shard);
    for (uint32_t i = 0; i < commit->journaled.count && !shard->failed && group->err == ERR_OK; i++)
        partition_durable(&commit->journaled.items[i]);
    counter_add(&shard->metrics.journaled_size, commit->journaled.size);
    checkpoint_note(shard, commit->journaled.size, 0);
    write_set_done(shard, &commit->journaled);
    commit_part_done(shard);
}

void commit_on_pass_done(struct shard *shard)
{
    if (!shard->commit.waits_for_pass)
        return;
    shard->commit.waits_for_pass = false;
    commit_on_group_done(&shard->commit.group);
}
