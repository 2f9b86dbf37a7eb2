// SPDX-License-Identifier: Apache-2.0
#include "nats/out.h"

#include <stdlib.h>

// 512 bytes, 4 KB, 32 KB, then the large ones.
enum { CHUNK_FIRST = 512, CHUNK_STEP = 8 };

static size_t larger(size_t size)
{
    return size * CHUNK_STEP < NATS_CHUNK_SIZE ? size * CHUNK_STEP : NATS_CHUNK_SIZE;
}

// --- chunks

static void on_chunk_free(struct buf *buf)
{
    struct nats_chunks *chunks = buf->owner;
    if (chunks->count < NATS_CHUNKS_KEPT) {
        chunks->free[chunks->count++] = buf;
        return;
    }
    free(buf);
}

static struct buf *chunk_take(struct nats_chunks *chunks, size_t size)
{
    chunks->turn_size += size;
    if (size != NATS_CHUNK_SIZE)
        return buf_new(size);
    if (chunks->count > 0)
        return buf_reuse(chunks->free[--chunks->count]);
    struct buf *buf = buf_new(NATS_CHUNK_SIZE);
    buf->on_free = on_chunk_free;
    buf->owner = chunks;
    return buf;
}

void nats_chunks_free(struct nats_chunks *chunks)
{
    while (chunks->count > 0)
        free(chunks->free[--chunks->count]);
}

// --- the output

void nats_out_init(struct nats_out *out, struct nats_chunks *chunks, const struct nats_out_ops *ops)
{
    *out = (struct nats_out){ .next_size = CHUNK_FIRST, .chunks = chunks, .ops = ops };
}

static void drop_chunk(struct nats_out *out)
{
    buf_unref(out->chunk);
    out->chunk = NULL;
    out->at = out->end = out->start = NULL;
}

void nats_out_deinit(struct nats_out *out)
{
    drop_chunk(out);
}

// Hands over what the chunk holds and keeps the rest of it.
static void hand_over(struct nats_out *out)
{
    size_t size = (size_t)(out->at - out->start);
    if (size == 0)
        return;
    struct slice slice = slice_of(out->chunk, (size_t)(out->start - out->chunk->data), size);
    out->start = out->at;
    out->waiting += size;
    out->turn_size += size;
    out->ops->on_slice(out, slice);
}

uint8_t *nats_out_grow(struct nats_out *out, size_t size)
{
    if (out->chunk == NULL) {
        out->waiting = out->ops->on_waiting(out);
        out->ops->on_dirty(out);
    } else {
        hand_over(out);
        drop_chunk(out);
        out->next_size = larger(out->next_size);
    }
    size_t capacity = out->next_size < size ? size : out->next_size;
    out->chunk = chunk_take(out->chunks, capacity);
    out->at = out->start = out->chunk->data;
    out->end = out->at + capacity;
    return out->at;
}

size_t nats_out_look(struct nats_out *out)
{
    out->waiting = out->ops->on_waiting(out);
    return nats_out_pending(out);
}

void nats_out_bytes(struct nats_out *out, bytes_t bytes)
{
    memcpy(nats_out_room(out, bytes.size), bytes.data, bytes.size);
    nats_out_advance(out, bytes.size);
}

void nats_out_share(struct nats_out *out, struct slice slice)
{
    (void)nats_out_room(out, 1); // makes it dirty
    hand_over(out);
    out->waiting += slice.bytes.size;
    out->chunks->turn_size += slice.bytes.size;
    out->ops->on_slice(out, slice);
}

// The next turn begins with a chunk of the size that would have held this one.
void nats_out_flush(struct nats_out *out)
{
    hand_over(out);
    drop_chunk(out);
    out->next_size = CHUNK_FIRST;
    while (out->next_size < out->turn_size && out->next_size < NATS_CHUNK_SIZE)
        out->next_size = larger(out->next_size);
    out->turn_size = 0;
}
