// SPDX-License-Identifier: Apache-2.0
// What a simulated client knows of the partitions it writes to: every batch that it tried to append, what was
// acknowledged, and what was ever read at each offset. It judges everything that the store answers.
#pragma once

#include "base/batch.h"

#include <stdbool.h>
#include <stdint.h>

enum model_state {
    MODEL_TRIED,   // sent; nobody knows
    MODEL_ACKED,   // must be there from now on
    MODEL_REFUSED, // by a rule, before it was stored: must never be there
};

// One batch that was sent. Its number is in its records, so that it is recognised when it is read.
struct model_batch {
    uint64_t number;
    uint32_t crc; // over the attributes to the end: everything the store may not change
    size_t size;
    enum model_state state;
    int64_t offset; // -1: unknown
    int32_t record_count;
};

struct model_seen {
    int64_t offset;
    uint64_t number;
    unsigned walk; // in which it was seen last
};

struct model_partition {
    struct model_batch *batches;
    size_t batch_count, batch_capacity;
    struct model_seen *seen; // by offset, rising
    size_t seen_count, seen_capacity;
    unsigned walk;
    int64_t high_watermark;  // the highest that was told
    int64_t log_start_acked; // of deletes that were acknowledged
    int64_t log_start_asked; // of deletes that were sent
};

void model_free(struct model_partition *model);
// Builds a batch of COUNT records with about SIZE bytes and notes it as tried. The index of it is returned.
size_t model_make(struct model_partition *model, uint64_t number, int32_t count, size_t size,
                  const struct batch_options *options, int64_t timestamp_ms, struct slice *ret_batch);
// NULL if fine, else what is wrong.
const char *model_on_ack(struct model_partition *model, size_t index, int64_t base_offset);
// Bytes that a read from OFFSET gave: whole batches, the first holding OFFSET or behind it. *ret_next is where to go
// on.
const char *model_on_read(struct model_partition *model, int64_t offset, bytes_t bytes, int64_t *ret_next);
const char *model_on_high_watermark(struct model_partition *model, int64_t high_watermark);
// After a walk from LOG_START to HIGH_WATERMARK whose batches were all given to model_on_read since model_walk_begin.
void model_walk_begin(struct model_partition *model);
const char *model_walk_end(struct model_partition *model, int64_t log_start, int64_t high_watermark);
// What was acknowledged under a weak mode may be gone after a power loss: forgets what is above HIGH_WATERMARK.
void model_forget_above(struct model_partition *model, int64_t high_watermark);
