// SPDX-License-Identifier: Apache-2.0
// What the files of the log core share: the store, its shards (one per loop) and the partitions of a shard. Nothing
// above store/ includes it; the catalog, tables, retention and compaction use partition.h and core.h.
//
// A partition's bytes stand in four nested ranges, each ended by a place:
//   synced <= written <= durable <= end
// `end` is what was appended (memory), `durable` what may be acknowledged and read (flushed to the segment or to the
// journal; written, in the weaker flush modes), `written` what the segment files hold, `synced` what survives a power
// loss in them. Nothing leaves the tail before it is written.
#pragma once

#include "base/assert.h"
#include "base/map.h"
#include "io/disk.h"
#include "io/file.h"
#include "store/core.h"
#include "store/metrics.h"
#include "store/partition.h"
#include "store/unbuffered.h"

struct journal;
struct producers;
struct slot_entry;

struct place {
    int64_t offset;       // everything below it lies before the position
    int64_t segment_base; // of the file
    uint64_t position;    // in the file
};

struct segment {
    int64_t base_offset;
    int64_t last_offset;          // base_offset - 1 when empty
    int64_t max_timestamp;        // -1: none
    int64_t max_timestamp_offset; // last offset of the batch that holds it
    uint64_t size;
    bool past_cache; // written so since the start: the page cache does not hold it
};

// Where an epoch begins (leader-epoch-checkpoint).
struct epoch_start {
    int32_t epoch;
    int64_t offset;
};

// A range of a segment that cannot be read: found damaged at recovery or by a read, kept as it is.
struct quarantine {
    int64_t segment_base;
    uint64_t from, to; // bytes; a batch begins at `to`, or the segment ends
    int64_t first_offset, next_offset;
};

// A contiguous piece of one segment file in memory: whole batches.
struct tail_chunk {
    struct list_node by_age; // in shard->chunks, oldest first
    struct tail_chunk *prev, *next;
    struct partition *partition;
    struct buf *buf;
    uint8_t *data;
    size_t size, capacity; // capacity is 0 when nothing can be added
    int64_t first_offset, last_offset;
    int64_t segment_base;
    uint64_t position;
};

// Entries of .index and .timeindex that are not in the files yet; one for each segment that has some.
struct index_offset_entry {
    uint32_t relative_offset;
    uint32_t position;
};
struct index_time_entry {
    int64_t timestamp;
    uint32_t relative_offset;
};
struct index_pending {
    struct index_pending *next; // newer segment
    int64_t segment_base;
    bool closed; // the segment was rolled: with these entries the files are complete
    struct index_offset_entry *offsets;
    struct index_time_entry *times;
    uint32_t offset_count, offset_capacity;
    uint32_t time_count, time_capacity;
    uint32_t offsets_filed, times_filed; // entries that the files hold already
};

// Operations that wait, linked through op.message.next.
struct op_queue {
    struct message *first, *last;
};

// Something that is done to a partition's files when nobody works with them.
struct change {
    struct list_node node; // shard->changes
    struct partition *partition;
    // Begins and returns true when the partition is quiet enough.
    bool (*begin)(struct change *change);
    void (*on_free)(struct change *change); // instead, when the store is freed first
};

enum partition_writer { WRITER_NONE, WRITER_COMMIT, WRITER_PASS };

struct partition {
    struct store *store;
    struct shard *shard;
    struct list_node node;    // shard->partitions
    struct list_node dirty;   // shard->dirty: end > durable
    struct list_node waiters; // struct wait_op
    struct list_node throttled;
    char *path;
    const char *name; // in path
    struct topic_id id;
    int32_t number;
    bool internal;
    bool deleted;
    bool cutting;                 // appends refused while what failed is cut off
    bool loading;                 // producer state is on its way
    bool swapping;                // a replacement renames files
    bool dropping;                // old segments are on their way out
    enum partition_writer writer; // who writes the segment files now
    uint32_t disk_reads;          // in flight
    struct topic_config config;

    int64_t log_start;
    int64_t end;
    struct place durable, written, synced;
    struct segment durable_segment;      // the active one as it was at `durable`, to return to
    struct place settling;               // what the running pass makes synced
    int64_t settled_base, settling_base; // segments below have no frame in the live journal
    uint64_t appended_size;              // since the start
    uint64_t snapshot_size;              // of it when the last producer snapshot was made
    int64_t padded_base;                 // segment whose file may be longer than it (unbuffered.h); -1: none
    struct segment *segments;
    uint32_t segment_count, segment_capacity;
    struct quarantine *quarantines;
    uint32_t quarantine_count;

