// SPDX-License-Identifier: Apache-2.0
// The journal: one ring file to which commits of many partitions go in one write. See journal_frame.h for the bytes. Owned
// by the first loop; other loops send their groups by message.
#pragma once

#include "store/impl.h"

struct journal_place {
    uint64_t generation; // 0: none
    uint64_t size;
    uint64_t sequence; // of the next frame
    uint64_t position;
};

// First loop (or while opening): frames before this place are complete, and their groups are answered.
struct journal_place journal_place(const struct store *store);
// First loop: the frames before PLACE are not needed any more.
void journal_release(struct store *store, const struct journal_place *place);
