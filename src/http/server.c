// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/tls.h"

#include <stdlib.h>

enum {
    INPUT_SIZE = 4096,
    QUEUE_LOW = 64 << 10,   // of answers that a client does not take: a stream goes on below,
    QUEUE_HIGH = 256 << 10, // and is full above
    TLS_LOG_MS = 10000,     // failed handshakes are logged at most this often
    // Who was answered in the middle of a request still sends the rest. If it were not taken, the system would reset
    // the connection, and the answer could be lost on the way (RFC 9112 9.6).
    LINGER_MS = 500, // of silence
    LINGER_SIZE_MAX = 64 << 20,
};

struct http_server {
    struct loop *loop;
    struct listener *listener; // NULL once it closes
    struct http_site site;
    struct list_node conns;
    size_t conn_count; // including those whose client has left while a handler works
    struct http_server_metrics metrics;
    int64_t tls_logged_ms; // when a failed handshake was logged last; 0: never
    uint64_t tls_unlogged; // handshakes that failed since
    struct message closed; // posted when closing and no connection is left
    bool closing, closed_posted;
    void (*on_closed)(void *owner);
    void *owner;
};

// A session with its socket.
struct http_conn {
    struct http_session session;
    struct http_server *server;
    struct list_node node;
    struct conn *conn; // NULL once it is gone
    struct timer timer;
    uint64_t sent;  // bytes
    uint64_t taken; // by the peer, when that was looked at last
    bool greeted;   // the first byte was looked at: is it TLS?
    bool secured;   // the handshake is done
    bool finished;  // the session has ended
    bool lingers;   // what still comes is dropped; conn_close follows
    size_t dropped; // bytes
    bool paused;    // the input is full
    bool ended;     // the peer sends nothing more
    uint8_t *room;  // handed to the socket, not filled yet; the input never moves below it
    size_t at, end; // input[at..end) waits for the session
    uint8_t input[INPUT_SIZE];
};

static void on_closed_message(struct message *message)
{
    struct http_server *server = CONTAINER_OF(message, struct http_server, closed);
    void (*on_closed)(void *owner) = server->on_closed;
    void *owner = server->owner;
    tls_context_unref(server->site.tls);
    free(server);
    on_closed(owner);
}

static void check_closed(struct http_server *server)
{
    if (!server->closing || server->conn_count > 0 || server->closed_posted)
        return;
    server->closed_posted = true;
    server->closed.on_message = on_closed_message;
    loop_post(server->loop, &server->closed);
}

static void http_conn_free(struct http_conn *c)
{
    struct http_server *server = c->server;
    timer_stop(&c->timer);
    list_remove(&c->node);
    http_session_deinit(&c->session);
    free(c);
    server->conn_count--;
    check_closed(server);
}

// ---- TLS

static const char plain_answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 48\r\nConnection: close\r\n\r\n"
                                   "Client sent an HTTP request to an HTTPS server.\n";

static void note_failed_handshake(struct http_conn *c, const char *why)
{
    struct http_server *server = c->server;
    counter_add(&server->metrics.handshakes_failed, 1);
    int64_t now_ms = loop_now_ms(server->loop);
    if (server->tls_logged_ms != 0 && now_ms - server->tls_logged_ms < TLS_LOG_MS) {
        server->tls_unlogged++;
        return;
    }
    log_line(LOG_WARN, "TLS with an HTTP client failed",
             LOG_FIELDS(log_text("peer", conn_peer(c->conn)), log_text("why", why),
                        log_int("others", (int64_t)server->tls_unlogged)));
    server->tls_logged_ms = now_ms;
    server->tls_unlogged = 0;
}

// The first bytes of a client where TLS is spoken. Plain HTTP is answered in kind, as Go's servers do; anything else is
// for TLS to refuse.
static void greet(struct http_conn *c)
{
    bytes_t input = bytes_of(c->input + c->at, c->end - c->at);
    c->at = c->end = 0;
    c->greeted = true;
    if (input.data[0] >= 'A' && input.data[0] <= 'Z') {
        note_failed_handshake(c, "the client speaks plain HTTP");
        counter_add(&c->server->metrics.bytes_out, sizeof plain_answer - 1);
        conn_send(c->conn, (struct slice){ NULL, BYTES_LITERAL(plain_answer) });
        http_session_shut(&c->session);
        return;
    }
    timer_stop(&c->timer); // the handshake has its own
    const struct tls_start start = {
        .context = c->server->site.tls,
        .timeout_ms = c->server->site.limits.header_timeout_ms,
        .early = input,
    };
    conn_tls_start(c->conn, &start);
}

