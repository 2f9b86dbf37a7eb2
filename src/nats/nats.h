// SPDX-License-Identifier: Apache-2.0
// The NATS door: a listener on each loop that serves NATS' client protocol, and the accounts, each with its
// subscriptions on one of the loops. The door as a whole belongs to the last one.
#pragma once

#include "base/err.h"
#include "base/metric.h"
#include "base/option.h"

struct address;
struct loop;
struct nats_access;
struct nats_door;

// The NATS server whose behaviour this is, which clients compare versions with; EDDY_VERSION stands beside it in INFO.
#define NATS_VERSION "2.15.1"

// Accounts that are always there: of everybody without another one, and of the system.
#define NATS_ACCOUNT_GLOBAL "$G"
#define NATS_ACCOUNT_SYSTEM "$SYS"

// Filled from nats_option_rows; sizes are bytes.
struct nats_options {
    const char *auth_file; // nats_access_load; NULL: everybody may come in
    const char *advertise; // "host:port" that clients are told; NULL: the listening name and port
    const char *server_name;
    int64_t max_payload, max_control_line, max_pending;
    int64_t max_connections;
    int64_t max_subscriptions;  // of one connection; 0: no limit
    int64_t max_subject_tokens; // of what is subscribed to; 0: no limit
    int64_t max_closed_clients; // that /connz remembers
    int64_t ping_interval_ms, ping_max;
    int64_t write_deadline_ms;
    bool producer_stall;
    int64_t lame_duck_duration_ms, lame_duck_grace_ms;
    // Of nats-server's configuration only, without rows:
    int64_t trace_size; // bytes of a payload that the log shows at the level "trace"; 0: all
    bool trace_headers; // and the headers before it
    bool no_headers;    // nobody may send or gets any (no_header_support)
};

// Rows for the program's option table; their places are in struct nats_options.
extern const struct option_row nats_option_rows[];
extern const size_t nats_option_row_count;

// What a row cannot say: max_payload fits into max_pending, --nats-advertise is an address.
err_t nats_options_check(const struct nats_options *options, diag_t *diag) MUST_CHECK;

// What is counted on one loop; /varz has the sums of all but the last, and so have its metrics (observe/nats.h).
struct nats_metrics {
    gauge_t in_msgs, in_bytes, out_msgs, out_bytes;
    gauge_t subscriptions;
    gauge_t slow_consumers, stale_connections, stalled_clients;
    counter_t bad_requests; // connections closed for what they sent
};
extern const struct metric_row nats_metric_rows[];
extern const size_t nats_metric_row_count;

// Listens on COUNT loops, before they run. The texts of OPTIONS, the loops and ACCESS (nats/access.h; NULL: everybody
// may come in) outlive the door. ERR_BUSY, ERR_DENIED, ERR_INVALID with DIAG.
err_t nats_door_open(struct loop *const *loops, size_t count, const struct address *address,
                     const struct nats_options *options, const struct nats_access *access, struct nats_door **ret_door,
                     diag_t *diag) MUST_CHECK;
// Other users, other certificates. Who may not come in any more is told so and closed; the others have the permissions
// of the new ones. ON_TAKEN comes in a later turn: nothing of the old ACCESS is used
// any more. Not NULL, and not before the last one was taken. On the door's loop.
void nats_door_access_set(struct nats_door *door, const struct nats_access *access, void (*on_taken)(void *owner),
                          void *owner);
// The port that was picked when the address had port 0.
uint16_t nats_door_port(const struct nats_door *door);
// What is counted on the loop at INDEX.
struct nats_metrics *nats_door_metrics(struct nats_door *door, size_t index);
// `server_id="N..."`, the labels of the metrics; valid while the door is.
const char *nats_door_labels(const struct nats_door *door);
// New limits and times, for those who are there, too. The name and the advertised address stay. On the door's loop.
void nats_door_update(struct nats_door *door, const struct nats_options *options);
// Stops accepting, tells the clients (INFO with ldm), and after the grace period closes them one by one, spread over
// the rest of the duration. ON_EMPTY comes once, in a later turn, when no connection is left; the door stays, to be
// closed. On the door's loop.
void nats_door_lame_duck(struct nats_door *door, void (*on_empty)(void *owner), void *owner);
// Stops listening and closes all connections; ON_CLOSED comes in a later turn, and the door is gone then. On the door's
// loop.
void nats_door_close(struct nats_door *door, void (*on_closed)(void *owner), void *owner);
