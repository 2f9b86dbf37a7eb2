// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include "base/assert.h"
#include "http/answer.h"

#include <stdio.h>

enum { JOINED_SIZE_MAX = 4096 }; // bodies and pieces up to this size leave in one buffer with what frames them

static struct http_session *session_of(struct http_exchange *exchange)
{
    return CONTAINER_OF(exchange, struct http_session, exchange);
}

// ---- answers

static void send_reply(struct http_session *s, struct http_reply *reply)
{
    bool has_content = http_status_has_content(reply->status);
    ASSERT(has_content || reply->body.bytes.size == 0);
    struct http_head head = {
        .reply = reply,
        .framing = has_content ? HTTP_FRAMING_LENGTH : HTTP_FRAMING_NONE,
        .minor = s->parser.request.minor,
        .ends = s->reply_end,
    };
    http_answer_compress(s->site, &s->parser.request, reply, &head);
    struct writer w = WRITER_INIT;
    http_answer_head(s->site, &head, &w);
    bool joined = reply->body.bytes.size <= JOINED_SIZE_MAX;
    bool sends_body = !s->head_only && reply->body.bytes.size > 0;
    if (sends_body && joined)
        writer_bytes(&w, reply->body.bytes);
    s->ops->send(s, writer_finish(&w));
    if (sends_body && !joined)
        s->ops->send(s, reply->body);
    else
        slice_free(&reply->body);
}

static void end(struct http_session *s)
{
    s->state = HTTP_SESSION_ENDED;
    s->ops->timer(s, -1);
    s->ops->finish(s);
}

// After an answer: the next request, or the end.
static void proceed(struct http_session *s)
{
    if (s->reply_end) {
        end(s);
        return;
    }
    http_parser_next(&s->parser);
    s->state = HTTP_SESSION_IDLE;
    s->ops->timer(s, s->site->limits.idle_timeout_ms);
    if (!s->feeding)
        s->ops->resume(s);
}

void http_reply(struct http_exchange *exchange, struct http_reply reply)
{
    struct http_session *s = session_of(exchange);
    ASSERT(s->state == HTTP_SESSION_HANDLING);
    if (exchange->gone) {
        slice_free(&reply.body);
        s->ops->release(s);
        return;
    }
    send_reply(s, &reply);
    proceed(s);
}

static struct http_reply error_reply(const struct http_session *s, int status, const char *message, const char *fields)
{
    const struct http_error error = { .status = status, .message = message, .request = &s->parser.request };
    return http_answer_error(s->site, &error, fields);
}

void http_reply_error(struct http_exchange *exchange, int status, const char *message)
{
    http_reply(exchange, error_reply(session_of(exchange), status, message, NULL));
}

// An answer that comes from the session itself. The parser's views may be incomplete after HTTP_PARSE_BAD, its fields
// are not.
static void refuse(struct http_session *s, int status, const char *message, const char *fields)
{
    s->state = HTTP_SESSION_HANDLING;
    struct http_reply reply = error_reply(s, status, message, fields);
    send_reply(s, &reply);
    proceed(s);
}

// ---- streams

// Appends the piece, with what frames it, to what is in W and sends all of it. Pieces that are worth it are not copied:
// many streams may send the same one.
static void send_piece(struct http_session *s, struct writer *w, struct slice *piece)
{
    bool sends = piece->bytes.size > 0 && !s->head_only;
    bool joined = piece->bytes.size <= JOINED_SIZE_MAX;
    if (sends && s->is_chunked)
        http_chunk_begin(piece->bytes.size, w);
    if (sends && joined)
        writer_bytes(w, piece->bytes);
    if (sends && joined && s->is_chunked)
        writer_text(w, "\r\n");
    s->ops->send(s, writer_finish(w));
    if (!sends || joined) {
        slice_free(piece);
        return;
    }
    s->ops->send(s, *piece);
    if (s->is_chunked)
        s->ops->send(s, (struct slice){ NULL, BYTES_LITERAL("\r\n") });
}

bool http_stream_begin(struct http_exchange *exchange, struct http_reply head, const struct http_stream_ops *ops,
                       void *owner)
{
    struct http_session *s = session_of(exchange);
    ASSERT(s->state == HTTP_SESSION_HANDLING);
    ASSERT(http_status_has_content(head.status));
    if (exchange->gone) {
        slice_free(&head.body);
        s->ops->release(s);
        return false;
    }
    s->state = HTTP_SESSION_STREAMING;
    s->stream = ops;
    s->stream_owner = owner;
    s->is_chunked = s->parser.request.minor > 0;
    s->reply_end = s->reply_end || !s->is_chunked;
    const struct http_head framed = {
        .reply = &head,
        .framing = s->is_chunked ? HTTP_FRAMING_CHUNKED : HTTP_FRAMING_CLOSE,
        .minor = s->parser.request.minor,
        .ends = s->reply_end,
    };
    struct writer w = WRITER_INIT;
    http_answer_head(s->site, &framed, &w);
    send_piece(s, &w, &head.body);
    s->owes_word = s->is_shut || (s->is_ended && !ops->is_finite);
    if (s->owes_word)
        s->ops->timer(s, 0); // the handler is not called from here
    return true;
}

