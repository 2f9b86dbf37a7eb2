// SPDX-License-Identifier: Apache-2.0
// The resources: one table of the engine, one row for each object, under GROUP/PLURAL/NAMESPACE/NAME. A row's version
// is the object's resourceVersion, in one order for all kinds. An object that is deleted is written once more with a
// mark (so that watches can tell, also after a restart) and then its row goes. All but resources_open belongs to the
// table's loop.
#pragma once

#include "engine/engine.h"
#include "kube/history.h"
#include "kube/replay.h"

#define RESOURCES_TOPIC "__resources"

struct resources {
    struct engine *engine;
    struct engine_table *table;
    struct loop *loop;
    struct kinds kinds;
    struct history history;
    // Hears of every change, of all kinds, before watches do. NULL: nobody.
    void (*on_event)(void *owner, struct event *event);
    void *owner;
    struct table_watch watch; // private, as all below
    struct replay replay;
    void (*on_ready)(void *owner);
    void *ready_owner;
    size_t deletes; // of marked rows, under way
};

struct resources_limits {
    size_t history_count, history_size;
};

// Before the loops run. DIAG says why not.
err_t resources_open(struct resources *resources, struct engine *engine, const struct resources_limits *limits,
                     diag_t *diag) MUST_CHECK;
// On the loop, with every kind known: reads what the history held before the restart, then hears of changes, and then
// calls ON_READY. Nobody writes before.
void resources_start(struct resources *resources, void (*on_ready)(void *owner), void *owner);
void resources_stop(struct resources *resources);
// When no loop runs.
void resources_deinit(struct resources *resources);

// "eventing.knative.dev/triggers/default/t1", in the arena.
bytes_t resources_key(struct arena *arena, const struct kind *kind, bytes_t name_space, bytes_t name);
// The row of an object that is there. ERR_NOT_FOUND; *RET_MARKED is then the version of the row of one that was just
// deleted, else TABLE_ABSENT: what a put that makes it anew has to expect.
err_t resources_get(const struct resources *resources, bytes_t key, struct table_row *ret_row,
                    int64_t *ret_marked) MUST_CHECK;
bool resources_has(const struct resources *resources, const struct kind *kind, bytes_t name_space, bytes_t name);
// The kind of a row; NULL: none that is served.
struct kind *resources_kind_of(const struct resources *resources, bytes_t key);
// The resourceVersion of everything that can be read now.
int64_t resources_version(const struct resources *resources);

// The objects of a kind as they were at a version, in the order of their keys. Views are valid until the next turn.
struct resources_walk {
    const struct resources *resources;
    bytes_t prefix; // of the rows
    bytes_t after;  // the last key that was given
    bool is_begun;
    struct event **overlay; // what changed since that version: the first change of each key, by key
    size_t overlay_count, overlay_at;
    struct arena *arena;
};

// NAME_SPACE empty: all of them. VERSION 0: now. AFTER: go on behind that key; BYTES_NULL: from the start. ERR_EXPIRED
// is ERR_OUT_OF_RANGE: the version is too old (also when what changed since then replaced something that a restart has
// forgotten), or in the future.
err_t resources_walk_start(struct resources_walk *walk, struct resources *resources, const struct kind *kind,
                           bytes_t name_space, int64_t version, bytes_t after, struct arena *arena) MUST_CHECK;
bool resources_walk_next(struct resources_walk *walk, struct table_row *ret_row);
