// SPDX-License-Identifier: Apache-2.0
// Sessions on sockets: where bytes are received to, when output leaves, and when a connection has had its time.
#include "nats/nats.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/random.h"
#include "nats/info.h"
#include "nats/session.h"

#include <stdlib.h>

enum {
    BLOCK_SIZE = 256 << 10,  // of a read; one for the whole loop
    LARGE_SIZE = 16 << 10,   // a message beyond this is received into memory of its own, and shared
    STALL_MS = 5,            // of a publisher to a slow consumer, for each read
    FIRST_PING_MS = 2000,    // to measure the round trip
    ROUND_TRIP_MS = 3600000, // after that it is measured again
    DRAINED_LOW = 256 << 10, // marks of a connection that keeps up
    DRAINED_HIGH = 1 << 20,
    LAME_DUCK_STEP_MS = 1000, // longest time between two connections that are closed
    PEER_SIZE = 64,
};

struct nats_door {
    struct loop *loop;
    struct nats_options options;
    struct nats_site site;
    struct nats_accounts accounts;
    struct nats_metrics metrics;
    char labels[NATS_SERVER_ID_SIZE + 16];
    struct address advertised;
    struct listener *listener; // NULL: not listening
    struct list_node conns;    // struct nats_conn
    size_t conn_count;
    uint64_t next_id;
    uint8_t *block;

    struct deferred turn_end;
    struct list_node dirty;   // have output that was not handed over
    struct list_node left;    // closed: their subscriptions go at the end of the turn
    struct list_node sending; // had something to send since the last look at the deadlines
    struct timer deadlines;

    struct timer lame_duck;
    int64_t lame_duck_step_ms;
    void (*on_empty)(void *owner);
    void *empty_owner;

    bool is_closing;
    struct message closed;
    void (*on_closed)(void *owner);
    void *owner;
};

struct nats_conn {
    struct nats_session session;
    struct nats_door *door;
    struct conn *conn;
    struct list_node node, dirty_node, left_node, sending_node;
    struct buf *held; // bytes of a command that is not whole, or that has to wait
    size_t held_size;
    bool is_large;          // `held` has room for exactly one command, and is received into
    bool is_waiting;        // held bytes go on when `resume` fires; nothing is read until then
    bool is_ended;          // the peer sends nothing more
    bool is_holding;        // output waits until the socket took what is queued
    size_t sent_mark, sent; // bytes handed over in all; those that the deadline is for
    int64_t deadline_ms;
    int64_t active_ms, measured_ms;
    struct timer ping, resume;
    char peer[PEER_SIZE];
};

static void door_check_closed(struct nats_door *door);

static struct nats_conn *conn_of(struct nats_session *session)
{
    return CONTAINER_OF(session, struct nats_conn, session);
}

static struct nats_conn *conn_of_out(struct nats_out *out)
{
    return conn_of(CONTAINER_OF(out, struct nats_session, out));
}

// --- output

static void out_dirty(struct nats_out *out)
{
    struct nats_conn *nc = conn_of_out(out);
    if (!list_linked(&nc->dirty_node))
        list_append(&nc->door->dirty, &nc->dirty_node);
    loop_defer(nc->door->loop, &nc->door->turn_end);
}

static void out_slice(struct nats_out *out, struct slice slice)
{
    struct nats_conn *nc = conn_of_out(out);
    struct nats_door *door = nc->door;
    nc->sent += slice.bytes.size;
    if (!list_linked(&nc->sending_node)) {
        nc->sent_mark = nc->sent;
        nc->deadline_ms = loop_now_ms(door->loop) + door->options.write_deadline_ms;
        list_append(&door->sending, &nc->sending_node);
        if (!timer_active(&door->deadlines))
            timer_start(&door->deadlines, door->options.write_deadline_ms / 8 + 1);
    }
    conn_send(nc->conn, slice);
}

static size_t out_waiting(struct nats_out *out)
{
    return conn_queued(conn_of_out(out)->conn);
}

static const struct nats_out_ops out_ops = { .on_dirty = out_dirty, .on_slice = out_slice, .on_waiting = out_waiting };

