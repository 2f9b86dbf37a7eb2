// SPDX-License-Identifier: Apache-2.0
// The main loop of a simulation: NAME FIRST_SEED COUNT runs each seed, and some of them twice, which must be the same
// run.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// RUN adds to TOTALS and returns the hash of the run. False: the command line is wrong, or two runs differ; it has been
// said.
static inline bool seeds_run(const char *name, int count, char **arguments,
                             uint64_t (*run)(uint64_t seed, void *totals), void *totals, unsigned long long *ret_seeds)
{
    if (count != 3) {
        printf("usage: %s FIRST_SEED COUNT\n", name);
        return false;
    }
    uint64_t first = strtoull(arguments[1], NULL, 10), seeds = strtoull(arguments[2], NULL, 10);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        uint64_t hash = run(seed, totals);
        if (seed % 50 == 1 && run(seed, totals) != hash) {
            printf("seed %llu: two runs differ\n", (unsigned long long)seed);
            return false;
        }
    }
    *ret_seeds = seeds;
    return true;
}
