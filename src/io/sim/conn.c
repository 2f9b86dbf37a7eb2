// SPDX-License-Identifier: Apache-2.0
// One end of a connection, with the behaviour of io/uv/conn.c: sends leave once at the end of a turn, one read for each
// readable connection and turn, callbacks that a call causes come at the start of a later turn.
#include "base/crc32c.h"
#include "base/mem.h"
#include "io/sim/net_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HIGH_MARK = 1 << 20,
    LOW_MARK = 256 << 10,
    CONNECT_TIMEOUT_MS = 10000,
    DRAIN_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_MS = 30000,
    LINGER_TIMEOUT_MS = 500,
    CHUNK_MAX = 16,
    EPHEMERAL_FIRST = 50000,
    EPHEMERAL_COUNT = 15000,
};

static void attempt_fire(struct sim_event *event);
static void on_ready(struct sim_call *call);
static void on_unsent(struct sim_call *call);
static void on_notice(struct sim_call *call);
static void on_timer(struct timer *timer);

struct conn *conn_new(struct loop *loop)
{
    struct sim *sim = loop->sim;
    struct conn *conn = mem_zalloc(1, sizeof(*conn));
    conn->loop = loop;
    conn->id = ++sim->next_conn_id;
    conn->low = LOW_MARK;
    conn->high = HIGH_MARK;
    conn->ready.run = on_ready;
    conn->unsent.run = on_unsent;
    conn->notice.run = on_notice;
    conn->attempt = (struct sim_event){ .fire = attempt_fire, .kind = SIM_EVENT_NET };
    timer_init(&conn->timer, loop, on_timer);
    list_append(&sim->conns, &conn->node);
    return conn;
}

static void conn_free(struct conn *conn)
{
    list_remove(&conn->node);
    free(conn->queue);
    free(conn);
}

static bool reads(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->paused && !conn->closing && !conn->ended;
}

static bool has_news(const struct conn *conn)
{
    const struct direction *in = wire_in(conn);
    return wire_readable(in) > 0 || in->ended || in->reset;
}

static void add_unsent(struct conn *conn)
{
    loop_call(conn->loop, &conn->loop->unsent, &conn->unsent);
}

static void add_notice(struct conn *conn)
{
    loop_call(conn->loop, &conn->loop->notices, &conn->notice);
}

static void add_ready(struct conn *conn)
{
    loop_call(conn->loop, &conn->loop->ready, &conn->ready);
}

// What a poller would report: bytes that the owner wants, and an error as soon as anything is waited for.
void conn_readable(struct conn *conn)
{
    if (conn->state == CONN_MOVING)
        return; // it looks when it is there
    if (conn->state == CONN_CONNECTING || conn->state == CONN_LINGERING || reads(conn) || conn->blocked)
        if (conn->state != CONN_OPEN || conn->ops != NULL)
            add_ready(conn);
}

void conn_writable(struct conn *conn)
{
    if (conn->state != CONN_OPEN)
        return;
    conn->blocked = false;
    add_unsent(conn);
}

void conn_look(struct conn *conn)
{
    add_notice(conn);
    conn_writable(conn);
    conn_readable(conn);
}

static void drop_queue(struct conn *conn)
{
    for (size_t i = conn->head; i < conn->count; i++)
        slice_free(&conn->queue[i]);
    conn->head = conn->count = conn->queued = 0;
}

static void unlink_all(struct conn *conn)
{
    timer_stop(&conn->timer);
    heap_remove(&conn->loop->sim->events, &conn->attempt.node);
    list_remove(&conn->backlog_node);
    list_remove(&conn->ready.node);
    list_remove(&conn->unsent.node);
    list_remove(&conn->notice.node);
}

void conn_finish(struct conn *conn, err_t why)
{
    if (conn->state == CONN_DONE)
        return;
    conn->state = CONN_DONE;
    conn->why = why;
    unlink_all(conn);
    wire_leave(conn);
    drop_queue(conn);
    add_notice(conn);
}

void conn_discard(struct conn *conn)
{
    unlink_all(conn);
    if (conn->wire != NULL)
        wire_reset(conn->wire);
    wire_leave(conn);
    conn_free(conn);
}