    // The active segment.
    uint64_t unindexed_size;             // bytes since the last index entry
    int64_t first_timestamp;             // of its first batch; -1: none or unknown
    int64_t indexed_timestamp;           // of the last time index entry; -1: none
    uint32_t index_count;                // entries of .index, in the file or pending
    uint32_t offsets_filed, times_filed; // entries in the files
    struct index_pending *index;         // oldest segment first

    struct tail_chunk *tail_first, *tail_last;
    struct place read_hint; // where the last read from disk ended
    struct read_job *ahead; // what comes next is read before it is asked for; NULL: nothing

    struct epoch_start *epochs;
    uint32_t epoch_count;
    bool epochs_changed;
    struct producers *producers; // NULL: not loaded
    int64_t snapshot_offset;     // of the newest producer snapshot; -1: unknown
    int64_t snapshot_older;      // of the one before it; -1: unknown

    struct op_queue acks;    // append_op: wait for durable; err is what they get then
    struct op_queue appends; // append_op: wait for producer state or memory
    struct op_queue asking;  // producers_op: wait for producer state
    struct op_queue parked;  // what reads files: waits for the end of a swap
};

// A file kept open.
enum open_file_kind {
    OPEN_CACHED,
    OPEN_UNBUFFERED, // for writing past the page cache
    OPEN_DIRECT,     // for reading past it
};
struct open_file_key {
    const struct partition *partition;
    int64_t base_offset;
    int64_t kind; // enum open_file_kind
};
struct open_file {
    struct map_node node;
    struct list_node by_use; // shard->files_by_use while nobody uses it
    struct open_file_key key;
    struct file *file;             // one
    struct unbuffered *unbuffered; // of both
    unsigned users;
    bool writable;
    bool doomed;
};

// One write of contiguous bytes; the tail keeps them.
struct write_piece {
    int64_t segment_base;
    uint64_t position;
    bytes_t bytes;
};
struct write_item {
    struct partition *partition;
    struct place to;
    struct segment segment; // the active one at `to`
    struct write_piece *pieces;
    uint32_t piece_count, piece_capacity;
    uint64_t size;
    // Of segment file_base, one of them; opened by the job when both are NULL.
    struct file *file;
    struct unbuffered *unbuffered;
    int64_t file_base;
    bool past_cache;          // to be written unbuffered, as far as the file system can
    struct open_file *handle; // lent the file
    bool opened;              // the file was opened by the job
    bool refused;             // the file system takes no writes past its cache
    struct segment trim;      // whose file is cut to its size; base_offset -1: none
    bool created;             // a file was begun: the folder is synced too
    uint64_t reserve_size;    // disk space to take for each file that is begun; 0: none
    struct segment sealed;    // with reserve_size: the one before the first that is begun; base_offset -1: none
    bool wrote;               // set before the job goes on to flush
    err_t err;
    const char *step; // what failed
};
struct write_set {
    struct write_item *items;
    uint32_t count, capacity;
    uint32_t sync_all_from; // more items than this are synced with one call for the file system
    uint64_t size;
    struct staging staging;
};

// A loop's share of a journal frame, which may be empty. ON_DONE comes on the loop of SHARD. ERR_NO_SPACE: nothing of
// it will ever be replayed, provided that the shard flushes no segment before another group of it is written.
struct journal_group {
    struct message message;
    struct shard *shard;
    const struct write_set *set;
    void (*on_done)(struct journal_group *group);
    err_t err;
};

// What a loop makes durable at once: some partitions by flushing their segments, the others by one journal frame.
struct commit {
    struct disk_job job;
    struct message written; // posted between write and flush when somebody waits for the write only
    struct journal_group group;
    struct shard *shard;
    unsigned parts; // that are not done yet
    int64_t started_ns;
    bool sync;
    bool post_written;
    bool waits_for_pass; // the group was refused, and what it holds is taken back when no pass runs
    struct write_set direct;
    struct write_set journaled;
};

// A loop's part of the store.
struct shard {
    struct store *store;
    struct loop *loop;
    unsigned index;
    bool failed;
    bool stopping; // takes appends to internal topics only
    bool draining; // tells when nothing is in flight
    bool space_short;
    int64_t tell_full_ms; // when the log may say again that the disk is full
    struct store_metrics metrics;
    struct list_node partitions;
    struct list_node dirty;
    struct deferred deferred;
    struct commit commit;
    bool written_wanted; // somebody waits for the write only
    bool journal_ready, journal_asked;
    bool journal_refused; // the last group: no segment is flushed directly before one is written
    struct message journal_wanted, journal_is_ready;
    struct pass *pass;

