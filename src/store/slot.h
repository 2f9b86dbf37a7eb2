// SPDX-License-Identifier: Apache-2.0
// A checkpoint slot: one file with the state of every partition at a moment up to which the segments are durable, and
// the place in the journal from which frames are newer. Two files take turns (checkpoint-0, checkpoint-1); the newest
// valid one counts. Kafka's own checkpoint files are written beside it at a clean stop, for its tools.
#pragma once

#include "base/map.h"
#include "base/writer.h"
#include "store/impl.h"

enum { SLOT_VERSION = 1 };

struct slot_header {
    uint64_t sequence; // of checkpoints; the higher one counts
    bool clean;        // written at a stop, after everything else
    bool weak;         // acknowledged data behind it may not be durable (flush modes)
    int32_t epoch;
    uint64_t journal_generation; // 0: there is no journal
    uint64_t journal_size;
    uint64_t journal_sequence; // of the first frame to replay
    uint64_t journal_position;
};

// One partition, as it is in the file.
struct slot_partition {
    struct map_node node; // by name
    bytes_t name;         // "topic-0"
    struct topic_id id;
    int64_t log_start;
    struct place synced;
    int64_t first_timestamp;
    int64_t indexed_timestamp;
    uint64_t unindexed_size;
    uint32_t offsets_filed, times_filed;
    int64_t snapshot_offset;
    uint32_t segment_count, epoch_count, quarantine_count;
    struct segment *segments;
    struct epoch_start *epochs;
    struct quarantine *quarantines;
};

struct slot {
    struct slot_header header;
    bool found;
    unsigned file; // which of the two
    bytes_t bytes; // of the file, in the arena
    struct arena arena;
    struct map partitions; // struct slot_partition
};

// One partition's entry, its segments up to `synced`.
void slot_encode_partition(const struct partition *partition, struct writer *to);
// The whole file: header, entries (already encoded, COUNT of them), CRC.
void slot_encode(const struct slot_header *header, const bytes_t *entries, size_t entry_count, uint32_t partition_count,
                 struct writer *to);
// ERR_CORRUPT, ERR_MALFORMED, ERR_UNSUPPORTED. The slot's memory is its arena; free it with slot_free in any case.
err_t slot_decode(bytes_t bytes, struct slot *ret_slot) MUST_CHECK;
// Reads both files, keeps the newer valid one; `found` is false when there is none. ERR_UNSUPPORTED, ERR_IO.
err_t slot_load(const char *folder, struct slot *ret_slot, diag_t *diag) MUST_CHECK;
// Writes file number FILE, durably.
err_t slot_store(const char *folder, unsigned file, bytes_t bytes) MUST_CHECK;
struct slot_partition *slot_find(const struct slot *slot, bytes_t name);
void slot_free(struct slot *slot);
