// SPDX-License-Identifier: Apache-2.0
// A loop's part of a checkpoint: writes and flushes what its partitions have only in the journal, files index entries
// and producer snapshots, then notes the state of all its partitions. Between the conductor (checkpoint.c) and pass.c.
#pragma once

#include "store/checkpoint.h"

// A file that a pass writes beside the log.
struct pass_file {
    struct partition *partition;
    struct index_pending *index; // a copy of the entries; or
    struct slice content;        // of PATH
    char *path;
    char *remove; // a file that is not needed any more
    bool is_snapshot;
};

struct pass {
    struct message message; // from the conductor and back
    struct message want;    // to the conductor and back
    struct message settled; // from the conductor: the checkpoint is durable
    struct disk_job job;
    struct shard *shard;
    struct timer timer;
    uint64_t noted_size; // bytes made durable since the last one
    bool want_posted;
    bool waiting, running;
    bool last;        // at a stop: everything, complete
    bool sync_system; // data was written without a flush (weak modes)
    struct write_set set;
    struct pass_file *files;
    size_t file_count, file_capacity;
    struct checkpoint_waiter *waiters, *covered;
    // out
    struct writer state;
    uint32_t partition_count;
    uint64_t free_space;
    err_t err;
};

// On the conductor's loop: a shard wants a checkpoint, or has made its pass.
void checkpoint_on_want(struct message *message);
void checkpoint_on_pass(struct message *message);
// On the shard's loop: begins a pass; the checkpoint that it was for is durable.
void pass_on_begin(struct message *message);
void pass_on_settled(struct message *message);
void pass_on_want_heard(struct message *message);
// While opening: the state of a shard's partitions.
void pass_encode_state(struct pass *pass);