// While the socket does not take what it has, new bytes are gathered in the chunk: each turn's few bytes in a chunk of
// their own would take far more memory than they are.
static void conn_flush(struct nats_conn *nc)
{
    if (conn_queued(nc->conn) > 0 && !nc->session.is_closed) {
        if (nc->is_holding)
            return;
        nc->is_holding = true;
        conn_marks_set(nc->conn, 0, 0); // on_drain comes when the queue is empty
        return;
    }
    nats_out_flush(&nc->session.out);
}

static void on_turn_end(struct deferred *deferred)
{
    struct nats_door *door = CONTAINER_OF(deferred, struct nats_door, turn_end);
    struct list_node *node;
    while ((node = list_first(&door->dirty)) != NULL) {
        list_remove(node);
        conn_flush(LIST_ITEM(node, struct nats_conn, dirty_node));
    }
    while ((node = list_first(&door->left)) != NULL) {
        list_remove(node);
        nats_session_leave(&LIST_ITEM(node, struct nats_conn, left_node)->session);
    }
    door->site.chunks.turn_size = 0;
    nats_accounts_count(&door->accounts, &door->metrics);
}

static void on_drain(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    if (!nc->is_holding)
        return;
    nc->is_holding = false;
    conn_marks_set(conn, DRAINED_LOW, DRAINED_HIGH);
    nats_out_flush(&nc->session.out);
}

// Whoever has not taken by its deadline what had been sent when that was set is a slow consumer.
static void on_deadlines(struct timer *timer)
{
    struct nats_door *door = CONTAINER_OF(timer, struct nats_door, deadlines);
    int64_t now_ms = loop_now_ms(door->loop);
    LIST_EACH(&door->sending, node)
    {
        struct nats_conn *nc = LIST_ITEM(node, struct nats_conn, sending_node);
        size_t queued = conn_queued(nc->conn);
        if (queued == 0) {
            list_remove(node);
        } else if (nc->sent - queued >= nc->sent_mark) {
            nc->sent_mark = nc->sent;
            nc->deadline_ms = now_ms + door->options.write_deadline_ms;
        } else if (now_ms >= nc->deadline_ms) {
            list_remove(node);
            nats_session_fail(&nc->session, NATS_ERROR_SLOW_DEADLINE);
        }
    }
    if (!list_empty(&door->sending))
        timer_start(timer, door->options.write_deadline_ms / 8 + 1);
}

// --- closing

static bool is_slow(enum nats_error error)
{
    return error == NATS_ERROR_SLOW_PENDING || error == NATS_ERROR_SLOW_DEADLINE;
}

static bool is_ordinary(enum nats_error error)
{
    return error == NATS_ERROR_CLIENT_CLOSED || error == NATS_ERROR_SERVER_SHUTDOWN;
}

static void session_fail(struct nats_session *session, enum nats_error error)
{
    struct nats_conn *nc = conn_of(session);
    struct nats_door *door = nc->door;
    timer_stop(&nc->ping);
    timer_stop(&nc->resume);
    list_append(&door->left, &nc->left_node);
    loop_defer(door->loop, &door->turn_end);
    if (!is_ordinary(error))
        log_line(LOG_WARN, "closing a nats connection",
                 LOG_FIELDS(log_text("peer", nc->peer), log_text("name", session->name),
                            log_text("why", nats_error_reason(error))));
    if (is_slow(error)) {
        gauge_add(&door->metrics.slow_consumers, 1);
        conn_abort(nc->conn);
        return;
    }
    if (error == NATS_ERROR_STALE)
        gauge_add(&door->metrics.stale_connections, 1);
    nats_out_flush(&session->out);
    conn_close(nc->conn);
}

static void on_close(struct conn *conn, err_t why)
{
    struct nats_conn *nc = conn_owner(conn);
    struct nats_door *door = nc->door;
    (void)why;
    timer_stop(&nc->ping);
    timer_stop(&nc->resume);
    nats_session_leave(&nc->session);
    nats_session_deinit(&nc->session);
    buf_unref(nc->held);
    list_remove(&nc->node);
    list_remove(&nc->dirty_node);
    list_remove(&nc->left_node);
    list_remove(&nc->sending_node);
    free(nc);
    door->conn_count--;
    gauge_add(&door->metrics.connections, -1);
    door_check_closed(door);
}

