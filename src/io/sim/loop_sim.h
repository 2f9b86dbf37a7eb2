// SPDX-License-Identifier: Apache-2.0
// Inside of the twin: a virtual loop, as far as sockets need to see it.
#pragma once

#include "io/loop.h"
#include "io/sim/world.h"

struct loop {
    struct sim *sim;
    struct list_node node; // in sim->loops
    unsigned index;
    uint64_t id; // of the world, never reused
    bool dead, running, stopping, turn_queued;
    int64_t now_ms, busy_until_ns, paused_until_ns;
    struct sim_event turn, alarm;
    struct message *inbox_first, **inbox_end;
    size_t inbox_count;
    size_t arriving;  // connections on their way here
    int64_t *lane_ns; // by sender id: when its newest message arrives
    size_t lane_count;
    struct heap timers;
    struct list_node deferred;
    struct list_node postings; // messages on their way here
    struct list_node notices;  // struct sim_call: what the last turn owes, before everything else of the next
    struct list_node ready;    // struct sim_call: sockets with something to tell
    struct list_node unsent;   // struct sim_call: sockets with something to send
    struct list_node now;      // the calls of one of these lists while they run
    size_t credit_used, credit_limit;
    struct credit_wait *waits;
    size_t wait_count, wait_capacity;
};

// Something that one turn does once; embedded.
struct sim_call {
    struct list_node node;
    void (*run)(struct sim_call *call);
};

// The loop takes a turn soon.
void loop_wake(struct loop *loop);
// Puts a message into the inbox now (the way of the disk threads).
void loop_deliver(struct loop *loop, struct message *message);
// When the last message arrives that a disk thread posted to the loop.
int64_t loop_jobs_posted_ns(struct loop *loop);
// Puts the call into one of the loop's lists (notices, ready, unsent), unless it is in one.
void loop_call(struct loop *loop, struct list_node *list, struct sim_call *call);
