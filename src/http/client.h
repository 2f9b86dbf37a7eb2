// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client on one loop, for requests that leave in great numbers: connections to a server are kept and shared
// by what follows, bodies are sent from where they lie, and what one turn asks for leaves in one write for each
// connection. All calls and callbacks are on the client's loop. Redirects are not followed: a 3xx is a result.
#pragma once

#include "base/list.h"
#include "base/metric.h"
#include "http/response.h"
#include "http/url.h"
#include "io/loop.h"

struct http_client;
struct tls_context;

struct http_client_config {
    struct http_response_limits response;
    uint32_t connection_count;  // open to one server at the same time
    uint32_t waiting_count;     // calls that wait for one of them; the next ones fail with ERR_LIMIT
    int64_t connect_timeout_ms; // name, connection and TLS together
    int64_t idle_timeout_ms;    // a connection without a call is closed
    struct tls_context *tls;    // for https, counted; its ALPN should be "http/1.1". NULL: ERR_UNSUPPORTED
};
void http_client_config_default(struct http_client_config *ret_config);

struct http_client_metrics {
    counter_t calls_total;  // begun, also those that failed at once
    counter_t failed_total; // without a response
    counter_t repeated_total;
    counter_t connections_total;
    counter_t bytes_in, bytes_out;
    gauge_t connections;
};

// How a call ended; everything here is valid during on_done only.
struct http_result {
    // ERR_OK: there is a response, whatever its status. ERR_NOT_FOUND: the name has no address. ERR_REFUSED: nobody
    // listens there. ERR_TIMEOUT: the answer (or the connection) took too long. ERR_RESET: the connection was lost
    // before the answer was complete. ERR_DENIED: the certificate was not accepted, or the system forbids the
    // connection. ERR_UNSUPPORTED: no common TLS, no TLS here, or an answer in a protocol or coding not known here.
    // ERR_MALFORMED: the answer is not HTTP/1.1, or it is not safe to read. ERR_TOO_LARGE: its fields are. ERR_LIMIT:
    // too many calls wait for this server. ERR_INVALID: a field of the request. ERR_CANCELLED: the client closed.
    // ERR_IO: anything else.
    err_t err;
    const char *why;                      // a sentence for people; "" after ERR_OK
    const struct http_response *response; // NULL unless ERR_OK
};

// One request and its answer, embedded in its owner. What it points to stays until on_done or http_client_cancel.
struct http_call {
    const struct http_url *url;
    struct tls_context *tls; // instead of the client's, for a server with authorities of its own; NULL: the client's
    enum http_method method;
    // Host, User-Agent, Content-Length and Connection are the client's; they and Transfer-Encoding are ERR_INVALID
    // here.
    const struct http_header *headers;
    size_t header_count;
    const struct slice *body; // parts; referenced, never copied
    size_t body_count;
    int64_t timeout_ms; // for everything, from http_client_send to the last byte of the answer; > 0
    // Twice may be as good as once, though the method does not say so: events that are delivered at least once.
    bool is_repeatable;
    // Once, never before http_client_send returns. The call is the owner's again, and may be sent again.
    void (*on_done)(struct http_call *call, const struct http_result *result);
    // private
    struct http_client *client;
    struct list_node node;  // waits in its pool, or in the client's failed
    struct http_pool *pool; // NULL: it has failed
    struct http_link *link; // NULL: it waits
    struct timer timer;
    err_t failure;
    const char *complaint; // static text
    bool is_sent;          // begun and not done
    bool is_repeated;      // only a new connection will do
};

// Never fails; CONFIG is copied.
struct http_client *http_client_open(struct loop *loop, const struct http_client_config *config);
struct http_client_metrics *http_client_metrics(struct http_client *client);
// Calls that are under way get ERR_CANCELLED, in a later turn; ON_CLOSED comes behind the last of them, when all
// connections are closed. The client is gone then.
void http_client_close(struct http_client *client, void (*on_closed)(void *owner), void *owner);

// Begins. A call that meets the end of a kept connection, which the server closed at the same time, is sent once more
// on a new connection if no byte of an answer came and the method is idempotent (RFC 9110 9.2.2) or the call
// is_repeatable; for all others it cannot be known whether the server has acted (RFC 9112 9.3.1). Go's net/http repeats
// safe methods in this case, and others that carry an Idempotency-Key field, which is what is_repeatable is here.
void http_client_send(struct http_client *client, struct http_call *call);
// Ends it without on_done; its connection is closed if it was at work. Safe on a call that is done, or zeroed.
void http_client_cancel(struct http_call *call);
