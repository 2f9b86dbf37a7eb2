// SPDX-License-Identifier: Apache-2.0
// Stream sockets. A conn belongs to one loop at a time; all calls and callbacks are on that loop. Bytes are read
// straight into memory that the owner names; sends are queued and leave in one write at the end of the turn. TLS
// (io/tls.h) sits inside conn, between the socket and these callbacks, so that owners do not change.
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct loop;
struct listener;
struct conn;

struct address {
    char host[256]; // name or literal, without brackets; "localhost" means 127.0.0.1 and ::1
    uint16_t port;
};
// "host:port", "[v6]:port", ":port" (localhost), "port". DIAG may be NULL.
err_t address_parse(const char *text, uint16_t default_port, struct address *ret_address, diag_t *diag) MUST_CHECK;
// "host:port" with brackets where needed, terminated; SIZE of at least 280 always fits.
void address_format(const struct address *address, char *to, size_t size);
// True for localhost, 127/8 and ::1.
bool address_is_loopback(const struct address *address);

// Called with a new connection: the owner calls conn_attach before returning.
typedef void on_accept_fn(void *owner, struct conn *conn);

// Listens on LOOP. Port 0 picks one (the same for both families of localhost). Several loops may open the same fixed
// address; the kernel spreads connections. ERR_BUSY when the port is taken, ERR_DENIED, ERR_INVALID for a bad name.
err_t listener_open(struct loop *loop, const struct address *address, on_accept_fn *on_accept, void *owner,
                    struct listener **ret_listener, diag_t *diag) MUST_CHECK;
uint16_t listener_port(const struct listener *listener);
void listener_close(struct listener *listener);

struct conn_ops {
    // Where the next bytes go: sets *ret_size > 0 and returns the memory, which stays valid until on_data, on_close or
    // the next on_room (of this conn, or of another one on the loop: rooms may be shared). Asked right before each
    // read; when there was nothing to read after all, no on_data follows.
    uint8_t *(*on_room)(struct conn *conn, size_t *ret_size);
    // SIZE bytes were placed there. May pause, send, close.
    void (*on_data)(struct conn *conn, size_t size);
    // The send queue fell below its low mark after conn_is_full was true. May be NULL.
    void (*on_drain)(struct conn *conn);
    // Outgoing connections only: it is open. NULL for accepted ones.
    void (*on_open)(struct conn *conn);
    // The handshake that conn_tls_start began is done; before the first on_data behind it. May be NULL.
    void (*on_secure)(struct conn *conn);
    // The peer's end of stream: no more data comes, but the peer may have closed one direction only and wait for what
    // it is owed. The owner sends that, now or in later turns, and calls conn_close; after 30 s on_close comes anyway.
    // NULL: what is queued, or is sent in this turn, goes out, then on_close comes.
    void (*on_end)(struct conn *conn);
    // conn_move brought it to this loop. May be NULL for a conn that is not moved.
    void (*on_arrive)(struct conn *conn);
    // The last callback; the conn is gone after it. ERR_OK: the owner closed it; ERR_RESET: the peer did (also after
    // its end of stream); ERR_NOT_FOUND (the name), ERR_REFUSED, ERR_TIMEOUT, ERR_IO otherwise, and those of io/tls.h.
    // Exactly once for every attached conn.
    void (*on_close)(struct conn *conn, err_t why);
};

// Takes a conn over; reading starts.
void conn_attach(struct conn *conn, const struct conn_ops *ops, void *owner);
// Connects; on_open or on_close follows, never before this returns. Names are resolved off the loop.
struct conn *conn_open(struct loop *loop, const struct address *address, const struct conn_ops *ops, void *owner);
void *conn_owner(const struct conn *conn);
struct loop *conn_loop(const struct conn *conn);
// "127.0.0.1:5123" of the other side; valid while the conn is.
const char *conn_peer(const struct conn *conn);

// Queues the slice (takes over its reference). Leaves at the end of the turn, all of a conn's slices in one write.
// After conn_close or a failed write it is dropped silently: on_close tells.
void conn_send(struct conn *conn, struct slice slice);
// Bytes queued that the kernel has not taken.
size_t conn_queued(const struct conn *conn);
// Above the high mark (default 1 MiB): the owner stops producing until on_drain.
bool conn_is_full(const struct conn *conn);
void conn_marks_set(struct conn *conn, size_t low, size_t high);
// Stops and starts reading; not counted.
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);
// Sends what is queued (at most 5 s), then closes. on_close comes in a later turn.
void conn_close(struct conn *conn);
// Closes at once, drops what is queued. on_close comes in a later turn.
void conn_abort(struct conn *conn);

// Hands an open conn to another loop, with everything that belongs to it: what the peer sent and the owner has not got
// yet, what is queued, TLS in any state, marks, pause, the times it has left. Nothing is lost, doubled or out of order.
// Not from a callback of this conn nor from on_accept; on the conn's loop: deferred work, a message, a timer.
//
// True: it is TO's, and so should its owner be; here nothing may be called on it any more and no callback comes, but
// those that it owes come there. on_arrive comes first, in a turn of TO, also when the peer has closed meanwhile, which
// is told behind it; what this thread posts to TO afterwards arrives behind it, too (so a message closes a conn that is
// on its way). TO takes it as long as it runs, or when it runs again; loop_free(TO) insists that none is on its way.
// False: it does not move, because conn_close or conn_abort was called or it has failed; on_close comes here.
//
// Memory that a slice's buf returns to somebody (on_free) is copied: that is told on this loop.
bool conn_move(struct conn *conn, struct loop *to) MUST_CHECK;
