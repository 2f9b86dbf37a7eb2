// SPDX-License-Identifier: Apache-2.0
// Threads that run blocking jobs for the loops: flushing has its own, so that it never waits behind a read or a
// look-up, and so has what is slow by intent.
#pragma once

#include "io/loop.h"

enum disk_queue {
    DISK_FLUSH,      // log writes and flushes
    DISK_READ,       // reads that a client waits for
    DISK_BACKGROUND, // compaction, removal, zeroing, checkpoints
    DISK_COMPUTE,    // no disk at all: tens of milliseconds of one processor (the hash of a password)
    DISK_QUEUE_COUNT,
};

// Embedded in what it works on. RUN is called on a disk thread and may use only io/file.h, clock, random and what the
// job owns; ON_DONE is called on LOOP afterwards.
struct disk_job {
    struct message message;
    struct loop *loop;
    void (*run)(struct disk_job *job);
    void (*on_done)(struct disk_job *job);
};

// Starts the threads of each queue; nothing is submitted to a queue with 0. Once per process, before the first submit.
void disk_start(const unsigned threads[DISK_QUEUE_COUNT]);
// Waits for all jobs and ends the threads. Their on_done messages are posted before it returns.
void disk_stop(void);
// job->loop, run and on_done are set by the caller. Jobs of one queue start in order.
void disk_submit(enum disk_queue queue, struct disk_job *job);
