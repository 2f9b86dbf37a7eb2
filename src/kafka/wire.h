// SPDX-License-Identifier: Apache-2.0
// The plain types that Kafka's messages are made of, and the frame that carries one. Structs of one message live in
// api/<name>.h with the spec's names in snake case. Zeroed is valid for every type: text becomes "" or null, whichever
// the version allows, an array becomes empty. Sources: https://kafka.apache.org/protocol, KIP-482 (flexible versions).
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/writer.h"

// All zero means "no id". Byte order as on the wire.
struct kafka_uuid {
    uint8_t bytes[16];
};

static inline bool kafka_uuid_is_zero(const struct kafka_uuid *id)
{
    static const struct kafka_uuid zero;
    return memcmp(id, &zero, sizeof(zero)) == 0;
}

// Record batches. Decoded: BYTES is a view of the frame (data NULL: null). To encode, either BYTES, or SLICES, whose
// memory goes into the frame by reference.
struct kafka_records {
    bytes_t bytes;
    const struct slice *slices;
    size_t slice_count;
};

// Decoded items live in the arena. A count of KAFKA_NULL_ARRAY means null.
#define KAFKA_ARRAY_OF(type)                                                                                           \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        int32_t count;                                                                                                 \
    }
#define KAFKA_NULL_ARRAY (-1)

// A frame being written: one growing buffer, and record slices that are referred to at their places instead of copied.
// One owner, no loop.
struct kafka_frame {
    struct writer writer;
    struct kafka_splice *splices;
    size_t splice_count, splice_capacity;
    size_t spliced; // bytes in splices
    size_t next_splice, next_at;
};

struct kafka_splice {
    size_t at; // place in the writer's bytes
    struct slice slice;
};

// Leaves room for the length.
void kafka_frame_start(struct kafka_frame *frame);
// Takes a reference of its own. Small slices are copied: a reference costs more.
void kafka_frame_splice(struct kafka_frame *frame, struct slice slice);
// Fills the length in. ERR_TOO_LARGE when the frame passes 2 GiB or the writer's limit.
err_t kafka_frame_finish(struct kafka_frame *frame) MUST_CHECK;
// Size with the length field.
size_t kafka_frame_size(const struct kafka_frame *frame);
// After finish: the slices of the frame one by one, each with a reference for the caller; false at the end.
bool kafka_frame_next(struct kafka_frame *frame, struct slice *ret_slice);
void kafka_frame_free(struct kafka_frame *frame);
