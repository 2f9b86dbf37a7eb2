// SPDX-License-Identifier: Apache-2.0
// Checkpoints: now and then everything that is durable only in the journal is written to the segments and flushed, the
// pending index entries are put into their files, and the state of all partitions goes to a checkpoint slot; then the
// journal's space is free again and recovery has less to look at. The first loop conducts; each loop makes a pass over
// its own partitions.
#pragma once

#include "store/impl.h"

struct checkpoint;

struct checkpoint_waiter {
    struct checkpoint_waiter *next;
    void (*on_done)(struct checkpoint_waiter *waiter);
    void (*on_free)(struct checkpoint_waiter *waiter); // instead, when the store is freed first
};

struct checkpoint *checkpoint_new(struct store *store, uint64_t sequence, unsigned file);
void checkpoint_free(struct checkpoint *checkpoint);
struct pass *pass_new(struct shard *shard);
void pass_free(struct pass *pass);

// ON_DONE when a checkpoint that holds the present state of the shard's partitions is durable; asks for one. Not called
// when the store fails.
void checkpoint_wait(struct shard *shard, struct checkpoint_waiter *waiter);
// The last one: clean. On the first loop; ON_DONE there, also after a failure.
void checkpoint_stop(struct store *store, void (*on_done)(struct store *store, err_t err));
// While opening, synchronously: the first one of this run.
err_t checkpoint_open(struct store *store, diag_t *diag) MUST_CHECK;
