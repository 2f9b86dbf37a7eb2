// SPDX-License-Identifier: Apache-2.0
// What a door and its connections share, and what the doors of all loops do. Private to the room. There is one door on
// each loop, which owns it; clients come in by any of them, and go to the one whose loop their account lives on.
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

// The doors of all loops. What is asked of all of them is asked of the last one, which the room's users know as the
// door: the home. Immutable, but for what is said otherwise.
struct nats_group {
    struct nats_door **doors;
    unsigned count;
    struct nats_door *home;
    char labels[NATS_SERVER_ID_SIZE + 16];
    struct address advertised;
    int64_t start_ms; // Unix
    // Of all doors, and between them; any loop. The id of a connection is how many had come.
    gauge_t connections, total_connections;
    // Of the home's loop:
    struct nats_access *everybody; // its own, when it was given none; NULL: none
    size_t tours;                  // under way
    struct timer look;             // whether the last connection of another door is gone
    void (*on_empty)(void *owner); // NULL: not asked for
    void *empty_owner;
    bool is_closing, is_shut, is_over; // asked for; no door lets anybody in; there is nothing in them
    struct message ended;              // on_empty, the end or on_closed is owed
    void (*on_closed)(void *owner);
    void *owner;
};

// A walk over all doors, each on its own loop, the home's first, and back to the home's: how one of them learns of the
// others, or tells them. Embedded in what is carried along.
struct nats_tour {
    struct message message;
    struct nats_group *group;
    unsigned next;
    void (*on_visit)(struct nats_tour *tour, struct nats_door *door);
    // All were visited. It may be freed.
    void (*on_return)(struct nats_tour *tour);
};
// On the home's loop. With one loop on_return comes before it returns. No door goes meanwhile.
void nats_tour_start(struct nats_tour *tour, struct nats_group *group);

struct nats_door {
    struct nats_group *group;
    unsigned at; // in the group
    struct loop *loop;
    struct nats_options options;
    struct nats_site site;
    unsigned access_count; // how often the users were others: the site's access is the same where this is
    struct nats_accounts accounts;
    struct nats_metrics metrics;
    struct listener *listener; // NULL: not listening
    struct list_node conns;    // struct nats_conn
    size_t conn_count;
    struct nats_closed_ring closed_conns;
    struct nats_monitor *monitor; // the home's; NULL: none
    int64_t wall_ahead_ms;        // Unix time is so much ahead of the loop's
    int64_t config_ms;            // when the options or who may come in changed
    uint64_t cpu_ns;              // of the process, and when that was looked at
    int64_t cpu_at_ns;
    double cpu_percent; // of one core, before that
    uint8_t *block;

    struct deferred turn_end;
    struct list_node dirty;   // have output that was not handed over
    struct list_node left;    // closed: their subscriptions go at the end of the turn
    struct list_node sending; // had something to send since the last look at the deadlines
    struct timer deadlines;
    struct list_node waiting; // the turn was full: they go on in the next one, in order
    struct timer resume;
    struct list_node leaving; // go to another loop at the end of the turn

    struct timer lame_duck;
    int64_t lame_duck_step_ms;
    bool is_closing;
};

struct nats_conn {
    struct nats_session session;
    struct nats_door *door;
    struct conn *conn;
    struct list_node node, dirty_node, left_node, sending_node, waiting_node, leaving_node;
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
    int64_t ping_left_ms;  // on its way to another door: of the timer
    unsigned access_count; // and of the door that let it in
};

// A new connection.
void nats_conn_accept(struct nats_door *door, struct conn *conn);
// Goes on in a later turn, behind those that wait already: with what it holds.
void nats_conn_queue_up(struct nats_conn *nc);
// Hands over all its output, however slowly it is taken.
void nats_conn_release(struct nats_conn *nc);
// Its output has to be taken until a time that is set already.
void nats_conn_watch(struct nats_conn *nc);
// Stops what would act on it later.
void nats_conn_stop(struct nats_conn *nc);

// To the door of its account, which it is not at; at the end of a turn.
void nats_conn_depart(struct nats_conn *nc);
// conn_ops' on_arrive.
void nats_conn_arrive(struct conn *conn);

// The parts of a door that its connections use.
void nats_conns_init(struct nats_door *door);
void nats_conns_deinit(struct nats_door *door);
// A connection is gone, or a tour is over: perhaps it was the last one. On the home's loop.
void nats_group_look(struct nats_group *group);
// The sum over all doors. OF: where it stands in struct nats_metrics.
int64_t nats_group_sum(const struct nats_group *group, size_t of);