static void on_secure(struct conn *conn)
{
    struct http_conn *c = conn_owner(conn);
    c->secured = true;
    c->session.tls_peer = conn_tls_peer(conn);
    if (!c->finished)
        timer_start(&c->timer, c->server->site.limits.header_timeout_ms);
}

// ---- the end

static void linger(struct http_conn *c, size_t size)
{
    c->dropped += size;
    if (c->dropped > LINGER_SIZE_MAX)
        conn_close(c->conn);
    else
        timer_start(&c->timer, LINGER_MS);
}

// ---- bytes in

static void pump(struct http_conn *c)
{
    while (c->at < c->end && !c->finished && !conn_is_full(c->conn)) {
        size_t used = http_session_data(&c->session, bytes_of(c->input + c->at, c->end - c->at));
        c->at += used;
        if (used == 0)
            break;
    }
    if (c->at == c->end || c->finished)
        c->at = c->end = 0;
    bool full = c->at == 0 && c->end == INPUT_SIZE;
    if (!full && c->paused) {
        c->paused = false;
        conn_resume(c->conn);
    }
    // Who waits for an answer, or reads a stream, is told now, whatever is pipelined behind it.
    if (c->ended && !c->finished && (c->at == c->end || c->session.state >= HTTP_SESSION_HANDLING))
        http_session_input_ended(&c->session);
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct http_conn *c = conn_owner(conn);
    if (c->at > 0) {
        memmove(c->input, c->input + c->at, c->end - c->at);
        c->end -= c->at;
        c->at = 0;
    }
    ASSERT(c->end < INPUT_SIZE);
    c->room = c->input + c->end;
    *ret_size = INPUT_SIZE - c->end;
    return c->room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct http_conn *c = conn_owner(conn);
    counter_add(&c->server->metrics.bytes_in, size);
    // The session may have taken what stood before the room since it was handed out.
    if (c->room != c->input + c->end)
        memmove(c->input + c->end, c->room, size);
    c->room = NULL;
    c->end += size;
    if (c->lingers)
        linger(c, size);
    if (c->server->site.tls != NULL && !c->greeted) {
        greet(c);
        return;
    }
    pump(c);
    if (c->end - c->at == INPUT_SIZE && !c->finished) {
        c->paused = true;
        conn_pause(conn);
    }
}

static void on_drain(struct conn *conn)
{
    struct http_conn *c = conn_owner(conn);
    http_session_drained(&c->session);
    pump(c);
}

static void on_end(struct conn *conn)
{
    struct http_conn *c = conn_owner(conn);
    c->ended = true;
    if (c->lingers)
        conn_close(conn);
    pump(c);
}

static void on_close(struct conn *conn, err_t why)
{
    (void)why; // what TLS has to say is more exact
    struct http_conn *c = conn_owner(conn);
    if (!c->secured && conn_tls_failure(conn)[0] != '\0')
        note_failed_handshake(c, conn_tls_failure(conn));
    c->conn = NULL;
    c->finished = true;
    timer_stop(&c->timer);
    gauge_add(&c->server->metrics.connections, -1);
    if (http_session_gone(&c->session))
        http_conn_free(c);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_secure = on_secure,
    .on_end = on_end,
    .on_close = on_close,
};

// ---- what the session asks for

static struct http_conn *conn_of(struct http_session *session)
{
    return CONTAINER_OF(session, struct http_conn, session);
}

static uint64_t taken_by_client(const struct http_conn *c)
{
    size_t queued = conn_queued(c->conn);
    return c->sent < queued ? 0 : c->sent - queued; // TLS queues more than was sent
}

static void session_send(struct http_session *session, struct slice slice)
{
    struct http_conn *c = conn_of(session);
    counter_add(&c->server->metrics.bytes_out, slice.bytes.size);
    // A silent stream has no timer.
    if (session->state == HTTP_SESSION_STREAMING && !timer_active(&c->timer)) {
        c->taken = taken_by_client(c);
        timer_start(&c->timer, c->server->site.limits.idle_timeout_ms);
    }
    c->sent += slice.bytes.size;
    conn_send(c->conn, slice);
}

static void session_finish(struct http_session *session)
{
    struct http_conn *c = conn_of(session);
    c->finished = true;
    c->lingers = session->is_cut_short && !c->ended && !c->server->closing;
    if (c->lingers)
        linger(c, 0);
    else
        conn_close(c->conn);
}

