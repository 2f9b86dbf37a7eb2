// SPDX-License-Identifier: Apache-2.0
// What eventing, camel, workflow and kube know of the log: topics, appends, readers, group offsets and tables. Behind
// it is the store of this process (embedded/embedded.h) or a real Kafka cluster. Operations are embedded in their
// owner, may be asked for on any loop and answer there, never before the call returns; views in them are copied by the
// call unless it says otherwise.
#pragma once

#include "base/batch.h"
#include "base/civil.h"
#include "io/loop.h"
#include "store/table.h"

struct engine {
    const struct engine_driver *driver;
};

// --- topics

enum { ENGINE_TOPIC_ID_SIZE = 16 };

// A topic as it is; views.
struct engine_topic {
    uint8_t id[ENGINE_TOPIC_ID_SIZE];
    bool is_internal; // the server's own: not for others to change
    int32_t partition_count;
    // What was set; what is not here is a default.
    const bytes_t *config_names, *config_values;
    size_t config_count;
};

struct engine_topic_op {
    void *state; // private
    void (*on_done)(struct engine_topic_op *op);
    // in; views stay valid until on_done
    bytes_t name;
    int32_t partition_count;                     // alter: 0 keeps the number
    const bytes_t *config_names, *config_values; // Kafka's names; alter: value BYTES_NULL: back to the default
    size_t config_count;
    // out
    err_t err; // ERR_INVALID, ERR_NOT_FOUND (not ensure), ERR_CONFLICT (ensure: a name that differs in '.' and '_'
               // only), ERR_LIMIT, ERR_NO_SPACE, ERR_IO, ERR_CLOSED; DIAG has a sentence
    diag_t diag;
    struct engine_topic found; // ensure, describe, alter: valid during on_done when err is ERR_OK
};

// --- appending

struct engine_record {
    int64_t offset;       // append: ignored
    int64_t timestamp_ms; // append: -1 is now
    bytes_t key, value;   // may be null
    const struct record_header *headers;
    size_t header_count;
};

// The partition of the key as Kafka's clients choose it; without a key the one of the last batch for a while.
enum { ENGINE_ANY_PARTITION = -1 };

// One record; records that are appended in one turn share batches, in the order of the calls for each partition.
struct engine_append_op {
    struct list_node node; // private
    int32_t index;         // private
    void (*on_done)(struct engine_append_op *op);
    // out: durable when err is ERR_OK
    err_t err; // ERR_NOT_FOUND (topic, partition), ERR_TOO_LARGE, ERR_INVALID, ERR_NO_SPACE, ERR_IO, ERR_CLOSED
    int32_t partition;
    int64_t offset;
};

// --- reading

// A piece of a partition, shared and immutable.
struct engine_records {
    const struct engine_record *items;
    size_t count;        // may be 0: what stood there is not for readers
    int64_t next_offset; // where the next piece begins
    int64_t high_watermark;
    struct buf *self; // private: counts references
};

static inline struct engine_records *engine_records_ref(struct engine_records *records)
{
    buf_ref(records->self);
    return records;
}

static inline void engine_records_unref(struct engine_records *records)
{
    if (records != NULL)
        buf_unref(records->self);
}

// ERR_OK with RECORDS (borrowed: engine_records_ref keeps them), or why the reader ended: ERR_OUT_OF_RANGE (NEXT_OFFSET
// of RECORDS is then the first offset there is), ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO, ERR_CLOSED (the topic was
// deleted).
typedef void engine_on_records(void *owner, err_t err, struct engine_records *records);
struct engine_reader;
enum { ENGINE_EARLIEST = -2, ENGINE_LATEST = -1 }; // as offsets to begin at
enum { ENGINE_AT_TIME = -3 };                      // of engine_find_op only

// Where a partition begins or ends now, or the first record that is not older than a time (the end, if there is none).

struct engine_find_op {
    void (*on_done)(struct engine_find_op *op);
    bytes_t topic;
    int32_t partition;
    int64_t offset;       // in: ENGINE_EARLIEST, ENGINE_LATEST or ENGINE_AT_TIME; out
    int64_t timestamp_ms; // in: of ENGINE_AT_TIME, not negative
    void *owner;
    err_t err; // ERR_NOT_FOUND (topic, partition), ERR_IO, ERR_CLOSED
};

// --- offsets of groups

#define ENGINE_NEVER CIVIL_MS_MAX

enum { ENGINE_METADATA_MAX = 4096 }; // Kafka's default of offset.metadata.max.bytes

struct engine_offset {
    bytes_t group, topic;
    int32_t partition;
    int64_t offset;       // the next one to read; -1 in a commit: forget it
    int32_t leader_epoch; // -1: unknown
    bytes_t metadata;     // text of whoever commits, at most ENGINE_METADATA_MAX bytes; "": it costs nothing
    // Wall time after which it is forgotten; 0: by the retention of the server; ENGINE_NEVER: only by who committed it,
    // and the group goes with the last of them.
    int64_t expire_time_ms;
    int64_t commit_time_ms; // out
};

struct engine_commit_op {
    void *state; // private
    void (*on_done)(struct engine_commit_op *op);
    const struct engine_offset *items; // of any groups
    size_t count;
    err_t err; // the first one; then some items may be durable and others not
};

struct engine_fetch_op {
    struct message message; // private
    void *state;            // private
    struct loop *answer;    // private
    void (*on_done)(struct engine_fetch_op *op);
    bytes_t group; // in; valid until on_done
    // out; valid during on_done; in the order of topic (by size, then bytes) and partition. What the same loop
    // committed before is seen, unless that failed.
    err_t err;
    const struct engine_offset *items;
    size_t count;
};

