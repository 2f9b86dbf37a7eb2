// SPDX-License-Identifier: Apache-2.0
// A store of a few partitions of one topic in the twin (io/sim), for tests that ask the log core itself: one world at a
// time, driven by the test's thread.
#pragma once

#include "io/disk.h"
#include "io/sim/sim.h"
#include "store/core.h"
#include "store/log.h"

enum { PARTITIONS_MAX = 12, SMALL = 200, PATIENCE_MS = 60000 };

extern struct log_world {
    struct sim *sim;
    struct loop *loop;
    struct store *store;
    struct store_options options;
    struct topic_config config; // of all partitions
    unsigned count;
    bool internal, first_is_internal; // topics, from the next opening on
    struct partition *partitions[PARTITIONS_MAX];
    bool stopped;
} world;

// A steady disk that loses at a power loss whatever is not flushed; nothing is open yet.
void world_make(uint64_t seed, unsigned partition_count);
err_t world_try_open(void) MUST_CHECK;
// Fails the test on an error, as what follows does.
void world_open(void);
// Both.
void world_new(uint64_t seed, unsigned partition_count);
// Ends without a stop.
void world_close(void);
// And starts the machine again; world_open comes next.
void lose_power(void);
// Stops and opens it again.
void restart_clean(void);
void world_free(void);

// One operation, asked for and perhaps answered.
struct asked {
    union {
        struct log_op any;
        struct append_op append;
        struct read_op read;
        struct offset_op find;
        struct segment_replace_op replace;
        struct delete_records_op cut;
        struct segment_drop_op drop;
    } op;
    struct message message;
    int64_t first_offset; // that was read
    bool done;
};

struct asked asked_of(unsigned partition);
// Until the answer is there.
void await(struct asked *asked);
// One record with SIZE zeros.
struct slice batch_of(size_t size, int64_t timestamp, struct batch_options options);
// Does not wait.
void append(struct asked *asked, unsigned partition, size_t size, int64_t timestamp);
// The same batch to every partition, in one commit; waits.
void append_round(size_t size);
// One round, and the journal is there, for what comes next.
void make_journal(void);
// Waits; the first offset that was read is in ASKED.
void read_at(struct asked *asked, unsigned partition, int64_t offset, size_t max_size);

// A job that takes its time.
struct hold {
    struct disk_job job;
    int flushes;
};
// Keeps the only thread of QUEUE busy with so many FLUSHES.
void hold(struct hold *hold, enum disk_queue queue, int flushes);

// The size of the file of the segment that begins at BASE.
uint64_t segment_size(unsigned partition, int64_t base);
// Of the first partition.
bool segment_is_there(int64_t base);