static void on_notice(struct sim_call *call)
{
    struct conn *conn = CONTAINER_OF(call, struct conn, notice);
    if (conn->state == CONN_DONE) {
        sim_trace_add(conn->loop->sim, SIM_EVENT_NET, conn->id, (uint64_t)conn->why);
        conn->ops->on_close(conn, conn->why);
        conn_free(conn);
        return;
    }
    // The owner may have sent again since the queue was low.
    if (!conn->full || conn->queued > conn->low || conn->closing)
        return;
    conn->full = false;
    conn->in_call = true;
    if (conn->ops->on_drain != NULL)
        conn->ops->on_drain(conn);
    conn->in_call = false;
}

static void on_timer(struct timer *timer)
{
    struct conn *conn = CONTAINER_OF(timer, struct conn, timer);
    if (conn->closing)
        conn_finish(conn, ERR_OK);
    else
        conn_finish(conn, conn->ended ? ERR_RESET : ERR_TIMEOUT);
}

// --- output

// The queue is empty and nothing will be added: leaves, or waits for the other side's end so that unread bytes do not
// turn into a reset that overtakes ours.
static void end_output(struct conn *conn)
{
    struct direction *in = wire_in(conn);
    if (conn->ended) {
        conn_finish(conn, conn->closing ? ERR_OK : ERR_RESET);
        return;
    }
    bool any = wire_read(in, NULL, wire_readable(in)) > 0;
    if (!any || in->ended || in->reset) {
        conn_finish(conn, ERR_OK);
        return;
    }
    wire_send(wire_out(conn), SEGMENT_END, BYTES_NULL);
    conn->state = CONN_LINGERING;
    timer_start(&conn->timer, LINGER_TIMEOUT_MS);
}

// Moves the first SIZE bytes of the queue to TO.
static void queue_take(struct conn *conn, uint8_t *to, size_t size)
{
    conn->queued -= size;
    while (size > 0) {
        struct slice *first = &conn->queue[conn->head];
        size_t part = first->bytes.size < size ? first->bytes.size : size;
        memcpy(to, first->bytes.data, part);
        to += part;
        size -= part;
        first->bytes.data += part;
        first->bytes.size -= part;
        if (first->bytes.size == 0) {
            slice_free(first);
            conn->head++;
        }
    }
    if (conn->head == conn->count)
        conn->head = conn->count = 0;
}

static void send_queue(struct conn *conn)
{
    struct sim *sim = conn->loop->sim;
    struct direction *out = wire_out(conn);
    size_t size = conn->queued < wire_space(out) ? conn->queued : wire_space(out);
    if (size > 0 && sim_rng_chance(&sim->network, sim->options.chunk_ppm))
        size = 1 + (size_t)sim_rng_below(&sim->network, size);
    if (size > 0) {
        uint8_t *bytes = mem_alloc(size);
        queue_take(conn, bytes, size);
        wire_send(out, SEGMENT_DATA, bytes_of(bytes, size));
        free(bytes);
    }
    conn->blocked = conn->queued > 0;
    if (conn->blocked)
        wire_wait(out);
}

static void on_unsent(struct sim_call *call)
{
    struct conn *conn = CONTAINER_OF(call, struct conn, unsent);
    if (conn->state != CONN_OPEN || conn->blocked)
        return;
    if (conn->queued > 0 && wire_in(conn)->reset) {
        conn_finish(conn, ERR_RESET);
        return;
    }
    if (conn->queued > 0)
        send_queue(conn);
    if (conn->full && conn->queued <= conn->low)
        add_notice(conn);
    if (conn->queued == 0 && (conn->closing || (conn->ended && conn->ops->on_end == NULL)))
        end_output(conn);
}

// --- input

// The other side may have closed one direction only: what is queued still goes out, and what the owner sends, in this
// turn or until it closes.
static void end_input(struct conn *conn)
{
    conn->ended = true;
    if (conn->ops->on_end != NULL) {
        timer_start(&conn->timer, ANSWER_TIMEOUT_MS);
        conn->ops->on_end(conn);
        return;
    }
    timer_start(&conn->timer, DRAIN_TIMEOUT_MS);
    add_unsent(conn);
}

static size_t read_size(struct conn *conn, size_t room)
{
    struct sim *sim = conn->loop->sim;
    size_t size = wire_readable(wire_in(conn));
    if (size > room)
        size = room;
    if (size > 1 && sim_rng_chance(&sim->network, sim->options.chunk_ppm))
        size = 1 + (size_t)sim_rng_below(&sim->network, size < CHUNK_MAX ? size : CHUNK_MAX);
    return size;
}

