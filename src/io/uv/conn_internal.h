// SPDX-License-Identifier: Apache-2.0
// What the files of an open connection share: conn.c moves bytes between socket, queue and owner, conn_tls.c stands
// between them when the connection is encrypted, conn_move.c takes it to another loop.
#pragma once

#include "io/uv/net_internal.h"
#include "io/uv/tls_internal.h"

enum conn_state {
    CONN_CONNECTING,
    CONN_OPEN,
    CONN_LINGERING, // all is sent, the peer still sends: taking its bytes keeps the kernel from resetting ours away
    CONN_MOVING,    // between two loops: nobody but its message has it
    CONN_DONE,      // waits for its on_close
};

struct conn {
    struct loop *loop;
    const struct conn_ops *ops;
    void *owner;
    enum conn_state state;
    err_t why;       // for on_close
    int fd;          // -1: none
    uv_poll_t *poll; // NULL: none. Apart, because a handle's memory outlives its close, on the loop that it was on
    int interest;    // the events that poll waits for
    bool in_call;    // a callback of it is under way
    bool paused;     // by the owner
    bool closing;    // conn_close was called: no more input, no more sends
    bool ended;      // the peer's end of stream was read
    bool blocked;    // the kernel took less than it was given; until it is writable
    bool full;       // the high mark was passed; until on_drain

    struct slice *queue; // queue[head..count)
    size_t head, count, capacity;
    size_t queued; // their bytes
    size_t low, high;

    struct deferred write;
    struct deferred notice;
    struct timer timer; // connecting, draining or lingering takes too long
    struct message arrival;
    int64_t left_ms; // of the timer while it moves; -1: it does not run
    struct connecting *connecting;
    struct tls_stream *tls; // NULL: plain text
    size_t plain;           // with tls: bytes of the queue from before it started
    char peer[PEER_SIZE];
};

// The poller of its descriptor on its loop. False: the system does not take one more.
bool conn_watch(struct conn *conn);
// Its events come no more. Safe without one.
void conn_unwatch(struct conn *conn);
// Tells the poller what to wait for, if that changed.
void conn_set_interest(struct conn *conn);

// It takes input: open, and neither paused nor closing nor at its end.
bool conn_reads(const struct conn *conn);
// Sends the queue as it is, at most LIMIT bytes of it. What the kernel does not take sets conn->blocked.
err_t conn_send_plain(struct conn *conn, size_t limit);
// The first SIZE bytes of the queue are gone.
void conn_forget_sent(struct conn *conn, size_t size);
void conn_drop_queue(struct conn *conn);
// The peer's end of stream.
void conn_end_input(struct conn *conn);
// Nothing goes out any more; what the peer still sends is taken and dropped for a moment, then on_close(why) comes.
void conn_linger(struct conn *conn, err_t why);

// With conn->tls: one read for each event, as in plain text, and all that it decrypts to.
void conn_tls_read(struct conn *conn);
// Input that was read before and waits, because the owner paused or the output was stuck.
bool conn_tls_has_input(const struct conn *conn);
// What was queued before TLS started, then the queue, encrypted, until the kernel takes no more; at the end of all,
// that there is no more (close_notify).
err_t conn_tls_send(struct conn *conn);
// The handshake takes too long.
void conn_tls_set_late(struct conn *conn);
