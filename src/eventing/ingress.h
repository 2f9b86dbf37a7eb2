// SPDX-License-Identifier: Apache-2.0
// The door where events come in over HTTP (CloudEvents HTTP binding, HTTP 1.1 Web Hooks): brokers, channels and
// KafkaSinks by path, and by the names that they have in a cluster. 202 after the event is durable.
#pragma once

#include "base/metric.h"
#include "eventing/inbox.h"
#include "http/request.h"
#include "io/net.h"

struct engine;
struct ingress;
struct loop;

struct ingress_options {
    struct http_limits limits; // the body's is that of an event
    const char *const *hosts;  // names that are allowed in Host besides loopback ones and those of a cluster
    size_t host_count;
    bool any_literal; // the listener is open to others (http/guard.h)
};

struct ingress_metrics {
    counter_t taken, refused, failed; // 202, 4xx, 5xx
};
extern const struct metric_row ingress_metric_rows[];
extern const size_t ingress_metric_row_count;

// On LOOP, before it runs or while it does; INBOXES belongs to it and outlives the door. ERR_BUSY, ERR_DENIED,
// ERR_INVALID with DIAG.
err_t ingress_open(struct loop *loop, struct engine *engine, const struct inboxes *inboxes,
                   const struct address *address, const struct ingress_options *options, struct ingress **ret_ingress,
                   diag_t *diag) MUST_CHECK;
uint16_t ingress_port(const struct ingress *ingress);
struct ingress_metrics *ingress_metrics(struct ingress *ingress);
// ON_CLOSED comes in a later turn; the door is gone then.
void ingress_close(struct ingress *ingress, void (*on_closed)(void *owner), void *owner);
