// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

#include "base/mem.h"
#include "io/clock.h"
#include "io/sim/loop_sim.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAKE_JITTER_NS = 5000,
    POST_JITTER_NS = 20000,
    TURN_COST_NS = 4000,
    CREDIT_LIMIT_DEFAULT = 64 << 20,
    NS_PER_MS = 1000000,
};

struct credit_wait {
    struct loop *from;
    struct message *message;
};

struct posting {
    struct sim_event event;
    struct list_node node; // in to->postings
    struct loop *to;
    struct message *message;
};

static void turn_fire(struct sim_event *event);

static void alarm_fire(struct sim_event *event)
{
    loop_wake(CONTAINER_OF(event, struct loop, alarm));
}

static int64_t ms_of(const struct sim *sim)
{
    return sim->now_ns / NS_PER_MS;
}

struct loop *loop_new(unsigned index)
{
    struct sim *sim = sim_here();
    struct loop *loop = mem_zalloc(1, sizeof(*loop));
    loop->sim = sim;
    loop->index = index;
    loop->id = ++sim->next_loop_id;
    loop->dead = sim->crashed;
    loop->now_ms = ms_of(sim);
    loop->turn = (struct sim_event){ .fire = turn_fire, .kind = SIM_EVENT_TURN };
    loop->alarm = (struct sim_event){ .fire = alarm_fire, .kind = SIM_EVENT_TIMER };
    loop->inbox_end = &loop->inbox_first;
    loop->credit_limit = CREDIT_LIMIT_DEFAULT;
    list_init(&loop->deferred);
    list_init(&loop->postings);
    list_init(&loop->notices);
    list_init(&loop->ready);
    list_init(&loop->unsent);
    list_init(&loop->now);
    list_append(&sim->loops, &loop->node);
    return loop;
}

unsigned loop_index(const struct loop *loop)
{
    return loop->index;
}

