// SPDX-License-Identifier: Apache-2.0
// A partition's log as the rest of store/ sees it: making, opening and deleting partitions for the catalog, segments
// for retention and compaction, and a synchronous scan for tables. What a door may do stands in store/log.h. Every
// partition has one owner loop; functions say where they may be called. "While opening" means: called by the part
// (store/core.h) during store_open, on the thread that opens, before any loop runs; then everything is synchronous.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "io/loop.h"
#include "store/log.h"
#include "store/topic.h"

struct store;
struct partition;

// What a partition is made from. Copied.
struct partition_spec {
    bytes_t topic;
    int32_t number;
    struct topic_id id;
    bool internal; // may use the reserve of the disk
    const struct topic_config *config;
};

// The loop that owns (or would own) a partition: a hash of topic and number.
struct loop *partition_loop_of(const struct store *store, bytes_t topic, int32_t number);

// While opening. Opens `<topic>-<number>`, recovered: after a clean stop from the checkpoint, else by scanning what
// lies behind its recovery point. Makes the folder when it is absent. ERR_CONFLICT: partition.metadata has another
// topic id (the folder is left alone); ERR_IO, ERR_NO_SPACE. The store frees it.
err_t partition_open(struct store *store, const struct partition_spec *spec, struct partition **ret_partition,
                     diag_t *diag) MUST_CHECK;

// Partition folders in the data folder, whether the catalog knows them or not. While opening; names live in ARENA.
struct partition_folder {
    bytes_t topic;
    int32_t number;
};
err_t partition_folders(struct store *store, struct arena *arena, struct partition_folder **ret_folders,
                        size_t *ret_count) MUST_CHECK;
// Reads its partition.metadata. ERR_NOT_FOUND, ERR_MALFORMED: it has none that can be used; ERR_IO.
err_t partition_folder_id(const struct store *store, const struct partition_folder *folder,
                          struct topic_id *ret_id) MUST_CHECK;

// While the loops run: makes a new, empty partition; asked on any loop, ON_DONE on that loop when its folder is durable
// and its owner loop knows it. A folder that is in the way and is not this topic's is renamed `-stray`.
struct partition_create_op {
    struct message message; // private
    struct loop *from;      // private
    void *job;              // private
    void (*on_done)(struct partition_create_op *op);
    void *owner;
    struct store *store;
    struct partition_spec spec; // topic and config stay valid until on_done
    bool unsynced; // the folder is not durable yet: the caller flushes the file system before anybody may append
    // out
    err_t err;
    bool unremoved; // after an error: the folder may still be there
    struct partition *partition;
};
void partition_create(struct partition_create_op *op);

// Asked on any loop, on_done there: refuses everything from here on (ERR_CLOSED to appends, reads and waiters), renames
// the folder to `<topic>-<number>.<unique>-delete` durably, then on_done; files are removed later in the background,
// also at the next start. The memory stays until store_free or partition_free.
void partition_delete(struct log_op *op);
// On the owner loop, after partition_delete is done and nobody holds the topic any more.
void partition_free(struct partition *partition);

// Owner loop (or while opening). The config is copied.
void partition_configure(struct partition *partition, const struct topic_config *config);
const struct topic_config *partition_config(const struct partition *partition);
struct store *partition_store(const struct partition *partition);
const char *partition_path(const struct partition *partition); // of the folder; any loop
const char *partition_name(const struct partition *partition); // "topic-0"; any loop
const struct topic_id *partition_topic_id(const struct partition *partition);

// Owner loop (or while opening).
int64_t partition_log_start(const struct partition *partition);
int64_t partition_high_watermark(const struct partition *partition);
int64_t partition_end(const struct partition *partition);

// Walks the partitions of one loop, on that loop: NULL first, NULL last. Deleted ones are skipped.
struct partition *partition_next(struct store *store, const struct partition *partition);

// While no loop runs yet (also after store_open): calls ON_BATCH for each whole batch from the one that holds FROM to
// the end, in order; the bytes are valid during the call. Stops at the first error of ON_BATCH and returns it.
err_t partition_scan(struct partition *partition, int64_t from, err_t (*on_batch)(void *owner, bytes_t batch),
                     void *owner) MUST_CHECK;

// One file of the log. The last one is active: never dropped, never replaced.
struct segment_info {
    int64_t base_offset;
    int64_t last_offset;   // base_offset - 1 when empty
    int64_t max_timestamp; // -1: none
    uint64_t size;
    bool active;
    bool settled; // no newer copy of it can be in the journal: may be dropped or replaced
};
// Owner loop. Fills at most CAPACITY, oldest first; returns how many there are.
size_t partition_segments(const struct partition *partition, struct segment_info *to, size_t capacity);
// "<folder>/<base offset><suffix>", suffix ".log" and so on; terminated, TO of 1024 always fits.
void partition_segment_path(const struct partition *partition, int64_t base_offset, const char *suffix, char *to,
                            size_t size);

// The following are asked on the owner loop; on_done comes there in a later turn.

// Closes the active segment (if it holds anything) and begins a new one with the next append.
void partition_roll(struct partition *partition);
// Moves the log start to the base of the first segment kept and drops the whole, settled, closed segments whose last
// offset is below BEFORE. The new log start is durable before a file goes. Never above the high watermark.
struct segment_drop_op {
    struct log_op op;
    int64_t before;
    // out
    size_t dropped;
    int64_t log_start_offset;
};
void partition_drop_segments(struct segment_drop_op *op);
// Puts cleaned files in the place of the closed, settled segments FIRST..LAST (base offsets, both included). The caller
// wrote `<first>.log.cleaned` (whole batches, offsets kept, synced) in the folder on a disk thread; indexes are made
// here. The swap is atomic: after a crash either all old or the new file is there (.cleaned is dropped, .swap
// finished). ERR_CONFLICT: a segment of the range is gone, or not settled; the cleaned file is removed.
struct segment_replace_op {
    struct log_op op;
    int64_t first, last;
};
void partition_replace_segments(struct segment_replace_op *op);

// Owner loop. Forgets idempotent producers whose last batch came before BEFORE_MS (Unix).
void partition_expire_producers(struct partition *partition, int64_t before_ms);
// Owner loop. Bytes of all segments.
uint64_t partition_size(const struct partition *partition);
