// SPDX-License-Identifier: Apache-2.0
// The monitoring port: pages of JSON about a door, as nats-server serves them (/varz, /connz and so on), over HTTP. On
// the door's loop, so that it reads without asking; what one request may cost is limited.
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

// A page without HTTP: writes it to OUT, compact, and returns 200; or 400, 404, 503 and a line of text. On the door's
// loop.
int nats_monitor_page(struct nats_door *door, const char *path, bytes_t query, struct writer *out);
// What prometheus-nats-exporter makes of /connz, but over all connections: one object of sums. On the door's loop.
void nats_monitor_connz_sums(struct nats_door *door, struct writer *out);