void http_stream_send(struct http_exchange *exchange, struct slice piece)
{
    struct http_session *s = session_of(exchange);
    ASSERT(s->state == HTTP_SESSION_STREAMING);
    struct writer w = WRITER_INIT;
    if (piece.bytes.size > 0 && !s->head_only)
        send_piece(s, &w, &piece);
    else
        slice_free(&piece);
}

bool http_stream_is_full(const struct http_exchange *exchange)
{
    const struct http_session *s = CONTAINER_OF_CONST(exchange, struct http_session, exchange);
    ASSERT(s->state == HTTP_SESSION_STREAMING);
    return s->ops->is_full(s);
}

void http_stream_end(struct http_exchange *exchange)
{
    struct http_session *s = session_of(exchange);
    ASSERT(s->state == HTTP_SESSION_STREAMING);
    if (s->is_chunked && !s->head_only)
        s->ops->send(s, (struct slice){ NULL, BYTES_LITERAL("0\r\n\r\n") });
    proceed(s);
}

// The handler forgets the exchange here.
static void lose_stream(struct http_session *s)
{
    s->state = HTTP_SESSION_ENDED;
    s->exchange.gone = true;
    s->stream->on_gone(&s->exchange, s->stream_owner);
}

static void shut_stream(struct http_session *s)
{
    if (s->stream->on_shut != NULL)
        s->stream->on_shut(&s->exchange, s->stream_owner);
}

void http_session_drained(struct http_session *s)
{
    if (s->state == HTTP_SESSION_STREAMING && s->stream->on_drain != NULL)
        s->stream->on_drain(&s->exchange, s->stream_owner);
}

// ---- requests

static bool has_body(const struct http_request *request)
{
    return request->chunked || request->content_length > 0;
}

static bool is_plain(bytes_t content_encoding)
{
    return content_encoding.size == 0 || http_text_equal(content_encoding, "identity");
}

// OPTIONS on a path, or on the server as a whole, is answered from the table.
static void answer_options(struct http_session *s, unsigned allowed)
{
    char allow[80], fields[100];
    http_route_allow(allowed, allow, sizeof allow);
    snprintf(fields, sizeof fields, "Allow: %s\r\n", allow);
    s->state = HTTP_SESSION_HANDLING;
    struct http_reply reply = { .status = 204, .fields = fields };
    send_reply(s, &reply);
    proceed(s);
}

static void refuse_method(struct http_session *s, unsigned allowed)
{
    char allow[80], fields[100];
    http_route_allow(allowed, allow, sizeof allow);
    snprintf(fields, sizeof fields, "Allow: %s\r\n", allow);
    refuse(s, 405, "This path has other methods; the Allow field names them.", fields);
}

// What the header section already decides. True: the request goes on to its body and its handler.
static bool admit(struct http_session *s)
{
    const struct http_request *r = &s->parser.request;
    const struct http_site *site = s->site;
    unsigned allowed = 0;
    struct http_refusal refusal = { 0 };
    s->exchange = (struct http_exchange){ .request = r, .peer = s->peer, .tls_peer = s->tls_peer };
    s->head_only = r->method == HTTP_HEAD;
    // A body that nobody wants is not read: the connection ends after the answer.
    s->is_cut_short = has_body(r);
    s->reply_end = s->reply_end || !r->keep_alive || has_body(r);
    const struct http_route *route = http_route_find(site->routes, site->route_count, r->method, r->path, &allowed);
    const struct http_prefix *prefix =
        allowed != 0 ? NULL : http_prefix_find(site->prefixes, site->prefix_count, r->path);
    s->handle = route != NULL ? route->handle : prefix != NULL ? prefix->handle : NULL;
    if (!http_guard_host(&site->guard, r->authority))
        refuse(s, 421,
               "This door does not answer to that host name. Use localhost, or add the name to the option that "
               "lists the door's hosts.",
               NULL);
    else if (!http_guard_origin(r))
        refuse(s, 403, "Pages of other sites may not change anything here.", NULL);
    else if (r->expect_unknown)
        refuse(s, 417, "The only expectation known here is 100-continue.", NULL);
    else if (r->method == HTTP_OPTIONS && bytes_is(r->path, "*"))
        answer_options(s, 1U << HTTP_GET | 1U << HTTP_HEAD | 1U << HTTP_POST | 1U << HTTP_OPTIONS);
    else if (has_body(r) && !is_plain(http_header_find(r, "Content-Encoding")))
        refuse(s, 415, "Bodies are not taken compressed: send this one without Content-Encoding.",
               "Accept-Encoding: identity\r\n");
    else if (site->admit != NULL && site->admit(&s->exchange, &refusal, site->owner))
        refuse(s, refusal.status, refusal.message, refusal.fields);
    else if (s->handle != NULL)
        return true;
    else if (allowed == 0)
        refuse(s, 404, "Nothing lives at this path. / lists what does.", NULL);
    else if (r->method == HTTP_OPTIONS)
        answer_options(s, allowed);
    else
        refuse_method(s, allowed);
    return false;
}

