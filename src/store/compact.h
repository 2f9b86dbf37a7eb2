// SPDX-License-Identifier: Apache-2.0
// Compaction of closed segment files: only the newest record of each key stays (Kafka's log cleaner, KIP-58, KIP-534).
// Works on files, on a disk thread; deciding what and when, and putting the results in place, is cleaner.c's.
//
// What stays: offsets, the base offset and last offset of every batch that keeps a record, and producer fields. A batch
// without records stays when it is its producer's last one, so that sequences survive; control batches stay. A
// tombstone stays until the horizon that the first compaction after it writes into its batch (now +
// delete.retention.ms) has passed.
#pragma once

#include "base/err.h"
#include "store/key_map.h"

struct compact_file {
    char path[1024];
    int64_t base_offset;
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
// ERR_UNSUPPORTED: there is transactional data, which is not compacted yet; ERR_CORRUPT, ERR_IO, ERR_NOT_FOUND.
err_t compact_scan(const struct compact_plan *plan, struct compact **ret_compact) MUST_CHECK;
void compact_free(struct compact *compact);
// Below it every key is known: the next compaction begins there. 0 < when anything was scanned.
int64_t compact_end_offset(const struct compact *compact);

struct compact_result {
    uint64_t bytes_before, bytes_after;
    uint64_t records_before, records_after;
};
// Writes what stays of files FIRST..LAST (indexes into the plan) to PATH and syncs it. ERR_NO_SPACE, ERR_IO: the file
// is removed.
err_t compact_write(const struct compact *compact, size_t first, size_t last, const char *path,
                    struct compact_result *ret_result) MUST_CHECK;
