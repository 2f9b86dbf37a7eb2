// SPDX-License-Identifier: Apache-2.0
// Reads: from the tail without a copy, else by a disk job that finds the place through the index and checks every
// batch.
#include "store/impl.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "store/damage.h"
#include "store/index.h"
#include "store/segment_read.h"

#include <stdlib.h>

enum {
    READ_SIZE_MAX = 32 << 20,
    // For readers that go on where they ended. The page cache does it for what it holds; past it a disk and a client
    // would wait for each other: measured, one reader gets twice as much.
    READ_AHEAD_MAX = 1 << 20, // bytes
    READ_AHEADS = 8,          // for each loop
};

struct read_job {
    struct disk_job job;
    struct read_op *op;    // NULL: read ahead, nobody asked yet
    struct list_node node; // shard->aheads
    struct partition *partition;
    int64_t offset;
    size_t max_size;
    bool at_least_one;
    struct open_file *handle;
    struct segment_reader reader;
    struct buf *buf;
    size_t at, size; // of the batches in buf
    struct place next;
    err_t err;
};

static void read_done(struct read_op *op, err_t err)
{
    const struct partition *partition = op->op.partition;
    op->high_watermark = partition->durable.offset;
    op->last_stable_offset = partition->durable.offset;
    op->log_start_offset = partition->log_start;
    log_op_done(&op->op, err);
}

static void read_batches(struct read_job *read)
{
    read->err = segment_reader_open(&read->reader);
    if (read->err == ERR_OK)
        read->err = segment_reader_batches(&read->reader, read->offset, read->max_size, read->at_least_one, &read->buf,
                                           &read->at, &read->size, &read->next);
}

static void read_run(struct disk_job *job)
{
    struct read_job *read = CONTAINER_OF(job, struct read_job, job);
    read_batches(read);
    if (read->err == ERR_UNSUPPORTED && read->reader.past_cache) {
        if (read->handle == NULL)
            file_close(read->reader.file);
        read->reader.file = NULL;
        read->reader.past_cache = false;
        read_batches(read);
    }
}

static void note_damage(struct read_job *read)
{
    struct partition *partition = read->partition;
    struct quarantine *damage = &read->reader.damage;
    const struct segment *segment = &partition->segments[partition_segment_find(partition, read->offset)];
    bool sealed =
        segment->base_offset == damage->segment_base && segment->base_offset < partition->written.segment_base;
    if (sealed && damage->to == segment->size)
        damage->next_offset = segment->last_offset + 1;
    quarantine_note(partition, damage);
}

static void read_ahead(struct partition *partition, const struct place *from, size_t max_size);

static void read_free(struct read_job *read)
{
    buf_unref(read->buf);
    if (list_linked(&read->node)) {
        list_remove(&read->node);
        read->partition->shard->ahead_count--;
    }
    if (read->partition->ahead == read)
        read->partition->ahead = NULL;
    free(read);
}

void read_ahead_free(struct partition *partition)
{
    if (partition->ahead != NULL && list_linked(&partition->ahead->node))
        read_free(partition->ahead);
}

// Answers with what was read, and reads on when the reader seems to go on.
static void read_deliver(struct read_job *read)
{
    struct partition *partition = read->partition;
    struct read_op *op = read->op;
    struct place next = read->next;
    bool goes_on = read->reader.past_cache && partition->read_hint.offset == read->offset;
    size_t max_size = read->max_size;
    bool fits = read->size <= op->max_size || op->at_least_one;
    if (read->err == ERR_OK && read->size > 0 && fits) {
        op->slices[0] = (struct slice){ buf_ref(read->buf), bytes_of(read->buf->data + read->at, read->size) };
        op->slice_count = 1;
        op->size = read->size;
        partition->read_hint = next;
    }
    err_t err = read->err == ERR_NOT_FOUND ? ERR_CORRUPT : read->err; // somebody took the file away
    if (partition->deleted)
        err = ERR_CLOSED;
    else if (op->offset < partition->log_start)
        err = ERR_OUT_OF_RANGE; // its file went while it was being read
    if (err != ERR_OK && op->slice_count > 0) {
        slice_free(&op->slices[0]);
        op->slice_count = 0;
        op->size = 0;
    }
    read_free(read);
    if (err == ERR_OK && goes_on && op->slice_count > 0)
        read_ahead(partition, &next, max_size);
    read_done(op, err);
}

static void read_on_done(struct disk_job *job)
{
    struct read_job *read = CONTAINER_OF(job, struct read_job, job);
    struct partition *partition = read->partition;
    struct shard *shard = partition->shard;
    if (read->reader.damage.to > 0 && read->op != NULL)
        note_damage(read);
    partition->disk_reads--;
    shard->jobs--;
    enum open_file_kind kind = read->reader.past_cache ? OPEN_DIRECT : OPEN_CACHED;
    struct file *lent = read->handle == NULL ? NULL : read->handle->file;
    if (read->reader.file != NULL && read->reader.file != lent)
        files_put(shard, partition, read->reader.segment_base, kind, read->reader.file, false);
    if (read->handle != NULL)
        files_give(shard, read->handle);
    read->reader.file = NULL;
    read->handle = NULL;
    if (read->op != NULL) {
        read_deliver(read);
    } else if (read->err != ERR_OK || read->size == 0 || partition->deleted) {
        read_free(read); // who asks for it finds out
    } else {
        list_append(&shard->aheads, &read->node);
        shard->ahead_count++;
    }
    changes_try(partition->shard);
    shard_idle(shard);
}

