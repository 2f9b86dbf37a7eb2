// SPDX-License-Identifier: Apache-2.0
// Applies an intent, of now or from before a crash: each part goes to its partition, through the table that shows it
// if there is one, until it is durable. What a full disk refuses is tried again; what belongs to a deleted topic is
// dropped. Belongs to the loop of the transactions.
#pragma once

#include "engine/embedded/intent.h"
#include "store/log.h"
#include "store/table.h"

struct transactions;

struct apply_part {
    struct apply *apply;
    const struct intent_part *what;
    const struct topic *topic; // while it is under way
    struct append_op append;
    struct table_group own, *group; // the one that holds the table, or `own`
    int64_t base_offset;            // out; -1: it was there, or the topic is deleted
    bool is_waiting;                // for another try
};

struct apply {
    struct transactions *transactions;
    struct arena arena;
    struct intent intent;
    int64_t number;
    struct apply_part *parts; // in the order of the intent
    size_t left;
    struct timer retry;
    int64_t retry_ms;
    bool is_failed; // the store failed
    void (*on_applied)(struct apply *apply);
    void (*on_stuck)(struct apply *apply); // something has to wait; the next try is on its way
};

// VALUE is the intent's record, at offset NUMBER; it stays valid until on_applied. ERR_UNSUPPORTED, ERR_MALFORMED.
err_t apply_start(struct apply *apply, bytes_t value, int64_t number) MUST_CHECK;
// No more tries: on_applied does not come any more.
void apply_give_up(struct apply *apply);
void apply_free(struct apply *apply);
