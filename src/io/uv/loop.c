// SPDX-License-Identifier: Apache-2.0
#include "io/uv/loop_internal.h"

#include "base/assert.h"
#include "base/mem.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    CREDIT_LIMIT_DEFAULT = 64 << 20,
};

static _Thread_local struct loop *current;

static void run_all(struct list_node *list)
{
    struct list_node *node;
    while ((node = list_first(list)) != NULL) {
        list_remove(node);
        struct deferred *deferred = LIST_ITEM(node, struct deferred, node);
        deferred->on_turn_end(deferred);
    }
}

// Notices added meanwhile belong to the next turn, so that two owners who answer each other cannot keep the loop here.
static void run_notices(struct loop *loop)
{
    if (list_empty(&loop->notices))
        return;
    struct list_node now;
    list_init(&now);
    list_splice(&now, &loop->notices);
    run_all(&now);
}

static void run_messages(struct loop *loop)
{
    if (atomic_load_explicit(&loop->mailbox, memory_order_relaxed) == NULL)
        return;
    struct message *newest = atomic_exchange_explicit(&loop->mailbox, NULL, memory_order_acquire);
    struct message *oldest = NULL;
    while (newest != NULL) {
        struct message *message = newest;
        newest = message->next;
        message->next = oldest;
        oldest = message;
    }
    while (oldest != NULL) {
        struct message *message = oldest;
        oldest = message->next;
        message->next = NULL;
        message->on_message(message);
    }
}

static void run_timers(struct loop *loop)
{
    int64_t now_ms = loop_now_ms(loop);
    // Timers that callbacks start with delay 0 have a later order and wait for the next turn.
    uint64_t end = loop->timers.next_order;
    struct heap_node *node;
    while ((node = heap_first(&loop->timers)) != NULL && node->key <= now_ms && node->order < end) {
        heap_remove(&loop->timers, node);
        struct timer *timer = CONTAINER_OF(node, struct timer, node);
        timer->on_timer(timer);
    }
}

static void on_alarm(uv_timer_t *alarm)
{
    struct loop *loop = alarm->data;
    loop->alarm_ms = -1;
}

static void set_alarm(struct loop *loop)
{
    const struct heap_node *first = heap_first(&loop->timers);
    int64_t due_ms = first == NULL ? -1 : first->key;
    if (due_ms == loop->alarm_ms)
        return;
    loop->alarm_ms = due_ms;
    if (due_ms < 0) {
        uv_timer_stop(&loop->alarm);
        return;
    }
    int64_t delay_ms = due_ms - loop_now_ms(loop);
    uv_timer_start(&loop->alarm, on_alarm, delay_ms < 0 ? 0 : (uint64_t)delay_ms, 0);
}

static void on_after_poll(uv_check_t *check)
{
    struct loop *loop = check->data;
    atomic_store_explicit(&loop->asleep, false, memory_order_relaxed);
    run_notices(loop);
    run_messages(loop);
    run_timers(loop);
    run_all(&loop->deferred);
    run_all(&loop->writes);
    if (atomic_load(&loop->stopping))
        uv_stop(&loop->uv);
}

static void on_busy(uv_idle_t *busy)
{
    (void)busy;
}

// Our own eventfd: uv_async_send marks its work as done only after the write that wakes the loop, and the loop spins
// until it sees the mark, up to 8 % of its time when both share a processor.
static void on_wake(uv_poll_t *wake, int status, int events)
{
    (void)status;
    (void)events;
    struct loop *loop = wake->data;
    uint64_t count;
    // It may be empty by now; what counts is in the mailbox.
    (void)!read(loop->wake_fd, &count, sizeof(count));
}

static void wake_up(struct loop *loop)
{
    uint64_t one = 1;
    // Cannot fail but for a full counter, which wakes as well.
    (void)!write(loop->wake_fd, &one, sizeof(one));
}

static bool may_sleep(struct loop *loop)
{
    if (!list_empty(&loop->notices) || !list_empty(&loop->deferred) || !list_empty(&loop->writes))
        return false;
    // The order matters: a sender puts its message first and looks at the flag then, so one of the two sees the other.
    atomic_store(&loop->asleep, true);
    if (atomic_load(&loop->mailbox) == NULL && !atomic_load(&loop->stopping))
        return true;
    atomic_store(&loop->asleep, false);
    return false;
}

