// SPDX-License-Identifier: Apache-2.0
// Connections between the loops of the world. What one side sends travels as segments: a queue at the receiver, and one
// event for each segment that lets the first one in. How connections come to be is in net_open.c.
#include "io/sim/net_sim.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
    LOW_MARK = 256 << 10,
    HIGH_MARK = 1 << 20,
    NS_PER_US = 1000,
    CHUNK_MAX = 16,
    READS_PER_TURN = 4,
};

#define CLOSE_TIMEOUT_NS INT64_C(5000000000)

static void on_close_timeout(struct sim_event *event);

struct conn *conn_new(struct loop *loop)
{
    struct sim *sim = loop->sim;
    struct conn *conn = mem_zalloc(1, sizeof(*conn));
    conn->sim = sim;
    conn->loop = loop;
    conn->id = ++sim->next_conn_id;
    conn->refs = 1;
    conn->low = LOW_MARK;
    conn->high = HIGH_MARK;
    conn->timeout = (struct sim_event){ .fire = on_close_timeout, .kind = SIM_EVENT_NET };
    list_append(&sim->conns, &conn->node);
    return conn;
}

static void queue_drop(struct conn *conn)
{
    for (size_t i = conn->queue_first; i < conn->queue_count; i++)
        slice_free(&conn->queue[i]);
    conn->queue_first = conn->queue_count = 0;
    conn->queued = 0;
}

static void input_drop(struct conn *conn)
{
    while (conn->segments != NULL) {
        struct segment *segment = conn->segments;
        conn->segments = segment->next;
        free(segment);
    }
    conn->segments_end = NULL;
    conn->input_size = 0;
}

void conn_unref(struct conn *conn)
{
    if (conn == NULL || --conn->refs > 0)
        return;
    queue_drop(conn);
    input_drop(conn);
    free(conn->queue);
    free(conn->input);
    free(conn);
}

void conn_forget(struct conn *conn)
{
    struct conn *peer = conn->peer;
    conn->peer = NULL;
    conn_unref(peer);
    heap_remove(&conn->sim->events, &conn->timeout.node);
    list_remove(&conn->ready);
    list_remove(&conn->unsent);
    list_remove(&conn->node);
    conn_unref(conn);
}

void conn_ready(struct conn *conn)
{
    if (conn->dead || list_linked(&conn->ready))
        return;
    list_append(&conn->loop->ready, &conn->ready);
    loop_wake(conn->loop);
}

static void want_write(struct conn *conn)
{
    if (conn->state == CONN_CONNECTING || conn->state == CONN_DONE || conn->dead || list_linked(&conn->unsent))
        return;
    list_append(&conn->loop->unsent, &conn->unsent);
    loop_wake(conn->loop);
}

void conn_finish(struct conn *conn, err_t why)
{
    if (conn->state == CONN_DONE || conn->dead)
        return;
    conn->state = CONN_DONE;
    conn->why = conn->closing ? ERR_OK : why;
    conn->done_step = conn->sim->step_count;
    heap_remove(&conn->sim->events, &conn->timeout.node);
    list_remove(&conn->unsent);
    queue_drop(conn);
    conn->input_size = 0;
    conn_ready(conn);
}

static void on_close_timeout(struct sim_event *event)
{
    struct conn *conn = CONTAINER_OF(event, struct conn, timeout);
    conn_signal(conn->peer, SIGNAL_RESET);
    conn_finish(conn, ERR_RESET);
}

static void timeout_start(struct conn *conn)
{
    heap_remove(&conn->sim->events, &conn->timeout.node);
    sim_schedule(conn->sim, &conn->timeout, CLOSE_TIMEOUT_NS);
}

// --- what travels

static int64_t latency_ns(struct sim *sim)
{
    int64_t most_ns = (int64_t)sim->options.latency_max_us * NS_PER_US;
    return sim->options.steady ? most_ns / 2 : 1 + (int64_t)sim_rng_below(&sim->network, (uint64_t)most_ns);
}

static void signal_drop(struct sim_event *event)
{
    struct signal *signal = CONTAINER_OF(event, struct signal, event);
    conn_unref(signal->to);
    free(signal);
}

static void hard_reset(struct conn *conn)
{
    conn_finish(conn, ERR_RESET);
}

