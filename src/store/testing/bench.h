// SPDX-License-Identifier: Apache-2.0
// A store on real loops, threads and files in a temporary folder, for tests that drive it step by step: each call
// posts a request to the first loop and runs that loop on the calling thread until the answer is there. The other loops
// have threads of their own.
#pragma once

#include "store/log.h"
#include "store/store.h"
#include "store/table.h"
#include "store/topic.h"

enum { BENCH_LOOPS = 3 };

struct bench {
    char folder[64];
    struct loop *loops[BENCH_LOOPS];
    struct store *store;
    diag_t diag;
    void (*on_close)(void); // no loop runs, the store is still there; may be NULL
};

// Makes an empty folder; starts the disk threads.
void bench_begin(struct bench *bench);
// Stops what runs and removes the folder.
void bench_end(struct bench *bench);

// Opens the store; no loop runs yet, so tables may be opened.
err_t bench_open(struct bench *bench) MUST_CHECK;
// The loops begin to run.
void bench_run(struct bench *bench);
// Both; fails the test on an error.
void bench_start(struct bench *bench);
// A clean stop.
void bench_stop(struct bench *bench);
// Ends the loops and frees the store without a stop, as if the process had died (what was written stays).
void bench_crash(struct bench *bench);

// Runs FN on the loop, while the caller waits.
void bench_call(struct bench *bench, struct loop *loop, void (*fn)(void *owner), void *owner);
// Runs FN on the first loop, and that loop until something calls bench_go on it.
void bench_wait(struct bench *bench, void (*fn)(void *owner), void *owner);
void bench_go(struct bench *bench);

err_t bench_create(struct bench *bench, struct topic_op *op, const char *name, int32_t partition_count) MUST_CHECK;
err_t bench_grow(struct bench *bench, struct topic_op *op, const char *name, int32_t partition_count) MUST_CHECK;
err_t bench_configure(struct bench *bench, struct topic_op *op, const char *name, const char *config,
                      const char *value) MUST_CHECK;
err_t bench_delete(struct bench *bench, struct topic_op *op, const char *name) MUST_CHECK;
int64_t bench_producer_id(struct bench *bench);
// A null VALUE deletes. RET_VERSION may be NULL.
err_t bench_put(struct bench *bench, struct table *table, const char *key, const char *value, int64_t expected,
                int64_t *ret_version) MUST_CHECK;
// The value (to be freed), or NULL.
char *bench_get(struct bench *bench, struct table *table, const char *key);
// One record; the offset.
int64_t bench_append(struct bench *bench, const char *topic, int32_t partition, const char *value);
int64_t bench_append_bytes(struct bench *bench, const char *topic, int32_t partition, bytes_t value);
