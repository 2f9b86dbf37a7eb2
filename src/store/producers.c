// SPDX-License-Identifier: Apache-2.0
#include "store/producers.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "store/log.h"

#include <stdlib.h>

enum {
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_HEADER_SIZE = 10,
    SNAPSHOT_ENTRY_SIZE = 46,
    SNAPSHOT_CRC_AT = 2,
    SNAPSHOT_COUNT_AT = 6
};

static bytes_t producer_key(const struct map_node *node)
{
    return bytes_of(&CONTAINER_OF_CONST(node, struct producer, node)->id, sizeof(int64_t));
}

struct producers *producers_new(void)
{
    struct producers *producers = mem_zalloc(1, sizeof *producers);
    producers->map = MAP_INIT(producer_key);
    return producers;
}

static void remove_producer(struct producers *producers, struct producer *producer)
{
    map_remove(&producers->map, &producer->node);
    free(producer);
}

void producers_free(struct producers *producers)
{
    if (producers == NULL)
        return;
    struct map_node *node = map_next(&producers->map, NULL);
    while (node != NULL) {
        struct producer *producer = CONTAINER_OF(node, struct producer, node);
        node = map_next(&producers->map, node);
        free(producer);
    }
    map_free(&producers->map);
    free(producers);
}

size_t producers_count(const struct producers *producers)
{
    return producers->map.count;
}

static struct producer *find(const struct producers *producers, int64_t id)
{
    struct map_node *node = map_find(&producers->map, bytes_of(&id, sizeof id));
    return node == NULL ? NULL : CONTAINER_OF(node, struct producer, node);
}

static bool is_decided(int64_t id)
{
    return id >= LOG_DECIDED_PRODUCER_ID;
}

// Only the first sequences of batches count: they are given to batches, not to records. When a cut took all batches
// that are remembered, last_sequence is the one before them.
static err_t check_decided(const struct producer *producer, const struct batch_header *header, int64_t *ret_base_offset)
{
    const struct producer_batch *newest =
        producer->batch_count == 0 ? NULL : &producer->batches[producer->batch_count - 1];
    int32_t last = newest == NULL ? producer->last_sequence : newest->first_sequence;
    bool is_new = header->producer_epoch == producer->epoch ? header->base_sequence > last
                                                            : header->producer_epoch > producer->epoch;
    if (is_new)
        return ERR_OK;
    *ret_base_offset = newest == NULL ? -1 : newest->last_offset - newest->offset_delta;
    return ERR_DUPLICATE;
}

err_t producers_check(const struct producers *producers, const struct batch_header *header, int64_t *ret_base_offset)
{
    if (header->producer_id < 0 || (header->attributes & BATCH_CONTROL) != 0)
        return ERR_OK;
    const struct producer *producer = find(producers, header->producer_id);
    if (producer == NULL)
        return ERR_OK;
    if (is_decided(producer->id))
        return check_decided(producer, header, ret_base_offset);
    if (header->producer_epoch < producer->epoch)
        return ERR_STALE_EPOCH;
    if (header->producer_epoch > producer->epoch)
        return header->base_sequence == 0 ? ERR_OK : ERR_BAD_SEQUENCE;
    for (uint32_t i = 0; i < producer->batch_count; i++) {
        const struct producer_batch *batch = &producer->batches[i];
        if (batch->first_sequence == header->base_sequence && batch->last_sequence == batch_last_sequence(header)) {
            *ret_base_offset = batch->last_offset - batch->offset_delta;
            return ERR_DUPLICATE;
        }
    }
    if (producer->last_sequence < 0 || header->base_sequence == batch_sequence_add(producer->last_sequence, 1))
        return ERR_OK;
    return ERR_BAD_SEQUENCE;
}

// Nothing of an earlier run is sent again once a later run has decided something.
static void remove_decided(struct producers *producers)
{
    struct map_node *node = map_next(&producers->map, NULL);
    while (node != NULL) {
        struct producer *producer = CONTAINER_OF(node, struct producer, node);
        node = map_next(&producers->map, node);
        if (is_decided(producer->id))
            remove_producer(producers, producer);
    }
}

static struct producer *find_or_add(struct producers *producers, int64_t id)
{
    struct producer *producer = find(producers, id);
    if (producer == NULL) {
        if (is_decided(id))
            remove_decided(producers);
        producer = mem_zalloc(1, sizeof *producer);
        producer->id = id;
        producer->epoch = -1;
        producer->last_sequence = -1;
        map_insert(&producers->map, &producer->node);
    }
    return producer;
}

static void add_batch(struct producer *producer, const struct producer_batch *batch)
{
    if (producer->batch_count == PRODUCER_BATCHES_MAX) {
        memmove(&producer->batches[0], &producer->batches[1], (PRODUCER_BATCHES_MAX - 1) * sizeof producer->batches[0]);
        producer->batch_count--;
    }
    producer->batches[producer->batch_count++] = *batch;
    producer->last_sequence = batch->last_sequence;
}

void producers_add(struct producers *producers, const struct batch_header *header, int64_t time_ms)
{
    if (header->producer_id < 0 || (header->attributes & BATCH_CONTROL) != 0)
        return;
    struct producer *producer = find_or_add(producers, header->producer_id);
    if (header->producer_epoch != producer->epoch) {
        producer->epoch = header->producer_epoch;
        producer->batch_count = 0;
    }
    add_batch(producer, &(struct producer_batch){
                            .first_sequence = header->base_sequence,
                            .last_sequence = batch_last_sequence(header),
                            .last_offset = batch_last_offset(header),
                            .offset_delta = header->last_offset_delta,
                            .timestamp = time_ms,
                        });
    producers->changed = true;
}

