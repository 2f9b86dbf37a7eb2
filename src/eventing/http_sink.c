// SPDX-License-Identifier: Apache-2.0
#include "eventing/http_sink.h"

#include "base/assert.h"
#include "base/mem.h"
#include "cloudevents/http_binding.h"
#include "eventing/trust.h"
#include "http/client.h"
#include "http/date.h"
#include "io/clock.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(LUGGAGE_MAX + 2 <= CLOUDEVENT_FIELDS_SPARE, "luggage, Prefer and Kn-Namespace");

enum { CONTENT_MAX = 16 << 20 }; // of an event in structured mode: as large as an event can come in

struct http_sink {
    struct sink sink;
    struct http_client *client;
    struct http_url url;
    char *uri;
    enum cloudevent_mode mode;
    struct trust *trust; // NULL: http
};

struct http_handover {
    struct http_call call;
    struct http_sink *sink;
    struct handover *handover;
    struct arena arena;
    struct writer room; // of structured mode
    struct slice body;
    struct cloudevent reply;
};

static void call_free(struct http_handover *this)
{
    slice_free(&this->body);
    writer_free(&this->room);
    arena_free(&this->arena);
    sink_unref(&this->sink->sink);
    free(this);
}

// --- the answer

// Seconds, or a date (RFC 9110 10.2.3); -1: neither.
static int64_t retry_after_ms(bytes_t text)
{
    int64_t seconds, at_ms;
    if (text.data == NULL)
        return -1;
    if (bytes_to_int64(text, &seconds))
        return seconds < 0 || seconds > INT64_MAX / 1000 ? -1 : seconds * 1000;
    if (http_date_parse(text, &at_ms) != ERR_OK)
        return -1;
    int64_t left = at_ms - clock_wall_ms();
    return left < 0 ? 0 : left;
}

// An answer with a body is an event, or it is nothing that can be answered with. That of a 202 is no answer (HTTP
// binding 1.0.2 2: the request was only accepted).
static void reply_read(struct http_handover *this, const struct http_response *response)
{
    struct handover *handover = this->handover;
    if (response->status < 200 || response->status >= 300 || response->status == 202)
        return;
    enum cloudevent_mode mode = cloudevent_http_mode(response->headers, response->header_count);
    bool is_event = mode == CLOUDEVENT_MODE_BINARY || mode == CLOUDEVENT_MODE_STRUCTURED;
    if (is_event && !response->is_cut &&
        cloudevent_http_decode(response->headers, response->header_count, response->body, &this->arena, &this->reply,
                               NULL) == ERR_OK)
        handover->reply = &this->reply;
    else if (is_event || response->body.size > 0)
        handover->is_reply_broken = true;
}

static void on_done(struct http_call *call, const struct http_result *result)
{
    struct http_handover *this = CONTAINER_OF(call, struct http_handover, call);
    struct handover *handover = this->handover;
    const struct http_response *response = result->response;
    if (response == NULL) {
        (void)snprintf(handover->error, sizeof handover->error, "%s", result->why);
    } else {
        handover->status = response->status;
        handover->body = response->body;
        if (handover->body.size > HANDOVER_BODY_MAX)
            handover->body.size = HANDOVER_BODY_MAX;
        handover->retry_after_ms = retry_after_ms(http_response_header_find(response, "retry-after"));
        if (handover->wants_reply)
            reply_read(this, response);
    }
    handover->on_done(handover);
    call_free(this);
}

// --- the request

static void field_add(struct http_call *call, struct http_header *headers, const char *name, bytes_t value)
{
    headers[call->header_count++] = (struct http_header){ bytes_of_text(name), value };
}

// What is sent may have to outlive the handover, when it is cancelled.
static struct slice body_of(const struct handover *handover, struct writer *room, bytes_t body)
{
    if (body.size == 0)
        return (struct slice){ 0 };
    if (body.data != handover->event->data.data)
        return writer_finish(room);
    if (handover->holder != NULL)
        return (struct slice){ buf_ref(handover->holder), body };
    struct buf *copy = buf_copy(body);
    struct slice slice = slice_of(copy, 0, body.size);
    buf_unref(copy);
    return slice;
}

static void http_sink_send(struct sink *sink, struct handover *handover)
{
    struct http_sink *http = CONTAINER_OF(sink, struct http_sink, sink);
    struct http_handover *this = mem_zalloc(1, sizeof *this);
    struct cloudevent_http message = { 0 };
    this->sink = http;
    this->handover = handover;
    (void)sink_ref(sink);
    handover->state = this;
    this->room = (struct writer){ .limit = CONTENT_MAX };
    // Structured mode alone can fail, when it finds no room: the event then goes in binary mode, which says the same.
    err_t err = cloudevent_http_encode(handover->event, http->mode, &this->arena, &this->room, &message);
    if (err != ERR_OK)
        err = cloudevent_http_encode(handover->event, CLOUDEVENT_MODE_BINARY, &this->arena, &this->room, &message);
    ASSERT(err == ERR_OK);
    this->call = (struct http_call){
        .url = &http->url,
        .tls = http->trust == NULL ? NULL : http->trust->tls,
        .method = HTTP_POST,
        .header_count = message.header_count,
        .timeout_ms = handover->timeout_ms,
        .is_repeatable = true, // an event is delivered at least once
        .on_done = on_done,
    };
    if (handover->wants_reply)
        field_add(&this->call, message.headers, "Prefer", BYTES_LITERAL("reply"));
    if (handover->name_space.size > 0)
        field_add(&this->call, message.headers, "Kn-Namespace", handover->name_space);
    for (size_t i = 0; i < handover->luggage.count; i++)
        message.headers[this->call.header_count++] =
            (struct http_header){ handover->luggage.items[i].key, handover->luggage.items[i].value };
    this->call.headers = message.headers;
    this->body = body_of(handover, &this->room, message.body);
    this->call.body = &this->body;
    this->call.body_count = 1;
    http_client_send(http->client, &this->call);
}

static void http_sink_cancel(struct sink *sink, struct handover *handover)
{
    struct http_handover *this = handover->state;
    (void)sink;
    http_client_cancel(&this->call);
    call_free(this);
}

static void http_sink_free(struct sink *sink)
{
    struct http_sink *this = CONTAINER_OF(sink, struct http_sink, sink);
    http_url_free(&this->url);
    trust_unref(this->trust);
    free(this->uri);
    free(this);
}

static const struct sink_ops ops = { http_sink_send, http_sink_cancel, http_sink_free };

err_t http_sink_new(struct http_client *client, bytes_t uri, enum cloudevent_mode mode, struct trust *trust,
                    struct sink **ret_sink, diag_t *diag)
{
    struct http_url url;
    err_t err = http_url_parse(uri, &url, diag);
    if (err != ERR_OK)
        return err;
    struct http_sink *this = mem_zalloc(1, sizeof *this);
    *this = (struct http_sink){
        .sink = { .ops = &ops, .references = 1 },
        .client = client,
        .url = url,
        .uri = bytes_to_text(uri),
        .mode = mode,
        .trust = trust == NULL ? NULL : trust_ref(trust),
    };
    this->sink.uri = this->uri;
    *ret_sink = &this->sink;
    return ERR_OK;
}