// --- input

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct nats_conn *nc = conn_owner(conn);
    if (nc->is_large) {
        *ret_size = nc->held->capacity - nc->held_size;
        return nc->held->data + nc->held_size;
    }
    if (nc->held_size > 0)
        memcpy(nc->door->block, nc->held->data, nc->held_size);
    *ret_size = BLOCK_SIZE - nc->held_size;
    return nc->door->block + nc->held_size;
}

// Keeps what is left for later. A large message gets memory of its own, so that it is received where it stays.
static void conn_hold(struct nats_conn *nc, bytes_t rest, size_t wanted)
{
    // One more than there is: how much it will be is not known.
    nc->is_large = !nc->is_waiting && wanted > LARGE_SIZE && wanted > rest.size + 1;
    nc->held = buf_new(nc->is_large ? wanted : rest.size);
    nc->held_size = rest.size;
    memcpy(nc->held->data, rest.data, rest.size);
}

static void conn_finish_if_ended(struct nats_conn *nc)
{
    if (nc->is_ended && !nc->is_waiting)
        nats_session_fail(&nc->session, NATS_ERROR_CLIENT_CLOSED);
}

// Takes what can be taken of INPUT; BUF is its own memory if messages may be shared from it.
static void conn_take(struct nats_conn *nc, bytes_t input, struct buf *buf)
{
    struct nats_session *session = &nc->session;
    loop_defer(nc->door->loop, &nc->door->turn_end); // counts what the turn did
    size_t wanted, used = nats_session_data(session, input, buf, &wanted);
    session->may_not_stall = false;
    if (session->is_closed)
        return;
    bytes_t rest = used == input.size ? BYTES_NULL : bytes_of(input.data + used, input.size - used);
    nc->is_waiting = nats_session_must_wait(session);
    if (rest.size > 0)
        conn_hold(nc, rest, wanted);
    if (nc->is_waiting) {
        conn_pause(nc->conn);
        timer_start(&nc->resume, session->is_stalled ? STALL_MS : 0);
    }
}

static void on_data(struct conn *conn, size_t size)
{
    struct nats_conn *nc = conn_owner(conn);
    struct nats_door *door = nc->door;
    if (nc->session.is_closed)
        return;
    nc->active_ms = loop_now_ms(door->loop);
    struct buf *held = nc->held;
    bool is_large = nc->is_large;
    bytes_t input = bytes_of(is_large ? held->data : door->block, nc->held_size + size);
    if (is_large && input.size + 1 < held->capacity) {
        nc->held_size = input.size;
        return; // what ends the message too early is seen at its last byte but one
    }
    nc->held = NULL;
    nc->held_size = 0;
    nc->is_large = false;
    conn_take(nc, input, is_large ? held : NULL);
    buf_unref(held);
}

static void on_resume(struct timer *timer)
{
    struct nats_conn *nc = CONTAINER_OF(timer, struct nats_conn, resume);
    struct buf *held = nc->held;
    bytes_t input = held == NULL ? BYTES_NULL : bytes_of(held->data, nc->held_size);
    nc->held = NULL;
    nc->held_size = 0;
    nc->is_waiting = nc->is_large = false;
    // It waited once for what it has sent; that is enough.
    nc->session.may_not_stall = nc->session.is_stalled;
    nc->session.is_stalled = false;
    conn_take(nc, input, NULL);
    buf_unref(held);
    if (nc->session.is_closed || nc->is_waiting)
        return;
    conn_resume(nc->conn);
    conn_finish_if_ended(nc);
}

static void on_end(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    nc->is_ended = true;
    conn_finish_if_ended(nc);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_end = on_end,
    .on_close = on_close,
};

// --- pings

static void start_first_ping(struct nats_conn *nc)
{
    int64_t delay_ms = nc->door->options.ping_interval_ms;
    if (delay_ms > FIRST_PING_MS)
        delay_ms = FIRST_PING_MS;
    // Spread, so that clients that came together are not pinged together.
    timer_start(&nc->ping, delay_ms + (int64_t)random_below((uint64_t)delay_ms / 5 + 1));
}

