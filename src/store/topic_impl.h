// SPDX-License-Identifier: Apache-2.0
// What topic.c and the catalog share: how a topic stands in the catalog's table, and how the immutable struct topic is
// made from that.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "store/topic.h"

// A topic as the catalog writes it.
struct topic_def {
    bytes_t name;
    struct topic_id id;
    int32_t partition_count;
    bool internal;
    bool deleting; // its partitions are being removed; goes on at the next start
    const bytes_t *set_names, *set_values;
    size_t set_count;
};

// The value of its row; the name is the key.
struct slice topic_def_encode(const struct topic_def *def);
// Arrays live in ARENA, texts in VALUE. ERR_UNSUPPORTED: written by a newer version; ERR_MALFORMED.
err_t topic_def_decode(bytes_t name, bytes_t value, struct arena *arena, struct topic_def *ret_def,
                       diag_t *diag) MUST_CHECK;

// DEF's configuration over the defaults. With a DIAG: ERR_INVALID for the first value that does not fit. Without: what
// does not fit is left at its default and logged (an older version wrote it).
err_t topic_def_config(const struct topic_def *def, const struct topic_config *defaults,
                       struct topic_config *ret_config, diag_t *diag) MUST_CHECK;

// The partitions of a topic, shared by all its versions. Changed only on the catalog's loop, where it also ends: the
// last reference, given back on any loop, sends it there; if the topic was deleted, its partitions are freed first,
// each on its own loop.
struct topic_reap;
struct topic_life {
    struct list_node node; // of the catalog's lives: what is under way when the store is freed goes with it
    struct message message;
    struct loop *loop;
    struct buf *self;
    bool deleted;
    bool leftover; // a folder of the topic is there that could not be removed, and is none of its partitions
    bool ending;
    struct partition **partitions;
    int32_t count, capacity;
    struct topic_reap *reaps; // one for each partition
    int32_t reaps_left;
};
struct topic_life *topic_life_new(struct loop *loop, struct list_node *lives);
// While no loop runs: frees those that were on their way.
void topic_lives_free(struct list_node *lives);
struct topic_life *topic_life_ref(struct topic_life *life);
void topic_life_unref(struct topic_life *life);
void topic_life_add(struct topic_life *life, struct partition *partition);

// One reference; copies everything. Has def->partition_count partitions, the first of LIFE.
const struct topic *topic_new(const struct topic_def *def, const struct topic_config *config, struct topic_life *life);
struct topic_life *topic_life_of(const struct topic *topic);
struct topic_def topic_def_of(const struct topic *topic);