// The peer's socket is gone. What came before can still be read, unless the owner has something to send.
static void soft_reset(struct conn *conn)
{
    conn->broken = true;
    if (conn->queued > 0 || conn->closing || sim_rng_below(&conn->sim->network, 2) == 0) {
        conn_finish(conn, ERR_RESET);
    } else {
        conn->ended = true;
        conn_ready(conn);
    }
}

static void segment_arrive(struct conn *to)
{
    struct segment *segment = to->segments;
    to->segments = segment->next;
    if (to->segments == NULL)
        to->segments_end = NULL;
    if (to->state == CONN_DONE) {
        conn_signal(to->peer, SIGNAL_GONE);
    } else if (segment->is_end) {
        to->ended = true;
        conn_ready(to);
    } else {
        while (to->input_capacity - to->input_size < segment->size) {
            to->input_capacity = to->input_capacity == 0 ? 4096 : to->input_capacity * 2;
            to->input = mem_realloc(to->input, to->input_capacity);
        }
        memcpy(to->input + to->input_size, segment->data, segment->size);
        to->input_size += segment->size;
        conn_ready(to);
    }
    free(segment);
}

static void window_open(struct conn *conn, size_t size)
{
    conn->on_wire -= size;
    if (conn->queued > 0)
        want_write(conn);
}

static void signal_fire(struct sim_event *event)
{
    struct signal *signal = CONTAINER_OF(event, struct signal, event);
    struct conn *to = signal->to;
    struct sim *sim = to->sim;
    bool holds_back = signal->kind == SIGNAL_SEGMENT && to->stalled_until_ns > sim->now_ns;
    if (holds_back) {
        sim_schedule_at(sim, event, to->stalled_until_ns);
        return;
    }
    sim_trace_add(sim, SIM_EVENT_NET, to->id, (uint64_t)signal->kind);
    if (signal->kind == SIGNAL_SEGMENT)
        segment_arrive(to);
    else if (to->state == CONN_DONE)
        sim_trace_add(sim, SIM_EVENT_NET, to->id, 0);
    else if (signal->kind == SIGNAL_RESET)
        hard_reset(to);
    else if (signal->kind == SIGNAL_GONE)
        soft_reset(to);
    else if (signal->kind == SIGNAL_WINDOW)
        window_open(to, signal->size);
    else
        conn_connect_step(to, signal->kind);
    conn_unref(to);
    free(signal);
}

static struct signal *signal_new(struct conn *to, enum signal_kind kind)
{
    struct signal *signal = mem_zalloc(1, sizeof(*signal));
    signal->event = (struct sim_event){ .fire = signal_fire, .drop = signal_drop, .kind = SIM_EVENT_NET };
    signal->kind = kind;
    signal->to = to;
    to->refs++;
    return signal;
}

void conn_signal(struct conn *to, enum signal_kind kind)
{
    if (to == NULL || to->dead)
        return;
    struct signal *signal = signal_new(to, kind);
    sim_schedule(to->sim, &signal->event, latency_ns(to->sim));
}

// Segments of one direction arrive in order.
static void segment_send(struct conn *from, struct segment *segment)
{
    struct conn *to = from->peer;
    struct sim *sim = from->sim;
    if (to->segments_end == NULL)
        to->segments = segment;
    else
        to->segments_end->next = segment;
    to->segments_end = segment;
    int64_t at_ns = sim->now_ns + latency_ns(sim);
    if (sim_rng_chance(&sim->network, sim->options.stall_ppm))
        sim_conn_stall(to, 1 + (int64_t)sim_rng_below(&sim->network, sim->options.stall_max_ms));
    if (at_ns < to->arrival_ns)
        at_ns = to->arrival_ns;
    to->arrival_ns = at_ns;
    sim_schedule_at(sim, &signal_new(to, SIGNAL_SEGMENT)->event, at_ns);
}

static void end_send(struct conn *conn)
{
    if (conn->peer == NULL)
        return;
    struct segment *segment = mem_zalloc(1, sizeof(*segment));
    segment->is_end = true;
    segment_send(conn, segment);
}

// --- one write

