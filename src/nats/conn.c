// SPDX-License-Identifier: Apache-2.0
// Sessions on sockets: where bytes are received to, when output leaves, and when a connection has had its time.
#include "nats/door.h"

#include "auth/directory.h"
#include "base/assert.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/tls.h"
#include "nats/trace.h"

#include <stdlib.h>

enum {
    BLOCK_SIZE = 512 << 10,  // of a read; one for the whole loop. 64 KB: a third more time for messages of 1 KB
    LARGE_SIZE = 16 << 10,   // a message beyond this is received into memory of its own, and shared
    STALL_MS = 5,            // of a publisher to a slow consumer, for each read
    FIRST_PING_MS = 2000,    // to measure the round trip
    ROUND_TRIP_MS = 3600000, // after that it is measured again
    DRAINED_LOW = 256 << 10, // marks of a connection that keeps up
    DRAINED_HIGH = 1 << 20,
    NONCE_BYTES = 11,
    TLS_HANDSHAKE = 0x16, // the first byte of a client that begins TLS (RFC 8446 5.1)
};

static struct nats_conn *conn_of(struct nats_session *session)
{
    return CONTAINER_OF(session, struct nats_conn, session);
}

static struct nats_conn *conn_of_out(struct nats_out *out)
{
    return conn_of(CONTAINER_OF(out, struct nats_session, out));
}

// Messages and subscriptions are activity, pings are not.
static void conn_note_activity(struct nats_conn *nc)
{
    const struct nats_session *session = &nc->session;
    uint64_t activity = (uint64_t)(session->counts.in_msgs + session->counts.out_msgs) + session->changes;
    if (activity == nc->activity)
        return;
    nc->activity = activity;
    nc->last_ms = loop_now_ms(nc->door->loop) + nc->door->wall_ahead_ms;
}

// --- output

static void out_dirty(struct nats_out *out)
{
    struct nats_conn *nc = conn_of_out(out);
    if (!list_linked(&nc->dirty_node))
        list_append(&nc->door->dirty, &nc->dirty_node);
    loop_defer(nc->door->loop, &nc->door->turn_end);
}

void nats_conn_watch(struct nats_conn *nc)
{
    struct nats_door *door = nc->door;
    list_append(&door->sending, &nc->sending_node);
    if (!timer_active(&door->deadlines))
        timer_start(&door->deadlines, door->options.write_deadline_ms / 8 + 1);
}