// The newest batch before OFFSET; its last_offset is -1 when none is remembered. False: nobody knew the producer then.
static bool producer_before(const struct producer *producer, int64_t offset, struct producer_batch *ret_last)
{
    uint32_t count = producer->batch_count;
    while (count > 0 && producer->batches[count - 1].last_offset >= offset)
        count--;
    *ret_last = (struct producer_batch){ .last_sequence = producer->last_sequence, .last_offset = -1, .timestamp = -1 };
    if (count > 0)
        *ret_last = producer->batches[count - 1];
    else if (producer->batch_count > 0) // what came before all five is known by the next sequence only, unless it is 0
        ret_last->last_sequence = producer->batches[0].first_sequence - 1;
    return count > 0 || producer->batch_count == 0 || ret_last->last_sequence >= 0;
}

void producers_cut(struct producers *producers, int64_t offset)
{
    struct map_node *node = map_next(&producers->map, NULL);
    while (node != NULL) {
        struct producer *producer = CONTAINER_OF(node, struct producer, node);
        struct producer_batch last;
        node = map_next(&producers->map, node);
        if (!producer_before(producer, offset, &last)) {
            remove_producer(producers, producer);
            continue;
        }
        producer->last_sequence = last.last_sequence;
        while (producer->batch_count > 0 && producer->batches[producer->batch_count - 1].last_offset >= offset)
            producer->batch_count--;
    }
}

void producers_expire(struct producers *producers, int64_t before_ms)
{
    struct map_node *node = map_next(&producers->map, NULL);
    while (node != NULL) {
        struct producer *producer = CONTAINER_OF(node, struct producer, node);
        node = map_next(&producers->map, node);
        bool idle = producer->batch_count > 0 && producer->batches[producer->batch_count - 1].timestamp < before_ms;
        if (idle && !is_decided(producer->id))
            remove_producer(producers, producer);
    }
}

// One entry of the snapshot; returns how many that are.
static uint32_t encode_entry(const struct producer *producer, const struct producer_batch *batch, struct writer *to)
{
    writer_i64(to, producer->id);
    writer_i16(to, producer->epoch);
    writer_i32(to, batch->last_sequence);
    writer_i64(to, batch->last_offset);
    writer_i32(to, batch->offset_delta);
    writer_i64(to, batch->timestamp);
    writer_i32(to, -1); // coordinator epoch
    writer_i64(to, -1); // first offset of the open transaction
    return 1;
}

void producers_encode(const struct producers *producers, int64_t offset, struct writer *to)
{
    size_t start = to->size;
    uint32_t count = 0;
    writer_u16(to, SNAPSHOT_VERSION);
    writer_u32(to, 0);
    writer_u32(to, 0);
    for (struct map_node *node = map_next(&producers->map, NULL); node != NULL;
         node = map_next(&producers->map, node)) {
        const struct producer *producer = CONTAINER_OF(node, struct producer, node);
        struct producer_batch last;
        if (!producer_before(producer, offset, &last))
            continue;
        for (uint32_t i = 0; i < producer->batch_count && producer->batches[i].last_offset < last.last_offset; i++)
            count += encode_entry(producer, &producer->batches[i], to);
        count += encode_entry(producer, &last, to);
    }
    writer_patch_u32(to, start + SNAPSHOT_COUNT_AT, count);
    bytes_t view = writer_view(to);
    size_t covered = start + SNAPSHOT_CRC_AT + 4;
    writer_patch_u32(to, start + SNAPSHOT_CRC_AT, crc32c(0, bytes_of(view.data + covered, view.size - covered)));
}

static int64_t newest_offset(const struct producer *producer)
{
    return producer->batch_count == 0 ? -1 : producer->batches[producer->batch_count - 1].last_offset;
}

err_t producers_decode(struct producers *producers, bytes_t snapshot)
{
    struct reader r = reader_of(snapshot);
    int16_t version = reader_i16(&r);
    uint32_t crc = reader_u32(&r);
    if (r.err == ERR_OK && version != SNAPSHOT_VERSION)
        return ERR_UNSUPPORTED;
    if (r.err == ERR_OK && crc != crc32c(0, bytes_of(r.at, reader_left(&r))))
        return ERR_CORRUPT;
    uint32_t count = reader_u32(&r);
    if (r.err != ERR_OK || reader_left(&r) != (uint64_t)count * SNAPSHOT_ENTRY_SIZE)
        return ERR_MALFORMED;
    for (uint32_t i = 0; i < count; i++) {
        struct producer *producer = find_or_add(producers, reader_i64(&r));
        int16_t epoch = reader_i16(&r);
        struct producer_batch batch = { .last_sequence = reader_i32(&r) };
        batch.last_offset = reader_i64(&r);
        // Entries of one producer go on from each other; anything else begins anew.
        if (epoch != producer->epoch || batch.last_offset <= newest_offset(producer))
            producer->batch_count = 0;
        producer->epoch = epoch;
        batch.offset_delta = reader_i32(&r);
        batch.timestamp = reader_i64(&r);
        reader_skip(&r, 12);
        producer->last_sequence = batch.last_sequence;
        if (batch.last_sequence >= 0 && batch.last_offset >= 0) {
            // Kafka keeps the delta, from which the first sequence follows; sequences wrap behind INT32_MAX.
            int64_t first = (int64_t)batch.last_sequence - batch.offset_delta;
            batch.first_sequence = (int32_t)(first < 0 ? first + INT32_MAX + 1 : first);
            add_batch(producer, &batch);
        }
    }
    return ERR_OK;
}
