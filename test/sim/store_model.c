// SPDX-License-Identifier: Apache-2.0
#include "store_model.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

enum { KEY_SIZE = 16 };

void model_free(struct model_partition *model)
{
    free(model->batches);
    free(model->seen);
    *model = (struct model_partition){ 0 };
}

// Every value holds the number and then bytes that follow from it.
static void fill(uint8_t *to, size_t size, uint64_t number)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(number * 31 + i * 7 + (number >> 8));
}

size_t model_make(struct model_partition *model, uint64_t number, int32_t count, size_t size,
                  const struct batch_options *options, int64_t timestamp_ms, struct slice *ret_batch)
{
    struct batch_builder builder;
    batch_builder_init(&builder, *options);
    size_t value_size = size / (size_t)count + 1;
    uint8_t *value = mem_alloc(value_size);
    uint8_t key[KEY_SIZE] = { 0 };
    put_u64(key, number);
    fill(value, value_size, number);
    for (int32_t i = 0; i < count; i++) {
        put_u64(key + 8, (uint64_t)i);
        batch_builder_add(&builder, bytes_of(key, sizeof key), bytes_of(value, value_size), NULL, 0, timestamp_ms + i);
    }
    free(value);
    err_t err = batch_builder_finish(&builder, ret_batch);
    ASSERT(err == ERR_OK);
    MEM_GROW(model->batches, model->batch_count, model->batch_capacity);
    model->batches[model->batch_count] = (struct model_batch){
        .number = number,
        .crc = get_u32(ret_batch->bytes.data + BATCH_CRC_AT),
        .size = ret_batch->bytes.size,
        .state = MODEL_TRIED,
        .offset = -1,
        .record_count = count,
    };
    return model->batch_count++;
}

static struct model_batch *find_batch(struct model_partition *model, uint64_t number)
{
    size_t low = 0, high = model->batch_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (model->batches[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < model->batch_count && model->batches[low].number == number ? &model->batches[low] : NULL;
}

static size_t seen_place(const struct model_partition *model, int64_t offset)
{
    size_t low = 0, high = model->seen_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (model->seen[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// OFFSET means batch NUMBER from now on; false when it meant another one before.
static bool see(struct model_partition *model, int64_t offset, uint64_t number)
{
    size_t at = seen_place(model, offset);
    if (at < model->seen_count && model->seen[at].offset == offset) {
        model->seen[at].walk = model->walk;
        return model->seen[at].number == number;
    }
    MEM_GROW(model->seen, model->seen_count, model->seen_capacity);
    memmove(&model->seen[at + 1], &model->seen[at], (model->seen_count - at) * sizeof *model->seen);
    model->seen[at] = (struct model_seen){ offset, number, model->walk };
    model->seen_count++;
    return true;
}

const char *model_on_ack(struct model_partition *model, size_t index, int64_t base_offset)
{
    struct model_batch *batch = &model->batches[index];
    if (base_offset < 0)
        return "an acknowledgement without an offset";
    if (batch->offset >= 0 && batch->offset != base_offset)
        return "a batch has two offsets";
    batch->offset = base_offset;
    batch->state = MODEL_ACKED;
    return see(model, base_offset, batch->number) ? NULL : "an acknowledged offset meant another batch before";
}

static const char *judge_batch(struct model_partition *model, bytes_t bytes, const struct batch_header *header)
{
    struct batch_header checked;
    if (batch_check(bytes, BATCH_FROM_DISK, &checked, NULL) != ERR_OK)
        return "a batch was served torn";
    struct writer room = WRITER_INIT;
    bytes_t records;
    struct record record = { 0 };
    err_t err = batch_records(bytes, header, 1 << 20, &room, &records);
    struct record_walk walk = record_walk_of(records, header->record_count);
    bool any = err == ERR_OK && record_walk_next(&walk, &record);
    uint64_t number = any && record.key.size == KEY_SIZE ? get_u64(record.key.data) : 0;
    writer_free(&room);
    struct model_batch *batch = find_batch(model, number);
    if (batch == NULL)
        return "a batch was served that nobody sent";
    if (batch->crc != header->crc || batch->size != bytes.size)
        return "a batch was changed";
    if (batch->offset >= 0 && batch->offset != header->base_offset)
        return "a batch was stored twice, or moved";
    if (batch->state == MODEL_REFUSED)
        return "a batch was served that had been refused";
    batch->offset = header->base_offset;
    return see(model, header->base_offset, number) ? NULL : "an offset means two things";
}

const char *model_on_read(struct model_partition *model, int64_t offset, bytes_t bytes, int64_t *ret_next)
{
    struct batch_walk walk = batch_walk_of(bytes);
    struct batch_header header;
    bytes_t batch;
    int64_t next = offset;
    bool first = true;
    while (batch_walk_next(&walk, &header, &batch)) {
        const char *wrong = judge_batch(model, batch, &header);
        if (wrong != NULL)
            return wrong;
        if (first ? header.base_offset > offset || batch_last_offset(&header) < offset : header.base_offset != next)
            return "offsets have a hole or go back";
        next = batch_last_offset(&header) + 1;
        first = false;
    }
    *ret_next = next;
    return walk.err == ERR_OK ? NULL : "bytes were served that are no batch";
}

const char *model_on_high_watermark(struct model_partition *model, int64_t high_watermark)
{
    if (high_watermark < model->high_watermark)
        return "the high watermark went back";
    model->high_watermark = high_watermark;
    return NULL;
}

void model_walk_begin(struct model_partition *model)
{
    model->walk++;
}

const char *model_walk_end(struct model_partition *model, int64_t log_start, int64_t high_watermark)
{
    if (log_start < model->log_start_acked)
        return "a log start went back";
    if (log_start > model->log_start_asked)
        return "the log start moved without being asked";
    // What was acknowledged or read once: both are in `seen`.
    for (size_t i = 0; i < model->seen_count; i++) {
        const struct model_seen *seen = &model->seen[i];
        const struct model_batch *batch = find_batch(model, seen->number);
        if (seen->walk == model->walk || seen->offset + batch->record_count <= log_start)
            continue;
        if (seen->offset >= high_watermark)
            return batch->state == MODEL_ACKED ? "an acknowledged batch is above the high watermark"
                                               : "a batch that was read is above the high watermark";
        return batch->state == MODEL_ACKED ? "an acknowledged batch is missing" : "a batch that was read is missing";
    }
    return NULL;
}

void model_forget_above(struct model_partition *model, int64_t high_watermark)
{
    model->high_watermark = high_watermark;
    model->seen_count = seen_place(model, high_watermark);
    for (size_t i = 0; i < model->batch_count; i++) {
        struct model_batch *batch = &model->batches[i];
        if (batch->offset >= high_watermark) {
            batch->offset = -1;
            batch->state = MODEL_REFUSED;
        }
    }
}