static void on_ping(struct timer *timer)
{
    struct nats_conn *nc = CONTAINER_OF(timer, struct nats_conn, ping);
    const struct nats_options *options = &nc->door->options;
    int64_t now_ms = loop_now_ms(nc->door->loop);
    bool is_silent = now_ms - nc->active_ms >= options->ping_interval_ms;
    if (is_silent || nc->measured_ms < 0 || now_ms - nc->measured_ms > ROUND_TRIP_MS) {
        if (nc->session.pings_out >= (unsigned)options->ping_max) {
            nats_session_fail(&nc->session, NATS_ERROR_STALE);
            return;
        }
        nats_session_ping(&nc->session);
        nc->measured_ms = now_ms;
    }
    timer_start(timer, options->ping_interval_ms);
}

static void session_connect(struct nats_session *session)
{
    struct nats_conn *nc = conn_of(session);
    nc->measured_ms = loop_now_ms(nc->door->loop); // INFO and CONNECT were a round trip
    start_first_ping(nc);
}

static const struct nats_session_ops session_ops = { .on_fail = session_fail, .on_connect = session_connect };

// --- connections

static bytes_t ip_of(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    size_t size = colon == NULL ? strlen(peer) : (size_t)(colon - peer);
    bool is_bracketed = size > 1 && peer[0] == '[';
    return is_bracketed ? bytes_of(peer + 1, size - 2) : bytes_of(peer, size);
}

static void on_accept(void *owner, struct conn *conn)
{
    struct nats_door *door = owner;
    struct nats_conn *nc = mem_zalloc(1, sizeof(*nc));
    nc->door = door;
    nc->conn = conn;
    nc->active_ms = loop_now_ms(door->loop);
    nc->measured_ms = -1;
    bytes_t peer = bytes_of_text(conn_peer(conn));
    memcpy(nc->peer, peer.data, peer.size < PEER_SIZE ? peer.size : PEER_SIZE - 1);
    timer_init(&nc->ping, door->loop, on_ping);
    timer_init(&nc->resume, door->loop, on_resume);
    list_append(&door->conns, &nc->node);
    door->conn_count++;
    gauge_add(&door->metrics.connections, 1);
    gauge_add(&door->metrics.total_connections, 1);
    conn_attach(conn, &conn_ops, nc);
    nats_session_init(&nc->session, &door->site, &session_ops, &out_ops, ++door->next_id, ip_of(nc->peer));
    nats_session_greet(&nc->session);
    if (door->conn_count > (size_t)door->options.max_connections)
        nats_session_fail(&nc->session, NATS_ERROR_TOO_MANY_CONNECTIONS);
    else
        start_first_ping(nc);
}

// --- the door

static err_t door_advertise(struct nats_door *door, const struct address *address, diag_t *diag)
{
    const struct nats_options *options = &door->options;
    door->advertised = *address;
    door->advertised.port = listener_port(door->listener);
    err_t err = ERR_OK;
    if (options->advertise != NULL && options->advertise[0] != '\0')
        err = address_parse(options->advertise, door->advertised.port, &door->advertised, diag);
    door->site.host = door->advertised.host;
    door->site.port = door->advertised.port;
    return err;
}

static void door_name(struct nats_door *door)
{
    uint8_t key[32];
    random_bytes(key, sizeof(key));
    nats_server_id_make(key, door->site.server_id);
    const char *name = door->options.server_name;
    door->site.server_name = name == NULL || name[0] == '\0' ? door->site.server_id : name;
    struct writer labels = WRITER_INIT;
    metric_label(&labels, "server_id", bytes_of_text(door->site.server_id));
    ASSERT(labels.size < sizeof(door->labels));
    memcpy(door->labels, labels.buf->data, labels.size);
    writer_free(&labels);
}

static void door_free(struct nats_door *door)
{
    nats_accounts_deinit(&door->accounts);
    nats_chunks_free(&door->site.chunks);
    free(door->block);
    free(door);
}

static void on_lame_duck(struct timer *timer);

