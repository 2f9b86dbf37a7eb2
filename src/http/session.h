// SPDX-License-Identifier: Apache-2.0
// One connection's conversation without its socket: bytes in, slices out. Requests are answered one after the other in
// the order they came; pipelined ones wait. Belongs to the connection's loop.
#pragma once

#include "base/buf.h"
#include "http/date.h"
#include "http/guard.h"
#include "http/route.h"
#include "http/wire.h"

// What a server serves, shared by its sessions.
struct http_site {
    const struct http_route *routes;
    size_t route_count;
    void *owner; // of the handlers
    struct http_limits limits;
    struct http_guard guard;
    struct http_date date;
};

// A request that waits for its answer. Valid until it is answered, also when the client has left.
struct http_exchange {
    const struct http_request *request;
    bool gone; // the client has left; the answer will go nowhere
};

struct http_reply {
    int status;
    const char *content_type; // NULL: no content
    struct slice body;        // moved
    const char *fields;       // further field lines, each with its CRLF; or NULL
};
// Answers. The exchange must not be touched afterwards.
void http_reply(struct http_exchange *exchange, struct http_reply reply);
// One line of text for people; for clients that accept JSON, {"status", "error", "message"}. The sentence says what to
// do.
void http_reply_error(struct http_exchange *exchange, int status, const char *message);

struct http_session;
struct http_session_ops {
    // Takes over the slice.
    void (*send)(struct http_session *session, struct slice slice);
    // Nothing more will be sent: close when everything is out.
    void (*finish)(struct http_session *session);
    // Call http_session_timeout after that time, unless another call comes first; negative: never.
    void (*timer)(struct http_session *session, int64_t delay_ms);
    // An answer that came later lets the session take bytes again.
    void (*resume)(struct http_session *session);
    // The client left before the answer came; it has come now, and the session is not needed any more.
    void (*release)(struct http_session *session);
};

enum http_session_state {
    HTTP_SESSION_IDLE, // between requests
    HTTP_SESSION_HEAD,
    HTTP_SESSION_BODY,
    HTTP_SESSION_HANDLING, // a handler has the exchange; no bytes are taken
    HTTP_SESSION_ENDED,    // finish was called
};

struct http_session {
    const struct http_session_ops *ops;
    struct http_site *site;
    struct http_parser parser;
    struct http_exchange exchange;
    const struct http_route *route;
    enum http_session_state state;
    bool feeding;   // inside http_session_data
    bool reply_end; // close after the answer of this request
    bool head_only;
};

void http_session_init(struct http_session *session, struct http_site *site, const struct http_session_ops *ops);
// Takes bytes; returns how many. Fewer than given: it waits for an answer (resume follows) or has ended.
size_t http_session_data(struct http_session *session, bytes_t bytes);
// No more bytes come: ends now, unless a handler has the exchange; after its answer the pipelined rest comes first.
void http_session_input_ended(struct http_session *session);
void http_session_timeout(struct http_session *session);
// Stop of the server: ends now when idle, else after the answer under way.
void http_session_shut(struct http_session *session);
// The connection is gone. True: the session is free to go; false: release comes once the handler answers.
bool http_session_gone(struct http_session *session);
void http_session_deinit(struct http_session *session);
