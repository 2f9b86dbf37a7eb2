// SPDX-License-Identifier: Apache-2.0
// Bringing one partition back from its folder: finishes swaps that a crash interrupted, finds the segments, checks what
// lies behind the recovery point batch by batch, cuts a torn end, sets damage in the middle aside, and rebuilds indexes
// and epochs from what it reads. Synchronous, while opening.
#pragma once

#include "store/impl.h"

struct slot_partition;

// KNOWN is what the checkpoint says of the partition, NULL when it does not know it: then everything is checked. CLEAN:
// trust KNOWN and look at nothing. WEAK: data may be missing anywhere behind the recovery point (flush modes that do
// not flush), so that a hole is a torn end. On success the partition's offsets and places are set.
err_t recover_partition(struct partition *partition, const struct slot_partition *known, bool clean, bool weak,
                        diag_t *diag) MUST_CHECK;
