// SPDX-License-Identifier: Apache-2.0
// The end of each log in memory. A chunk is an image of a piece of a segment file, so that writing and reading need no
// bookkeeping for single batches. Small batches share a chunk that grows with the traffic; large ones keep the memory
// they came in.
#include "store/impl.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    CHUNK_MIN = 1 << 10,
    CHUNK_MAX = 64 << 10,
    GIVE_BACK_STEP = 8 << 20,
    OWN_CHUNK_MIN = 16 << 10, // batches from here on are not copied
};

// What is not written yet must have room whatever is lent.
static size_t tail_limit(const struct shard *shard)
{
    size_t least = shard->memory_share / 4;
    return shard->lent < shard->memory_share - least ? shard->memory_share - shard->lent : least;
}

bool tail_is_full(const struct shard *shard)
{
    return shard->tail_size > tail_limit(shard);
}

static struct tail_chunk *chunk_new(struct partition *partition, struct buf *buf, uint8_t *data, size_t capacity)
{
    struct tail_chunk *chunk = mem_zalloc(1, sizeof *chunk);
    chunk->partition = partition;
    chunk->buf = buf;
    chunk->data = data;
    chunk->capacity = capacity;
    chunk->segment_base = partition_active(partition)->base_offset;
    chunk->position = partition_active(partition)->size;
    chunk->prev = partition->tail_last;
    if (partition->tail_last == NULL)
        partition->tail_first = chunk;
    else
        partition->tail_last->next = chunk;
    partition->tail_last = chunk;
    list_append(&partition->shard->chunks, &chunk->by_age);
    return chunk;
}

static void chunk_free(struct tail_chunk *chunk)
{
    struct partition *partition = chunk->partition;
    if (chunk->prev == NULL)
        partition->tail_first = chunk->next;
    else
        chunk->prev->next = chunk->next;
    if (chunk->next == NULL)
        partition->tail_last = chunk->prev;
    else
        chunk->next->prev = chunk->prev;
    list_remove(&chunk->by_age);
    partition->shard->tail_size -= chunk->buf->capacity + sizeof *chunk;
    buf_unref(chunk->buf);
    free(chunk);
}

// The newest chunk, if SIZE more bytes of the active segment fit into it, else a new one.
static struct tail_chunk *chunk_with_room(struct partition *partition, size_t size)
{
    struct tail_chunk *last = partition->tail_last;
    const struct segment *active = partition_active(partition);
    if (last != NULL && last->segment_base == active->base_offset && last->position + last->size == active->size &&
        last->capacity >= last->size + size)
        return last;
    size_t capacity = last == NULL || last->capacity == 0 ? CHUNK_MIN : 2 * last->capacity;
    if (capacity > CHUNK_MAX)
        capacity = CHUNK_MAX;
    if (capacity < size)
        capacity = size;
    struct buf *buf = buf_new(capacity);
    partition->shard->tail_size += buf->capacity + sizeof *last;
    return chunk_new(partition, buf, buf->data, capacity);
}

void tail_add(struct partition *partition, struct slice batch, int64_t first_offset, int64_t last_offset)
{
    struct tail_chunk *chunk;
    if (batch.bytes.size >= OWN_CHUNK_MIN && batch.buf != NULL && batch.bytes.size >= batch.buf->capacity / 2) {
        partition->shard->tail_size += batch.buf->capacity + sizeof *chunk;
        chunk = chunk_new(partition, batch.buf, batch.buf->data + (batch.bytes.data - batch.buf->data), 0);
    } else {
        chunk = chunk_with_room(partition, batch.bytes.size);
        memcpy(chunk->data + chunk->size, batch.bytes.data, batch.bytes.size);
        buf_unref(batch.buf);
    }
    if (chunk->size == 0)
        chunk->first_offset = first_offset;
    chunk->last_offset = last_offset;
    chunk->size += batch.bytes.size;
}

struct tail_chunk *tail_find(const struct partition *partition, int64_t offset)
{
    if (partition->tail_first == NULL || offset < partition->tail_first->first_offset)
        return NULL;
    struct tail_chunk *chunk = partition->tail_last;
    while (chunk->first_offset > offset)
        chunk = chunk->prev;
    return chunk;
}

void tail_evict(struct shard *shard)
{
    LIST_EACH(&shard->chunks, node)
    {
        if (!tail_is_full(shard))
            break;
        struct tail_chunk *chunk = LIST_ITEM(node, struct tail_chunk, by_age);
        const struct partition *partition = chunk->partition;
        if (chunk->last_offset < partition->written.offset && chunk == partition->tail_first) {
            shard->evicted_size += chunk->buf->capacity;
            chunk_free(chunk);
        }
    }
    // Chunks of another size than those that came before leave holes that nobody fills.
    if (shard->evicted_size < GIVE_BACK_STEP)
        return;
    shard->evicted_size = 0;
    mem_give_back((size_t)shard->store->options.memory_size + GIVE_BACK_STEP);
}

