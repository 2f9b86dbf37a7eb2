// SPDX-License-Identifier: Apache-2.0
// Offsets by time (ListOffsets): the time index leads to the segment and near the batch, the batch is opened for the
// exact record; what is not written yet is looked for in the tail.
#include "store/impl.h"

#include "base/mem.h"
#include "store/epochs.h"
#include "store/index.h"
#include "store/segment_read.h"

#include <stdlib.h>

enum { RECORDS_SIZE_MAX = 64 << 20 };

struct find_target {
    int64_t timestamp;
    int64_t first_offset;            // records below do not count
    int64_t before;                  // nor do these and above: the files are searched up to here, then the tail on
    int64_t offset, found_timestamp; // -1: none
};

struct find_job {
    struct disk_job job;
    struct offset_op *op;
    struct partition *partition;
    struct segment_reader *readers; // of the segments to look at, in order
    size_t count;
    struct find_target target;
    err_t err;
};

static void find_in_batch(struct find_target *target, const struct batch_header *header, bytes_t batch)
{
    struct writer room = WRITER_INIT;
    bytes_t records;
    struct record record;
    if (batch_records(batch, header, RECORDS_SIZE_MAX, &room, &records) == ERR_OK) {
        struct record_walk walk = record_walk_of(records, header->record_count);
        while (target->offset < 0 && record_walk_next(&walk, &record)) {
            int64_t offset = record_offset(header, &record);
            if (record_timestamp(header, &record) < target->timestamp || offset < target->first_offset)
                continue;
            target->offset = offset;
            target->found_timestamp = record_timestamp(header, &record);
        }
    } else if (header->base_offset >= target->first_offset) { // what cannot be opened is found as a whole
        target->offset = header->base_offset;
        target->found_timestamp = header->max_timestamp;
    }
    writer_free(&room);
}

static bool on_batch(void *owner, const struct batch_header *header, bytes_t batch, uint64_t position)
{
    struct find_target *target = owner;
    (void)position;
    if (header->base_offset >= target->before)
        return false;
    if (header->max_timestamp >= target->timestamp && batch_last_offset(header) >= target->first_offset)
        find_in_batch(target, header, batch);
    return target->offset < 0;
}

// The time index tells up to which offset all timestamps are smaller.
static int64_t start_offset(const struct segment_reader *reader, int64_t timestamp)
{
    if (reader->end <= 2 * reader->interval)
        return reader->segment_base;
    return index_time_seek(reader->folder, reader->segment_base, timestamp);
}

static void find_run(struct disk_job *job)
{
    struct find_job *find = CONTAINER_OF(job, struct find_job, job);
    for (size_t i = 0; i < find->count && find->target.offset < 0 && find->err == ERR_OK; i++) {
        struct segment_reader *reader = &find->readers[i];
        find->err = segment_reader_open(reader);
        if (find->err == ERR_OK)
            find->err =
                segment_reader_walk(reader, start_offset(reader, find->target.timestamp), on_batch, &find->target);
        file_close(reader->file);
        if (find->err == ERR_NOT_FOUND) // retention was faster
            find->err = ERR_OK;
    }
}

// From where the search of the files ended.
static void find_in_tail(const struct partition *partition, struct find_target *target)
{
    const struct tail_chunk *chunk = tail_find(partition, target->before);
    target->before = partition->durable.offset;
    for (; chunk != NULL && target->offset < 0; chunk = chunk->next) {
        struct batch_walk walk = batch_walk_of(bytes_of(chunk->data, chunk->size));
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch) && on_batch(target, &header, batch, 0))
            ;
    }
}

static void find_answer(struct offset_op *op, struct find_target *target, err_t err)
{
    const struct partition *partition = op->op.partition;
    if (err == ERR_OK && target->offset < 0)
        find_in_tail(partition, target);
    op->offset = target->offset;
    op->found_timestamp = target->found_timestamp;
    op->leader_epoch = target->offset < 0 ? -1 : epochs_at(partition, target->offset);
    log_op_done(&op->op, err);
}

static void find_from(struct offset_op *op, int64_t timestamp, int64_t from);

