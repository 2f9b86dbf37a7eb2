// SPDX-License-Identifier: Apache-2.0
// The bytes of the journal. A frame is what one write makes durable: pieces of segment files of several partitions,
// which apply all or none. Frames are padded to 4 KB and numbered; recycled space holds old frames, told apart by the
// generation (one for each run) and the sequence. Integers are big endian.
//
//   frame: magic u32 · CRC-32C u32 over the rest up to `length` · length u32 · entries u32 · generation u64 · sequence
//   u64 entry: topic id 16 · partition i32 · leader epoch i32 · segment base i64 · position u64 · length u32 · bytes
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "store/topic.h"

enum {
    JOURNAL_BLOCK_SIZE = 4096,
    JOURNAL_FRAME_HEADER_SIZE = 32,
    JOURNAL_ENTRY_HEADER_SIZE = 44,
    JOURNAL_FRAME_SIZE_MAX = 1 << 30,
};

struct journal_entry {
    struct topic_id topic_id;
    int32_t partition;
    int32_t leader_epoch;
    int64_t segment_base;
    uint64_t position;
    bytes_t bytes;
};

// Writes a frame into memory of known size: begin, entries, end.
struct journal_frame_writer {
    uint8_t *at;
    size_t size;
    uint32_t entry_count;
};
void journal_frame_begin(struct journal_frame_writer *writer, uint8_t *memory);
void journal_frame_add(struct journal_frame_writer *writer, const struct journal_entry *entry);
// Fills the header and pads with zeros; returns the padded size.
size_t journal_frame_end(struct journal_frame_writer *writer, uint64_t generation, uint64_t sequence);

static inline size_t journal_padded(size_t size)
{
    return (size + JOURNAL_BLOCK_SIZE - 1) & ~(size_t)(JOURNAL_BLOCK_SIZE - 1);
}

// The unpadded size of the frame whose first block this is; 0 when it is not frame SEQUENCE of GENERATION.
size_t journal_frame_size(bytes_t block, uint64_t generation, uint64_t sequence);
// Checks a whole frame (unpadded) and calls ON_ENTRY for each entry; nothing is called unless all of it is fine.
// ERR_CORRUPT, ERR_MALFORMED, or the first error of ON_ENTRY.
err_t journal_frame_read(bytes_t frame, err_t (*on_entry)(void *owner, const struct journal_entry *entry),
                         void *owner) MUST_CHECK;
