// SPDX-License-Identifier: Apache-2.0
// An event loop: one thread that owns objects. Loops share nothing; they send each other messages. A loop's turn is:
// events (sockets, timers, messages) set flags and fill queues, then the deferred work runs once, then sockets write
// once each.
#pragma once

#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

// Index 0..count-1 is for tables by loop. Does not start a thread: loop_run does the work on the calling thread.
struct loop *loop_new(unsigned index);
unsigned loop_index(const struct loop *loop);
// The loop that runs on this thread, or NULL.
struct loop *loop_current(void);
// Runs until loop_stop. Everything opened on the loop must be closed before loop_free.
void loop_run(struct loop *loop);
// Any thread.
void loop_stop(struct loop *loop);
void loop_free(struct loop *loop);
// Starts loop_run on a new thread; loop_join waits for it to end.
void loop_start_thread(struct loop *loop);
void loop_join(struct loop *loop);
// Monotonic milliseconds, read once per turn.
int64_t loop_now_ms(const struct loop *loop);

// Messages: moved from one owner to another, embedded in what they carry. Delivered in order per (sender thread,
// receiver).
struct message {
    struct message *next;
    void (*on_message)(struct message *message);
};
// Any thread; the message belongs to the receiving loop from here on. Also to the own loop: delivered in a later turn.
void loop_post(struct loop *to, struct message *message);

// Byte credits of a loop's mailbox: bytes that were sent to the loop and are not finished with. A source of bytes (a
// socket's owner) takes before it posts and gives when the receiver is done with them, from any thread.
void loop_credit_take(struct loop *to, size_t bytes);
void loop_credit_give(struct loop *to, size_t bytes);
// True when more than the limit (default 64 MiB) is outstanding: the source stops reading its sockets until on_credit.
bool loop_credit_short(const struct loop *to);
void loop_credit_limit_set(struct loop *to, size_t bytes);
// Asks to be posted MESSAGE once the loop's outstanding bytes are below half its limit (at once if they are).
void loop_credit_wait(struct loop *to, struct loop *from, struct message *message);

// Work that many events of one turn ask for and that is done once, at the end of the turn, on the owner loop.
struct deferred {
    struct list_node node;
    void (*on_turn_end)(struct deferred *deferred);
};
// Idempotent until it runs. Work deferred while deferred work runs still belongs to this turn.
void loop_defer(struct loop *loop, struct deferred *deferred);
// Safe when it is not deferred.
void loop_defer_cancel(struct loop *loop, struct deferred *deferred);

// A timer, embedded in its owner. Fires once; start again from the callback to repeat.
struct timer {
    struct heap_node node;
    struct loop *loop;
    void (*on_timer)(struct timer *timer);
};
void timer_init(struct timer *timer, struct loop *loop, void (*on_timer)(struct timer *timer));
// Restarts a running timer. delay_ms >= 0.
void timer_start(struct timer *timer, int64_t delay_ms);
// Safe on a stopped timer; no callback comes after it.
void timer_stop(struct timer *timer);
bool timer_active(const struct timer *timer);
// Until it fires, at least 0; -1 when it is stopped. For an owner that takes its timers to another loop.
int64_t timer_left_ms(const struct timer *timer);
