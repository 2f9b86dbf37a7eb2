// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name that is nearest to a mistyped one.
#pragma once

#include "base/bytes.h"

// Fewest insertions, deletions, changes and swaps of neighbours that turn A into B (optimal string alignment), ASCII
// case ignored. Texts longer than 64 bytes count as wholly different (SIZE_MAX).
size_t edit_distance(bytes_t a, bytes_t b);

struct nearest {
    bytes_t wanted;
    // NULL while nothing is near enough: at most a third of the letters differ, or two in short words, or words follow
    // behind a '-'.
    const char *best;
    size_t distance;
};

static inline struct nearest nearest_to(bytes_t wanted)
{
    return (struct nearest){ wanted, NULL, SIZE_MAX };
}

// Offers a candidate; the first of equals wins. NULL is ignored. CANDIDATE outlives the search.
void nearest_offer(struct nearest *nearest, const char *candidate);