static void session_timer(struct http_session *session, int64_t delay_ms)
{
    struct http_conn *c = conn_of(session);
    if (delay_ms < 0)
        timer_stop(&c->timer);
    else
        timer_start(&c->timer, delay_ms);
}

static void session_resume(struct http_session *session)
{
    struct http_conn *c = conn_of(session);
    if (c->server->closing)
        http_session_shut(session);
    pump(c);
}

static void session_release(struct http_session *session)
{
    http_conn_free(conn_of(session));
}

static bool session_is_full(const struct http_session *session)
{
    return conn_is_full(CONTAINER_OF_CONST(session, struct http_conn, session)->conn);
}

static const struct http_session_ops session_ops = {
    .send = session_send,
    .finish = session_finish,
    .timer = session_timer,
    .resume = session_resume,
    .release = session_release,
    .is_full = session_is_full,
};

// A client that has been sent something and takes some of it each time may go on, be it between requests or the
// reader of a stream. The reader of a stream that takes nothing has left.
static void on_timer(struct timer *timer)
{
    struct http_conn *c = CONTAINER_OF(timer, struct http_conn, timer);
    if (c->lingers) {
        conn_close(c->conn);
        return;
    }
    bool waits = conn_queued(c->conn) > 0;
    bool moves = taken_by_client(c) > c->taken;
    c->taken = taken_by_client(c);
    if (c->session.state == HTTP_SESSION_STREAMING) {
        if (waits && !moves && !c->session.owes_word) {
            conn_abort(c->conn);
            return;
        }
        if (waits)
            timer_start(timer, c->server->site.limits.idle_timeout_ms);
        http_session_timeout(&c->session);
    } else if (c->session.state == HTTP_SESSION_IDLE && waits && moves) {
        timer_start(timer, c->server->site.limits.idle_timeout_ms);
    } else {
        http_session_timeout(&c->session);
    }
}

// ---- the server

static void on_accept(void *owner, struct conn *conn)
{
    struct http_server *server = owner;
    struct http_conn *c = mem_alloc(sizeof *c);
    *c = (struct http_conn){ .server = server, .conn = conn };
    server->conn_count++;
    list_append(&server->conns, &c->node);
    timer_init(&c->timer, server->loop, on_timer);
    conn_attach(conn, &conn_ops, c);
    conn_marks_set(conn, QUEUE_LOW, QUEUE_HIGH);
    http_session_init(&c->session, &server->site, &session_ops);
    c->session.peer = conn_peer(conn);
    counter_add(&server->metrics.connections_total, 1);
    gauge_add(&server->metrics.connections, 1);
    if (server->conn_count <= server->site.limits.connection_count)
        return;
    counter_add(&server->metrics.connections_refused, 1);
    if (server->site.tls == NULL)
        http_session_refuse(&c->session, 503, "There are too many connections.", "Retry-After: 1\r\n");
    else
        http_session_shut(&c->session); // an answer would have to wait for a handshake
}

err_t http_server_open(struct loop *loop, const struct address *address, const struct http_site *site,
                       struct http_server **ret_server, diag_t *diag)
{
    struct http_server *server = mem_zalloc(1, sizeof *server);
    server->loop = loop;
    server->site = *site;
    list_init(&server->conns);
    err_t err = listener_open(loop, address, on_accept, server, &server->listener, diag);
    if (err != ERR_OK) {
        free(server);
        return err;
    }
    if (site->tls != NULL)
        tls_context_ref(site->tls);
    *ret_server = server;
    return ERR_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    return listener_port(server->listener);
}

struct http_server_metrics *http_server_metrics(struct http_server *server)
{
    return &server->metrics;
}

void http_server_limits_set(struct http_server *server, const struct http_limits *limits)
{
    server->site.limits = *limits;
}

void http_server_tls_set(struct http_server *server, struct tls_context *tls)
{
    ASSERT(server->site.tls != NULL);
    tls_context_ref(tls);
    tls_context_unref(server->site.tls);
    server->site.tls = tls;
}

void http_server_close(struct http_server *server, void (*on_closed)(void *owner), void *owner)
{
    ASSERT(!server->closing);
    server->closing = true;
    server->on_closed = on_closed;
    server->owner = owner;
    listener_close(server->listener);
    server->listener = NULL;
    LIST_EACH(&server->conns, node)
    {
        struct http_conn *c = LIST_ITEM(node, struct http_conn, node);
        if (!c->finished)
            http_session_shut(&c->session);
        else if (c->lingers && c->conn != NULL)
            conn_close(c->conn);
    }
    check_closed(server);
}
