// SPDX-License-Identifier: Apache-2.0
// Readers: one read or one wait at a time, on the loop that opened the reader.
#include "engine/embedded/impl.h"

#include "base/mem.h"

#include <stdlib.h>

enum reader_state { READER_IDLE, READER_BUSY, READER_WAITING, READER_ENDED };

struct engine_reader {
    const struct topic *topic; // NULL: there is none
    struct partition *partition;
    struct loop *loop;
    int64_t offset; // or ENGINE_EARLIEST, ENGINE_LATEST
    size_t max_size;
    engine_on_records *on_records;
    void *owner;
    enum reader_state state;
    bool closed;
    struct message failed;
    union {
        struct read_op read;
        struct wait_op wait;
        struct offset_op find;
    } op;
};

static void reader_free(struct engine_reader *reader)
{
    topic_unref(reader->topic);
    free(reader);
}

static void reader_end(struct engine_reader *reader, err_t err, struct engine_records *records)
{
    reader->state = READER_ENDED;
    reader->on_records(reader->owner, err, records);
}

static void reader_wait(struct engine_reader *reader, int64_t high_watermark);
static void reader_read(struct engine_reader *reader);

// What is there, or why there is nothing. RECORDS may be let go after the callback; the reader too.
static void reader_deliver(struct engine_reader *reader, err_t err, struct engine_records *records)
{
    reader->state = READER_IDLE;
    if (err == ERR_OK) {
        reader->offset = records->next_offset;
        reader->on_records(reader->owner, ERR_OK, records);
    } else {
        reader_end(reader, err, records);
    }
    engine_records_unref(records);
}

static void on_read(struct log_op *op)
{
    struct read_op *read = CONTAINER_OF(op, struct read_op, op);
    struct engine_reader *reader = CONTAINER_OF(read, struct engine_reader, op.read);
    if (op->err == ERR_OUT_OF_RANGE)
        read->slice_count = 0;
    // Where it could go on: behind what was deleted, or at the end of a log that is shorter than it was.
    int64_t start = read->log_start_offset > reader->offset ? read->log_start_offset : read->high_watermark;
    bool usable = op->err == ERR_OK || op->err == ERR_OUT_OF_RANGE;
    if (!usable)
        read->slice_count = 0;
    struct engine_records *records = records_new(read, op->err == ERR_OUT_OF_RANGE ? start : reader->offset);
    if (reader->closed) {
        engine_records_unref(records);
        reader_free(reader);
    } else if (op->err == ERR_OK && records->next_offset == reader->offset) {
        engine_records_unref(records);
        reader_wait(reader, read->high_watermark);
    } else {
        reader_deliver(reader, op->err, records);
    }
}

static void reader_read(struct engine_reader *reader)
{
    reader->state = READER_BUSY;
    reader->op.read = (struct read_op){ .op = { .partition = reader->partition, .on_done = on_read },
                                        .offset = reader->offset,
                                        .max_size = reader->max_size,
                                        .at_least_one = true,
                                        .current_leader_epoch = -1 };
    log_read(&reader->op.read);
}

static void on_waited(struct log_op *op)
{
    struct wait_op *wait = CONTAINER_OF(op, struct wait_op, op);
    struct engine_reader *reader = CONTAINER_OF(wait, struct engine_reader, op.wait);
    if (reader->closed)
        reader_free(reader);
    else if (op->err != ERR_OK)
        reader_end(reader, op->err, NULL);
    else
        reader_read(reader);
}

static void reader_wait(struct engine_reader *reader, int64_t high_watermark)
{
    reader->state = READER_WAITING;
    reader->op.wait =
        (struct wait_op){ .op = { .partition = reader->partition, .on_done = on_waited }, .offset = high_watermark };
    log_wait(&reader->op.wait);
}

static void on_found(struct log_op *op)
{
    struct offset_op *find = CONTAINER_OF(op, struct offset_op, op);
    struct engine_reader *reader = CONTAINER_OF(find, struct engine_reader, op.find);
    if (reader->closed) {
        reader_free(reader);
        return;
    }
    if (op->err != ERR_OK) {
        reader_end(reader, op->err, NULL);
        return;
    }
    reader->offset = find->offset;
    reader_read(reader);
}

static void on_failed(struct message *message)
{
    struct engine_reader *reader = CONTAINER_OF(message, struct engine_reader, failed);
    if (reader->closed)
        reader_free(reader);
    else
        reader_end(reader, ERR_NOT_FOUND, NULL);
}

struct engine_reader *embedded_reader_open(struct engine *engine, bytes_t name, int32_t partition, int64_t offset,
                                           size_t max_size, engine_on_records *on_records, void *owner)
{
    const struct topic *topic = topic_find(embedded_of(engine)->store, name);
    struct engine_reader *reader = mem_zalloc(1, sizeof *reader);
    reader->loop = loop_current();
    reader->offset = offset;
    reader->max_size = max_size;
    reader->on_records = on_records;
    reader->owner = owner;
    reader->failed.on_message = on_failed;
    if (topic != NULL && partition >= 0 && partition < topic->partition_count) {
        reader->topic = topic_ref(topic);
        reader->partition = topic->partitions[partition];
    }
    return reader;
}

void embedded_reader_next(struct engine_reader *reader)
{
    ASSERT(reader->state == READER_IDLE && !reader->closed && loop_current() == reader->loop);
    reader->state = READER_BUSY;
    if (reader->partition == NULL) {
        loop_post(reader->loop, &reader->failed);
    } else if (reader->offset < 0) {
        reader->op.find =
            (struct offset_op){ .op = { .partition = reader->partition, .on_done = on_found },
                                .timestamp = reader->offset == ENGINE_EARLIEST ? OFFSET_EARLIEST : OFFSET_LATEST };
        log_find_offset(&reader->op.find);
    } else {
        reader_read(reader);
    }
}

void embedded_reader_close(struct engine_reader *reader)
{
    ASSERT(!reader->closed && loop_current() == reader->loop);
    reader->closed = true;
    if (reader->state == READER_WAITING)
        log_wait_cancel(&reader->op.wait);
    else if (reader->state != READER_BUSY)
        reader_free(reader);
}