static void out_slice(struct nats_out *out, struct slice slice)
{
    struct nats_conn *nc = conn_of_out(out);
    struct nats_door *door = nc->door;
    nc->sent += slice.bytes.size;
    if (!list_linked(&nc->sending_node)) {
        nc->sent_mark = nc->sent;
        nc->deadline_ms = loop_now_ms(door->loop) + door->options.write_deadline_ms;
        nats_conn_watch(nc);
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
    conn_note_activity(nc);
    if (conn_queued(nc->conn) > 0 && !nc->session.is_closed) {
        if (nc->is_holding)
            return;
        conn_marks_set(nc->conn, 0, 0); // on_drain comes when the queue is empty
        // What TLS has encrypted already, or says by itself, is no longer in the queue.
        nc->is_holding = conn_is_full(nc->conn);
        if (nc->is_holding)
            return;
        conn_marks_set(nc->conn, DRAINED_LOW, DRAINED_HIGH);
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
    while ((node = list_first(&door->leaving)) != NULL) {
        list_remove(node);
        nats_conn_depart(LIST_ITEM(node, struct nats_conn, leaving_node));
    }
    door->site.chunks.turn_size = 0;
    nats_accounts_count(&door->accounts, &door->metrics);
}

void nats_conn_release(struct nats_conn *nc)
{
    if (nc->is_holding)
        conn_marks_set(nc->conn, DRAINED_LOW, DRAINED_HIGH);
    nc->is_holding = false;
    nats_out_flush(&nc->session.out);
}

static void on_drain(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    if (nc->is_holding)
        nats_conn_release(nc);
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
        } else if (nc->sent >= queued + nc->sent_mark) {
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

void nats_conn_stop(struct nats_conn *nc)
{
    timer_stop(&nc->ping);
    timer_stop(&nc->stall);
    timer_stop(&nc->admission);
    list_remove(&nc->waiting_node);
    list_remove(&nc->leaving_node);
}

static void session_fail(struct nats_session *session, enum nats_error error)
{
    struct nats_conn *nc = conn_of(session);
    struct nats_door *door = nc->door;
    nats_closed_add(&door->closed_conns, nc, nats_error_reason(error));
    nats_conn_stop(nc);
    list_append(&door->left, &nc->left_node);
    loop_defer(door->loop, &door->turn_end);
    if (!is_ordinary(error))
        log_line(LOG_WARN, "closing a nats connection",
                 LOG_FIELDS(log_text("peer", nc->peer), log_text("name", session->name),
                            log_text("why", nats_error_reason(error))));
    if (is_slow(error)) {
        gauge_add(&door->metrics.slow_consumers, 1);
        session->account->slow_consumers++;
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
    const char *failure = conn_tls_failure(conn);
    if (failure[0] != '\0')
        log_line(LOG_WARN, "TLS with a nats client failed",
                 LOG_FIELDS(log_text("peer", nc->peer), log_text("error", err_text(why)), log_text("why", failure)));
    bool is_refused = failure[0] != '\0' && nc->tls_version == NULL;
    if (!nc->session.is_closed)
        nats_closed_add(&door->closed_conns, nc,
                        nats_error_reason(is_refused ? NATS_ERROR_TLS : NATS_ERROR_READ_ERROR));
    nats_conn_stop(nc);
    nats_trace_note(&nc->session, "Client connection closed");
    nats_session_leave(&nc->session);
    nats_session_deinit(&nc->session);
    buf_unref(nc->held);
    list_remove(&nc->node);
    list_remove(&nc->dirty_node);
    list_remove(&nc->left_node);
    list_remove(&nc->sending_node);
    free(nc);
    door->conn_count--;
    gauge_add(&door->group->connections, -1);
    if (door == door->group->home)
        nats_group_look(door->group);
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

void nats_conn_queue_up(struct nats_conn *nc)
{
    if (!list_linked(&nc->waiting_node))
        list_append(&nc->door->waiting, &nc->waiting_node);
    if (!timer_active(&nc->door->resume))
        timer_start(&nc->door->resume, 0); // in the next turn
}

// It waits no longer for anything but the next turn, or the loop that it has to be on.
static void conn_come_back(struct nats_conn *nc)
{
    if (!nc->session.is_leaving) {
        nats_conn_queue_up(nc);
        return;
    }
    list_append(&nc->door->leaving, &nc->leaving_node);
    loop_defer(nc->door->loop, &nc->door->turn_end);
}

// Takes what can be taken of INPUT; BUF is its own memory if messages may be shared from it.
static void conn_take(struct nats_conn *nc, bytes_t input, struct buf *buf)
{
    struct nats_session *session = &nc->session;
    loop_defer(nc->door->loop, &nc->door->turn_end); // counts what the turn did
    unsigned pings_out = session->pings_out;
    size_t wanted, used = nats_session_data(session, input, buf, &wanted);
    conn_note_activity(nc);
    if (session->pings_out < pings_out)
        nc->round_trip_ns = clock_mono_ns() - nc->asked_ns;
    session->may_not_stall = false;
    if (session->is_closed)
        return;
    bytes_t rest = used == input.size ? BYTES_NULL : bytes_of(input.data + used, input.size - used);
    nc->is_waiting = nats_session_must_wait(session);
    if (rest.size > 0)
        conn_hold(nc, rest, wanted);
    if (!nc->is_waiting)
        return;
    conn_pause(nc->conn);
    if (session->is_stalled)
        timer_start(&nc->stall, STALL_MS);
    else if (session->login == NULL) // else session_resume says when
        conn_come_back(nc);
}

static bool conn_begins_tls(struct nats_conn *nc, bytes_t input);

static void on_data(struct conn *conn, size_t size)
{
    struct nats_conn *nc = conn_owner(conn);
    struct nats_door *door = nc->door;
    if (nc->session.is_closed)
        return;
    nc->active_ms = door->site.now_ms = loop_now_ms(door->loop);
    if (nc->may_be_secure && conn_begins_tls(nc, bytes_of(door->block, size)))
        return;
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

static void conn_go_on(struct nats_conn *nc)
{
    struct buf *held = nc->held;
    nc->door->site.now_ms = loop_now_ms(nc->door->loop);
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

static void on_stall_over(struct timer *timer)
{
    nats_conn_queue_up(CONTAINER_OF(timer, struct nats_conn, stall));
}

// Whoever makes the turn full again goes to the end, those who had no turn yet keep their place.
static void on_resume(struct timer *timer)
{
    struct nats_door *door = CONTAINER_OF(timer, struct nats_door, resume);
    struct list_node *node;
    while (!nats_site_is_full(&door->site) && (node = list_first(&door->waiting)) != NULL) {
        list_remove(node);
        conn_go_on(LIST_ITEM(node, struct nats_conn, waiting_node));
    }
    if (!list_empty(&door->waiting))
        timer_start(timer, 0);
}

static void on_end(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    nc->is_ended = true;
    conn_finish_if_ended(nc);
}

static void on_secure(struct conn *conn);

static const struct conn_ops conn_ops = {
    .on_room = on_room,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_secure = on_secure,
    .on_end = on_end,
    .on_arrive = nats_conn_arrive,
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
        nc->asked_ns = clock_mono_ns();
        nc->measured_ms = now_ms;
    }
    timer_start(timer, options->ping_interval_ms);
}

static void session_connect(struct nats_session *session)
{
    struct nats_conn *nc = conn_of(session);
    nc->measured_ms = loop_now_ms(nc->door->loop); // INFO and CONNECT were a round trip
    if (nc->round_trip_ns == 0)
        nc->round_trip_ns = clock_mono_ns() - nc->asked_ns;
    start_first_ping(nc);
}

static void session_resume(struct nats_session *session)
{
    conn_come_back(conn_of(session));
}

static const struct nats_session_ops session_ops = { .on_fail = session_fail,
                                                     .on_connect = session_connect,
                                                     .on_resume = session_resume };

// --- how it begins: INFO, TLS before or after it, then CONNECT in time

static void conn_greet(struct nats_conn *nc)
{
    nc->is_greeted = true;
    nats_session_greet(&nc->session);
}

static void conn_admit(struct nats_conn *nc)
{
    start_first_ping(nc);
    if (nc->session.is_expected)
        timer_start(&nc->admission, nc->door->site.access->auth_timeout_ms);
}

// EARLY: what the client has sent of its handshake.
static void conn_secure(struct nats_conn *nc, bytes_t early)
{
    const struct nats_access *access = nc->door->site.access;
    nc->may_be_secure = false;
    nats_out_flush(&nc->session.out); // in plain text
    conn_tls_start(nc->conn,
                   &(struct tls_start){ .context = access->tls, .timeout_ms = access->tls_timeout_ms, .early = early });
}

// INFO came first, or its time has come.
static void conn_greet_and_secure(struct nats_conn *nc, bytes_t early)
{
    const struct nats_access *access = nc->door->site.access;
    conn_greet(nc);
    if (access->tls == NULL || access->tls_is_optional)
        conn_admit(nc);
    else
        conn_secure(nc, early);
}

// The first bytes of a client that may choose. False: they are commands.
static bool conn_begins_tls(struct nats_conn *nc, bytes_t input)
{
    // The users may have been read again since the client came, and TLS be gone.
    bool is_handshake = nc->door->site.access->tls != NULL && input.data[0] == TLS_HANDSHAKE;
    bool is_greeted = nc->is_greeted;
    nc->may_be_secure = false;
    if (is_handshake || !is_greeted)
        timer_stop(&nc->admission);
    if (is_handshake)
        conn_secure(nc, input);
    else if (!is_greeted)
        conn_greet_and_secure(nc, input);
    return is_handshake || (!is_greeted && !nc->door->site.access->tls_is_optional);
}

static void on_secure(struct conn *conn)
{
    struct nats_conn *nc = conn_owner(conn);
    if (nc->session.is_closed)
        return;
    nc->session.certificate = conn_tls_peer(conn);
    nc->tls_version = conn_tls_version(conn);
    nc->tls_cipher = conn_tls_cipher(conn);
    if (!nats_access_is_pinned(nc->door->site.access, nc->session.certificate)) {
        nats_session_fail(&nc->session, NATS_ERROR_TLS);
        return;
    }
    if (!nc->is_greeted)
        conn_greet(nc);
    conn_admit(nc);
}

static void on_admission(struct timer *timer)
{
    struct nats_conn *nc = CONTAINER_OF(timer, struct nats_conn, admission);
    const struct nats_access *access = nc->door->site.access;
    if (nc->is_greeted && nc->session.is_expected) {
        nats_session_fail(&nc->session, NATS_ERROR_AUTH_TIMEOUT);
    } else if (!nc->is_greeted) {
        nc->may_be_secure = access->tls_is_optional;
        conn_greet_and_secure(nc, BYTES_NULL);
    }
}

static void conn_begin(struct nats_conn *nc)
{
    const struct nats_access *access = nc->door->site.access;
    bool is_first = access->tls != NULL && access->handshake != NATS_HANDSHAKE_AFTER_INFO;
    nc->may_be_secure = access->tls != NULL && (access->tls_is_optional || access->handshake == NATS_HANDSHAKE_AUTO);
    if (!is_first)
        conn_greet_and_secure(nc, BYTES_NULL);
    else if (nc->may_be_secure)
        timer_start(&nc->admission, access->handshake_delay_ms);
    else
        conn_secure(nc, BYTES_NULL);
}

// --- connections

static void nonce_make(char to[NATS_NONCE_SIZE + 1])
{
    uint8_t bytes[NONCE_BYTES];
    _Static_assert((NONCE_BYTES * 8 + 5) / 6 == NATS_NONCE_SIZE, "base64 without padding");
    char text[BASE64_SIZE(NONCE_BYTES)];
    random_bytes(bytes, sizeof(bytes));
    size_t size = base64_encode(BASE64_URL, bytes_of(bytes, sizeof(bytes)), text);
    memcpy(to, text, size);
    to[size] = '\0';
}

void nats_conn_accept(struct nats_door *door, struct conn *conn)
{
    struct nats_conn *nc = mem_zalloc(1, sizeof(*nc));
    nc->door = door;
    nc->conn = conn;
    nc->active_ms = loop_now_ms(door->loop);
    nc->start_ms = nc->last_ms = nc->active_ms + door->wall_ahead_ms;
    nc->asked_ns = clock_mono_ns();
    nc->measured_ms = -1;
    bytes_t peer = bytes_of_text(conn_peer(conn));
    memcpy(nc->peer, peer.data, peer.size < NATS_PEER_SIZE ? peer.size : NATS_PEER_SIZE - 1);
    timer_init(&nc->ping, door->loop, on_ping);
    timer_init(&nc->stall, door->loop, on_stall_over);
    timer_init(&nc->admission, door->loop, on_admission);
    list_append(&door->conns, &nc->node);
    door->conn_count++;
    int64_t connections = gauge_add_get(&door->group->connections, 1);
    uint64_t id = (uint64_t)gauge_add_get(&door->group->total_connections, 1);
    conn_attach(conn, &conn_ops, nc);
    nats_session_init(&nc->session, &door->site, &session_ops, &out_ops, id, nats_peer_ip(nc->peer));
    nc->session.peer = nc->peer;
    nats_trace_note(&nc->session, "Client connection created");
    if (directory_has_nkeys(door->site.access->directory))
        nonce_make(nc->session.nonce);
    if (connections > door->options.max_connections) {
        conn_greet(nc);
        nats_session_fail(&nc->session, NATS_ERROR_TOO_MANY_CONNECTIONS);
    } else {
        conn_begin(nc);
    }
}

void nats_conns_init(struct nats_door *door)
{
    door->block = mem_alloc(BLOCK_SIZE);
    door->turn_end.on_turn_end = on_turn_end;
    list_init(&door->conns);
    list_init(&door->dirty);
    list_init(&door->left);
    list_init(&door->sending);
    list_init(&door->waiting);
    list_init(&door->leaving);
    timer_init(&door->deadlines, door->loop, on_deadlines);
    timer_init(&door->resume, door->loop, on_resume);
}

void nats_conns_deinit(struct nats_door *door)
{
    ASSERT(door->conn_count == 0);
    timer_stop(&door->deadlines);
    timer_stop(&door->resume);
    loop_defer_cancel(door->loop, &door->turn_end);
    free(door->block);
}