// Bytes that the tail held when the files were searched may have been written and left it since then.
static bool must_go_on(const struct find_job *find)
{
    const struct find_target *target = &find->target;
    return find->err == ERR_OK && target->offset < 0 && target->before < find->partition->written.offset &&
           tail_find(find->partition, target->before) == NULL;
}

static void find_on_done(struct disk_job *job)
{
    struct find_job *find = CONTAINER_OF(job, struct find_job, job);
    struct partition *partition = find->partition;
    partition->disk_reads--;
    partition->shard->jobs--;
    if (partition->deleted)
        find_answer(find->op, &find->target, ERR_CLOSED);
    else if (must_go_on(find))
        find_from(find->op, find->target.timestamp, find->target.before);
    else
        find_answer(find->op, &find->target, find->err);
    free(find->readers);
    free(find);
    changes_try(partition->shard);
    shard_idle(partition->shard);
}

static int64_t max_timestamp(const struct partition *partition)
{
    int64_t max = partition->durable_segment.max_timestamp;
    for (size_t i = 0; i < partition->segment_count; i++) {
        if (partition->segments[i].base_offset < partition->durable.segment_base &&
            partition->segments[i].max_timestamp > max)
            max = partition->segments[i].max_timestamp;
    }
    return max;
}

// Below FROM there is none.
static void find_from(struct offset_op *op, int64_t timestamp, int64_t from)
{
    struct partition *partition = op->op.partition;
    if (partition->swapping) {
        op_queue_push(&partition->parked, &op->op.message);
        return;
    }
    int64_t first = from < partition->log_start ? partition->log_start : from;
    struct find_target target = { timestamp, first, partition->written.offset, -1, -1 };
    struct find_job *find = mem_zalloc(1, sizeof *find);
    find->readers = mem_zalloc(partition->segment_count, sizeof *find->readers);
    for (size_t i = 0; i < partition->segment_count; i++) {
        const struct segment *segment = &partition->segments[i];
        if (segment->max_timestamp < timestamp || segment->base_offset >= partition->written.offset ||
            segment->last_offset < first)
            continue;
        struct segment_reader *reader = &find->readers[find->count++];
        partition_reader_init(partition, i, -1, reader);
        reader->skip_damage = true; // the records around it have their times
    }
    if (find->count == 0) {
        free(find->readers);
        free(find);
        find_answer(op, &target, ERR_OK);
        return;
    }
    find->job = (struct disk_job){ .loop = partition->shard->loop, .run = find_run, .on_done = find_on_done };
    find->op = op;
    find->partition = partition;
    find->target = target;
    partition->disk_reads++;
    partition->shard->jobs++;
    disk_submit(DISK_READ, &find->job);
}

static void answer_place(struct offset_op *op, int64_t offset)
{
    const struct partition *partition = op->op.partition;
    op->offset = offset;
    op->leader_epoch = epochs_at(partition, offset);
    if (op->leader_epoch < 0)
        op->leader_epoch = partition->store->epoch;
    log_op_done(&op->op, ERR_OK);
}

void partition_find_offset(struct offset_op *op)
{
    struct partition *partition = op->op.partition;
    op->offset = op->found_timestamp = -1;
    op->leader_epoch = -1;
    if (partition->deleted) {
        log_op_done(&op->op, ERR_CLOSED);
        return;
    }
    switch (op->timestamp) {
    case OFFSET_LATEST:
        answer_place(op, partition->durable.offset);
        return;
    case OFFSET_EARLIEST:
    case OFFSET_EARLIEST_LOCAL:
        answer_place(op, partition->log_start);
        return;
    case OFFSET_LATEST_TIERED:
    case OFFSET_EARLIEST_PENDING_UPLOAD:
        log_op_done(&op->op, ERR_OK);
        return;
    case OFFSET_MAX_TIMESTAMP:
        if (partition->durable.offset == partition->log_start || max_timestamp(partition) < 0)
            log_op_done(&op->op, ERR_OK);
        else
            find_from(op, max_timestamp(partition), 0);
        return;
    default:
        if (op->timestamp < 0)
            log_op_done(&op->op, ERR_INVALID);
        else
            find_from(op, op->timestamp, 0);
    }
}
