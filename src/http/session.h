// SPDX-License-Identifier: Apache-2.0
// One connection's conversation without its socket: bytes in, slices out. Requests are answered one after the other in
// the order they came; pipelined ones wait. Belongs to the connection's loop.
#pragma once

#include "base/buf.h"
#include "http/date.h"
#include "http/guard.h"
#include "http/route.h"
#include "http/wire.h"

struct tls_context;
struct tls_peer;

// What went wrong, for the site's own words.
struct http_error {
    int status;
    const char *message;                // a sentence for people that says what to do
    const struct http_request *request; // its path is null when the request was not understood
};
// Writes the body of an error answer and returns its content type (static text).
typedef const char *http_error_fn(const struct http_error *error, struct writer *body, void *owner);

struct http_exchange;

struct http_refusal {
    int status;          // 401, 403, ...
    const char *message; // static text
    const char *fields;  // further field lines, static text, each with its CRLF; or NULL
};
// Asked when the head of a request is there, before its body is read: who may not ask costs no memory. True: refused.
// The exchange is for looking at, it is not to be answered.
typedef bool http_admit_fn(const struct http_exchange *exchange, struct http_refusal *ret_refusal, void *owner);

// What a server serves, shared by its sessions.
struct http_site {
    const struct http_route *routes;
    size_t route_count;
    const struct http_prefix *prefixes; // for paths without a route of their own
    size_t prefix_count;
    void *owner; // of the handlers
    struct http_limits limits;
    struct http_guard guard;
    http_admit_fn *admit;       // NULL: whoever passes the guard may ask
    http_error_fn *write_error; // for every error, also those before a handler; NULL: http_error_plain
    size_t gzip_above;          // larger bodies go as gzip to clients that accept it, on the loop; 0: never
    struct tls_context *tls;    // NULL: plain HTTP. Its ALPN should be "http/1.1"
    struct http_date date;
};

// A request that waits for its answer. Valid until it is answered, also when the client has left.
struct http_exchange {
    const struct http_request *request;
    const char *peer;                // "127.0.0.1:5123"; empty once the client has left
    const struct tls_peer *tls_peer; // the client's verified certificate (io/tls.h); NULL: none, or the client has left
    bool gone;                       // the client has left; the answer will go nowhere
};

struct http_reply {
    int status;
    const char *content_type; // NULL: no content
    struct slice body;        // moved
    const char *fields;       // further field lines, each with its CRLF; or NULL
};
// Answers. The exchange must not be touched afterwards.
void http_reply(struct http_exchange *exchange, struct http_reply reply);
// Answers in the form of the site. The sentence says what to do.
void http_reply_error(struct http_exchange *exchange, int status, const char *message);
// One line of text for people; for clients that accept JSON, {"status", "error", "message"}.
http_error_fn http_error_plain;

// ---- answers whose body comes over time

// What a stream's handler is told, on its loop, never from within one of its own calls. OWNER is that of
// http_stream_begin.
struct http_stream_ops {
    // The client took what was waiting after the stream was full. May be NULL.
    void (*on_drain)(struct http_exchange *exchange, void *owner);
    // The server closes and waits for the stream: end it soon. NULL: it comes to its end by itself.
    void (*on_shut)(struct http_exchange *exchange, void *owner);
    // The client has left, or takes nothing any more. The stream is over and the exchange is not touched any more.
    void (*on_gone)(struct http_exchange *exchange, void *owner);
    // The body has an end: a client that ends its side of the connection (`... | nc`) may still read it. Else such a
    // client has left, as nothing else would tell a silent watch.
    bool is_finite;
};
// Begins the answer; HEAD's body is its first piece and may be empty. The body is sent in chunks, to HTTP/1.0 clients
// until the connection closes. The handler owes exactly one http_stream_end, unless on_gone comes first. A stream may
// be silent for as long as it likes; it is given up when the client takes nothing of what waits for it during the idle
// timeout. False: the client has left already, and the exchange is over.
bool http_stream_begin(struct http_exchange *exchange, struct http_reply head, const struct http_stream_ops *ops,
                       void *owner) MUST_CHECK;
// Sends a piece, which is moved; an empty one is dropped. All pieces of a turn leave in one write.
void http_stream_send(struct http_exchange *exchange, struct slice piece);
// More waits for the client than it should: the handler stops sending until on_drain.
bool http_stream_is_full(const struct http_exchange *exchange);
// The body is complete. The exchange must not be touched afterwards.
void http_stream_end(struct http_exchange *exchange);

// ---- the session

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
    // Too much of what was sent waits for the client; http_session_drained follows.
    bool (*is_full)(const struct http_session *session);
};

enum http_session_state {
    HTTP_SESSION_IDLE, // between requests
    HTTP_SESSION_HEAD,
    HTTP_SESSION_BODY,
    HTTP_SESSION_HANDLING,  // a handler has the exchange; no bytes are taken
    HTTP_SESSION_STREAMING, // the same, and the answer has begun
    HTTP_SESSION_ENDED,     // finish was called, or the client has left
};

struct http_session {
    const struct http_session_ops *ops;
    struct http_site *site;
    struct http_parser parser;
    struct http_exchange exchange;
    const char *peer;                // set by whoever owns the session; valid until http_session_gone
    const struct tls_peer *tls_peer; // the same
    http_handler_fn *handle;
    const struct http_stream_ops *stream; // while streaming
    void *stream_owner;
    enum http_session_state state;
    bool feeding;      // inside http_session_data
    bool reply_end;    // close after the answer of this request
    bool is_cut_short; // the answer came before the request was whole: the client may still be sending
    bool head_only;
    bool is_chunked; // the stream
    bool is_shut;    // the server closes
    bool is_ended;   // no more bytes come
    bool owes_word;  // of one of these to a stream that began later: when the timer fires
};

void http_session_init(struct http_session *session, struct http_site *site, const struct http_session_ops *ops);
// Takes bytes; returns how many. Fewer than given: it waits for an answer (resume follows) or has ended.
size_t http_session_data(struct http_session *session, bytes_t bytes);
// No more bytes come: ends now, unless a handler has the exchange; after its answer the pipelined rest comes first. A
// stream that is not finite is over, also one that begins later: who watches and ends its own side has left.
void http_session_input_ended(struct http_session *session);
// What was sent and waited is out again.
void http_session_drained(struct http_session *session);
void http_session_timeout(struct http_session *session);
// Stop of the server: ends now when idle, else after the answer under way.
void http_session_shut(struct http_session *session);
// Instead of a request: this answer, and the end. For a session that has not seen a byte.
void http_session_refuse(struct http_session *session, int status, const char *message, const char *fields);
// The connection is gone. True: the session is free to go; false: release comes once the handler answers.
bool http_session_gone(struct http_session *session);
void http_session_deinit(struct http_session *session);
