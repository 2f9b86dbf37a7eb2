// SPDX-License-Identifier: Apache-2.0
// Kafka's sparse indexes. `.index`: 8-byte entries (offset relative to the segment's base, byte position), the offset
// being the last one of the batch at that position. `.timeindex`: 12-byte entries (timestamp, relative offset),
// strictly rising; the offset is the last one of the batch that brought the timestamp. Neither has a checksum: they are
// checked for order when a segment is recovered and rebuilt when in doubt. The files exist only to be read; what is not
// in them yet is in the partition's list of pending entries.
#pragma once

#include "base/err.h"
#include "base/writer.h"
#include "store/impl.h"

enum { INDEX_OFFSET_ENTRY_SIZE = 8, INDEX_TIME_ENTRY_SIZE = 12 };

// A batch goes to POSITION of the active segment: adds entries when the interval is over. Call before the segment's
// descriptor is changed.
void index_add_batch(struct partition *partition, const struct batch_header *header, uint64_t position);
// The active segment is complete: its largest timestamp gets an entry.
void index_close_segment(struct partition *partition);
// What was added to the segment SEGMENT_BASE and behind it, from OFFSET on, never happened; the segment is active
// again.
void index_cut(struct partition *partition, int64_t segment_base, int64_t offset);
void index_free(struct partition *partition);
void index_pending_free(struct index_pending *pending);

// The position of the last pending entry whose offset is <= OFFSET, if there is one.
bool index_pending_find(const struct partition *partition, int64_t segment_base, int64_t offset,
                        uint64_t *ret_position);
// How many entries the files of a segment hold that is closed and not filed to its end; 0 when there is none.
void index_filed(const struct partition *partition, int64_t segment_base, uint32_t *ret_offsets, uint32_t *ret_times);

// On a disk thread: puts pending entries behind those that the files hold; synced when the segment is closed.
err_t index_write(const char *folder, const struct index_pending *pending) MUST_CHECK;
// The bytes of pending entries as the files want them.
void index_encode_offsets(const struct index_pending *pending, uint32_t count, struct writer *to);
void index_encode_times(const struct index_pending *pending, uint32_t count, struct writer *to);

// On a disk thread: where to begin reading for OFFSET, from the .index file of the segment. 0 when no entry is below,
// or the file cannot be read. Reads a few single entries and one page, however large the file is.
uint64_t index_seek(const char *folder, int64_t segment_base, int64_t offset);
// The offset to begin at when looking for the first record at or after TIMESTAMP, from the .timeindex file.
int64_t index_time_seek(const char *folder, int64_t segment_base, int64_t timestamp);
// The same in entries that are in memory.
uint64_t index_lookup(bytes_t entries, int64_t segment_base, int64_t offset);
int64_t index_time_lookup(bytes_t entries, int64_t segment_base, int64_t timestamp);
// Entries at the start of BYTES that are in strict order, below LIMIT_POSITION and of relative offset below
// LIMIT_OFFSET.
uint32_t index_valid_offsets(bytes_t bytes, uint64_t limit_position, uint64_t limit_offset);
uint32_t index_valid_times(bytes_t bytes, uint64_t limit_offset);