static void on_head(struct http_session *s)
{
    const struct http_request *r = &s->parser.request;
    bool ending = s->reply_end;
    if (!admit(s))
        return;
    s->reply_end = ending || !r->keep_alive;
    s->is_cut_short = false;
    if (!has_body(r))
        return; // HTTP_PARSE_DONE follows at once
    if (r->expect_continue)
        s->ops->send(s, (struct slice){ NULL, BYTES_LITERAL("HTTP/1.1 100 Continue\r\n\r\n") });
    s->state = HTTP_SESSION_BODY;
    s->ops->timer(s, s->site->limits.body_timeout_ms);
}

static void on_request(struct http_session *s)
{
    s->state = HTTP_SESSION_HANDLING;
    s->ops->timer(s, -1);
    s->handle(&s->exchange, s->site->owner);
}

static void on_bad(struct http_session *s)
{
    // The fields of a broken head may be half set: only what stands by itself is used for the answer.
    if (s->state != HTTP_SESSION_BODY) {
        s->parser.request = (struct http_request){ .minor = 1 };
        s->head_only = false;
    }
    s->reply_end = s->is_cut_short = true;
    refuse(s, s->parser.status, s->parser.complaint, NULL);
}

static bool takes_bytes(const struct http_session *s)
{
    return s->state == HTTP_SESSION_IDLE || s->state == HTTP_SESSION_HEAD || s->state == HTTP_SESSION_BODY;
}

static void step(struct http_session *s, enum http_parse result)
{
    switch (result) {
    case HTTP_PARSE_MORE:
        if (s->state == HTTP_SESSION_IDLE && !http_parser_is_idle(&s->parser)) {
            s->state = HTTP_SESSION_HEAD;
            s->ops->timer(s, s->site->limits.header_timeout_ms);
        }
        break;
    case HTTP_PARSE_HEAD:
        on_head(s);
        break;
    case HTTP_PARSE_DONE:
        on_request(s);
        break;
    case HTTP_PARSE_BAD:
        on_bad(s);
        break;
    }
}

size_t http_session_data(struct http_session *s, bytes_t bytes)
{
    ASSERT(!s->feeding);
    s->feeding = true;
    size_t at = 0;
    enum http_parse result = HTTP_PARSE_MORE;
    // After HTTP_PARSE_HEAD the parser is asked once more even without bytes: the request may have no body.
    while (takes_bytes(s) && (at < bytes.size || result == HTTP_PARSE_HEAD)) {
        size_t used = 0;
        result = http_parser_feed(&s->parser, bytes_of(bytes.data + at, bytes.size - at), &used);
        at += used;
        step(s, result);
    }
    s->feeding = false;
    return at;
}

// A request that is not whole will never be.
void http_session_input_ended(struct http_session *s)
{
    s->is_ended = true;
    if (takes_bytes(s)) {
        end(s);
    } else if (s->state == HTTP_SESSION_STREAMING && !s->stream->is_finite) {
        end(s);
        lose_stream(s);
    }
}

void http_session_timeout(struct http_session *s)
{
    if (s->state == HTTP_SESSION_IDLE) {
        end(s);
    } else if (s->state == HTTP_SESSION_HEAD || s->state == HTTP_SESSION_BODY) {
        s->parser.status = 408;
        s->parser.complaint = "The request did not arrive in time.";
        on_bad(s);
    } else if (s->state == HTTP_SESSION_STREAMING && s->owes_word) {
        s->owes_word = false;
        if (s->is_ended && !s->stream->is_finite)
            http_session_input_ended(s);
        else
            shut_stream(s);
    }
}

void http_session_shut(struct http_session *s)
{
    s->reply_end = true;
    s->is_shut = true;
    if (s->state == HTTP_SESSION_IDLE || s->state == HTTP_SESSION_HEAD)
        end(s);
    else if (s->state == HTTP_SESSION_STREAMING)
        shut_stream(s);
}

void http_session_refuse(struct http_session *s, int status, const char *message, const char *fields)
{
    ASSERT(s->state == HTTP_SESSION_IDLE);
    s->parser.request = (struct http_request){ .minor = 1 };
    s->reply_end = true;
    refuse(s, status, message, fields);
}

bool http_session_gone(struct http_session *s)
{
    s->exchange.gone = true;
    s->exchange.peer = "";
    s->exchange.tls_peer = NULL;
    if (s->state == HTTP_SESSION_STREAMING)
        lose_stream(s);
    return s->state != HTTP_SESSION_HANDLING;
}

void http_session_init(struct http_session *session, struct http_site *site, const struct http_session_ops *ops)
{
    *session = (struct http_session){ .ops = ops, .site = site, .peer = "" };
    http_parser_init(&session->parser, &site->limits);
    session->parser.is_secure = site->tls != NULL;
    ops->timer(session, site->limits.header_timeout_ms);
}

void http_session_deinit(struct http_session *session)
{
    http_parser_deinit(&session->parser);
}