err_t nats_door_open(struct loop *loop, const struct address *address, const struct nats_options *options,
                     struct nats_door **ret_door, diag_t *diag)
{
    struct nats_door *door = mem_zalloc(1, sizeof(*door));
    door->loop = loop;
    door->options = *options;
    door->site.options = &door->options;
    door->site.metrics = &door->metrics;
    door->site.accounts = &door->accounts;
    door->block = mem_alloc(BLOCK_SIZE);
    door->turn_end.on_turn_end = on_turn_end;
    list_init(&door->conns);
    list_init(&door->dirty);
    list_init(&door->left);
    list_init(&door->sending);
    nats_accounts_init(&door->accounts, random_u64());
    door_name(door);
    timer_init(&door->deadlines, loop, on_deadlines);
    timer_init(&door->lame_duck, loop, on_lame_duck);
    err_t err = listener_open(loop, address, on_accept, door, &door->listener, diag);
    if (err == ERR_OK) {
        err = door_advertise(door, address, diag);
        if (err != ERR_OK)
            listener_close(door->listener);
    }
    if (err == ERR_OK)
        *ret_door = door;
    else
        door_free(door);
    return err;
}

uint16_t nats_door_port(const struct nats_door *door)
{
    return listener_port(door->listener);
}

struct nats_metrics *nats_door_metrics(struct nats_door *door)
{
    return &door->metrics;
}

const char *nats_door_labels(const struct nats_door *door)
{
    return door->labels;
}

static void door_stop_listening(struct nats_door *door)
{
    if (door->listener != NULL)
        listener_close(door->listener);
    door->listener = NULL;
}

static void on_lame_duck(struct timer *timer)
{
    struct nats_door *door = CONTAINER_OF(timer, struct nats_door, lame_duck);
    LIST_EACH(&door->conns, node)
    {
        struct nats_conn *nc = LIST_ITEM(node, struct nats_conn, node);
        if (nc->session.is_closed)
            continue;
        nats_session_fail(&nc->session, NATS_ERROR_SERVER_SHUTDOWN);
        break;
    }
    if (door->conn_count > 0)
        timer_start(timer, door->lame_duck_step_ms);
}

void nats_door_lame_duck(struct nats_door *door, void (*on_empty)(void *owner), void *owner)
{
    ASSERT(!door->is_closing && !door->site.is_lame_duck);
    const struct nats_options *options = &door->options;
    log_line(LOG_INFO, "lame duck mode: no new nats connections",
             LOG_FIELDS(log_int("connections", (int64_t)door->conn_count)));
    door->site.is_lame_duck = true;
    door->on_empty = on_empty;
    door->empty_owner = owner;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_inform(&LIST_ITEM(node, struct nats_conn, node)->session, NULL);
    int64_t spread_ms = options->lame_duck_duration_ms - options->lame_duck_grace_ms;
    int64_t count = (int64_t)door->conn_count;
    door->lame_duck_step_ms = spread_ms <= 0 || count == 0 ? LAME_DUCK_STEP_MS / (count + 1) : spread_ms / count;
    if (door->lame_duck_step_ms > LAME_DUCK_STEP_MS)
        door->lame_duck_step_ms = LAME_DUCK_STEP_MS;
    timer_start(&door->lame_duck, options->lame_duck_grace_ms);
    door_check_closed(door);
}

// --- when it is empty

static void on_closed_message(struct message *message)
{
    struct nats_door *door = CONTAINER_OF(message, struct nats_door, closed);
    void (*on_empty)(void *) = door->on_empty;
    door->closed.on_message = NULL;
    door->on_empty = NULL;
    if (on_empty != NULL) {
        on_empty(door->empty_owner);
        door_check_closed(door); // it may have been asked for meanwhile
        return;
    }
    void (*on_closed)(void *) = door->on_closed;
    void *owner = door->owner;
    timer_stop(&door->lame_duck);
    timer_stop(&door->deadlines);
    loop_defer_cancel(door->loop, &door->turn_end);
    door_free(door);
    on_closed(owner);
}

static void door_check_closed(struct nats_door *door)
{
    bool is_asked = door->is_closing || door->on_empty != NULL;
    if (!is_asked || door->conn_count > 0 || door->closed.on_message != NULL)
        return;
    door->closed.on_message = on_closed_message;
    loop_post(door->loop, &door->closed);
}

void nats_door_close(struct nats_door *door, void (*on_closed)(void *owner), void *owner)
{
    ASSERT(!door->is_closing);
    door->on_closed = on_closed;
    door->owner = owner;
    door->is_closing = true;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_fail(&LIST_ITEM(node, struct nats_conn, node)->session, NATS_ERROR_SERVER_SHUTDOWN);
    door_check_closed(door);
}
