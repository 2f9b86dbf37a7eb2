// SPDX-License-Identifier: Apache-2.0
// Transactions of the embedded engine. One group of them is under way at a time and carries what was asked for while
// the one before it ran: the tables that it looks at are held, each transaction is judged, what they change becomes one
// intent (intent.h), and when that is durable it is applied (apply.h). So only the newest intent can be undone, and a
// start applies it again; partitions know what they have by its number. Belongs to the loop of the intents' partition.
#pragma once

#include "base/map.h"
#include "engine/embedded/apply.h"
#include "engine/engine.h"

struct embedded;
struct store;

// A table whose rows the group looks at.
struct held_table {
    struct list_node node;
    struct transactions *transactions;
    struct table_group group;
    bytes_t *keys;
    int64_t *versions;
    size_t key_count, key_capacity;
    err_t err;               // of the hold
    bool is_held;            // and not applied yet
    struct apply_part *part; // that is being applied
};

struct transactions {
    struct embedded *embedded;
    struct loop *loop;
    const struct topic *topic; // of the intents; NULL: not made yet
    struct topic_op create;
    int64_t producer_id; // of this run
    uint32_t turn;       // moves records without a key from partition to partition
    bool is_busy;        // with a group
    struct list_node queue;
    struct deferred deferred;

    // The group.
    struct list_node taken;  // engine_transaction_op
    struct list_node held;   // struct held_table
    struct list_node drafts; // struct draft: what is changed, by partition
    struct map drafts_by_place;
    struct map rows; // struct touched: that it changes
    struct arena arena;
    struct slice value; // of the intent
    struct append_op append;
    struct apply apply;
    size_t answers_left; // of tables

    // That the newest intent is done is noted when nothing else is asked for.
    struct append_op mark;
    struct timer mark_timer;
    bool is_marking, is_unmarked;

    struct message start;
    bool is_ready;
    struct message ready;
    void (*on_ready)(void *owner);
    void *ready_owner;

    bool is_stopping;
    struct message stop;
    struct loop *stop_from; // NULL: not asked, or answered
    void (*on_stopped)(void *owner);
    void *stop_owner;
};

// Before the loops run: reads the newest intent. DIAG says what is wrong with it.
err_t transactions_open(struct transactions *transactions, struct embedded *embedded, diag_t *diag) MUST_CHECK;
void transactions_free(struct transactions *transactions);
void transactions_on_ready(struct transactions *transactions, void (*on_ready)(void *owner), void *owner);
void transactions_stop(struct transactions *transactions, void (*on_stopped)(void *owner), void *owner);
void transactions_ask(struct engine *engine, struct engine_transaction_op *op);

// NULL: the group does not look at it.
struct held_table *held_table_of(struct transactions *transactions, const struct table *table);

// transaction.c: the group.
void transactions_on_turn_end(struct deferred *deferred);
// Begins one at the end of the turn, if there is reason to.
void transactions_want(struct transactions *transactions);
// The tables are held, and the topic of the intents is there.
void transactions_group_judge(struct transactions *transactions);
// The group is decided: answers all of it.
void transactions_group_answer(struct transactions *transactions);
// Everybody is answered: lets the tables go.
void transactions_group_end(struct transactions *transactions);
void transactions_tables_free(struct transactions *transactions);
// Answers those of LIST, none of them for a reason of its own.
void transactions_answer(struct list_node *list, err_t err);

// transaction_life.c
// Makes the topic of the intents, then judges the group, or refuses it.
void transactions_topic_make(struct transactions *transactions);
// Appends VALUE to the intents.
void transactions_append(struct transactions *transactions, struct append_op *op, bytes_t value,
                         void (*on_done)(struct log_op *op));
void transactions_stop_try(struct transactions *transactions);

// judge.c
// A partition that the group changes.
struct draft {
    struct map_node by_place;
    struct list_node node;
    uint8_t place[TOPIC_ID_SIZE + sizeof(int32_t)];
    const struct topic *topic; // a reference
    int32_t partition;
    struct batch_builder builder;
    int32_t count;
    size_t wanted;  // bytes at most that the transaction which is being judged adds
    size_t ordinal; // among the intent's parts
};
// Bytes at most, as ENGINE_TRANSACTION_SIZE_MAX counts them.
size_t transaction_size(const struct engine_transaction_op *op);
// What can be said of a transaction alone.
err_t transaction_check(struct engine_transaction_op *op) MUST_CHECK;
// Whether it may happen, behind those of the group that were added. ERR_AGAIN: only in the next group.
err_t transaction_judge(struct transactions *transactions, struct engine_transaction_op *op) MUST_CHECK;
void transaction_add(struct transactions *transactions, struct engine_transaction_op *op);
void drafts_init(struct transactions *transactions);
void drafts_free(struct transactions *transactions);
