// SPDX-License-Identifier: Apache-2.0
// Inside of the twin: connections, shared by net.c (open ones) and net_open.c (listeners, connecting).
#pragma once

#include "io/net.h"
#include "io/sim/loop_sim.h"

enum conn_state {
    CONN_CONNECTING,
    CONN_OPEN,
    CONN_DONE, // waits for its on_close
};

// What reaches a conn through the network.
enum signal_kind {
    SIGNAL_SEGMENT = 1, // the first of its segments is here
    SIGNAL_WINDOW,      // the peer read SIZE bytes
    SIGNAL_RESET,       // at once, unread bytes are lost
    SIGNAL_GONE,        // the peer's socket does not exist any more
    SIGNAL_CONNECT,     // a connection attempt is where the listener is, or is not
    SIGNAL_CONNECTED,
    SIGNAL_REFUSED,
};

struct signal {
    struct sim_event event;
    enum signal_kind kind;
    struct conn *to; // holds a reference
    size_t size;
};

struct segment {
    struct segment *next;
    bool is_end; // of the stream
    size_t size;
    uint8_t data[];
};

struct listener {
    struct sim *sim;
    struct list_node node; // in sim->listeners
    struct loop *loop;
    struct address address;
    on_accept_fn *on_accept;
    void *owner;
    bool dead;
};

struct conn {
    struct list_node node;   // in sim->conns, until on_close
    struct list_node ready;  // in loop->ready: has something to tell
    struct list_node unsent; // in loop->unsent: writes at the end of the turn
    struct sim *sim;
    struct loop *loop;
    uint64_t id;
    unsigned refs; // the world's, the peer's and one for each signal
    const struct conn_ops *ops;
    void *owner;
    struct conn *peer;         // holds a reference
    struct listener *listener; // accepted, and not yet told
    struct address address;    // connecting: where to
    char peer_text[300];

    enum conn_state state;
    bool dead;     // the program crashed
    bool paused;   // by the owner
    bool closing;  // conn_close was called
    bool ended;    // the peer sends no more
    bool end_seen; // and the owner's side acts on it
    bool broken;   // the peer takes no more
    bool full;     // the high mark was passed, until on_drain
    bool tell_open, write_again;
    err_t why;
    uint64_t done_step; // when it ended: on_close comes in a later turn

    struct slice *queue; // queue[first..count)
    size_t queue_first, queue_count, queue_capacity;
    size_t queued, low, high;
    size_t on_wire; // sent, and not read by the peer
    struct sim_event timeout;

    struct segment *segments, *segments_end; // on the way here
    int64_t arrival_ns;                      // of the last of them
    int64_t stalled_until_ns;
    uint8_t *input; // arrived, not read
    size_t input_size, input_capacity;
};

struct conn *conn_new(struct loop *loop);
void conn_unref(struct conn *conn);
// The last of it for the world: it is in no list any more, and lives while signals still point to it.
void conn_forget(struct conn *conn);
// The conn's loop serves it in its next turn.
void conn_ready(struct conn *conn);
// Ends it; on_close(why) comes in a later turn, with ERR_OK if the owner had closed it. Safe to repeat.
void conn_finish(struct conn *conn, err_t why);
// Sends a signal, which arrives after some time. TO may be NULL.
void conn_signal(struct conn *to, enum signal_kind kind);
// In net_open.c: a step of connecting arrived; the listener's owner takes the conn over.
void conn_connect_step(struct conn *conn, enum signal_kind kind);
void conn_accept(struct conn *conn);
void sim_listeners_drop(struct sim *sim);
void sim_listeners_free(struct sim *sim);
