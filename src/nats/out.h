// SPDX-License-Identifier: Apache-2.0
// What goes out to one client: bytes are put one behind the other into chunks, which leave at the end of the turn, so
// that a turn costs one write for each client, however many messages. A client that gets little takes little memory:
// chunks have 512 bytes to 64 KB, by what the last turn needed. One owner, one loop; no I/O.
#pragma once

#include "base/buf.h"

enum { NATS_CHUNK_SIZE = 64 << 10, NATS_CHUNKS_KEPT = 16 };

// Large chunks that nobody uses at the moment; shared by the clients of a loop, outlives them.
struct nats_chunks {
    struct buf *free[NATS_CHUNKS_KEPT];
    size_t count;
    size_t turn_size; // bytes of all chunks taken since the owner set it to 0, and of what was shared
};
void nats_chunks_free(struct nats_chunks *chunks);

struct nats_out;

struct nats_out_ops {
    // The first bytes since nats_out_flush: ask for it at the end of the turn.
    void (*on_dirty)(struct nats_out *out);
    // Full chunks and shared bytes, in order; with their reference.
    void (*on_slice)(struct nats_out *out, struct slice slice);
    // Bytes that were handed over and that the other side has not taken yet.
    size_t (*on_waiting)(struct nats_out *out);
};

struct nats_out {
    uint8_t *at, *end; // room in the chunk
    uint8_t *start;    // of what was not handed over
    struct buf *chunk; // NULL: none
    size_t waiting;    // handed over and not taken, as of the last look, and handed over since
    size_t mark;       // of what is pending: beyond it the owner looks whether that may be
    size_t turn_size;  // bytes since the last flush that were handed over
    size_t next_size;  // of the next chunk
    struct nats_chunks *chunks;
    const struct nats_out_ops *ops;
};

void nats_out_init(struct nats_out *out, struct nats_chunks *chunks, const struct nats_out_ops *ops);
void nats_out_deinit(struct nats_out *out);

// The slow half of nats_out_room.
uint8_t *nats_out_grow(struct nats_out *out, size_t size);

// Room for SIZE bytes (at least 1); nats_out_advance says how many were put there.
static inline uint8_t *nats_out_room(struct nats_out *out, size_t size)
{
    return size <= (size_t)(out->end - out->at) ? out->at : nats_out_grow(out, size);
}

static inline void nats_out_advance(struct nats_out *out, size_t size)
{
    out->at += size;
}

// Bytes on their way; may be more than there are, until nats_out_look.
static inline size_t nats_out_pending(const struct nats_out *out)
{
    return out->waiting + (size_t)(out->at - out->start);
}
// Asks how much was taken meanwhile; returns what is pending.
size_t nats_out_look(struct nats_out *out);

void nats_out_bytes(struct nats_out *out, bytes_t bytes);
// By reference; takes it over.
void nats_out_share(struct nats_out *out, struct slice slice);
// Hands over what there is, and the chunk with it.
void nats_out_flush(struct nats_out *out);
