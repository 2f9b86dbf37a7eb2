// SPDX-License-Identifier: Apache-2.0
// Reference-counted memory: the only thing besides messages that crosses loops. A buf is written by its one owner first
// and is immutable once a second reference exists. The count is atomic; the bytes are not guarded.
#pragma once

#include "base/bytes.h"

#include <stdatomic.h>

struct buf {
    atomic_uint refs;
    uint32_t capacity;
    void (*on_free)(struct buf *buf); // NULL: the bytes follow the header and go with it
    void *owner;                      // for on_free
    uint8_t *data;
};

// One reference, capacity bytes of uninitialised memory.
struct buf *buf_new(size_t capacity);
// A copy of bytes.
struct buf *buf_copy(bytes_t bytes);
struct buf *buf_ref(struct buf *buf);
// A buf whose on_free kept it has one reference again: for its owner's pool.
struct buf *buf_reuse(struct buf *buf);
// Accepts NULL.
void buf_unref(struct buf *buf);

// A part of a buf; holds one reference to it (or none when buf is NULL, for static bytes).
struct slice {
    struct buf *buf;
    bytes_t bytes;
};

static inline struct slice slice_of(struct buf *buf, size_t at, size_t size)
{
    return (struct slice){ buf_ref(buf), { buf->data + at, size } };
}

static inline void slice_free(struct slice *slice)
{
    buf_unref(slice->buf);
    *slice = (struct slice){ 0 };
}

// Before it goes to another loop: if somebody waits for its memory (on_free), who would be told on that loop, the bytes
// are copied.
void slice_settle(struct slice *slice);