void tail_on_written(struct partition *partition)
{
    while (partition->internal && partition->tail_first != NULL &&
           partition->tail_first->last_offset < partition->written.offset)
        chunk_free(partition->tail_first);
}

void tail_cut(struct partition *partition, const struct place *place)
{
    while (partition->tail_last != NULL && partition->tail_last->last_offset >= place->offset) {
        struct tail_chunk *chunk = partition->tail_last;
        if (chunk->first_offset >= place->offset) {
            chunk_free(chunk);
            continue;
        }
        chunk->size = (size_t)(place->position - chunk->position);
        chunk->last_offset = place->offset - 1;
        chunk->capacity = 0; // readers may hold what lies behind
        return;
    }
}

void tail_free(struct partition *partition)
{
    while (partition->tail_first != NULL)
        chunk_free(partition->tail_first);
}

static void item_add_piece(struct write_item *item, const struct tail_chunk *chunk, size_t skip, size_t size)
{
    MEM_GROW(item->pieces, item->piece_count, item->piece_capacity);
    item->pieces[item->piece_count++] = (struct write_piece){
        .segment_base = chunk->segment_base,
        .position = chunk->position + skip,
        .bytes = bytes_of(chunk->data + skip, size),
    };
    item->size += size;
}

void tail_gather(struct partition *partition, const struct place *from, const struct place *to, uint64_t limit,
                 struct write_item *item)
{
    int64_t before = to == NULL ? partition->end : to->offset;
    item->to = *from;
    if (from->offset >= before)
        return;
    const struct tail_chunk *chunk = tail_find(partition, from->offset);
    ASSERT(chunk != NULL);
    for (; chunk != NULL && chunk->first_offset < before && item->size < limit; chunk = chunk->next) {
        size_t skip = chunk->first_offset < from->offset ? (size_t)(from->position - chunk->position) : 0;
        size_t size = chunk->size;
        int64_t offset = chunk->last_offset + 1;
        if (offset > before) {
            size = (size_t)(to->position - chunk->position);
            offset = before;
        }
        item_add_piece(item, chunk, skip, size - skip);
        item->to = (struct place){ offset, chunk->segment_base, chunk->position + size };
    }
}

// Where in the chunk the batch starts that holds OFFSET.
static size_t chunk_seek(const struct tail_chunk *chunk, int64_t offset)
{
    struct batch_walk walk = batch_walk_of(bytes_of(chunk->data, chunk->size));
    struct batch_header header;
    bytes_t batch;
    while (batch_walk_next(&walk, &header, &batch)) {
        if (batch_last_offset(&header) >= offset)
            return (size_t)(batch.data - chunk->data);
    }
    return chunk->size;
}

// Whole batches at the start of BYTES that fit ROOM; the first in any case when ANY.
static size_t whole_batches(bytes_t bytes, size_t room, bool any)
{
    if (bytes.size <= room)
        return bytes.size;
    size_t taken = 0;
    while (taken < bytes.size) {
        size_t size = batch_size(bytes_of(bytes.data + taken, bytes.size - taken));
        ASSERT(size != 0 && size <= bytes.size - taken);
        if (taken + size > room && !(any && taken == 0))
            break;
        taken += size;
        if (taken > room)
            break;
    }
    return taken;
}

// Adds bytes to the operation's slices, to the last one if they follow it in memory.
static bool read_add(struct read_op *op, struct buf *buf, bytes_t bytes)
{
    if (op->slice_count > 0) {
        struct slice *last = &op->slices[op->slice_count - 1];
        if (last->buf == buf && last->bytes.data + last->bytes.size == bytes.data) {
            last->bytes.size += bytes.size;
            op->size += bytes.size;
            return true;
        }
    }
    if (op->slice_count == READ_SLICES_MAX)
        return false;
    op->slices[op->slice_count++] = (struct slice){ buf_ref(buf), bytes };
    op->size += bytes.size;
    return true;
}

void tail_read(const struct partition *partition, const struct tail_chunk *chunk, struct read_op *op)
{
    const struct place *visible = &partition->durable;
    for (; chunk != NULL && chunk->first_offset < visible->offset; chunk = chunk->next) {
        size_t skip = chunk->first_offset < op->offset ? chunk_seek(chunk, op->offset) : 0;
        size_t size = chunk->size;
        if (chunk->last_offset >= visible->offset)
            size = (size_t)(visible->position - chunk->position);
        if (skip >= size)
            continue;
        size_t room = op->max_size > op->size ? op->max_size - op->size : 0;
        bool any = op->at_least_one && op->size == 0;
        bytes_t bytes = bytes_of(chunk->data + skip, size - skip);
        size_t taken = whole_batches(bytes, room, any);
        if (taken == 0 || !read_add(op, chunk->buf, bytes_of(bytes.data, taken)) || taken < bytes.size)
            return;
    }
}
