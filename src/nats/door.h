// SPDX-License-Identifier: Apache-2.0
// What the door and its connections share. Private to the room; owned by the door's loop.
#pragma once

#include "auth/login.h"
#include "io/loop.h"
#include "io/net.h"
#include "nats/access.h"
#include "nats/facts.h"
#include "nats/info.h"
#include "nats/nats.h"
#include "nats/session.h"

enum { NATS_PEER_SIZE = 64 };

struct nats_door {
    struct loop *loop;
    struct nats_options options;
    struct nats_site site;
    struct nats_accounts accounts;
    struct nats_access *everybody; // its own, when it was given none
    struct nats_metrics metrics;
    char labels[NATS_SERVER_ID_SIZE + 16];
    struct address advertised;
    struct listener *listener; // NULL: not listening
    struct list_node conns;    // struct nats_conn
    size_t conn_count;
    struct nats_closed_ring closed_conns;
    struct nats_monitor *monitor;    // NULL: none
    int64_t start_ms, wall_ahead_ms; // Unix time of the start, and what it is ahead of the loop's
    int64_t config_ms;               // when the options or who may come in changed
    uint64_t cpu_ns;                 // of the process, and when that was looked at
    int64_t cpu_at_ns;
    double cpu_percent; // of one core, before that
    uint64_t next_id;
    uint8_t *block;

    struct deferred turn_end;
    struct list_node dirty;   // have output that was not handed over
    struct list_node left;    // closed: their subscriptions go at the end of the turn
    struct list_node sending; // had something to send since the last look at the deadlines
    struct timer deadlines;
    struct list_node waiting; // the turn was full: they go on in the next one, in order
    struct timer resume;

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
    struct list_node node, dirty_node, left_node, sending_node, waiting_node;
    struct buf *held; // bytes of a command that is not whole, or that has to wait
    size_t held_size;
    bool is_large;          // `held` has room for exactly one command, and is received into
    bool is_waiting;        // held bytes go on when `resume` fires; nothing is read until then
    bool is_ended;          // the peer sends nothing more
    bool is_holding;        // output waits until the socket took what is queued
    size_t sent_mark, sent; // bytes handed over in all; those that the deadline is for
    int64_t deadline_ms;
    int64_t active_ms, measured_ms;
    int64_t start_ms, last_ms;       // Unix; last: a message in or out, SUB or UNSUB
    int64_t asked_ns, round_trip_ns; // when the last PING left; 0: not measured yet
    uint64_t activity;               // what had been counted at last_ms
    struct timer ping, stall;
    struct timer admission; // until the handshake has to begin; then until the client has to be let in
    bool may_be_secure;     // the first byte says whether TLS begins
    bool is_greeted;
    const char *tls_version, *tls_cipher; // NULL: plain text; the conn's
    char peer[NATS_PEER_SIZE];
};

// A new connection.
void nats_conn_accept(struct nats_door *door, struct conn *conn);
// The parts of a door that its connections use.
void nats_conns_init(struct nats_door *door);
void nats_conns_deinit(struct nats_door *door);
// A connection is gone: perhaps it was the last one.
void nats_door_check_closed(struct nats_door *door);
