// SPDX-License-Identifier: Apache-2.0
// From a batch that a door checked to bytes in the tail: the rules of the topic, the producer's sequence, the offset.
#include "store/impl.h"

#include "base/mem.h"
#include "io/clock.h"
#include "store/epochs.h"
#include "store/index.h"
#include "store/producers.h"

void append_refuse(struct append_op *op, err_t err)
{
    op->log_start_offset = op->op.partition->log_start;
    if (err != ERR_OK)
        slice_free(&op->batch);
    log_op_done(&op->op, err);
}

// Why nothing can be appended now, whatever it is.
static err_t refusal(const struct partition *partition)
{
    const struct shard *shard = partition->shard;
    if (partition->deleted)
        return ERR_CLOSED;
    if (shard->failed)
        return ERR_IO;
    if (shard->stopping && !partition->internal)
        return ERR_CLOSED;
    if (partition->cutting || (shard->space_short && !partition->internal))
        return ERR_NO_SPACE;
    return ERR_OK;
}

// Records without a key cannot be compacted (KAFKA-LogValidator); compressed ones are opened for that.
static err_t check_keys(const struct append_op *op, const struct batch_header *header)
{
    struct writer room = WRITER_INIT;
    bytes_t records;
    struct record_summary summary;
    err_t err = batch_records(op->batch.bytes, header, (size_t)64 << 20, &room, &records);
    if (err == ERR_OK)
        err = batch_records_check(records, header, &summary);
    writer_free(&room);
    if (err != ERR_OK)
        return err;
    return summary.keyless_count > 0 ? ERR_INVALID : ERR_OK;
}

static err_t check_rules(const struct append_op *op, const struct batch_header *header, int64_t now_ms)
{
    const struct topic_config *config = &op->op.partition->config;
    if (op->batch.bytes.size > (uint64_t)config->max_message_size || op->batch.bytes.size > INT32_MAX / 2)
        return ERR_TOO_LARGE;
    if ((config->cleanup & CLEANUP_COMPACT) != 0 && (header->attributes & BATCH_CONTROL) == 0) {
        err_t err = check_keys(op, header);
        if (err != ERR_OK)
            return err;
    }
    if (config->log_append_time || header->max_timestamp < 0)
        return ERR_OK;
    if (header->max_timestamp > now_ms && header->max_timestamp - now_ms > config->timestamp_after_max_ms)
        return ERR_OUT_OF_RANGE;
    if (header->base_timestamp >= 0 && header->base_timestamp < now_ms &&
        now_ms - header->base_timestamp > config->timestamp_before_max_ms)
        return ERR_OUT_OF_RANGE;
    return ERR_OK;
}

// Kafka's rules: the segment is full, its index is, a relative offset would not fit, or its first record is too old.
static bool must_roll(struct partition *partition, const struct batch_header *header, int64_t timestamp)
{
    const struct segment *active = partition_active(partition);
    const struct topic_config *config = &partition->config;
    size_t size = batch_header_size(header);
    if (active->size == 0)
        return false;
    if (active->size + size > (uint64_t)config->segment_size || active->size + size > INT32_MAX)
        return true;
    if (partition->end + header->last_offset_delta - active->base_offset > INT32_MAX)
        return true;
    if ((partition->index_count + 1) * (int64_t)INDEX_TIME_ENTRY_SIZE > config->segment_index_size)
        return true;
    // What must be compacted by a certain age must leave the active segment by then.
    int64_t age_max = config->segment_ms;
    if ((config->cleanup & CLEANUP_COMPACT) != 0 && config->max_compaction_lag_ms < age_max)
        age_max = config->max_compaction_lag_ms;
    return partition->first_timestamp >= 0 && timestamp >= 0 && timestamp - partition->first_timestamp > age_max;
}

static void note_timestamp(struct partition *partition, const struct batch_header *header)
{
    struct segment *active = partition_active(partition);
    if (active->size == 0)
        partition->first_timestamp = header->max_timestamp;
    if (header->max_timestamp > active->max_timestamp) {
        active->max_timestamp = header->max_timestamp;
        active->max_timestamp_offset = batch_last_offset(header);
    }
}

// The batch is accepted: gives it its place and puts it into the tail.
static void append_accept(struct append_op *op, struct batch_header *header, int64_t now_ms)
{
    struct partition *partition = op->op.partition;
    // The bytes are the caller's gift: nobody else holds them.
    uint8_t *bytes = op->batch.buf->data + (op->batch.bytes.data - op->batch.buf->data);
    op->log_append_time_ms = -1;
    if (partition->config.log_append_time) {
        batch_stamp_append_time(bytes, op->batch.bytes.size, now_ms);
        header->max_timestamp = now_ms;
        op->log_append_time_ms = now_ms;
    }
    if (must_roll(partition, header, header->max_timestamp))
        partition_roll_now(partition);
    batch_assign(bytes, partition->end, partition->store->epoch);
    header->base_offset = partition->end;
    header->leader_epoch = partition->store->epoch;
    epochs_note(partition, header->leader_epoch, header->base_offset);
    if (partition->producers != NULL)
        producers_add(partition->producers, header, now_ms);
    struct segment *active = partition_active(partition);
    index_add_batch(partition, header, active->size);
    note_timestamp(partition, header);
    size_t size = op->batch.bytes.size;
    struct slice batch = op->batch;
    op->batch = (struct slice){ 0 };
    tail_add(partition, batch, header->base_offset, batch_last_offset(header));
    active->size += size;
    partition->appended_size += size;
    active->last_offset = batch_last_offset(header);
    op->base_offset = partition->end;
    op->op.err = ERR_OK;
    partition->end = batch_last_offset(header) + 1;
    op_queue_push(&partition->acks, &op->op.message);
    if (op->ack == APPEND_WRITTEN)
        partition->shard->written_wanted = true;
    commit_want(partition);
}

