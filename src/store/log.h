// SPDX-License-Identifier: Apache-2.0
// What can be done with a partition's log, as operations that the caller embeds and owns until on_done. Ask on any
// loop; on_done comes on that loop, never before the call returns. A partition belongs to a topic: keep a reference to
// the topic until on_done.
#pragma once

#include "base/batch.h"
#include "base/buf.h"
#include "io/loop.h"

struct store;
struct partition;
struct packing;

// Set once; readable on any loop.
struct loop *partition_loop(const struct partition *partition);

struct log_op {
    struct message message; // private
    struct loop *from;      // private
    struct partition *partition;
    void (*on_done)(struct log_op *op);
    err_t err;
};

// Producer ids from here on are the store's own, for batches that were decided elsewhere (engine/: by transactions).
// Each run of the engine has one, and the sequences of a run rise in each partition, with gaps. A partition remembers
// the newest of them for ever: producer.id.expiration.ms does not count.
#define LOG_DECIDED_PRODUCER_ID ((int64_t)1 << 62)

enum append_ack {
    APPEND_FLUSHED, // on_done after the flush that covers it (store_options.flush says what flush means)
    APPEND_WRITTEN, // on_done after the write: survives the end of the process, not of the power
};

// Appends exactly one batch that batch_check accepted. It is compressed anew if the topic asks for it. Base offset,
// leader epoch (and time, if the topic says so) are written into the bytes in place: the caller gives up its reference
// and must hold no other that it reads or writes.
struct append_op {
    struct log_op op;
    struct slice batch;
    enum append_ack ack;
    // The batch was decided elsewhere and has a producer id from LOG_DECIDED_PRODUCER_ID on: the rules of the topic
    // were asked then and are not asked again. ERR_DUPLICATE: it, or one with a higher sequence, is there.
    bool decided;
    struct packing *packing; // private: compression.type asks for another codec
    bool is_packed;          // private
    err_t packing_err;       // private
    // out
    int64_t base_offset;        // also of the first copy when err is ERR_DUPLICATE (decided: -1)
    int64_t log_append_time_ms; // -1 unless the topic uses it
    int64_t log_start_offset;
};
// ERR_DUPLICATE, ERR_BAD_SEQUENCE, ERR_STALE_EPOCH (idempotent producers), ERR_TOO_LARGE (max.message.bytes),
// ERR_INVALID (topic rules: keyless on compacted; a producer id that is the store's own), ERR_OUT_OF_RANGE (timestamp),
// ERR_NO_SPACE, ERR_IO (the store failed), ERR_CLOSED (deleted).
void log_append(struct append_op *op);

enum { READ_SLICES_MAX = 64 };
// Reads whole batches from the one that holds OFFSET on, up to the high watermark. Stored bytes, not copied when in
// memory.
struct read_op {
    struct log_op op;
    int64_t offset;
    size_t max_size;
    bool at_least_one;            // the first batch even when larger than max_size (KIP-74)
    int32_t current_leader_epoch; // -1: not checked
    // out; the slices are the caller's
    struct slice slices[READ_SLICES_MAX];
    size_t slice_count;
    size_t size;
    int64_t high_watermark;
    int64_t last_stable_offset;
    int64_t log_start_offset;
};
// ERR_OUT_OF_RANGE (the out offsets are set), ERR_CORRUPT (a damaged place), ERR_IO, ERR_CLOSED; for the epoch asked
// for: ERR_STALE_EPOCH (it is older than the store's), ERR_INVALID (newer).
void log_read(struct read_op *op);

// Waits until the high watermark is above OFFSET, the partition is deleted (ERR_CLOSED), or log_wait_cancel
// (ERR_CANCELLED). on_done comes exactly once in every case.
struct wait_op {
    struct log_op op;
    struct list_node node; // private
    struct message cancel; // private
    bool cancelling;       // private
    int64_t offset;
};
void log_wait(struct wait_op *op);
void log_wait_cancel(struct wait_op *op);

// Kafka's special timestamps (ListOffsets); any value >= 0 is a time in Unix milliseconds.
enum {
    OFFSET_LATEST = -1,
    OFFSET_EARLIEST = -2,
    OFFSET_MAX_TIMESTAMP = -3,
    OFFSET_EARLIEST_LOCAL = -4,
    OFFSET_LATEST_TIERED = -5,
    OFFSET_EARLIEST_PENDING_UPLOAD = -6
};
struct offset_op {
    struct log_op op;
    int64_t timestamp;
    // out
    int64_t offset;          // -1: none
    int64_t found_timestamp; // -1: none
    int32_t leader_epoch;    // -1: none
};
void log_find_offset(struct offset_op *op);

// KIP-107 DeleteRecords: moves the log start; durable when done. OFFSET -1: the high watermark. ERR_OUT_OF_RANGE above
// it.
struct delete_records_op {
    struct log_op op;
    int64_t offset;
    int64_t log_start_offset; // out
};
void log_delete_records(struct delete_records_op *op);

// Where the log of an epoch ends (OffsetForLeaderEpoch), and figures for people and metrics.
struct stat_op {
    struct log_op op;
    int32_t epoch; // asked for; -1: none
    // out
    int32_t found_epoch;
    int64_t epoch_end_offset;
    int64_t log_start_offset, high_watermark, log_end_offset;
    uint64_t size;
    size_t segment_count;
};
void log_stat(struct stat_op *op);

// The producers whose sequences the partition remembers (DescribeProducers).
struct producer_state {
    int64_t id;
    int16_t epoch;
    int32_t last_sequence;
    int64_t last_timestamp; // -1: unknown
};
struct producers_op {
    struct log_op op;
    // out; the caller's to free
    struct producer_state *items;
    size_t count;
};
void log_producers(struct producers_op *op);