static void queue_take(struct conn *conn, uint8_t *to, size_t size)
{
    conn->queued -= size;
    while (size > 0) {
        struct slice *first = &conn->queue[conn->queue_first];
        size_t part = first->bytes.size < size ? first->bytes.size : size;
        memcpy(to, first->bytes.data, part);
        to += part;
        size -= part;
        first->bytes.data += part;
        first->bytes.size -= part;
        if (first->bytes.size == 0) {
            slice_free(first);
            conn->queue_first++;
        }
    }
    if (conn->queue_first == conn->queue_count)
        conn->queue_first = conn->queue_count = 0;
}

static size_t chunk_of(struct sim *sim, size_t size)
{
    if (size > 1 && sim_rng_chance(&sim->network, sim->options.chunk_ppm))
        return 1 + (size_t)sim_rng_below(&sim->network, size < CHUNK_MAX ? size : CHUNK_MAX);
    return size;
}

// What the window takes.
static void queue_send(struct conn *conn)
{
    struct sim *sim = conn->sim;
    size_t window = sim->options.window_size;
    size_t space = conn->on_wire < window ? window - conn->on_wire : 0;
    size_t whole = conn->queued < space ? conn->queued : space;
    size_t size = chunk_of(sim, whole);
    if (size == 0)
        return;
    struct segment *segment = mem_zalloc(1, sizeof(*segment) + size);
    segment->size = size;
    queue_take(conn, segment->data, size);
    conn->on_wire += size;
    sim_trace_add(sim, SIM_TRACE_BYTES, conn->id, size);
    segment_send(conn, segment);
    conn->write_again = size < whole;
}

void conn_flush(struct list_node *unsent_node)
{
    struct conn *conn = LIST_ITEM(unsent_node, struct conn, unsent);
    list_remove(&conn->unsent);
    if (conn->broken && conn->queued > 0) {
        conn_finish(conn, ERR_RESET);
        return;
    }
    if (conn->queued > 0 && sim_rng_chance(&conn->sim->network, conn->sim->options.reset_ppm)) {
        sim_conn_reset(conn);
        return;
    }
    if (conn->queued > 0)
        queue_send(conn);
    if (conn->queued == 0 && (conn->closing || (conn->end_seen))) {
        end_send(conn);
        conn_finish(conn, ERR_RESET);
        return;
    }
    if (conn->write_again || (conn->full && conn->queued <= conn->low))
        conn_ready(conn);
}

// --- callbacks

static bool reads(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->paused && !conn->closing && !conn->sim->crashed;
}

static void input_take(struct conn *conn, uint8_t *to, size_t size)
{
    memcpy(to, conn->input, size);
    conn->input_size -= size;
    memmove(conn->input, conn->input + size, conn->input_size);
    if (conn->peer != NULL && !conn->peer->dead) {
        struct signal *signal = signal_new(conn->peer, SIGNAL_WINDOW);
        signal->size = size;
        sim_schedule(conn->sim, &signal->event, latency_ns(conn->sim));
    }
}

static void serve_input(struct conn *conn)
{
    for (int i = 0; i < READS_PER_TURN && conn->input_size > 0 && reads(conn); i++) {
        size_t room_size = 0;
        uint8_t *room = conn->ops->on_room(conn, &room_size);
        if (!reads(conn)) // on_room may close
            return;
        ASSERT(room != NULL);
        ASSERT(room_size > 0);
        size_t size = chunk_of(conn->sim, room_size < conn->input_size ? room_size : conn->input_size);
        input_take(conn, room, size);
        conn->ops->on_data(conn, size);
        if (sim_rng_below(&conn->sim->network, 2) == 0)
            break;
    }
    if (!reads(conn))
        return;
    if (conn->input_size > 0)
        conn_ready(conn);
    else if (conn->ended && !conn->end_seen) {
        // What is queued, or is sent in this turn, still goes out: the peer may have closed one direction only.
        conn->end_seen = true;
        timeout_start(conn);
        want_write(conn);
    }
}

static void serve_drain(struct conn *conn)
{
    if (!conn->full || conn->queued > conn->low || conn->closing)
        return;
    conn->full = false;
    if (conn->ops->on_drain != NULL)
        conn->ops->on_drain(conn);
}

