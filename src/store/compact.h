// SPDX-License-Identifier: Apache-2.0
// Compaction of closed segment files: only the newest record of each key stays (Kafka's log cleaner, KIP-58, KIP-534).
// Works on files, on a disk thread; deciding what and when, and putting the results in place, is cleaner.c's.
//
// What stays: offsets, the base offset and last offset of every batch that keeps a record, and producer fields. A batch
// without records stays when it is its producer's last one, so that sequences survive. A tombstone stays until the
// horizon that the first compaction after it writes into its batch (now + delete.retention.ms) has passed.
//
// Transactions (KIP-98): what was aborted goes. Nothing is cleaned from the first offset on of a transaction whose end
// is not in the files: that is never above the last stable offset. A marker stays while any batch of its transaction
// was there, then until its own horizon has passed, as a tombstone does.
#pragma once

#include "base/err.h"
#include "store/key_map.h"

struct compact_file {
    char path[1024];
    int64_t base_offset, last_offset;
    uint64_t size;
};

struct compact_plan {
    const struct compact_file *files; // closed segments, oldest first
    size_t file_count;
    int64_t dirty_from; // offsets below were compacted before
    int64_t now_ms, delete_retention_ms;
    // Tombstones from this offset on stay whatever their horizon says: a table's snapshot that is older than they would
    // bring their keys back. INT64_MAX: there is no snapshot.
    int64_t tombstones_from;
    size_t map_size; // bytes for the keys of one pass
};

struct compact;

// What the first pass learns: the newest offset of each key from dirty_from on, as far as the map has room.
// ERR_CORRUPT, ERR_MALFORMED, ERR_IO, ERR_NOT_FOUND.
err_t compact_scan(const struct compact_plan *plan, struct compact **ret_compact) MUST_CHECK;
void compact_free(struct compact *compact);
// Below it every key is known and all is decided: the next compaction begins there.
int64_t compact_end_offset(const struct compact *compact);
// How many of the files may be written: those below the first transaction that is not decided. What they hold of
// aborted transactions is gone then, so that the new files need no index of those.
size_t compact_file_count(const struct compact *compact);

struct compact_result {
    uint64_t bytes_before, bytes_after;
    uint64_t records_before, records_after;
};
// Writes what stays of files FIRST..LAST (indexes into the plan) to PATH and syncs it. Called for all files in their
// order. ERR_NO_SPACE, ERR_IO: the file is removed.
err_t compact_write(struct compact *compact, size_t first, size_t last, const char *path,
                    struct compact_result *ret_result) MUST_CHECK;