void partition_reader_init(struct partition *partition, size_t segment_index, int64_t offset,
                           struct segment_reader *reader)
{
    const struct segment *segment = &partition->segments[segment_index];
    *reader = (struct segment_reader){
        .folder = partition->path,
        .segment_base = segment->base_offset,
        .end = segment->size,
        .interval = (uint64_t)partition->config.index_interval_size,
    };
    reader->end_offset = segment->last_offset + 1;
    if (segment->base_offset == partition->written.segment_base) {
        reader->end = partition->written.position;
        reader->end_offset = partition->written.offset;
    }
    uint64_t position;
    if (offset >= 0 && partition->read_hint.segment_base == segment->base_offset &&
        partition->read_hint.offset == offset) {
        reader->start = partition->read_hint.position;
        reader->start_known = true;
    } else if (index_pending_find(partition, segment->base_offset, offset, &position) && position < reader->end) {
        reader->start = position;
        reader->start_known = true;
    }
    for (uint32_t i = 0; i < partition->quarantine_count; i++) {
        const struct quarantine *q = &partition->quarantines[i];
        if (q->segment_base == segment->base_offset && offset >= q->next_offset && q->to > reader->not_before)
            reader->not_before = q->to;
    }
}

static struct read_job *read_new(struct partition *partition, size_t index, int64_t offset, size_t max_size)
{
    struct read_job *read = mem_zalloc(1, sizeof *read);
    read->job = (struct disk_job){ .loop = partition->shard->loop, .run = read_run, .on_done = read_on_done };
    read->partition = partition;
    read->offset = offset;
    read->max_size = max_size > READ_SIZE_MAX ? READ_SIZE_MAX : max_size;
    read->at_least_one = true;
    partition_reader_init(partition, index, offset, &read->reader);
    // What is not in the page cache would only fill it: a large piece is read past it too.
    read->reader.past_cache =
        partition->segments[index].past_cache && max_size >= partition->store->options.direct_read_size;
    return read;
}

static void read_submit(struct read_job *read)
{
    struct partition *partition = read->partition;
    read->handle = files_take(partition->shard, partition, read->reader.segment_base,
                              read->reader.past_cache ? OPEN_DIRECT : OPEN_CACHED);
    if (read->handle != NULL)
        read->reader.file = read->handle->file;
    partition->disk_reads++;
    partition->shard->jobs++;
    disk_submit(DISK_READ, &read->job);
}

static void read_ahead(struct partition *partition, const struct place *from, size_t max_size)
{
    struct shard *shard = partition->shard;
    size_t index = partition_segment_find(partition, from->offset);
    const struct segment *segment = &partition->segments[index];
    if (partition->ahead != NULL || partition->swapping || shard->stopping || !segment->past_cache ||
        max_size > READ_AHEAD_MAX || segment->base_offset != from->segment_base ||
        from->offset > segment->last_offset || from->offset >= partition->written.offset)
        return;
    if (shard->ahead_count >= READ_AHEADS)
        read_free(LIST_ITEM(list_first(&shard->aheads), struct read_job, node));
    partition->ahead = read_new(partition, index, from->offset, max_size);
    read_submit(partition->ahead);
}

// Takes what was read ahead, or is being read, for OP.
static bool read_from_ahead(struct read_op *op)
{
    struct partition *partition = op->op.partition;
    struct read_job *ahead = partition->ahead;
    if (ahead == NULL)
        return false;
    if (ahead->offset != op->offset || ahead->max_size > op->max_size) {
        read_ahead_free(partition); // nobody goes on there
        return false;
    }
    partition->ahead = NULL;
    ahead->op = op;
    if (list_linked(&ahead->node))
        read_deliver(ahead);
    return true;
}

static void read_from_disk(struct read_op *op, size_t index)
{
    if (read_from_ahead(op))
        return;
    struct read_job *read = read_new(op->op.partition, index, op->offset, op->max_size);
    read->op = op;
    read->at_least_one = op->at_least_one;
    read_submit(read);
}

static err_t read_check(const struct read_op *op)
{
    const struct partition *partition = op->op.partition;
    if (partition->deleted)
        return ERR_CLOSED;
    if (op->current_leader_epoch >= 0 && op->current_leader_epoch != partition->store->epoch)
        return op->current_leader_epoch < partition->store->epoch ? ERR_STALE_EPOCH : ERR_INVALID;
    if (op->offset < partition->log_start || op->offset > partition->durable.offset)
        return ERR_OUT_OF_RANGE;
    return quarantine_covers(partition, op->offset) ? ERR_CORRUPT : ERR_OK;
}

void partition_read(struct read_op *op)
{
    struct partition *partition = op->op.partition;
    op->slice_count = 0;
    op->size = 0;
    err_t err = read_check(op);
    if (err != ERR_OK || op->offset == partition->durable.offset) {
        read_done(op, err);
        return;
    }
    size_t index = partition_segment_find(partition, op->offset);
    // A hole behind the last batch of a segment, or a segment without any (compaction): the answer is further on.
    while (index + 1 < partition->segment_count &&
           (partition->segments[index].size == 0 || op->offset > partition->segments[index].last_offset))
        index++;
    const struct tail_chunk *chunk = tail_find(partition, op->offset);
    if (chunk == NULL && partition->tail_first != NULL &&
        partition->segments[index].base_offset >= partition->tail_first->first_offset)
        chunk = partition->tail_first;
    if (chunk != NULL) {
        tail_read(partition, chunk, op);
        read_done(op, ERR_OK);
    } else if (partition->swapping) {
        op_queue_push(&partition->parked, &op->op.message);
    } else {
        read_from_disk(op, index);
    }
}
