// SPDX-License-Identifier: Apache-2.0
// A store of one loop in the twin, driven step by step: each call lets virtual time pass until the answer is there, and
// fails an assertion when it does not come.
#pragma once

#include "folder_image.h"
#include "store/log.h"
#include "store/store.h"
#include "store/topic.h"

#define WORLD_FOLDER "data"

enum { WORLD_PARTITIONS_MAX = 32 };

struct store_world {
    struct sim *sim;
    struct loop *loop;
    struct store *store;
    bool done, failed; // FAILED: the store said that its promise ended
    // What world_list found, at most WORLD_PARTITIONS_MAX; valid while the store is open.
    struct partition *partitions[WORLD_PARTITIONS_MAX];
    bool internal[WORLD_PARTITIONS_MAX]; // of a topic that only the store itself writes
    size_t partition_count;
};

// A world whose disk holds IMAGE; NULL: nothing.
void world_begin(struct store_world *world, const struct folder_image *image);
void world_end(struct store_world *world);

// HAS_JOURNAL: commits to several partitions go through it. With an error nothing is left to close.
err_t world_open(struct store_world *world, bool has_journal, diag_t *diag) MUST_CHECK;
// A clean stop, and everything is freed.
err_t world_stop(struct store_world *world) MUST_CHECK;
// Frees the store as it is, without a stop. The disk stays as it is.
void world_drop(struct store_world *world);

void world_create(struct store_world *world, const char *topic, int32_t partitions, bool is_compacted);
void world_list(struct store_world *world);
// Appends take the caller's reference. world_append waits; the other only sends, END waits for all of them.
err_t world_append(struct store_world *world, struct append_op *op) MUST_CHECK;
void world_append_begin(struct store_world *world, struct append_op *op);
void world_append_end(struct store_world *world, const struct append_op *ops, size_t count);
err_t world_read(struct store_world *world, struct read_op *op) MUST_CHECK;
