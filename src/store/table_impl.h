// SPDX-License-Identifier: Apache-2.0
// What the files of tables share, and what the catalog needs: tables are loaded while nothing runs, and saved at stop.
// Everything but the list node belongs to the loop of the table's partition.
#pragma once

#include "base/map.h"
#include "io/disk.h"
#include "store/log.h"
#include "store/partition.h"
#include "store/rows.h"
#include "store/table.h"
#include "store/topic.h"

// The snapshot that is being written: the rows as they were, which are not freed meanwhile.
struct table_save {
    struct disk_job job;
    const struct row **rows;
    size_t row_count;
    int64_t version;
    uint64_t log_size; // what it covers of table->unsaved_size
    err_t err;
    bool running;
};

struct table {
    struct store *store;
    struct list_node node; // of the store's tables, in the order in which they were opened
    char *name;
    struct loop *loop;
    struct partition *partition; // NULL until the topic is made
    const struct topic *topic;   // holds the partition; NULL for the catalog's own
    struct rows rows;
    int64_t version;
    struct list_node watches;

    struct list_node queue;  // struct table_change: asked for
    struct list_node flight; // in the batch that is being appended
    struct map flight_keys;
    struct append_op append;
    uint64_t append_size;
    bool appending;
    struct table_group *flight_group; // whose batch it is; NULL: of puts
    struct table_group *hold;         // asked for, or held
    bool is_held;
    struct deferred deferred;

    struct row *retired; // rows that views or a snapshot may still show
    struct message reap;
    bool reap_posted;

    struct table_save save;
    struct timer save_timer;
    int64_t saved_version;
    uint64_t unsaved_size; // bytes of log that a start would replay

    struct message begin; // the first work on the loop
    struct topic_op create;
    bool creating;

    bool stopping;
    struct message stop;
    struct loop *stop_from;
    void (*on_stopped)(struct table *table, void *owner);
    void *stop_owner;
};

// One change that was asked for, or a place in the queue for those of a group, or for who waits until it is reached.
struct table_change {
    struct list_node node;
    struct map_node by_key; // in flight_keys, if MAPPED
    bool mapped;
    bool is_delete;
    struct table_op *op;       // NULL: of a group
    struct row *row;           // its version is set when it is durable; NULL: of a group, or of who waits
    struct table_group *group; // in the queue: all of this
};

// table.c
struct table *table_new(struct store *store, const char *name);
// While nothing runs: the snapshot, then the log behind it.
err_t table_load(struct table *table, struct partition *partition, diag_t *diag) MUST_CHECK;
// Frees memory only; no loop runs.
void table_free(struct table *table);
// Any loop: refuses puts, finishes what was asked for, writes the snapshot; ON_STOPPED comes on the loop that asked.
void table_stop(struct table *table, void (*on_stopped)(struct table *table, void *owner), void *owner);
void table_stop_try(struct table *table);
void table_retire(struct table *table, struct row *row);
// A change is durable: shows it, tells the watches. Takes ROW over.
void table_apply(struct table *table, struct row *row, bool is_delete);
void table_save_if_due(struct table *table);

// table_put.c
void table_put_init(struct table *table);
// Appends what waits, at the end of the turn.
void table_put_wake(struct table *table);
void table_put_fail(struct table *table, err_t err);
// The table stops: a hold ends, and what waited for that is refused, because it would come before what was decided.
void table_put_stop(struct table *table);
bool table_put_idle(const struct table *table);
// The loop that is answered.
struct loop *table_asker(const struct table *table);

// table_group.c
// Lets the group that asked have the table, if nobody changes it now.
void table_hold_grant(struct table *table);
void table_group_done(struct table_group *group, err_t err);
// The changes of the group's batch, into table->flight. ERR_MALFORMED.
err_t table_group_open(struct table *table, const struct table_group *group) MUST_CHECK;

// catalog.c: the tables of the store.
struct list_node *catalog_tables(struct store *store);
