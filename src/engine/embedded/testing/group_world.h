// SPDX-License-Identifier: Apache-2.0
// Groups without a loop and without a log, for tests that play their members: time passes when the test says so, and a
// write is done at once or when the test says so.
#pragma once

#include "engine/embedded/group_impl.h"

extern struct group_options options;
extern struct groups groups;
extern struct arena arena;
extern bool writes_at_once;
extern uint64_t written; // the last write that was asked for

// What a member asked for, and whether it was answered.
struct asked {
    struct group_join join;
    struct group_sync sync;
    struct group_protocol protocols[4];
    struct group_assignment assignments[8];
    char name[16];
    bool joined, synced;
};

extern struct asked plain; // a member like any other

int set_up(void **state);
int tear_down(void **state);

void time_passes(int64_t ms);
// With another new member id each time.
void ask_join(struct asked *asked);
// Asks again with the id that it was given.
void ask_join_again(struct asked *asked);
// A leader assigns to COUNT members.
void ask_sync(struct asked *asked, const struct asked *const *others, size_t count);
struct group *group(void);
struct group_caller caller(const struct asked *asked);
enum group_error heartbeat(const struct asked *asked);
enum group_error commit(const struct asked *asked);
enum group_error leave(bytes_t member_id, bytes_t instance_id);
// All members of ALL join, the first one leads, all sync.
void make_stable(struct asked *all, size_t count);
