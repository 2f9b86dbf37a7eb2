// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server on one loop: a listener and its connections. All calls are on that loop.
#pragma once

#include "base/metric.h"
#include "http/session.h"
#include "io/net.h"

struct http_server;

struct http_server_metrics {
    counter_t connections_total, connections_refused, bytes_in, bytes_out;
    counter_t handshakes_failed; // TLS, plain HTTP where TLS is spoken among them
    gauge_t connections;
};

// The routes, the prefixes, their owner and the texts of the guard outlive the server; the limits are copied and may be
// changed with http_server_limits_set. A TLS context is counted. ERR_BUSY, ERR_DENIED, ERR_INVALID with DIAG.
err_t http_server_open(struct loop *loop, const struct address *address, const struct http_site *site,
                       struct http_server **ret_server, diag_t *diag) MUST_CHECK;
uint16_t http_server_port(const struct http_server *server);
struct http_server_metrics *http_server_metrics(struct http_server *server);
// For what starts from now on.
void http_server_limits_set(struct http_server *server, const struct http_limits *limits);
// For connections from now on, after certificates changed. The server was opened with a context.
void http_server_tls_set(struct http_server *server, struct tls_context *tls);
// Stops listening; idle connections close, the others after the answer under way. ON_CLOSED comes in a later turn; the
// server is gone then.
void http_server_close(struct http_server *server, void (*on_closed)(void *owner), void *owner);
