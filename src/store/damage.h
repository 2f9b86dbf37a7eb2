// SPDX-License-Identifier: Apache-2.0
// Bytes of a segment that are no batch although they were flushed: where the next batch is, and what a partition knows
// of such places (quarantine). The bytes stay as they are.
#pragma once

#include "store/segment_read.h"

// Is there a whole, valid batch at POSITION that could follow NEXT_OFFSET? HEAD are the first bytes of it. On a disk
// thread. ERR_IO.
err_t damage_valid_at(const struct segment_reader *reader, uint64_t position, bytes_t head, int64_t next_offset,
                      bool *ret_valid) MUST_CHECK;
// Looks for such a batch behind BAD, where there is none; the end of the file when there is none behind it either, with
// NEXT_OFFSET as its offset. On a disk thread. ERR_IO.
err_t damage_find_valid(const struct segment_reader *reader, uint64_t bad, int64_t next_offset, uint64_t *ret_position,
                        int64_t *ret_offset) MUST_CHECK;

// On the owner loop, or while opening: the partition keeps Q. It is logged when it was not known.
void quarantine_note(struct partition *partition, const struct quarantine *q);
// Known from the checkpoint: not logged.
void quarantine_restore(struct partition *partition, const struct quarantine *q);
// What SEGMENT, the last one, lacks up to offset END can be read no more either.
void quarantine_end(struct partition *partition, const struct segment *segment, int64_t end);
bool quarantine_covers(const struct partition *partition, int64_t offset);