    struct list_node chunks; // of all partitions, oldest first
    size_t tail_size;
    size_t evicted_size;        // since freed memory was last given back
    size_t memory_share;        // of the tail and of what is lent
    size_t lent, evicted_at;    // bytes; the tail gave way for the second
    struct list_node throttled; // partitions whose appends wait

    bool no_direct_io; // the file system refused it
    struct map files;
    struct list_node files_by_use;
    uint32_t files_limit;

    struct list_node aheads; // struct read_job that are read and not asked for, oldest first
    unsigned ahead_count;

    unsigned jobs;            // disk jobs other than commit and pass
    unsigned cuts;            // of these, what takes failed appends back
    struct list_node changes; // struct change that wait for others to finish with the partition
};

struct store {
    struct store_options options;
    char *folder;
    char cluster_id[32];
    int32_t epoch;
    struct file *lock;
    struct loop **loops;
    struct shard *shards;
    unsigned shard_count;
    const struct store_part *part;
    void *part_state;
    bool opening;
    bool was_clean;             // the last stop
    struct opening *open_state; // while opening
    struct journal *journal;    // NULL: none
    struct checkpoint *checkpoint;
    struct stopping *stopping; // NULL: not stopping

    void (*on_failure)(void *owner, err_t err, const char *path);
    void *failure_owner;
    bool failure_told;
};

// Shapes of the folder.
enum { PATH_MAX_SIZE = 1024 };
// Bytes of one partition in one direct commit. Recovery relies on it: a hole that is followed by valid data further
// away than this cannot be the torn end of the last commit.
enum { COMMIT_SIZE_MAX = 8 << 20 };

// op_queue
static inline void op_queue_push(struct op_queue *queue, struct message *op)
{
    ASSERT(op != NULL);
    op->next = NULL;
    if (queue->last == NULL)
        queue->first = op;
    else
        queue->last->next = op;
    queue->last = op;
}

static inline struct message *op_queue_pop(struct op_queue *queue)
{
    struct message *op = queue->first;
    if (op == NULL)
        return NULL;
    queue->first = op->next;
    if (queue->first == NULL)
        queue->last = NULL;
    return op;
}

static inline struct segment *partition_active(struct partition *partition)
{
    return &partition->segments[partition->segment_count - 1];
}

// log.c: answers an operation on the loop that asked.
void log_op_done(struct log_op *op, err_t err);
// Runs HANDLER on the owner loop: at once when that is the one that runs.
void log_op_send(struct log_op *op, void (*handler)(struct message *message));
// Completes waiters above whose offset the high watermark rose.
void partition_wake(struct partition *partition);
void partition_waiters_fail(struct partition *partition, err_t err);

// append.c
void partition_append(struct append_op *op);
// Appends what waited; called when what it waited for came.
void partition_appends_resume(struct partition *partition);
void shard_appends_resume(struct shard *shard);
void partition_appends_fail(struct partition *partition, err_t err);
// Only those that were not accepted yet.
void partition_queued_fail(struct partition *partition, err_t err);

// The append ends without having taken effect.
void append_refuse(struct append_op *op, err_t err);

// recompress.c
// True if the batch is being compressed anew: the append waits for it (partition_appends_resume comes).
bool packing_begin(struct append_op *op);
// While it is under way: the append ends with ERR afterwards, in place of going on.
void packing_abandon(struct append_op *op, err_t err);

// producer_list.c
void partition_producers(struct producers_op *op);
// Answers what waited for producer state, or asks for the state.
void partition_asking_resume(struct partition *partition);
void partition_asking_fail(struct partition *partition, err_t err);

// tail.c
// Adds a batch to the end; takes the slice over.
void tail_add(struct partition *partition, struct slice batch, int64_t first_offset, int64_t last_offset);
// The chunk that holds OFFSET, or NULL when it is not in memory.
struct tail_chunk *tail_find(const struct partition *partition, int64_t offset);
// Frees written chunks, oldest first, until the shard is within its limit.
void tail_evict(struct shard *shard);
// More is written. What is internal has a table over it, which has it all in memory and reads nothing here: it goes.
void tail_on_written(struct partition *partition);
// Forgets everything from PLACE on (an append that failed).
void tail_cut(struct partition *partition, const struct place *place);
void tail_free(struct partition *partition);
bool tail_is_full(const struct shard *shard);
// Bytes [FROM, TO) as pieces (TO NULL: to the end), at most LIMIT bytes but at least one chunk; item->to is where it
// ends.
void tail_gather(struct partition *partition, const struct place *from, const struct place *to, uint64_t limit,
                 struct write_item *item);
// Copies of chunks for a read from OFFSET (which is in CHUNK).
void tail_read(const struct partition *partition, const struct tail_chunk *chunk, struct read_op *op);

