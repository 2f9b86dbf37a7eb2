// SPDX-License-Identifier: Apache-2.0
#include "kafka/wire.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

// Up to this size a copy is cheaper than a reference, an entry and another vector of the write.
#define SPLICE_MIN_SIZE 1024
#define LENGTH_SIZE     4

void kafka_frame_start(struct kafka_frame *frame)
{
    *frame = (struct kafka_frame){ .writer = WRITER_INIT };
    writer_u32(&frame->writer, 0);
}

void kafka_frame_splice(struct kafka_frame *frame, struct slice slice)
{
    if (slice.buf == NULL || slice.bytes.size < SPLICE_MIN_SIZE) {
        writer_bytes(&frame->writer, slice.bytes);
        return;
    }
    MEM_GROW(frame->splices, frame->splice_count, frame->splice_capacity);
    buf_ref(slice.buf);
    frame->splices[frame->splice_count++] = (struct kafka_splice){ frame->writer.size, slice };
    frame->spliced += slice.bytes.size;
}

err_t kafka_frame_finish(struct kafka_frame *frame)
{
    if (frame->writer.err != ERR_OK)
        return frame->writer.err;
    size_t size = kafka_frame_size(frame) - LENGTH_SIZE;
    if (size > INT32_MAX)
        return ERR_TOO_LARGE;
    writer_patch_u32(&frame->writer, 0, (uint32_t)size);
    return ERR_OK;
}

size_t kafka_frame_size(const struct kafka_frame *frame)
{
    return frame->writer.size + frame->spliced;
}

bool kafka_frame_next(struct kafka_frame *frame, struct slice *ret_slice)
{
    bool has_splice = frame->next_splice < frame->splice_count;
    size_t until = has_splice ? frame->splices[frame->next_splice].at : frame->writer.size;
    if (frame->next_at < until) {
        *ret_slice = slice_of(frame->writer.buf, frame->next_at, until - frame->next_at);
        frame->next_at = until;
        return true;
    }
    if (!has_splice)
        return false;
    *ret_slice = frame->splices[frame->next_splice].slice;
    frame->splices[frame->next_splice++].slice = (struct slice){ 0 };
    return true;
}

void kafka_frame_free(struct kafka_frame *frame)
{
    for (size_t i = 0; i < frame->splice_count; i++)
        slice_free(&frame->splices[i].slice);
    free(frame->splices);
    writer_free(&frame->writer);
    *frame = (struct kafka_frame){ 0 };
}
