// SPDX-License-Identifier: Apache-2.0
// The monitoring port: pages of JSON about a door, as nats-server serves them (/varz, /connz and so on), over HTTP. On
// the door's loop; what belongs to the others is looked at on those, one after the other. What one request may cost
// each of them is limited.
#pragma once

#include "base/err.h"
#include "base/writer.h"
#include "http/guard.h"

struct address;
struct nats_door;
struct nats_monitor;

struct nats_monitor_options {
    struct http_limits limits;
    struct http_guard guard; // its names outlive the monitor
    bool any_page;           // pages of other sites may read, as nats-server lets them
};

// One for a door, which may go first. ERR_BUSY, ERR_DENIED, ERR_INVALID with DIAG.
err_t nats_monitor_open(struct nats_door *door, const struct address *address,
                        const struct nats_monitor_options *options, struct nats_monitor **ret_monitor,
                        diag_t *diag) MUST_CHECK;
// The port that was picked when the address had port 0.
uint16_t nats_monitor_port(const struct nats_monitor *monitor);
// ON_CLOSED comes in a later turn; the monitor is gone then. On the door's loop.
void nats_monitor_close(struct nats_monitor *monitor, void (*on_closed)(void *owner), void *owner);
// The door goes: what is asked from now on is answered 503.
void nats_monitor_forget(struct nats_door *door);

// Stands for a path in nats_monitor_ask: what prometheus-nats-exporter makes of /connz, but over all connections.
#define NATS_CONNZ_SUMS "sums of connz"

// STATUS 200 and a page of compact JSON; or 400, 404, 503 and a line of text. Valid during the call.
typedef void nats_on_page_fn(void *owner, int status, bytes_t text);
// A page without HTTP. ON_PAGE comes once, where the door has one loop before this returns. On the door's loop.
void nats_monitor_ask(struct nats_door *door, const char *path, bytes_t query, nats_on_page_fn *on_page, void *owner);