// Sometimes the room is asked for and there is nothing to read after all.
static bool is_false_alarm(struct sim *sim)
{
    return !sim->options.steady && sim_rng_chance(&sim->network, sim->options.chunk_ppm);
}

static void read_wire(struct conn *conn)
{
    struct sim *sim = conn->loop->sim;
    struct direction *in = wire_in(conn);
    bool is_false = is_false_alarm(sim);
    if (!is_false && !has_news(conn))
        return;
    size_t room_size = 0;
    uint8_t *room = conn->ops->on_room(conn, &room_size);
    if (!reads(conn) || sim->crashed) // on_room may close
        return;
    ASSERT(room != NULL);
    ASSERT(room_size > 0);
    if (is_false)
        return;
    size_t size = read_size(conn, room_size);
    if (size > 0) {
        (void)wire_read(in, room, size);
        sim_trace_add(sim, SIM_TRACE_BYTES, conn->id << 32 | size, crc32c(0, bytes_of(room, size)));
        conn->ops->on_data(conn, size);
    } else if (in->reset) {
        conn_finish(conn, ERR_RESET);
    } else {
        end_input(conn);
    }
}

static void opened(struct conn *conn)
{
    conn->state = CONN_OPEN;
    add_unsent(conn);
    if (conn->closing) // with the drain's timer running
        return;
    timer_stop(&conn->timer);
    conn->ops->on_open(conn);
}

static void serve_open(struct conn *conn)
{
    if (reads(conn))
        read_wire(conn);
    else if (conn->blocked && wire_in(conn)->reset)
        conn_finish(conn, ERR_RESET);
}

static void serve_lingering(struct conn *conn)
{
    struct direction *in = wire_in(conn);
    (void)wire_read(in, NULL, wire_readable(in));
    if (in->ended || in->reset)
        conn_finish(conn, ERR_OK);
}

static void on_ready(struct sim_call *call)
{
    struct conn *conn = CONTAINER_OF(call, struct conn, ready);
    const struct sim *sim = conn->loop->sim;
    conn->in_call = true;
    if (conn->state == CONN_CONNECTING && wire_in(conn)->reset)
        conn_finish(conn, ERR_RESET);
    else if (conn->state == CONN_CONNECTING)
        opened(conn);
    else if (conn->state == CONN_OPEN)
        serve_open(conn);
    else if (conn->state == CONN_LINGERING)
        serve_lingering(conn);
    conn->in_call = false;
    if (!sim->crashed && reads(conn) && has_news(conn))
        add_ready(conn);
}

// --- opening

static void refused_fire(struct sim_event *event)
{
    conn_finish(CONTAINER_OF(event, struct conn, attempt), ERR_REFUSED);
}

static void peers_name(struct conn *opener, struct conn *accepter)
{
    struct address at = opener->address;
    if (strcmp(at.host, "localhost") == 0)
        snprintf(at.host, sizeof(at.host), "127.0.0.1");
    address_format(&at, opener->peer, sizeof(opener->peer));
    at.port = (uint16_t)(EPHEMERAL_FIRST + opener->id % EPHEMERAL_COUNT);
    if (strchr(at.host, ':') == NULL)
        snprintf(at.host, sizeof(at.host), "127.0.0.1");
    address_format(&at, accepter->peer, sizeof(accepter->peer));
}

static void attempt_fire(struct sim_event *event)
{
    struct conn *conn = CONTAINER_OF(event, struct conn, attempt);
    struct sim *sim = conn->loop->sim;
    if (!host_is_known(conn->address.host)) {
        conn_finish(conn, ERR_NOT_FOUND);
        return;
    }
    struct listener *listener = listener_find(sim, &conn->address);
    bool is_refused = sim_rng_chance(&sim->network, sim->options.refuse_ppm);
    if (is_refused)
        sim_fault_add(sim, SIM_EVENT_NET);
    if (listener == NULL || is_refused) {
        conn->attempt.fire = refused_fire;
        sim_schedule(sim, &conn->attempt, net_latency_ns(sim));
        return;
    }
    struct conn *accepter = listener_take(listener);
    peers_name(conn, accepter);
    struct wire *wire = wire_new(sim, conn, accepter);
    wire_send(&wire->to[0], SEGMENT_OPEN, BYTES_NULL);
}

