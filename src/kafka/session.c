// SPDX-License-Identifier: Apache-2.0
#include "kafka/session.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "kafka/api/api_versions.h"

#include <stdlib.h>

// Of the structs that one request decodes to; 170,000 partitions of a Produce fit.
#define REQUEST_ARENA_LIMIT ((size_t)16 << 20)
// What a request costs besides its bytes, so that a flood of tiny ones counts too.
#define REQUEST_OVERHEAD 512

static void call_free(struct kafka_call *call)
{
    slice_free(&call->frame);
    arena_free(&call->arena);
    kafka_frame_free(&call->answer);
    free(call);
}

static void session_hang_up(struct kafka_session *session, const char *why)
{
    if (session->is_broken || session->is_closed)
        return;
    session->is_broken = true;
    session->ops->on_hang_up(session, why);
}

static void session_forget(struct kafka_session *session, struct kafka_call *call)
{
    size_t size = call->frame.bytes.size + REQUEST_OVERHEAD;
    list_remove(&call->node);
    session->size -= size;
    session->ops->on_progress(session, call, size);
    call_free(call);
}

static void session_send(struct kafka_session *session, struct kafka_call *call)
{
    struct slice slice;
    while (kafka_frame_next(&call->answer, &slice)) {
        if (session->is_closed)
            slice_free(&slice);
        else
            session->ops->on_send(session, slice);
    }
}

// --- the start of a call

// What is wrong with the request, NULL if nothing. Kafka closes the connection in each of these cases.
static const char *call_decode(struct kafka_call *call)
{
    struct reader reader = reader_of(call->frame.bytes);
    kafka_request_header_decode(&reader, &call->header);
    call->api = call->session->ops->on_find(call->header.api_key);
    if (reader.err != ERR_OK)
        return "the request header is cut off";
    if (call->api == NULL)
        return "the API key is not served";
    call->version = call->header.api_version;
    bool is_known = call->version >= call->api->advertised_min && call->version <= call->api->max;
    // Whoever asks which versions there are cannot know them yet (KIP-511): the handler answers without reading the
    // body.
    if (!is_known && call->api != &kafka_api_versions_api)
        return "the API version is not served";
    call->request = kafka_new(call->api->request, 1, &call->arena);
    call->response = kafka_new(call->api->response, 1, &call->arena);
    if (!is_known)
        return NULL;
    kafka_decode(call->api->request, call->version, kafka_api_is_flexible(call->api, call->version), &reader,
                 &call->arena, REQUEST_ARENA_LIMIT, call->request);
    return reader.err == ERR_OK ? NULL : "the request body does not have the form of its version";
}

// Decodes the oldest waiting call if it may start now: NULL if none may.
static struct kafka_call *session_next(struct kafka_session *session)
{
    struct list_node *node = list_first(&session->waiting);
    if (node == NULL || session->is_broken || session->is_closed || session->ops->on_is_full(session))
        return NULL;
    if (session->unfinished_alone > 0)
        return NULL;
    struct kafka_call *call = LIST_ITEM(node, struct kafka_call, node);
    if (session->unfinished > 0) {
        // The key alone tells whether it may overlap; everything else waits for its turn.
        struct reader reader = reader_of(call->frame.bytes);
        const struct kafka_api *api = session->ops->on_find(reader_i16(&reader));
        if (reader.err != ERR_OK || api == NULL || !api->overlaps)
            return NULL;
    }
    return call;
}

static void call_cancel(struct kafka_call *call)
{
    if (!call->is_done && call->on_cancel != NULL)
        call->on_cancel(call);
}

static void session_start(struct kafka_session *session, struct kafka_call *call)
{
    const char *wrong = call_decode(call);
    if (wrong != NULL) {
        // What came before is still owed an answer.
        if (session->unfinished > 0)
            return;
        session_hang_up(session, wrong);
        session_forget(session, call);
        return;
    }
    list_remove(&call->node);
    list_append(&session->started, &call->node);
    session->unfinished++;
    session->unfinished_alone += call->api->overlaps ? 0 : 1;
    call->api->handle(call); // its answer is sent later, by the pump
    if (session->is_ended)
        call_cancel(call);
}

