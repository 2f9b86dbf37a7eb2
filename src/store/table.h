// SPDX-License-Identifier: Apache-2.0
// A table: the latest value of each key of a compacted topic with one partition, held in memory by the partition's
// loop, with a sorted snapshot on disk every few megabytes, so that a start loads the snapshot and replays the tail.
// Every value has a version: the offset of its record plus one.
#pragma once

#include "base/buf.h"
#include "io/loop.h"

struct store;
struct table;

// After store_open and before the loops run: loads synchronously from disk. An absent topic is made when the loops run;
// the table can be used at once. The store closes it. ERR_INVALID: the topic has more than one partition.
err_t table_open(struct store *store, const char *topic, struct table **ret_table, diag_t *diag) MUST_CHECK;
struct loop *table_loop(const struct table *table);

struct table_row {
    bytes_t key, value;
    int64_t version;
};

// On the owner loop only. Views are valid until the next turn.
// ERR_NOT_FOUND.
err_t table_get(const struct table *table, bytes_t key, struct table_row *ret_row) MUST_CHECK;
// The first row whose key is >= FROM (or > FROM when AFTER); false at the end. For lists by prefix, in key order.
bool table_seek(const struct table *table, bytes_t from, bool after, struct table_row *ret_row);
size_t table_count(const struct table *table);
// The version of the newest change that is durable.
int64_t table_version(const struct table *table);

enum { TABLE_ANY = -1, TABLE_ABSENT = 0 };
// One change; visible to table_get when it is durable, together with on_done. Changes are applied in the order they are
// asked for.
struct table_op {
    struct message message; // private
    struct loop *from;      // private
    void *private_state;
    struct table *table;
    void (*on_done)(struct table_op *op);
    bytes_t key, value;       // value BYTES_NULL: delete. Copied by the call.
    int64_t expected_version; // TABLE_ANY, TABLE_ABSENT or the version it must have
    // out
    err_t err;       // ERR_CONFLICT, ERR_NOT_FOUND (delete), ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO, ERR_CLOSED
    int64_t version; // also the present one when err is ERR_CONFLICT
};
void table_put(struct table_op *op);
// Only waits: everything that was asked for before is durable and visible, or was refused. TABLE and ON_DONE are set.
void table_sync(struct table_op *op);

// Changes that are decided elsewhere (engine/: by a transaction). Asked on any loop; on_done comes there, once for each
// call. At most one for each table at a time.
struct table_group {
    struct message message; // private
    struct loop *from;      // private
    struct table *table;
    void (*on_done)(struct table_group *group);
    const bytes_t *keys; // in of hold; valid until on_done
    int64_t *versions;   // out of hold, TABLE_ABSENT or the version of the row; room for key_count
    size_t key_count;
    struct slice batch; // in of apply: one record for each change; the call takes it over
    // out
    err_t err;
    int64_t base_offset; // of apply; -1: the batch was there
};
// Tells the versions of some rows, and lets nobody change the table until the group is applied: puts wait. ERR_CLOSED,
// or why the topic could not be made.
void table_group_hold(struct table_group *group);
// Appends the batch, whose producer id is from LOG_DECIDED_PRODUCER_ID on, and shows its rows at once; without a hold
// behind the puts that were asked for before. After ERR_OK the hold is over; after an error it stays, for another try.
// An empty batch only ends the hold.
void table_group_apply(struct table_group *group);

// Every durable change from now on, in order, on the owner loop. The value is BYTES_NULL for a delete; OLD is the row
// that it replaces, NULL if there was none. on_change may unwatch its own watch, no other.
struct table_watch {
    struct list_node node;
    void (*on_change)(struct table_watch *watch, const struct table_row *row, const struct table_row *old);
};
void table_watch(struct table *table, struct table_watch *watch);
void table_unwatch(struct table_watch *watch);
