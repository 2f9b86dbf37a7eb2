// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

struct buf *buf_new(size_t capacity)
{
    ASSERT(capacity <= INT32_MAX);
    struct buf *buf = mem_alloc(sizeof *buf + capacity);
    atomic_init(&buf->refs, 1);
    buf->capacity = (uint32_t)capacity;
    buf->on_free = NULL;
    buf->owner = NULL;
    buf->data = (uint8_t *)(buf + 1);
    return buf;
}

struct buf *buf_copy(bytes_t bytes)
{
    struct buf *buf = buf_new(bytes.size);
    if (bytes.size > 0)
        memcpy(buf->data, bytes.data, bytes.size);
    return buf;
}

struct buf *buf_ref(struct buf *buf)
{
    unsigned before = atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
    ASSERT(before > 0);
    return buf;
}

struct buf *buf_reuse(struct buf *buf)
{
    unsigned before = atomic_exchange_explicit(&buf->refs, 1, memory_order_relaxed);
    ASSERT(before == 0);
    return buf;
}

void slice_settle(struct slice *slice)
{
    if (slice->buf == NULL || slice->buf->on_free == NULL)
        return;
    struct buf *copy = buf_copy(slice->bytes);
    buf_unref(slice->buf);
    *slice = (struct slice){ copy, { copy->data, slice->bytes.size } };
}

void buf_unref(struct buf *buf)
{
    if (buf == NULL)
        return;
    // Release our writes to whoever frees; the one who frees acquires everybody's.
    unsigned before = atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel);
    ASSERT(before > 0);
    if (before > 1)
        return;
    if (buf->on_free != NULL)
        buf->on_free(buf);
    else
        free(buf);
}
