// SPDX-License-Identifier: Apache-2.0
#include "kafka/framer.h"

#include "base/assert.h"
#include "base/writer.h"

// A read takes at most this much unless the frame is known to be larger; below, one call brings many requests.
#define BLOCK_SIZE  ((size_t)64 * 1024)
#define LENGTH_SIZE ((size_t)4)

void kafka_framer_init(struct kafka_framer *framer, size_t limit)
{
    ASSERT(limit <= INT32_MAX);
    *framer = (struct kafka_framer){ .limit = limit };
}

static size_t framer_pending(const struct kafka_framer *framer)
{
    return framer->end - framer->start;
}

size_t kafka_framer_wanted(const struct kafka_framer *framer)
{
    if (framer_pending(framer) < LENGTH_SIZE)
        return 0;
    return LENGTH_SIZE + get_u32(framer->buf->data + framer->start);
}

static void framer_drop(struct kafka_framer *framer)
{
    buf_unref(framer->buf);
    framer->buf = NULL;
    framer->start = framer->end = 0;
}

// Moves what is pending to a new buf of CAPACITY.
static void framer_move(struct kafka_framer *framer, size_t capacity)
{
    struct buf *buf = buf_new(capacity);
    size_t pending = framer_pending(framer);
    if (pending > 0)
        memcpy(buf->data, framer->buf->data + framer->start, pending);
    buf_unref(framer->buf);
    framer->buf = buf;
    framer->start = 0;
    framer->end = pending;
}

uint8_t *kafka_framer_room(struct kafka_framer *framer, size_t *ret_size)
{
    size_t wanted = kafka_framer_wanted(framer);
    if (framer->buf == NULL || (wanted == 0 && framer->buf->capacity - framer->start < LENGTH_SIZE))
        framer_move(framer, BLOCK_SIZE);
    else if (wanted > framer->buf->capacity - framer->start)
        framer_move(framer, wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE);
    *ret_size = framer->buf->capacity - framer->end;
    ASSERT(*ret_size > 0);
    return framer->buf->data + framer->end;
}

void kafka_framer_fill(struct kafka_framer *framer, size_t size)
{
    ASSERT(framer->buf != NULL && size <= framer->buf->capacity - framer->end);
    framer->end += size;
}

// A request may wait for long: a small one does not keep all of the block alive that it was received into.
static struct slice framer_slice(const struct kafka_framer *framer, size_t size)
{
    struct buf *buf = framer->buf;
    size_t at = framer->start + LENGTH_SIZE;
    if (size >= buf->capacity / 4)
        return slice_of(buf, at, size);
    struct buf *copy = buf_copy(bytes_of(buf->data + at, size));
    return (struct slice){ copy, bytes_of(copy->data, size) };
}

err_t kafka_framer_next(struct kafka_framer *framer, struct slice *ret_frame)
{
    size_t wanted = kafka_framer_wanted(framer);
    if (wanted == 0) {
        if (framer->buf != NULL && framer_pending(framer) == 0)
            framer_drop(framer);
        return ERR_AGAIN;
    }
    if (wanted - LENGTH_SIZE > INT32_MAX)
        return ERR_MALFORMED;
    if (wanted - LENGTH_SIZE > framer->limit)
        return ERR_TOO_LARGE;
    if (framer_pending(framer) < wanted)
        return ERR_AGAIN;
    *ret_frame = framer_slice(framer, wanted - LENGTH_SIZE);
    framer->start += wanted;
    if (framer_pending(framer) == 0)
        framer_drop(framer);
    return ERR_OK;
}

size_t kafka_framer_held(const struct kafka_framer *framer)
{
    return framer->buf == NULL ? 0 : framer->buf->capacity;
}

void kafka_framer_deinit(struct kafka_framer *framer)
{
    framer_drop(framer);
}