// write.c
struct write_item *write_set_add(struct write_set *set, struct partition *partition);
enum write_way {
    WRITE_CACHED,
    WRITE_PAST_CACHE, // unbuffered, which makes it durable at once
    WRITE_LAST,       // cached, and the file is left exactly as long as the log
};
// Adds what the tail holds of the partition's segments from `written` on, with the open file if there is one.
struct write_item *write_set_gather(struct write_set *set, struct partition *partition, const struct place *to,
                                    uint64_t limit, enum write_way way);
// The same from `durable` on, for the journal.
struct write_item *write_set_gather_journal(struct write_set *set, struct partition *partition, uint64_t limit);
// On a disk thread: writes the pieces of all items, then, with SYNC, makes them durable. Items have their own errors.
void write_set_run(struct write_set *set, bool sync, void (*on_written)(void *owner), void *owner);
// The first error of the set and the path it belongs to.
err_t write_set_error(const struct write_set *set, const char **ret_path);
// On the loop: gives the files back and empties the set.
void write_set_done(struct shard *shard, struct write_set *set);
// False in the build that breaks the promise on purpose, to show that the simulation notices.
bool flush_is_on(void);
void write_set_free(struct write_set *set);

// files.c: on the loop of the shard.
struct open_file *files_take(struct shard *shard, const struct partition *partition, int64_t base_offset,
                             enum open_file_kind kind);
void files_give(struct shard *shard, struct open_file *file);
// Adds a file that a job opened, cached or direct; closes it if there is one already.
void files_put(struct shard *shard, const struct partition *partition, int64_t base_offset, enum open_file_kind kind,
               struct file *opened, bool writable);
void files_put_unbuffered(struct shard *shard, const struct partition *partition, int64_t base_offset,
                          struct unbuffered *opened);
void files_forget(struct shard *shard, const struct partition *partition, int64_t first, int64_t last);
void files_free(struct shard *shard);

// commit.c
void commit_init(struct shard *shard);
// The partition has something to make durable: at the end of this turn, or when what is in flight is done.
void commit_want(struct partition *partition);
void commit_defer(struct shard *shard);
bool commit_active(const struct shard *shard);
void commit_on_pass_done(struct shard *shard);
void commit_free(struct shard *shard);

// journal.c
void journal_write(struct journal_group *group);

// checkpoint.c
// Asks for a checkpoint soon. Any loop that is SHARD's.
void checkpoint_want(struct shard *shard);
// So many bytes were made durable, in the journal and in segments, that a recovery would have to look at.
void checkpoint_note(struct shard *shard, uint64_t journaled, uint64_t direct);
// A commit ended: a pass that waits for it may begin.
void pass_try(struct shard *shard);
bool pass_is_waiting(const struct shard *shard);
// The last one did, and none is running: what is in the tail stays there.
bool pass_met_full_disk(const struct shard *shard);

// producer_load.c
void producers_load(struct partition *partition);

// segment.c
void segment_path(const char *folder, int64_t base_offset, const char *suffix, char *to, size_t size);
struct segment *partition_segment_add(struct partition *partition, int64_t base_offset);
// Index of the segment that would hold OFFSET (the last whose base is not above), 0 when it is below all.
size_t partition_segment_find(const struct partition *partition, int64_t offset);
// Begins a new active segment at the end if the active one holds anything.
void partition_roll_now(struct partition *partition);

// read.c
void partition_read(struct read_op *op);
// Forgets what was read before it was asked for: files are about to change. What is in flight is not forgotten.
void read_ahead_free(struct partition *partition);

// find.c
void partition_find_offset(struct offset_op *op);

// partition.c
err_t partition_make_folder(const char *path, const struct topic_id *id) MUST_CHECK;
struct partition *partition_new(struct store *store, const struct partition_spec *spec);
void partition_release(struct partition *partition);
// change.c
void change_want(struct change *change);
// Something ended: changes that waited for it begin.
void changes_try(struct shard *shard);
// Drops whole segments below the log start, which is durable (DeleteRecords); those that cannot go now are left to the
// cleaner.
void partition_drop_deleted(struct partition *partition);
// Removes a folder and the files in it; on a disk thread.
err_t folder_remove(const char *path);
// While opening: removes what was deleted before, in the background.
void folders_remove_deleted(struct store *store);

// store.c
// A write or a flush failed: nothing is acknowledged any more.
void shard_fail(struct shard *shard, err_t err, const char *path);
// A job ended: the stop may be waiting for it.
void shard_idle(struct shard *shard);
void stopping_free(struct stopping *stopping);
struct shard *store_shard_of(const struct store *store, bytes_t topic, int32_t number);
