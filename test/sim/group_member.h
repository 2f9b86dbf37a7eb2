// SPDX-License-Identifier: Apache-2.0
// A member that does what a seed says: it joins, syncs, sends heartbeats, commits, leaves, stops for longer than its
// session, or is gone without a word and comes back, as itself (a static member) or as somebody else.
#pragma once

#include "engine/embedded/coordinator.h"
#include "group_model.h"
#include "io/loop.h"
#include "io/sim/sim.h"

// At most: each member has its own.
enum { SIM_SESSION_MS = 20000, SIM_REBALANCE_MS = 20000, SIM_MEMBER_ID_SIZE = 96 };

#define SIM_GROUP BYTES_LITERAL("group")
#define SIM_TOPIC BYTES_LITERAL("topic")

// What the members of one run share.
struct group_crowd {
    struct sim *sim;
    struct group_model *model;
    struct loop *loop; // of the members
    struct coordinator *coordinator;
    unsigned partitions;
    bool is_calm; // nothing happens any more but what has to
    uint64_t crashes, pauses, leaves;
};

struct request;

struct sim_member {
    struct group_crowd *crowd;
    unsigned number, life; // answers to an earlier life are nobody's
    bool is_static, needs_known_id;
    char instance[16];
    int32_t session_ms, rebalance_ms;
    uint8_t id[SIM_MEMBER_ID_SIZE];
    size_t id_size;
    int32_t generation;
    bool is_in;
    uint64_t mask;         // its partitions
    struct request *asked; // a join or sync that waits
    struct timer step;     // the next thing it does
    struct timer fate;     // the next thing that happens to it
    int64_t paused_until_ms;
};

// On crowd->loop; also when there is a new one after a crash: then it goes on as who it was.
void sim_member_start(struct sim_member *member, struct group_crowd *crowd, unsigned number);
void sim_member_restart(struct sim_member *member);
void sim_member_stop(struct sim_member *member);