// --- tables: store/table.h tells what they are. Versions rise and may have gaps.

struct engine_table {
    struct engine *engine;
};

struct engine_put_op {
    struct table_op op; // private
    void (*on_done)(struct engine_put_op *op);
    struct engine_table *table;
    bytes_t key, value;       // value BYTES_NULL: delete
    int64_t expected_version; // TABLE_ANY, TABLE_ABSENT or the version it must have
    err_t err;                // ERR_CONFLICT, ERR_NOT_FOUND (delete), ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO, ERR_CLOSED
    int64_t version;          // also the present one when err is ERR_CONFLICT
};

// --- transactions: appends, offsets and puts that happen all or not at all, whatever fails and whenever power goes.
// What belongs to one partition lands there together, in the order of the arrays. Isolation is Kafka's: a reader may
// see the part in one partition before the part in another; a put of somebody else waits until the transaction that
// looks at its table is done.

enum {
    // So that what a group of transactions decides is one record that one commit of the store carries (8 MB), and that
    // a start which replays it is quick. A thousand groups commit in one transaction.
    ENGINE_TRANSACTION_PARTS_MAX = 10000,
    ENGINE_TRANSACTION_SIZE_MAX = 4 << 20, // keys, values, headers, and 128 bytes for each part
};

struct engine_transaction_append {
    void *state;   // private
    int32_t index; // private
    bytes_t topic;
    int32_t partition; // may be ENGINE_ANY_PARTITION; out: the one that was taken
    struct engine_record record;
    int64_t offset; // out; -1: the topic was deleted meanwhile, or the engine stops and the next start appends it
};

struct engine_transaction_put {
    void *state;   // private
    int32_t index; // private
    struct engine_table *table;
    bytes_t key, value;       // value BYTES_NULL: delete; each row at most once
    int64_t expected_version; // TABLE_ANY, TABLE_ABSENT or the version it must have
    int64_t version;          // out, -1 as above; the present one when this is what failed with ERR_CONFLICT
};

enum engine_part { ENGINE_PART_NONE, ENGINE_PART_APPEND, ENGINE_PART_OFFSET, ENGINE_PART_PUT };

struct engine_transaction_op {
    struct message message; // private
    struct list_node node;  // private
    struct engine *engine;  // private
    struct loop *answer;    // private
    void (*on_done)(struct engine_transaction_op *op);
    // in; arrays and views stay valid until on_done
    struct engine_transaction_append *appends;
    size_t append_count;
    const struct engine_offset *offsets; // of any groups
    size_t offset_count;
    struct engine_transaction_put *puts; // of any tables
    size_t put_count;
    // out: ERR_OK: all of it is durable. ERR_IO with no part: the store failed, and the next start tells whether it
    // happened. After any other error nothing of it happened or will: ERR_CONFLICT, ERR_NOT_FOUND, ERR_TOO_LARGE (also
    // together with the other records for that partition), ERR_INVALID, ERR_LIMIT, ERR_NO_SPACE, ERR_CLOSED.
    err_t err;
    enum engine_part failed; // the part that was refused; NONE: the transaction as a whole
    size_t failed_index;     // in the array of that kind
};

struct engine_driver {
    // Makes the topic if it is absent; a present one keeps what it has.
    void (*topic_ensure)(struct engine *engine, struct engine_topic_op *op);
    void (*topic_delete)(struct engine *engine, struct engine_topic_op *op);
    void (*topic_describe)(struct engine *engine, struct engine_topic_op *op);
    // Sets configurations, then adds partitions (there are never fewer): when the second fails, the first has happened.
    void (*topic_alter)(struct engine *engine, struct engine_topic_op *op);
    // Where readers of a partition cost least.
    struct loop *(*partition_loop)(struct engine *engine, bytes_t topic, int32_t partition);

    void (*append)(struct engine *engine, bytes_t topic, int32_t partition, const struct engine_record *record,
                   struct engine_append_op *op);

    // A reader belongs to the loop that opened it. It reads one piece, of about MAX_SIZE bytes, for each call of
    // reader_next, which may be called from on_records: that is the back-pressure. Waits when there is nothing.
    struct engine_reader *(*reader_open)(struct engine *engine, bytes_t topic, int32_t partition, int64_t offset,
                                         size_t max_size, engine_on_records *on_records, void *owner);
    void (*reader_next)(struct engine_reader *reader);
    // No callback comes after it. Also after the reader ended.
    void (*reader_close)(struct engine_reader *reader);
    void (*offset_find)(struct engine *engine, struct engine_find_op *op);

    void (*offsets_commit)(struct engine *engine, struct engine_commit_op *op);
    void (*offsets_fetch)(struct engine *engine, struct engine_fetch_op *op);

    // Before the loops run; the engine closes it. The rest but table_put: on the table's loop only; views are valid
    // until the next turn.
    err_t (*table_open)(struct engine *engine, const char *topic, struct engine_table **ret_table, diag_t *diag);
    struct loop *(*table_loop)(const struct engine_table *table);
    err_t (*table_get)(const struct engine_table *table, bytes_t key, struct table_row *ret_row);
    bool (*table_seek)(const struct engine_table *table, bytes_t from, bool after, struct table_row *ret_row);
    int64_t (*table_version)(const struct engine_table *table);
    void (*table_put)(struct engine_put_op *op);
    void (*table_watch)(struct engine_table *table, struct table_watch *watch);
    void (*table_unwatch)(struct table_watch *watch);

    void (*transaction)(struct engine *engine, struct engine_transaction_op *op);
};