struct loop *loop_current(void)
{
    return sim_world == NULL ? NULL : sim_world->current;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

void loop_wake(struct loop *loop)
{
    struct sim *sim = loop->sim;
    if (loop->dead || !loop->running || loop->turn_queued)
        return;
    loop->turn_queued = true;
    int64_t at_ns = sim->now_ns + sim_jitter(sim, WAKE_JITTER_NS);
    if (at_ns < loop->busy_until_ns)
        at_ns = loop->busy_until_ns;
    sim_schedule_at(sim, &loop->turn, at_ns);
}

void loop_call(struct loop *loop, struct list_node *list, struct sim_call *call)
{
    if (loop->dead || list_linked(&call->node))
        return;
    list_append(list, &call->node);
    // A turn looks again at its end.
    if (loop->sim->current != loop)
        loop_wake(loop);
}

void loop_start_thread(struct loop *loop)
{
    loop->running = !loop->dead;
    loop_wake(loop);
}

static bool loop_is_over(void *owner)
{
    const struct loop *loop = owner;
    return !loop->running || loop->dead;
}

void loop_join(struct loop *loop)
{
    if (!loop->sim->running)
        (void)sim_run(loop->sim, (struct sim_until){ .done = loop_is_over, .owner = loop });
}

void loop_run(struct loop *loop)
{
    loop_start_thread(loop);
    loop_join(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    loop_wake(loop);
}

// What the crash leaves hanging on the loop is unlinked while its memory is still there, so that the program can be
// freed in any order; what nobody can reach from the program stays reachable from here.
static void loop_drop(struct loop *loop)
{
    loop->dead = true;
    loop->running = false;
    for (struct message *message = loop->inbox_first; message != NULL; message = message->next)
        sim_keep(message);
    loop->inbox_first = NULL;
    loop->inbox_end = &loop->inbox_first;
    loop->inbox_count = 0;
    struct heap_node *timer;
    while ((timer = heap_first(&loop->timers)) != NULL) {
        heap_remove(&loop->timers, timer);
        sim_keep(timer);
    }
    LIST_EACH(&loop->deferred, node)
    {
        list_remove(node);
        sim_keep(node);
    }
    for (size_t i = 0; i < loop->wait_count; i++)
        sim_keep(loop->waits[i].message);
    loop->wait_count = 0;
    LIST_EACH(&loop->postings, posting_node)
    {
        struct posting *posting = LIST_ITEM(posting_node, struct posting, node);
        heap_remove(&loop->sim->events, &posting->event.node);
        posting->event.drop(&posting->event);
    }
    heap_remove(&loop->sim->events, &loop->turn.node);
    heap_remove(&loop->sim->events, &loop->alarm.node);
    loop->turn_queued = false;
}

void sim_loops_drop(struct sim *sim)
{
    LIST_EACH(&sim->loops, node)
    {
        loop_drop(LIST_ITEM(node, struct loop, node));
    }
}

// The callbacks that the last turn still owes (on_close).
static void owed_run(struct loop *loop)
{
    struct sim *sim = loop->sim;
    struct loop *was_current = sim->current;
    struct list_node *node;
    sim->current = loop;
    while (!loop->dead && (node = list_first(&loop->notices)) != NULL) {
        list_remove(node);
        struct sim_call *call = LIST_ITEM(node, struct sim_call, node);
        call->run(call);
    }
    sim->current = was_current;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    struct sim *sim = loop->sim;
    ASSERT(sim->current != loop);
    owed_run(loop);
    ASSERT(list_empty(&loop->ready) && list_empty(&loop->unsent));
    ASSERT(loop->dead || loop->arriving == 0);
    loop_drop(loop);
    heap_free(&loop->timers);
    list_remove(&loop->node);
    if (sim->signal_loop == loop)
        sim->signal_loop = NULL;
    free(loop->lane_ns);
    free(loop->waits);
    free(loop);
}

void sim_loops_free(struct sim *sim)
{
    LIST_EACH(&sim->loops, node)
    {
        loop_free(LIST_ITEM(node, struct loop, node));
    }
}

// --- messages

void loop_deliver(struct loop *loop, struct message *message)
{
    if (loop->dead) {
        sim_keep(message);
        return;
    }
    message->next = NULL;
    *loop->inbox_end = message;
    loop->inbox_end = &message->next;
    loop->inbox_count++;
    loop_wake(loop);
}

static void posting_fire(struct sim_event *event)
{
    struct posting *posting = CONTAINER_OF(event, struct posting, event);
    list_remove(&posting->node);
    loop_deliver(posting->to, posting->message);
    free(posting);
}

static void posting_drop(struct sim_event *event)
{
    struct posting *posting = CONTAINER_OF(event, struct posting, event);
    list_remove(&posting->node);
    sim_keep(posting->message);
    free(posting);
}

// Only the order of one sender's messages is promised, so only that is kept: each sender has a lane.
static int64_t *lane_of(struct loop *to, uint64_t sender_id)
{
    while (to->lane_count <= sender_id) {
        to->lane_ns = mem_realloc(to->lane_ns, (to->lane_count + 8) * sizeof(*to->lane_ns));
        memset(to->lane_ns + to->lane_count, 0, 8 * sizeof(*to->lane_ns));
        to->lane_count += 8;
    }
    return &to->lane_ns[sender_id];
}

int64_t loop_jobs_posted_ns(struct loop *loop)
{
    return *lane_of(loop, 0);
}

void loop_post(struct loop *to, struct message *message)
{
    struct sim *sim = to->sim;
    if (to->dead || sim->crashed) {
        sim_keep(message);
        return;
    }
    struct posting *posting = mem_zalloc(1, sizeof(*posting));
    posting->event = (struct sim_event){ .fire = posting_fire, .drop = posting_drop, .kind = SIM_EVENT_MESSAGE };
    posting->to = to;
    posting->message = message;
    list_append(&to->postings, &posting->node);
    int64_t *lane_ns = lane_of(to, sim->current == NULL ? 0 : sim->current->id);
    int64_t at_ns = sim->now_ns + sim_jitter(sim, POST_JITTER_NS);
    *lane_ns = at_ns > *lane_ns ? at_ns : *lane_ns;
    sim_schedule_at(sim, &posting->event, *lane_ns);
}

// --- credits

void loop_credit_take(struct loop *to, size_t bytes)
{
    to->credit_used += bytes;
}

bool loop_credit_short(const struct loop *to)
{
    return to->credit_used > to->credit_limit;
}

static bool credit_is_back(const struct loop *to)
{
    return to->credit_used <= to->credit_limit / 2;
}

static void credit_tell(struct loop *to)
{
    if (!credit_is_back(to))
        return;
    size_t count = to->wait_count;
    to->wait_count = 0;
    for (size_t i = 0; i < count; i++)
        loop_post(to->waits[i].from, to->waits[i].message);
}

void loop_credit_give(struct loop *to, size_t bytes)
{
    if (to->dead)
        return;
    ASSERT(bytes <= to->credit_used);
    to->credit_used -= bytes;
    credit_tell(to);
}

void loop_credit_limit_set(struct loop *to, size_t bytes)
{
    to->credit_limit = bytes;
    credit_tell(to);
}

void loop_credit_wait(struct loop *to, struct loop *from, struct message *message)
{
    if (to->dead || credit_is_back(to)) {
        loop_post(from, message);
        return;
    }
    MEM_GROW(to->waits, to->wait_count, to->wait_capacity);
    to->waits[to->wait_count++] = (struct credit_wait){ from, message };
}

// --- deferred work and timers

void loop_defer(struct loop *loop, struct deferred *deferred)
{
    if (loop->dead || list_linked(&deferred->node))
        return;
    list_append(&loop->deferred, &deferred->node);
    if (loop->sim->current != loop)
        loop_wake(loop);
}

void loop_defer_cancel(struct loop *loop, struct deferred *deferred)
{
    (void)loop;
    list_remove(&deferred->node);
}

static void alarm_set(struct loop *loop)
{
    struct heap_node *first = heap_first(&loop->timers);
    heap_remove(&loop->sim->events, &loop->alarm.node);
    if (first != NULL)
        sim_schedule_at(loop->sim, &loop->alarm, first->key);
}

void timer_init(struct timer *timer, struct loop *loop, void (*on_timer)(struct timer *timer))
{
    *timer = (struct timer){ .loop = loop, .on_timer = on_timer };
}

void timer_start(struct timer *timer, int64_t delay_ms)
{
    ASSERT(delay_ms >= 0);
    struct loop *loop = timer->loop;
    if (loop->dead || loop->sim->crashed)
        return;
    heap_remove(&loop->timers, &timer->node);
    int64_t most_ms = INT64_MAX / NS_PER_MS / 4;
    heap_push(&loop->timers, &timer->node, loop->sim->now_ns + (delay_ms < most_ms ? delay_ms : most_ms) * NS_PER_MS);
    alarm_set(loop);
}

void timer_stop(struct timer *timer)
{
    // A dead loop may be freed already, and a timer of it is in no heap.
    if (!timer_active(timer))
        return;
    heap_remove(&timer->loop->timers, &timer->node);
    alarm_set(timer->loop);
}

bool timer_active(const struct timer *timer)
{
    return timer->node.place != 0;
}

int64_t timer_left_ms(const struct timer *timer)
{
    if (!timer_active(timer))
        return -1;
    int64_t left_ns = timer->node.key - timer->loop->sim->now_ns;
    return left_ns < 0 ? 0 : (left_ns + NS_PER_MS - 1) / NS_PER_MS;
}

// --- the turn

// Timers that are started meanwhile wait for the next turn, even with delay 0.
static void turn_timers(struct loop *loop)
{
    struct sim *sim = loop->sim;
    uint64_t end_order = loop->timers.next_order;
    struct heap_node *node;
    while (!sim->crashed && (node = heap_first(&loop->timers)) != NULL) {
        if (node->key > sim->now_ns || node->order >= end_order)
            break;
        heap_remove(&loop->timers, node);
        struct timer *timer = CONTAINER_OF(node, struct timer, node);
        timer->on_timer(timer);
    }
    alarm_set(loop);
}

// Usually all that is there; sometimes only the first few, so that what one turn sees differs.
static void turn_messages(struct loop *loop)
{
    struct sim *sim = loop->sim;
    size_t count = loop->inbox_count;
    if (count > 1 && !sim->options.steady && sim_rng_below(&sim->schedule, 4) == 0)
        count = 1 + (size_t)sim_rng_below(&sim->schedule, count);
    for (; count > 0 && !sim->crashed; count--) {
        struct message *message = loop->inbox_first;
        loop->inbox_first = message->next;
        if (loop->inbox_first == NULL)
            loop->inbox_end = &loop->inbox_first;
        loop->inbox_count--;
        message->on_message(message);
    }
}

// Runs what is in the list now; what is added meanwhile waits for the next turn. The calls are kept in the loop, not on
// the stack, which system_exit leaves in one jump.
static void calls_run(struct loop *loop, struct list_node *list)
{
    struct list_node *node;
    list_splice(&loop->now, list);
    while (!loop->sim->crashed && (node = list_first(&loop->now)) != NULL) {
        list_remove(node);
        struct sim_call *call = LIST_ITEM(node, struct sim_call, node);
        call->run(call);
    }
}

static void turn_sockets(struct loop *loop)
{
    calls_run(loop, &loop->ready);
}

static void turn_end(struct loop *loop)
{
    struct sim *sim = loop->sim;
    struct list_node *node;
    while (!sim->crashed && (node = list_first(&loop->deferred)) != NULL) {
        list_remove(node);
        struct deferred *deferred = LIST_ITEM(node, struct deferred, node);
        deferred->on_turn_end(deferred);
    }
    calls_run(loop, &loop->unsent);
}

static bool turn_faults(struct loop *loop)
{
    struct sim *sim = loop->sim;
    const struct sim_options *options = &sim->options;
    if (sim_rng_chance(&sim->schedule, options->wall_jump_ppm)) {
        int64_t by_ms = (int64_t)sim_rng_below(&sim->schedule, 2 * (uint64_t)options->wall_jump_max_ms + 1);
        sim_wall_jump(sim, by_ms - options->wall_jump_max_ms);
    }
    if (sim_rng_chance(&sim->schedule, options->pause_ppm))
        sim_loop_pause(loop, (int64_t)sim_rng_below(&sim->schedule, options->pause_max_ms) + 1);
    if (loop->paused_until_ns <= sim->now_ns)
        return false;
    loop->turn_queued = true;
    sim_schedule_at(sim, &loop->turn, loop->paused_until_ns);
    return true;
}

static bool turn_is_owed(const struct loop *loop)
{
    return loop->inbox_first != NULL || !list_empty(&loop->notices) || !list_empty(&loop->ready) ||
           !list_empty(&loop->unsent);
}

static void turn_fire(struct sim_event *event)
{
    static void (*const phases[])(struct loop * loop) = { turn_timers, turn_messages, turn_sockets };
    struct loop *loop = CONTAINER_OF(event, struct loop, turn);
    struct sim *sim = loop->sim;
    loop->turn_queued = false;
    if (!loop->running || turn_faults(loop))
        return;
    sim_trace_add(sim, SIM_EVENT_TURN, loop->id, loop->inbox_count);
    sim->current = loop;
    loop->now_ms = ms_of(sim);
    size_t first = sim->options.steady ? 0 : (size_t)sim_rng_below(&sim->schedule, ARRAY_COUNT(phases));
    calls_run(loop, &loop->notices);
    for (size_t i = 0; i < ARRAY_COUNT(phases) && !sim->crashed; i++)
        phases[(first + i) % ARRAY_COUNT(phases)](loop);
    turn_end(loop);
    sim->current = NULL;
    loop->busy_until_ns = sim->now_ns + TURN_COST_NS / 2 + sim_jitter(sim, TURN_COST_NS);
    if (sim->crashed)
        return;
    if (loop->stopping) {
        loop->running = loop->stopping = false;
        return;
    }
    if (turn_is_owed(loop))
        loop_wake(loop);
}

void sim_loop_pause(struct loop *loop, int64_t time_ms)
{
    loop->paused_until_ns = loop->sim->now_ns + time_ms * NS_PER_MS;
    sim_fault_add(loop->sim, SIM_EVENT_TURN);
}
