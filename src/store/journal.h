// SPDX-License-Identifier: Apache-2.0
// The journal: one ring file to which commits of many partitions go in one write (journal_frame.h has the bytes). It is
// made and zero-written in the background when it is first wanted, so that a write to it never waits for the file
// system's own bookkeeping. Owned by the first loop; the others send their groups by message.
#pragma once

#include "store/impl.h"

struct slot_header;

struct journal_place {
    uint64_t generation; // 0: none
    uint64_t size;
    uint64_t sequence; // of the next frame
    uint64_t position;
};

// While opening. A file that an earlier run finished (HEADER says so) is taken over, empty, under a new generation.
void journal_open(struct store *store, const struct slot_header *header);
void journal_free(struct journal *journal);
// Applies the frames behind the checkpoint to the segment files. While opening, before partitions are opened.
err_t journal_replay(struct store *store, const struct slot_header *header, diag_t *diag) MUST_CHECK;

// A shard would use it if it were there. Any loop.
void journal_want(struct shard *shard);
// First loop (or while opening): frames before this place are complete, and their groups are answered.
struct journal_place journal_place(const struct store *store);
// First loop: the checkpoint that began at PLACE is durable, so that the frames before it are not needed any more.
void journal_release(struct store *store, const struct journal_place *place);
// First loop: the checkpoint met a full disk. Groups that find no room in the ring are refused (ERR_NO_SPACE) until the
// next one is durable.
void journal_refuse(struct store *store);
