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

// Every durable change from now on, in order, on the owner loop. The value is BYTES_NULL for a delete. on_change may
// unwatch its own watch, no other.
struct table_watch {
    struct list_node node;
    void (*on_change)(struct table_watch *watch, const struct table_row *row);
};
void table_watch(struct table *table, struct table_watch *watch);
void table_unwatch(struct table_watch *watch);
