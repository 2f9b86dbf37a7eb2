// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include "base/assert.h"
#include "base/json_write.h"
#include "http/status.h"
#include "io/clock.h"

#include <stdio.h>

enum { JOINED_SIZE_MAX = 4096 }; // bodies up to this size leave in one buffer with their head

// ---- answers

static void write_head(struct http_session *s, const struct http_reply *reply, bool has_content, struct writer *w)
{
    writer_format(w, "HTTP/1.1 %d %s\r\nDate: %s\r\n", reply->status, http_status_text(reply->status),
                  http_date_at(&s->site->date, clock_wall_ms()));
    if (has_content && reply->content_type != NULL)
        writer_format(w, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", reply->content_type);
    if (has_content)
        writer_format(w, "Content-Length: %zu\r\n", reply->body.bytes.size);
    if (reply->fields != NULL)
        writer_text(w, reply->fields);
    if (s->reply_end)
        writer_text(w, "Connection: close\r\n");
    else if (s->parser.request.minor == 0)
        writer_text(w, "Connection: keep-alive\r\n");
    writer_text(w, "\r\n");
}

static void send_reply(struct http_session *s, struct http_reply *reply)
{
    bool has_content = reply->status >= 200 && reply->status != 204 && reply->status != 304;
    ASSERT(has_content || reply->body.bytes.size == 0);
    struct writer w = WRITER_INIT;
    write_head(s, reply, has_content, &w);
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
    struct http_session *s = CONTAINER_OF(exchange, struct http_session, exchange);
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
    struct writer w = WRITER_INIT;
    bool json = http_list_has(http_header_find(&s->parser.request, "Accept"), "application/json");
    if (json) {
        struct json_writer j = json_writer_of(&w);
        json_object_begin(&j);
        json_field_int(&j, "status", status);
        json_field_text(&j, "error", http_status_text(status));
        json_field_text(&j, "message", message);
        json_object_end(&j);
        writer_text(&w, "\n");
    } else {
        writer_format(&w, "%d %s: %s\n", status, http_status_text(status), message);
    }
    return (struct http_reply){
        .status = status,
        .content_type = json ? "application/json" : "text/plain; charset=utf-8",
        .body = writer_finish(&w),
        .fields = fields,
    };
}

void http_reply_error(struct http_exchange *exchange, int status, const char *message)
{
    struct http_session *s = CONTAINER_OF(exchange, struct http_session, exchange);
    http_reply(exchange, error_reply(s, status, message, NULL));
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

// ---- requests

static bool has_body(const struct http_request *request)
{
    return request->chunked || request->content_length > 0;
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
    s->head_only = r->method == HTTP_HEAD;
    // A body that nobody wants is not read: the connection ends after the answer.
    s->reply_end = s->reply_end || !r->keep_alive || has_body(r);
    s->route = http_route_find(site->routes, site->route_count, r->method, r->path, &allowed);
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
    else if (allowed == 0)
        refuse(s, 404, "Nothing lives at this path. / lists what does.", NULL);
    else if (s->route == NULL && r->method == HTTP_OPTIONS)
        answer_options(s, allowed);
    else if (s->route == NULL)
        refuse_method(s, allowed);
    else
        return true;
    return false;
}

static void on_head(struct http_session *s)
{
    const struct http_request *r = &s->parser.request;
    bool ending = s->reply_end;
    if (!admit(s))
        return;
    s->reply_end = ending || !r->keep_alive;
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
    s->exchange = (struct http_exchange){ .request = &s->parser.request };
    s->route->handle(&s->exchange, s->site->owner);
}

static void on_bad(struct http_session *s)
{
    // The fields of a broken head may be half set: only what stands by itself is used for the answer.
    s->parser.request = (struct http_request){ .minor = 1 };
    s->head_only = false;
    s->reply_end = true;
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
    if (takes_bytes(s))
        end(s);
}

void http_session_timeout(struct http_session *s)
{
    if (s->state == HTTP_SESSION_IDLE) {
        end(s);
    } else if (s->state == HTTP_SESSION_HEAD || s->state == HTTP_SESSION_BODY) {
        s->parser.status = 408;
        s->parser.complaint = "The request did not arrive in time.";
        on_bad(s);
    }
}

void http_session_shut(struct http_session *s)
{
    s->reply_end = true;
    if (s->state == HTTP_SESSION_IDLE || s->state == HTTP_SESSION_HEAD)
        end(s);
}

bool http_session_gone(struct http_session *s)
{
    s->exchange.gone = true;
    return s->state != HTTP_SESSION_HANDLING;
}

void http_session_init(struct http_session *session, struct http_site *site, const struct http_session_ops *ops)
{
    *session = (struct http_session){ .ops = ops, .site = site };
    http_parser_init(&session->parser, &site->limits);
    ops->timer(session, site->limits.header_timeout_ms);
}

void http_session_deinit(struct http_session *session)
{
    http_parser_deinit(&session->parser);
}