static void on_before_poll(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    set_alarm(loop);
    // libuv asks for the poll's timeout after this.
    if (may_sleep(loop))
        uv_idle_stop(&loop->busy);
    else
        uv_idle_start(&loop->busy, on_busy);
}

struct loop *loop_new(unsigned index)
{
    struct loop *loop = mem_zalloc(1, sizeof(*loop));
    loop->index = index;
    loop->alarm_ms = -1;
    list_init(&loop->deferred);
    list_init(&loop->writes);
    list_init(&loop->notices);
    atomic_init(&loop->credit_limit, CREDIT_LIMIT_DEFAULT);
    pthread_mutex_init(&loop->credit_lock, NULL);

    // These fail only without descriptors or memory, at start, where nothing could go on.
    int failed = uv_loop_init(&loop->uv);
    ASSERT(failed == 0);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ASSERT(loop->wake_fd >= 0);
    failed = uv_poll_init(&loop->uv, &loop->wake, loop->wake_fd);
    ASSERT(failed == 0);
    loop->wake.data = loop;
    failed = uv_poll_start(&loop->wake, UV_READABLE, on_wake);
    ASSERT(failed == 0);
    uv_prepare_init(&loop->uv, &loop->before_poll);
    uv_check_init(&loop->uv, &loop->after_poll);
    uv_idle_init(&loop->uv, &loop->busy);
    uv_timer_init(&loop->uv, &loop->alarm);
    loop->before_poll.data = loop->after_poll.data = loop->alarm.data = loop;
    uv_prepare_start(&loop->before_poll, on_before_poll);
    uv_check_start(&loop->after_poll, on_after_poll);
    return loop;
}

unsigned loop_index(const struct loop *loop)
{
    return loop->index;
}

struct loop *loop_current(void)
{
    return current;
}

void loop_run(struct loop *loop)
{
    ASSERT(current == NULL);
    current = loop;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store(&loop->asleep, false);
    atomic_store(&loop->stopping, false);
    current = NULL;
}

void loop_stop(struct loop *loop)
{
    atomic_fetch_add(&loop->senders, 1);
    atomic_store(&loop->stopping, true);
    if (atomic_exchange(&loop->asleep, false))
        wake_up(loop);
    atomic_fetch_sub(&loop->senders, 1);
}

static void expect_closing(uv_handle_t *handle, void *unused)
{
    (void)unused;
    ASSERT(uv_is_closing(handle));
}

void loop_free(struct loop *loop)
{
    // A sender whose message was taken already may still be on its way to wake us.
    while (atomic_load_explicit(&loop->senders, memory_order_acquire) > 0)
        sched_yield();
    // The callbacks that the last turn still owes (on_close).
    ASSERT(current == NULL);
    current = loop;
    while (!list_empty(&loop->notices))
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    current = NULL;
    ASSERT(atomic_load(&loop->arriving) == 0);

    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->before_poll, NULL);
    uv_close((uv_handle_t *)&loop->after_poll, NULL);
    uv_close((uv_handle_t *)&loop->busy, NULL);
    uv_close((uv_handle_t *)&loop->alarm, NULL);
    uv_walk(&loop->uv, expect_closing, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&loop->uv);
    ASSERT(failed == 0);
    close(loop->wake_fd);

    heap_free(&loop->timers);
    pthread_mutex_destroy(&loop->credit_lock);
    free(loop->waiters);
    free(loop->scratch);
    free(loop);
}

static void *run_on_thread(void *argument)
{
    struct loop *loop = argument;
    char name[16];
    snprintf(name, sizeof(name), "loop-%u", loop->index % 1000);
    pthread_setname_np(pthread_self(), name);
    loop_run(loop);
    return NULL;
}

void loop_start_thread(struct loop *loop)
{
    int failed = pthread_create(&loop->thread, NULL, run_on_thread, loop);
    ASSERT(failed == 0);
}

void loop_join(struct loop *loop)
{
    pthread_join(loop->thread, NULL);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return (int64_t)uv_now(&loop->uv);
}

