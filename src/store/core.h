// SPDX-License-Identifier: Apache-2.0
// The log core without the catalog: what store.c opens first and stops last. The catalog is a part that sits on it; a
// test can bring another part, or none.
#pragma once

#include "store/partition.h"
#include "store/store.h"

// Opened after the data folder is locked and the journal is replayed; stopped before the last flush; freed first.
struct store_part {
    // While opening: opens every partition that shall exist (partition_open). Folders that it does not open stay as
    // they are.
    err_t (*open)(struct store *store, diag_t *diag);
    // On the first loop, when no more appends are taken from outside but the part may still append: writes its
    // snapshots, then calls store_part_stopped.
    void (*stop)(struct store *store);
    // Frees memory only; no loop runs.
    void (*free)(struct store *store);
};

err_t store_core_open(const struct store_options *options, struct loop *const *loops, size_t loop_count,
                      const struct store_part *part, struct store **ret_store, diag_t *diag) MUST_CHECK;
void store_part_stopped(struct store *store);

// What the part hangs on the store.
void store_part_set(struct store *store, void *state);
void *store_part_state(const struct store *store);

const struct store_options *store_options(const struct store *store);
// Free space fell below the reserve (looked at about once a second): appends to topics that are not internal get
// ERR_NO_SPACE. Any loop.
bool store_space_short(const struct store *store);
// Ends the promise: an error that must not be ignored. Any loop; only the first counts.
void store_fail(struct store *store, err_t err, const char *path);

// catalog.c; store_open is store_core_open with it.
extern const struct store_part catalog_part;
