// SPDX-License-Identifier: Apache-2.0
// Inside of the twin's network: conn.c is what programs hold, wire.c what lies between two of them, listener.c who
// waits for them. A wire has two directions; each carries segments in order, late, and never more than its window.
#pragma once

#include "io/net.h"
#include "io/sim/loop_sim.h"

enum { PEER_SIZE = 280 };

enum segment_kind {
    SEGMENT_OPEN, // the other side's kernel took the connection
    SEGMENT_DATA,
    SEGMENT_END, // no bytes follow
    SEGMENT_RESET,
};

struct segment {
    struct list_node node; // in direction->flying
    int64_t at_ns;
    enum segment_kind kind;
    size_t size;
    uint8_t data[];
};

// One direction of a wire. What its receiver has not read counts for the window, wherever it is.
struct direction {
    struct wire *wire;
    struct sim_event arrival; // of the first segment
    struct sim_event room;    // the sender may try again
    struct list_node flying;
    int64_t last_ns, stalled_until_ns;
    uint8_t *arrived; // arrived[read..filled) is for the receiver
    size_t read, filled, capacity;
    size_t used; // of the window
    bool opened, ended, reset;
    bool waited; // the sender waits for room
};

// Side 0 opened the connection, side 1 accepted it. in(side) flows to it.
struct wire {
    struct sim *sim;
    struct direction to[2];
    struct conn *ends[2]; // NULL: closed
    bool cut;             // reset in the stream; the ends learn it later, and what they still send goes nowhere
};

enum conn_state {
    CONN_CONNECTING,
    CONN_OPEN,
    CONN_LINGERING, // all is sent; the other side still sends
    CONN_MOVING,    // between two loops
    CONN_DONE,      // waits for its on_close
};

struct conn {
    struct loop *loop;
    struct list_node node; // in sim->conns
    const struct conn_ops *ops;
    void *owner;
    uint64_t id;
    enum conn_state state;
    err_t why;
    bool dead;    // its program crashed
    bool in_call; // a callback of it is under way
    bool paused, closing, ended, blocked, full;
    struct wire *wire;
    unsigned side;
    struct sim_event attempt; // the way to the listener and back
    struct address address;
    struct list_node backlog_node;

    struct slice *queue; // queue[head..count)
    size_t head, count, capacity, queued, low, high;
    struct sim_call ready, unsent, notice;
    struct timer timer;
    struct message arrival;
    int64_t left_ms; // of the timer while it moves; -1: it does not run
    char peer[PEER_SIZE];
};

// --- wire.c

// A wire with both ends in place; both count it with conn->wire and side.
struct wire *wire_new(struct sim *sim, struct conn *opener, struct conn *accepter);
void wire_send(struct direction *direction, enum segment_kind kind, bytes_t bytes);
// The sender is told, through conn_writable, when it may try again.
void wire_wait(struct direction *direction);
size_t wire_space(const struct direction *direction);
size_t wire_readable(const struct direction *direction);
// Moves at most SIZE arrived bytes to TO (NULL: drops them) and returns how many.
size_t wire_read(struct direction *direction, uint8_t *to, size_t size);
// Loses what is on its way, both sides learn it.
void wire_reset(struct wire *wire);
// The end is gone, as after close(2): a reset if it leaves bytes unread, else the end of its stream. Frees the wire
// with its second end.
void wire_leave(struct conn *conn);
// Without a word to anybody.
void wire_free(struct wire *wire);
// One way through the network.
int64_t net_latency_ns(struct sim *sim);

static inline struct direction *wire_in(const struct conn *conn)
{
    return &conn->wire->to[conn->side];
}

static inline struct direction *wire_out(const struct conn *conn)
{
    return &conn->wire->to[1 - conn->side];
}

// --- conn.c

struct conn *conn_new(struct loop *loop);
// on_data, on_drain and the end of the output are owed, if they are.
void conn_look(struct conn *conn);
// Something arrived, or room did.
void conn_readable(struct conn *conn);
void conn_writable(struct conn *conn);
// Ends the conn; on_close(why) comes in the next turn. Safe to repeat.
void conn_finish(struct conn *conn, err_t why);
// Of a conn that never had an owner.
void conn_discard(struct conn *conn);

// --- listener.c

// The listener that takes a connection to the address, or NULL.
struct listener *listener_find(struct sim *sim, const struct address *address);
// An unowned conn of it in its backlog.
struct conn *listener_take(struct listener *listener);
// False: there is no address for the name.
bool host_is_known(const char *host);
void sim_listeners_drop(struct sim *sim);
void sim_listeners_free(struct sim *sim);