void conn_serve(struct list_node *ready_node)
{
    struct conn *conn = LIST_ITEM(ready_node, struct conn, ready);
    struct sim *sim = conn->sim;
    list_remove(&conn->ready);
    if (conn->listener != NULL)
        conn_accept(conn);
    if (sim->crashed)
        return;
    if (conn->state == CONN_DONE && conn->done_step == sim->step_count) {
        conn_ready(conn);
        return;
    }
    if (conn->state == CONN_DONE) {
        conn->ops->on_close(conn, conn->why);
        if (!conn->dead)
            conn_forget(conn);
        return;
    }
    if (conn->tell_open) {
        conn->tell_open = false;
        want_write(conn);
        if (!conn->closing)
            conn->ops->on_open(conn);
    }
    if (conn->write_again) {
        conn->write_again = false;
        want_write(conn);
    }
    if (!sim->crashed && conn->state == CONN_OPEN)
        serve_drain(conn);
    if (!sim->crashed && conn->state == CONN_OPEN)
        serve_input(conn);
}

// --- the owner's calls

void conn_attach(struct conn *conn, const struct conn_ops *ops, void *owner)
{
    ASSERT(conn->ops == NULL);
    conn->ops = ops;
    conn->owner = owner;
    conn_ready(conn);
}

void *conn_owner(const struct conn *conn)
{
    return conn->owner;
}

struct loop *conn_loop(const struct conn *conn)
{
    return conn->loop;
}

const char *conn_peer(const struct conn *conn)
{
    return conn->peer_text;
}

void conn_send(struct conn *conn, struct slice slice)
{
    if (conn->dead || conn->state == CONN_DONE || conn->closing || slice.bytes.size == 0) {
        slice_free(&slice);
        return;
    }
    MEM_GROW(conn->queue, conn->queue_count, conn->queue_capacity);
    conn->queue[conn->queue_count++] = slice;
    conn->queued += slice.bytes.size;
    conn->full = conn->full || conn->queued > conn->high;
    want_write(conn);
}

size_t conn_queued(const struct conn *conn)
{
    return conn->queued;
}

bool conn_is_full(const struct conn *conn)
{
    return conn->full;
}

void conn_marks_set(struct conn *conn, size_t low, size_t high)
{
    ASSERT(low <= high);
    conn->low = low;
    conn->high = high;
    conn->full = conn->full || conn->queued > high;
    conn_ready(conn);
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
}

void conn_resume(struct conn *conn)
{
    conn->paused = false;
    conn_ready(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->dead || conn->closing || conn->state == CONN_DONE)
        return;
    conn->closing = true;
    if (conn->state == CONN_CONNECTING && conn->queued == 0) {
        conn_signal(conn->peer, SIGNAL_RESET);
        conn_finish(conn, ERR_OK);
        return;
    }
    timeout_start(conn);
    want_write(conn);
}

void conn_abort(struct conn *conn)
{
    if (conn->dead || conn->state == CONN_DONE)
        return;
    conn_signal(conn->peer, sim_rng_below(&conn->sim->network, 2) == 0 ? SIGNAL_RESET : SIGNAL_GONE);
    conn_finish(conn, ERR_OK);
}

// --- faults and ends

void sim_conn_reset(struct conn *conn)
{
    if (conn->dead || conn->state == CONN_DONE)
        return;
    sim_fault_add(conn->sim, SIM_EVENT_NET);
    conn_signal(conn->peer, SIGNAL_RESET);
    conn_finish(conn, ERR_RESET);
}

void sim_conn_stall(struct conn *conn, int64_t time_ms)
{
    conn->stalled_until_ns = conn->sim->now_ns + time_ms * 1000 * NS_PER_US;
    sim_fault_add(conn->sim, SIM_EVENT_NET);
}

// The program may still hold the conn, so it stays until the world ends.
void sim_net_drop(struct sim *sim)
{
    LIST_EACH(&sim->conns, node)
    {
        struct conn *conn = LIST_ITEM(node, struct conn, node);
        struct conn *peer = conn->peer;
        conn->peer = NULL;
        conn->dead = true;
        conn->listener = NULL;
        list_remove(&conn->ready);
        list_remove(&conn->unsent);
        queue_drop(conn);
        input_drop(conn);
        sim_keep(conn->owner);
        conn_unref(peer);
    }
    sim_listeners_drop(sim);
}

void sim_net_free(struct sim *sim)
{
    LIST_EACH(&sim->conns, node)
    {
        conn_forget(LIST_ITEM(node, struct conn, node));
    }
    sim_listeners_free(sim);
}