// The first copy is in the log: the answer is a promise, so it waits until that copy is durable (or written).
static void append_duplicate(struct append_op *op)
{
    struct partition *partition = op->op.partition;
    if (op->base_offset < partition->durable.offset) {
        append_refuse(op, ERR_DUPLICATE);
        return;
    }
    slice_free(&op->batch);
    op->op.err = ERR_DUPLICATE;
    op_queue_push(&partition->acks, &op->op.message);
}

static err_t check(struct append_op *op, const struct batch_header *header, int64_t now_ms)
{
    const struct producers *producers = op->op.partition->producers;
    bool decided = header->producer_id >= LOG_DECIDED_PRODUCER_ID;
    if (decided != op->decided)
        return ERR_INVALID;
    err_t err = decided ? ERR_OK : check_rules(op, header, now_ms);
    return err == ERR_OK && producers != NULL ? producers_check(producers, header, &op->base_offset) : err;
}

// True when the operation is answered or accepted; false when it must wait.
static bool append_try(struct append_op *op)
{
    struct partition *partition = op->op.partition;
    if (op->packing != NULL)
        return false;
    err_t err = refusal(partition);
    if (err == ERR_OK)
        err = op->packing_err;
    if (err != ERR_OK) {
        append_refuse(op, err);
        return true;
    }
    struct batch_header header;
    err = batch_header_read(op->batch.bytes, &header);
    ASSERT(err == ERR_OK);
    if (header.producer_id >= 0 && partition->producers == NULL) {
        producers_load(partition);
        return false;
    }
    if (tail_is_full(partition->shard)) {
        tail_evict(partition->shard);
        if (tail_is_full(partition->shard) && pass_met_full_disk(partition->shard)) {
            append_refuse(op, ERR_NO_SPACE); // an internal topic: the others were refused above
            return true;
        }
        if (tail_is_full(partition->shard)) {
            checkpoint_want(partition->shard);
            return false;
        }
    }
    int64_t now_ms = clock_wall_ms();
    err = check(op, &header, now_ms);
    if (err == ERR_DUPLICATE)
        append_duplicate(op);
    else if (err != ERR_OK)
        append_refuse(op, err);
    else
        append_accept(op, &header, now_ms);
    return true;
}

void partition_append(struct append_op *op)
{
    struct partition *partition = op->op.partition;
    bool first = partition->appends.first == NULL;
    if (!packing_begin(op) && first && append_try(op))
        return;
    op_queue_push(&partition->appends, &op->op.message);
    if (!list_linked(&partition->throttled))
        list_append(&partition->shard->throttled, &partition->throttled);
}

// Tries the append that waits longest; false when it still has to.
static bool resume_one(struct partition *partition)
{
    struct append_op *op = CONTAINER_OF(partition->appends.first, struct append_op, op.message);
    struct op_queue rest = { op->op.message.next, partition->appends.last };
    if (rest.first == NULL)
        rest.last = NULL;
    if (!append_try(op))
        return false;
    partition->appends = rest;
    return true;
}

void partition_appends_resume(struct partition *partition)
{
    partition_asking_resume(partition);
    while (partition->appends.first != NULL) {
        if (!resume_one(partition))
            return;
    }
    list_remove(&partition->throttled);
}

// One append of each partition in turn, until a whole round served nobody: the room that there is now is shared.
void shard_appends_resume(struct shard *shard)
{
    size_t count = 0, idle = 0;
    LIST_EACH(&shard->throttled, node)
    count++;
    while (idle < count) {
        struct partition *partition = LIST_ITEM(shard->throttled.next, struct partition, throttled);
        idle = resume_one(partition) ? 0 : idle + 1;
        list_remove(&partition->throttled);
        if (partition->appends.first != NULL)
            list_append(&shard->throttled, &partition->throttled);
        else
            count--;
    }
}

void partition_queued_fail(struct partition *partition, err_t err)
{
    struct message *message;
    partition_asking_fail(partition, err);
    while ((message = op_queue_pop(&partition->appends)) != NULL) {
        struct append_op *op = CONTAINER_OF(message, struct append_op, op.message);
        if (op->packing != NULL)
            packing_abandon(op, err);
        else
            append_refuse(op, err);
    }
    list_remove(&partition->throttled);
}

void partition_appends_fail(struct partition *partition, err_t err)
{
    struct message *message;
    while ((message = op_queue_pop(&partition->acks)) != NULL)
        append_refuse(CONTAINER_OF(message, struct append_op, op.message), err);
    partition_queued_fail(partition, err);
}
