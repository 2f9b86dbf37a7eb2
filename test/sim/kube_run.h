// SPDX-License-Identifier: Apache-2.0
// What the parts of kube_sim share: the world, what is known of it, and who works in it.
#pragma once

#include "kube_call.h"

#include "io/loop.h"
#include "io/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LOOPS = 2,
    NAMES = 5, // objects that writers fight over, in the namespace "default"
    WRITERS = 4,
    WATCHERS = 4,
    SPACES = 3, // namespaces that come and go
    GARDENERS = 3,
};

#define EDITED "/api/v1/namespaces/default/configmaps"

// --- what writers did (kube_writer.c)

// LEFT: a crash came before the answer, and what is there since does not show it. It may have been done and undone
// before: then the history shows it, and it has a version from before that start.
enum edit_state { UNDER_WAY, LEFT, DONE, REFUSED };

struct edit {
    enum edit_state state;
    bool is_delete;
    bool is_deleted; // what it made was seen to be deleted, by whomever
    int name;
    int64_t base;    // the version that it expected to be there; 0: nothing
    int64_t version; // that it made; 0: not known, or a delete
    int64_t left_at; // LEFT: the version at that start
};

struct writer_agent {
    struct run *run;
    struct call call;
    struct timer timer;
    int name;
    size_t edit;
    int64_t known_before; // the newest version when it began to read
    int64_t read_version; // 0: there was none
};

struct row {
    int64_t version; // 0: there is none
    size_t edit;
};

struct watcher_agent {
    struct run *run;
    struct call call;
    struct timer timer;
    int number;
    int64_t version; // it knows everything up to here; 0: it has to list
    bool is_initial, is_listing;
    struct row cache[NAMES], listed[NAMES];
};

// --- what gardeners did (kube_garden.c)

enum plant_state { PLANTING, GROWN, FAILED };

struct plant {
    enum plant_state state;
    int space, name, owner_count;
    size_t owners[2];
    bool is_orphan[2]; // that owner was told, when this one was there, to let go of what it has
    char uid[40];
    bool is_asked;    // somebody asked for its deletion
    bool is_orphaner; // once, with Orphan, and that was taken
    bool is_doomed;   // its namespace was asked to go, or nobody knows what happened to it
};

struct gardener {
    struct run *run;
    struct call call;
    struct timer timer;
    size_t plant;
};

struct run {
    uint64_t seed;
    struct sim *sim;
    struct store *store;
    struct engine *engine;
    struct kube *kube;
    struct loop *loops[LOOPS + 1]; // the last one is the clients'
    struct address address;
    struct message message;
    struct call audit;
    bool is_ready, is_quiet, is_failed, is_closing, is_stopped, is_audited;
    struct writer_agent writers[WRITERS];
    struct watcher_agent watchers[WATCHERS];
    struct gardener gardeners[GARDENERS];
    struct edit *edits;
    size_t edit_count, edit_capacity;
    struct plant *plants;
    size_t plant_count, plant_capacity;
    bool is_space_doomed[SPACES];
};

extern struct kube_totals {
    uint64_t edits, conflicts, unanswered, events, resumed, expired, lists, crashes, starts, planted, collected;
} totals;

#define FAIL(run, ...)                                                                                                 \
    do {                                                                                                               \
        fprintf(stderr, "kube_sim: seed %" PRIu64 ": ", (run)->seed);                                                  \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fprintf(stderr, "\n");                                                                                         \
        exit(1);                                                                                                       \
    } while (0)

static inline uint64_t choose(struct run *run, uint64_t bound)
{
    return sim_choose(run->sim, bound);
}

// The loop and the address of this generation.
void call_prepare(struct run *run, struct call *call, void (*on_done)(struct call *call));
// resourceVersion of an object or a list; 0: there is none.
int64_t version_of(const struct json_value *object);

// --- kube_model.c: what is known of the objects that writers fight over

// An object that somebody was shown: which edit made it. Fails when it cannot be.
size_t edit_seen(struct run *run, const struct json_value *object, int *ret_name);
void edit_done(struct run *run, size_t number, int64_t version);
// The newest version of that name that is known; *RET_GONE: it was deleted since.
int64_t name_newest(const struct run *run, int name, bool *ret_gone);
// Somebody saw that the object of that version was deleted.
void delete_seen(struct run *run, int name, int64_t version);
// A list as of VERSION (rows by name).
void list_check(struct run *run, const struct row *rows, int64_t version);
// After a start: what is there is all that was acknowledged and seen; what was under way is decided now.
void start_check(struct run *run, const struct row *rows, int64_t version);
// The items of a list, by name.
void rows_read(struct run *run, const struct json_value *list, struct row *rows);

void writer_begin(struct writer_agent *writer);
void watcher_begin(struct watcher_agent *watcher);
void gardener_begin(struct gardener *gardener);
// True when nothing is left to be collected; WHY says what is.
bool garden_is_tidy(struct run *run, const struct json_value *maps, const struct json_value *spaces, char why[200]);
// Of a tidy garden: nothing went that had a reason to stay.
void garden_check(struct run *run, const struct json_value *maps);