void loop_post(struct loop *to, struct message *message)
{
    atomic_fetch_add_explicit(&to->senders, 1, memory_order_relaxed);
    struct message *newest = atomic_load_explicit(&to->mailbox, memory_order_relaxed);
    do
        message->next = newest;
    while (!atomic_compare_exchange_weak(&to->mailbox, &newest, message));
    // A loop that is awake looks into its mailbox before it sleeps: only a sleeper costs a system call, once.
    if (atomic_load(&to->asleep) && atomic_exchange(&to->asleep, false))
        wake_up(to);
    atomic_fetch_sub_explicit(&to->senders, 1, memory_order_release);
}

void loop_credit_take(struct loop *to, size_t bytes)
{
    atomic_fetch_add_explicit(&to->credit_used, bytes, memory_order_relaxed);
}

static bool credit_low(const struct loop *loop)
{
    return atomic_load(&loop->credit_used) < atomic_load(&loop->credit_limit) / 2;
}

static void wake_waiters(struct loop *loop)
{
    pthread_mutex_lock(&loop->credit_lock);
    for (size_t i = 0; i < loop->waiter_count; i++)
        loop_post(loop->waiters[i].from, loop->waiters[i].message);
    loop->waiter_count = 0;
    atomic_store(&loop->credit_waited, false);
    pthread_mutex_unlock(&loop->credit_lock);
}

void loop_credit_give(struct loop *to, size_t bytes)
{
    size_t before = atomic_fetch_sub(&to->credit_used, bytes);
    ASSERT(before >= bytes);
    if (atomic_load(&to->credit_waited) && credit_low(to))
        wake_waiters(to);
}

bool loop_credit_short(const struct loop *to)
{
    return atomic_load_explicit(&to->credit_used, memory_order_relaxed) >
           atomic_load_explicit(&to->credit_limit, memory_order_relaxed);
}

void loop_credit_limit_set(struct loop *to, size_t bytes)
{
    atomic_store(&to->credit_limit, bytes);
}

void loop_credit_wait(struct loop *to, struct loop *from, struct message *message)
{
    pthread_mutex_lock(&to->credit_lock);
    MEM_GROW(to->waiters, to->waiter_count, to->waiter_capacity);
    to->waiters[to->waiter_count++] = (struct credit_waiter){ from, message };
    atomic_store(&to->credit_waited, true);
    pthread_mutex_unlock(&to->credit_lock);
    // The last byte may have been given between the caller's look and the flag.
    if (credit_low(to))
        wake_waiters(to);
}

void loop_defer(struct loop *loop, struct deferred *deferred)
{
    if (!list_linked(&deferred->node))
        list_append(&loop->deferred, &deferred->node);
}

void loop_defer_cancel(struct loop *loop, struct deferred *deferred)
{
    (void)loop;
    list_remove(&deferred->node);
}

void loop_add_write(struct loop *loop, struct deferred *write)
{
    if (!list_linked(&write->node))
        list_append(&loop->writes, &write->node);
}

void loop_add_notice(struct loop *loop, struct deferred *notice)
{
    if (!list_linked(&notice->node))
        list_append(&loop->notices, &notice->node);
}

uint8_t *loop_scratch(struct loop *loop)
{
    if (loop->scratch == NULL)
        loop->scratch = mem_alloc(LOOP_SCRATCH_SIZE);
    return loop->scratch;
}

void timer_init(struct timer *timer, struct loop *loop, void (*on_timer)(struct timer *timer))
{
    *timer = (struct timer){ .loop = loop, .on_timer = on_timer };
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
    ASSERT(delay_ms >= 0);
    struct loop *loop = timer->loop;
    if (current != loop) // before loop_run: the loop's time is that of loop_new
        uv_update_time(&loop->uv);
    heap_remove(&loop->timers, &timer->node);
    heap_push(&loop->timers, &timer->node, loop_now_ms(loop) + delay_ms);
}

void timer_stop(struct timer *timer)
{
    heap_remove(&timer->loop->timers, &timer->node);
}

bool timer_active(const struct timer *timer)
{
    return timer->node.place != 0;
}

int64_t timer_left_ms(const struct timer *timer)
{
    if (!timer_active(timer))
        return -1;
    int64_t left_ms = timer->node.key - loop_now_ms(timer->loop);
    return left_ms < 0 ? 0 : left_ms;
}
