// SPDX-License-Identifier: Apache-2.0
// One client's protocol state, without I/O: bytes go in, what it is to be sent is put into its output, and messages
// that it publishes into the outputs of others. One owner, one loop.
#pragma once

#include "auth/principal.h"
#include "base/map.h"
#include "base/writer.h"
#include "nats/account.h"
#include "nats/admission.h"
#include "nats/connect.h"
#include "nats/errors.h"
#include "nats/nats.h"
#include "nats/out.h"
#include "nats/parser.h"

enum {
    // Bytes of output that one turn may make; what is not published by then waits for the next turn, so that fast
    // publishers and many subscribers cannot fill the memory before anything is written.
    NATS_TURN_SIZE_MAX = 8 << 20,
    NATS_PROTOCOL_MAX = 1, // of the "protocol" in CONNECT
};

struct login;
struct nats_access;
struct responses;
struct tls_peer;
struct verifier;

// What the sessions of one door share.
struct nats_site {
    const struct nats_options *options;
    struct nats_metrics *metrics;
    struct nats_accounts *accounts;
    const struct nats_access *access;
    struct verifier *verifier; // of hashed passwords; NULL where there are none
    int64_t now_ms;            // kept by whoever feeds the sessions
    struct nats_chunks chunks;
    char server_id[64];
    const char *server_name, *host; // as INFO says them
    uint16_t port;
    bool is_lame_duck;
};

struct nats_session_ops {
    // The session is closed: send what is there, then close the connection; at once if ERROR is a slow consumer's.
    void (*on_fail)(struct nats_session *session, enum nats_error error);
    // CONNECT came, again perhaps, and let the client in.
    void (*on_connect)(struct nats_session *session);
    // The wait for a login is over (nats_session_must_wait): show it the bytes that were left, where it is home if it
    // is leaving. In a turn of its own.
    void (*on_resume)(struct nats_session *session);
};

struct nats_session {
    struct nats_out out;
    bool is_closed; // takes and is given nothing more
    bool headers;   // may be given HMSG
    bool echo, verbose, pedantic, no_responders;
    // Bits, because what is asked for each command is asked in pairs.
    bool is_expected : 1; // CONNECT has to come first, or has to be let in
    bool is_abroad : 1;   // its account lives on another loop: nothing but CONNECT is done here
    bool is_leaving : 1;  // for that loop
    bool is_stalled : 1;  // published to a client that does not keep up: wait a little before going on
    bool is_watched;      // nats_admission_may_get is asked for each message
    bool is_connected;    // CONNECT came
    bool is_ponged;       // the first PING after that was answered
    bool may_not_stall;   // it has waited for these bytes already
    uint8_t protocol;
    enum nats_error refusal; // of the CONNECT whose login is under way; NATS_ERROR_COUNT: none
    struct nats_account *account;
    const struct principal *principal; // NULL: not let in
    struct login *login;               // under way; NULL: none
    char *shown;                       // what it is tried with
    struct responses *responses;       // NULL: answers are not allowed besides
    const struct tls_peer *certificate;
    char nonce[NATS_NONCE_SIZE + 1]; // that an nkey has to sign; "": there are none
    struct nats_site *site;
    const struct nats_session_ops *ops;
    struct map subscriptions; // struct nats_subscription by id
    struct nats_parse_limits limits;
    uint64_t id;
    bytes_t peer_ip;             // the owner's
    const char *peer;            // "127.0.0.1:5123", for the log; the owner's, may be NULL
    unsigned pings_out;          // not answered
    struct nats_counts counts;   // its own share of the account's
    uint64_t stalls, changes;    // how often it was stalled; SUB and UNSUB
    char *name, *lang, *version; // as CONNECT said them; NULL: it did not
};

void nats_session_init(struct nats_session *session, struct nats_site *site, const struct nats_session_ops *ops,
                       const struct nats_out_ops *out_ops, uint64_t id, bytes_t peer_ip);
// The subscriptions must be gone.
void nats_session_deinit(struct nats_session *session);
// Gives up all subscriptions. Not while a message is delivered.
void nats_session_leave(struct nats_session *session);

// It is on the loop of its account now, with that door's SITE. PRINCIPAL, if it has one, is of that site's access;
// NULL: it is about to be closed.
void nats_session_arrive(struct nats_session *session, struct nats_site *site);
// Takes the limits from the options of the site, which changed.
void nats_session_limit(struct nats_session *session);
// The first line a client is sent.
void nats_session_greet(struct nats_session *session);
// INFO once more: for a client that understands it.
void nats_session_inform(struct nats_session *session, const struct nats_account *account);
// Takes commands from the start of INPUT and returns how many bytes they were. Stops at the first that is not whole
// (then *RET_WANTED bytes are needed to go on, or one more), when the session is closed, and when it has to wait
// (nats_session_must_wait), or to leave for another loop (`is_leaving`). BUF: what INPUT is in, if large messages may
// be shared from it; else NULL.
size_t nats_session_data(struct nats_session *session, bytes_t input, struct buf *buf, size_t *ret_wanted);
bool nats_session_must_wait(const struct nats_session *session);
// The turn has made as much output as one may.
bool nats_site_is_full(const struct nats_site *site);
// What CONNECT says about how to speak with the client.
void nats_session_options(struct nats_session *session, const struct nats_connect *connect);
// +OK, to those who want it.
void nats_session_ok(struct nats_session *session);
// Asks for a sign of life.
void nats_session_ping(struct nats_session *session);
// Its permissions changed: gives up the subscriptions that it may not have any more, and tells it which.
void nats_session_recheck(struct nats_session *session);
// Tells the client, if it is to be told, and closes, if that is what the error means.
void nats_session_fail(struct nats_session *session, enum nats_error error);
