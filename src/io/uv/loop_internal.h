// SPDX-License-Identifier: Apache-2.0
// What the other files of io/uv/ need of a loop. A turn: polls (sockets, pipes), notices (callbacks that the end of the
// last turn owes), messages, timers, deferred work, writes. Everything but the mailbox, the credits and stop belongs to
// the loop's thread.
#pragma once

#include "io/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

enum {
    LOOP_SCRATCH_SIZE = 64 << 10,
    CACHE_LINE_SIZE = 64,
};

struct credit_waiter {
    struct loop *from;
    struct message *message;
};

struct loop {
    uv_loop_t uv;
    int wake_fd;              // an eventfd that interrupts a sleeping poll
    uv_poll_t wake;           // watches it
    uv_prepare_t before_poll; // decides whether the poll may sleep
    uv_check_t after_poll;    // runs the turn
    uv_idle_t busy;           // active: the next poll does not sleep
    uv_timer_t alarm;         // ends the poll when the first timer is due
    int64_t alarm_ms;         // when that is; -1: not set
    unsigned index;
    pthread_t thread;

    struct heap timers;
    struct list_node deferred;
    struct list_node writes;
    struct list_node notices;
    uint8_t *scratch; // LOOP_SCRATCH_SIZE, for bytes that are used or dropped at once; NULL until needed

    // What other threads write stays off the lines that this one works with.
    char apart[CACHE_LINE_SIZE];
    _Atomic(struct message *) mailbox; // newest first
    atomic_uint senders;               // between taking the loop and being done with it
    atomic_bool asleep;                // in a poll that may sleep: a post must wake it
    atomic_bool stopping;
    atomic_size_t arriving; // connections on their way here

    char apart_too[CACHE_LINE_SIZE];
    atomic_size_t credit_used;
    atomic_size_t credit_limit;
    atomic_bool credit_waited;
    pthread_mutex_t credit_lock; // guards the waiters
    struct credit_waiter *waiters;
    size_t waiter_count, waiter_capacity;
};

// Runs once after the deferred work of this turn. Idempotent; undone by loop_defer_cancel.
void loop_add_write(struct loop *loop, struct deferred *write);
// Runs once at the start of the next turn, outside of all other callbacks. Idempotent; undone by loop_defer_cancel.
void loop_add_notice(struct loop *loop, struct deferred *notice);
// Memory for bytes that are used or dropped before the next call; LOOP_SCRATCH_SIZE.
uint8_t *loop_scratch(struct loop *loop);