struct conn *conn_open(struct loop *loop, const struct address *address, const struct conn_ops *ops, void *owner)
{
    struct sim *sim = loop->sim;
    struct conn *conn = conn_new(loop);
    conn->ops = ops;
    conn->owner = owner;
    conn->address = *address;
    address_format(address, conn->peer, sizeof(conn->peer));
    if (loop->dead || sim->crashed) {
        conn->dead = true;
        conn->state = CONN_DONE;
        return conn;
    }
    timer_start(&conn->timer, CONNECT_TIMEOUT_MS);
    sim_schedule(sim, &conn->attempt, net_latency_ns(sim));
    return conn;
}

void conn_attach(struct conn *conn, const struct conn_ops *ops, void *owner)
{
    ASSERT(conn->ops == NULL);
    conn->ops = ops;
    conn->owner = owner;
    if (!conn->dead && has_news(conn))
        add_ready(conn);
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
    return conn->peer;
}

// --- what owners ask for

// The memory in front of the head is used again before more is taken.
static void queue_make_room(struct conn *conn)
{
    if (conn->count < conn->capacity)
        return;
    if (conn->head > conn->count / 2) {
        memmove(conn->queue, conn->queue + conn->head, (conn->count - conn->head) * sizeof(*conn->queue));
        conn->count -= conn->head;
        conn->head = 0;
    }
    MEM_GROW(conn->queue, conn->count, conn->capacity);
}

void conn_send(struct conn *conn, struct slice slice)
{
    if (conn->state == CONN_DONE || conn->closing || slice.bytes.size == 0) {
        slice_free(&slice);
        return;
    }
    queue_make_room(conn);
    conn->queue[conn->count++] = slice;
    conn->queued += slice.bytes.size;
    struct sim *sim = conn->loop->sim;
    if (conn->side == 1 && conn->queued > sim->queued_peak)
        sim->queued_peak = conn->queued;
    conn->full = conn->full || conn->queued > conn->high;
    if (!conn->blocked)
        add_unsent(conn);
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
    if (conn->full && conn->queued <= low && conn->state != CONN_DONE)
        add_notice(conn);
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
}

void conn_resume(struct conn *conn)
{
    if (!conn->paused)
        return;
    conn->paused = false;
    if (reads(conn) && has_news(conn))
        add_ready(conn);
}

void conn_close(struct conn *conn)
{
    if (conn->closing || conn->state == CONN_DONE)
        return;
    conn->closing = true;
    if (conn->state == CONN_CONNECTING && conn->queued == 0) {
        conn_finish(conn, ERR_OK);
        return;
    }
    timer_start(&conn->timer, DRAIN_TIMEOUT_MS);
    if (!conn->blocked)
        add_unsent(conn);
}

void conn_abort(struct conn *conn)
{
    conn_finish(conn, ERR_OK);
}

void sim_conn_end(struct conn *conn)
{
    if (conn->wire != NULL)
        wire_send(wire_out(conn), SEGMENT_END, BYTES_NULL);
}

// --- the end of a program and of the world

// Owners of slices with memory of their own may not be called any more.
static void queue_keep(struct conn *conn)
{
    for (size_t i = conn->head; i < conn->count; i++) {
        if (conn->queue[i].buf != NULL && conn->queue[i].buf->on_free != NULL)
            sim_keep(conn->queue[i].buf);
        else
            slice_free(&conn->queue[i]);
    }
    conn->head = conn->count = conn->queued = 0;
}

void sim_net_drop(struct sim *sim)
{
    LIST_EACH(&sim->conns, node)
    {
        struct conn *conn = LIST_ITEM(node, struct conn, node);
        if (conn->dead)
            continue;
        conn->dead = true;
        conn->state = CONN_DONE;
        if (conn->wire != NULL)
            wire_free(conn->wire);
        unlink_all(conn);
        queue_keep(conn);
        sim_keep(conn->owner);
    }
    sim_listeners_drop(sim);
}

void sim_net_free(struct sim *sim)
{
    sim_listeners_free(sim);
    LIST_EACH(&sim->conns, node)
    {
        conn_free(LIST_ITEM(node, struct conn, node));
    }
}
