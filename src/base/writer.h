// SPDX-License-Identifier: Apache-2.0
// Appends to a growing heap buffer that becomes a struct buf at the end without a copy. Big endian unless named
// otherwise. A limit, when set, makes the writer fail sticky with ERR_TOO_LARGE instead of growing.
#pragma once

#include "base/buf.h"
#include "base/endian.h"
#include "base/err.h"

struct writer {
    struct buf *buf; // NULL until the first write
    size_t size;     // bytes written
    size_t limit;    // 0: none (aborts above 2 GiB)
    err_t err;
};

#define WRITER_INIT ((struct writer){ 0 })

// The slow half of writer_reserve: grows the buffer, or sets the error.
uint8_t *writer_grow(struct writer *w, size_t size);

// Makes room for SIZE more bytes and returns where they go; writer_advance counts them. NULL after an error.
static inline uint8_t *writer_reserve(struct writer *w, size_t size)
{
    if (w->err == ERR_OK && w->buf != NULL && size <= w->buf->capacity - w->size &&
        (w->limit == 0 || w->size + size <= w->limit))
        return w->buf->data + w->size;
    return writer_grow(w, size);
}

// SIZE is at most what was reserved. Does nothing after an error.
static inline void writer_advance(struct writer *w, size_t size)
{
    if (w->err == ERR_OK)
        w->size += size;
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
    uint8_t *at = writer_reserve(w, 1);
    if (at == NULL)
        return;
    *at = v;
    w->size += 1;
}

static inline void writer_u16(struct writer *w, uint16_t v)
{
    uint8_t *at = writer_reserve(w, 2);
    if (at == NULL)
        return;
    put_u16(at, v);
    w->size += 2;
}

static inline void writer_u32(struct writer *w, uint32_t v)
{
    uint8_t *at = writer_reserve(w, 4);
    if (at == NULL)
        return;
    put_u32(at, v);
    w->size += 4;
}

static inline void writer_u64(struct writer *w, uint64_t v)
{
    uint8_t *at = writer_reserve(w, 8);
    if (at == NULL)
        return;
    put_u64(at, v);
    w->size += 8;
}

static inline void writer_i8(struct writer *w, int8_t v)
{
    writer_u8(w, (uint8_t)v);
}

static inline void writer_i16(struct writer *w, int16_t v)
{
    writer_u16(w, (uint16_t)v);
}

static inline void writer_i32(struct writer *w, int32_t v)
{
    writer_u32(w, (uint32_t)v);
}

static inline void writer_i64(struct writer *w, int64_t v)
{
    writer_u64(w, (uint64_t)v);
}

void writer_f64(struct writer *w, double v);
void writer_uvarint(struct writer *w, uint32_t v);
void writer_uvarlong(struct writer *w, uint64_t v);
void writer_varint(struct writer *w, int32_t v);
void writer_varlong(struct writer *w, int64_t v);
void writer_bytes(struct writer *w, bytes_t bytes);
void writer_text(struct writer *w, const char *text);
void writer_decimal(struct writer *w, uint64_t value);
void writer_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Overwrites earlier bytes; at + 4 (2, 8) <= size.
void writer_patch_u16(struct writer *w, size_t at, uint16_t v);
void writer_patch_u32(struct writer *w, size_t at, uint32_t v);
void writer_patch_u64(struct writer *w, size_t at, uint64_t v);

static inline bytes_t writer_view(const struct writer *w)
{
    return bytes_of(w->buf == NULL ? NULL : w->buf->data, w->size);
}

// Hands the bytes over; the writer is empty afterwards. On a writer with an error: an empty slice.
struct slice writer_finish(struct writer *w);
// Keeps the memory, forgets the bytes and the error. Only while nobody else holds the buf.
void writer_reset(struct writer *w);
void writer_free(struct writer *w);

// Bytes that a zigzag varint of V takes (1 to 10).
size_t varlong_size(int64_t v);
