// SPDX-License-Identifier: Apache-2.0
// The data folder: every topic, its partitions, the journal, and what makes them durable. Opened once, before the
// doors. Each partition is owned by one loop (a hash of topic and number); the operations of store/log.h may be asked
// for on any loop and answer on the loop that asked.
#pragma once

#include "base/err.h"
#include "store/topic_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct store;

enum flush_mode {
    FLUSH_COMMIT,   // before each acknowledgement, in groups: the default, and the promise
    FLUSH_INTERVAL, // every flush_interval_ms; a power loss may take what was acknowledged since
    FLUSH_NEVER,    // when the system pleases
};

struct store_options {
    const char *folder;
    enum flush_mode flush;
    int64_t flush_interval_ms;
    uint64_t memory_size;       // the tail of all partitions and what is lent to doors, shared by the loops
    uint64_t journal_size;      // of the ring file; 0: no journal, segments are flushed directly
    uint64_t direct_flush_size; // bytes per dirty segment from which segments are flushed directly
    bool direct_io;             // those are written past the page cache where the file system can
    uint64_t direct_read_size;  // pieces of at least so many bytes of them are read past it too
    int64_t checkpoint_interval_ms;
    int64_t retention_interval_ms;  // how often retention and compaction look around
    int64_t producer_expiration_ms; // idempotent producers that are silent for longer are forgotten
    uint32_t open_segments;         // files kept open, all partitions together
    uint64_t reserve_size;          // bytes of disk that only internal topics may use
    struct topic_config topic_defaults;
};

// Recovers synchronously: when it returns, every partition is ready and durable. ERR_BUSY: another process has the
// folder; ERR_UNSUPPORTED: written by a newer version; DIAG says which file and what to do. Start of a folder that is
// empty creates it.
err_t store_open(const struct store_options *options, struct loop *const *loops, size_t loop_count,
                 struct store **ret_store, diag_t *diag) MUST_CHECK;
// Stops taking appends, flushes, writes snapshots and the mark of a clean stop; then ON_STOPPED on the first loop.
void store_stop(struct store *store, void (*on_stopped)(void *owner, err_t err), void *owner);
// Frees all memory without touching the disk: after store_stop, or after a crash in the twin.
void store_free(struct store *store);

// A failed flush ends the promise: no append is acknowledged after it. The callback comes once, on the first loop.
void store_on_failure(struct store *store, void (*on_failure)(void *owner, err_t err, const char *path), void *owner);
bool store_failed(const struct store *store);

// Kafka's cluster id: 22 characters of base64, made at the first start (meta.properties).
const char *store_cluster_id(const struct store *store);
// The data folder, as it was given.
const char *store_folder(const struct store *store);
// Rises at each start that follows an unclean stop; the leader epoch of every partition.
int32_t store_leader_epoch(const struct store *store);
struct loop *store_loop(const struct store *store, size_t index);
size_t store_loop_count(const struct store *store);
// The part of memory_size that belongs to each loop.
size_t store_memory_share(const struct store *store);
// SIZE bytes are held on LOOP, which runs, by those who serve the store's clients (requests in flight): the tail of its
// partitions gives way, down to a quarter of the share. Replaces what was said before.
void store_memory_lend(struct store *store, struct loop *loop, size_t size);
