// SPDX-License-Identifier: Apache-2.0
#include "base/writer.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_MIN 256

uint8_t *writer_grow(struct writer *w, size_t size)
{
    if (w->err != ERR_OK)
        return NULL;
    if (w->limit != 0 && (w->size > w->limit || size > w->limit - w->size)) {
        w->err = ERR_TOO_LARGE;
        return NULL;
    }
    ASSERT(size <= INT32_MAX - w->size);
    size_t capacity = w->buf == NULL ? CAPACITY_MIN : (size_t)w->buf->capacity * 2;
    if (capacity < w->size + size)
        capacity = w->size + size;
    if (capacity > INT32_MAX)
        capacity = INT32_MAX;
    if (w->buf == NULL) {
        w->buf = buf_new(capacity);
        return w->buf->data;
    }
    ASSERT(w->buf->on_free == NULL);
    ASSERT(atomic_load_explicit(&w->buf->refs, memory_order_relaxed) == 1);
    // The bytes live behind the header, so both move together.
    w->buf = mem_realloc(w->buf, sizeof *w->buf + capacity);
    w->buf->data = (uint8_t *)(w->buf + 1);
    w->buf->capacity = (uint32_t)capacity;
    return w->buf->data + w->size;
}

void writer_f64(struct writer *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    writer_u64(w, bits);
}

void writer_uvarint(struct writer *w, uint32_t v)
{
    writer_uvarlong(w, v);
}

void writer_uvarlong(struct writer *w, uint64_t v)
{
    // Encoded aside first: reserving the longest form could exceed a limit that the value keeps.
    uint8_t room[10];
    size_t size = 0;
    for (; v >= 0x80; v >>= 7)
        room[size++] = (uint8_t)(v | 0x80);
    room[size++] = (uint8_t)v;
    writer_bytes(w, bytes_of(room, size));
}

void writer_varint(struct writer *w, int32_t v)
{
    writer_varlong(w, v);
}

void writer_varlong(struct writer *w, int64_t v)
{
    writer_uvarlong(w, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

void writer_bytes(struct writer *w, bytes_t bytes)
{
    if (bytes.size == 0)
        return;
    uint8_t *at = writer_reserve(w, bytes.size);
    if (at == NULL)
        return;
    memcpy(at, bytes.data, bytes.size);
    w->size += bytes.size;
}

void writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, bytes_of_text(text));
}

void writer_decimal(struct writer *w, uint64_t value)
{
    uint8_t room[BYTES_DECIMAL_SIZE];
    writer_bytes(w, bytes_of_decimal(value, room));
}

void writer_format(struct writer *w, const char *format, ...)
{
    char room[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(room, sizeof room, format, args);
    va_end(args);
    ASSERT(size >= 0);
    if ((size_t)size < sizeof room) {
        writer_bytes(w, bytes_of(room, (size_t)size));
    } else {
        char *text = mem_alloc((size_t)size + 1);
        (void)vsnprintf(text, (size_t)size + 1, format, again);
        writer_bytes(w, bytes_of(text, (size_t)size));
        free(text);
    }
    va_end(again);
}

void writer_patch_u16(struct writer *w, size_t at, uint16_t v)
{
    if (w->err != ERR_OK)
        return;
    ASSERT(at + 2 <= w->size);
    put_u16(w->buf->data + at, v);
}

void writer_patch_u32(struct writer *w, size_t at, uint32_t v)
{
    if (w->err != ERR_OK)
        return;
    ASSERT(at + 4 <= w->size);
    put_u32(w->buf->data + at, v);
}

void writer_patch_u64(struct writer *w, size_t at, uint64_t v)
{
    if (w->err != ERR_OK)
        return;
    ASSERT(at + 8 <= w->size);
    put_u64(w->buf->data + at, v);
}

struct slice writer_finish(struct writer *w)
{
    if (w->err != ERR_OK) {
        writer_free(w);
        return (struct slice){ 0 };
    }
    struct slice slice = { w->buf, writer_view(w) };
    w->buf = NULL;
    w->size = 0;
    return slice;
}

void writer_reset(struct writer *w)
{
    w->size = 0;
    w->err = ERR_OK;
}

void writer_free(struct writer *w)
{
    buf_unref(w->buf);
    *w = (struct writer){ .limit = w->limit };
}

size_t varlong_size(int64_t v)
{
    uint64_t zigzag = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
    size_t size = 1;
    for (; zigzag >= 0x80; zigzag >>= 7)
        size++;
    return size;
}