static void session_flush(struct kafka_session *session)
{
    struct list_node *node;
    while ((node = list_first(&session->started)) != NULL) {
        struct kafka_call *call = LIST_ITEM(node, struct kafka_call, node);
        if (!call->is_done)
            return;
        session_send(session, call);
        session_forget(session, call);
    }
}

void kafka_session_pump(struct kafka_session *session)
{
    if (session->is_pumping)
        return;
    session->is_pumping = true;
    session_flush(session);
    struct kafka_call *call;
    while ((call = session_next(session)) != NULL) {
        size_t before = session->unfinished;
        session_start(session, call);
        session_flush(session);
        if (session->unfinished == before && list_first(&session->waiting) == &call->node)
            break;
    }
    session->is_pumping = false;
    if (session->is_closed && list_empty(&session->started))
        session->ops->on_idle(session);
}

// --- the end of a call

static void call_finish(struct kafka_call *call)
{
    struct kafka_session *session = call->session;
    ASSERT(!call->is_done);
    call->is_done = true;
    arena_free(&call->arena);
    call->arena = ARENA_INIT;
    session->unfinished--;
    session->unfinished_alone -= call->api->overlaps ? 0 : 1;
    kafka_session_pump(session);
}

void kafka_call_reply_version(struct kafka_call *call, int version)
{
    kafka_frame_start(&call->answer);
    kafka_response_header_encode(call->api, version, call->header.correlation_id, &call->answer);
    kafka_encode(call->api->response, version, kafka_api_is_flexible(call->api, version), call->response,
                 &call->answer);
    if (kafka_frame_finish(&call->answer) != ERR_OK) {
        kafka_frame_free(&call->answer);
        session_hang_up(call->session, "the answer would be larger than a frame can be");
    }
    call_finish(call);
}

void kafka_call_reply(struct kafka_call *call)
{
    kafka_call_reply_version(call, call->version);
}

void kafka_call_end(struct kafka_call *call)
{
    call_finish(call);
}

void kafka_call_hang_up(struct kafka_call *call, const char *why)
{
    session_hang_up(call->session, why);
    call_finish(call);
}

// --- the session

void kafka_session_init(struct kafka_session *session, struct kafka_door *door, const struct kafka_session_ops *ops,
                        const char *peer, size_t limit)
{
    *session = (struct kafka_session){ .ops = ops, .door = door, .peer = peer, .limit = limit };
    list_init(&session->waiting);
    list_init(&session->started);
}

void kafka_session_take(struct kafka_session *session, struct slice frame)
{
    ASSERT(!session->is_closed);
    struct kafka_call *call = mem_zalloc(1, sizeof(*call));
    call->session = session;
    call->door = session->door;
    call->frame = frame;
    call->started_ns = clock_mono_ns();
    session->size += frame.bytes.size + REQUEST_OVERHEAD;
    list_append(&session->waiting, &call->node);
    kafka_session_pump(session);
}

bool kafka_session_is_busy(const struct kafka_session *session)
{
    return session->is_broken || session->size >= session->limit;
}

void kafka_session_end(struct kafka_session *session)
{
    session->is_ended = true;
    // Held, so that what ends now does not leave the list while it is walked.
    session->is_pumping = true;
    LIST_EACH(&session->started, node)
    {
        call_cancel(LIST_ITEM(node, struct kafka_call, node));
    }
    session->is_pumping = false;
    kafka_session_pump(session);
}

bool kafka_session_is_answered(const struct kafka_session *session)
{
    return list_empty(&session->waiting) && list_empty(&session->started);
}

bool kafka_session_close(struct kafka_session *session)
{
    session->is_closed = true;
    // Held, so that an on_cancel which ends its call does not report the session idle under our feet.
    session->is_pumping = true;
    LIST_EACH(&session->waiting, node)
    session_forget(session, LIST_ITEM(node, struct kafka_call, node));
    LIST_EACH(&session->started, node)
    {
        call_cancel(LIST_ITEM(node, struct kafka_call, node));
    }
    session_flush(session);
    session->is_pumping = false;
    return list_empty(&session->started);
}
