// SPDX-License-Identifier: Apache-2.0
// What is known of a connection and of its subscriptions, for who asks; and the connections that were closed, the
// newest only. Belongs to the door's loop.
#pragma once

#include "base/writer.h"
#include "nats/account.h"

struct nats_conn;

// Of one connection, open or closed. The texts are the connection's, or the ring's; NULL: CONNECT did not say.
struct nats_conn_facts {
    uint64_t id;
    int64_t start_ms, last_ms, stop_ms; // Unix
    int64_t round_trip_ns;              // 0: not measured
    uint64_t pending, stalls, subscriptions;
    struct nats_counts counts;
    const char *reason; // of its end; NULL: it is open
    const char *peer, *name, *lang, *version;
    const char *tls_version, *tls_cipher; // NULL: plain text
    bytes_t account, user;                // empty: it was not let in; user: also where nobody has to say who they are
};

struct nats_sub_facts {
    bytes_t subject, queue, id; // queue: BYTES_NULL for none
    uint64_t delivered, max, conn_id;
    bytes_t account;
};

void nats_conn_facts_of(struct nats_conn *conn, struct nats_conn_facts *ret_facts);
// SUBJECT is reset, and holds the subject that the facts are a view of.
void nats_sub_facts_of(const struct nats_subscription *subscription, struct writer *subject,
                       struct nats_sub_facts *ret_facts);

// "[::1]:5123" is ::1 and 5123.
bytes_t nats_peer_ip(const char *peer);
uint16_t nats_peer_port(const char *peer);

struct nats_closed {
    struct nats_conn_facts facts;
    struct nats_sub_facts *subs; // the first ones only: one client must not fill the memory when it is gone
    size_t sub_count;
    struct writer text; // of all of them
};

struct nats_closed_ring {
    struct nats_closed **items;
    size_t max, count, capacity;
    size_t next; // where the next one goes once there are MAX
};

// REASON is static.
void nats_closed_add(struct nats_closed_ring *ring, struct nats_conn *conn, const char *reason);
// The one that was closed first has INDEX 0.
const struct nats_closed *nats_closed_at(const struct nats_closed_ring *ring, size_t index);
void nats_closed_free(struct nats_closed_ring *ring);
