// SPDX-License-Identifier: Apache-2.0
#include "eventing/topic_sink.h"

#include "base/assert.h"
#include "base/mem.h"
#include "cloudevents/kafka_binding.h"
#include "eventing/hops.h"

#include <stdio.h>
#include <stdlib.h>

struct topic_sink {
    struct sink sink;
    struct engine *engine;
    bytes_t topic; // of the heap
    char *uri;
    const struct inboxes *inboxes; // may be NULL
    bytes_t key;                   // of its own in them; of the heap
    enum cloudevent_mode mode;
    enum topic_sink_way way;
};

struct topic_handover {
    struct topic_append append;
    struct message refused;
    diag_t diag;
    struct handover *handover; // NULL: it was cancelled
};

static void on_appended(struct engine_append_op *op)
{
    struct topic_append *append = CONTAINER_OF(op, struct topic_append, op);
    append->on_done(append);
}

static void headers_add(struct engine_record *record, const struct record_header *more, size_t count,
                        struct arena *arena)
{
    struct record_header *headers = arena_array(arena, record->header_count + count, sizeof *headers);
    if (record->header_count > 0)
        memcpy(headers, record->headers, record->header_count * sizeof *headers);
    memcpy(headers + record->header_count, more, count * sizeof *headers);
    record->headers = headers;
    record->header_count += count;
}

static void marks_add(struct engine_record *record, const struct mark_origin *origin, struct arena *arena)
{
    const struct record_header marks[] = {
        { BYTES_LITERAL(MARK_FROM), origin->from },
        { BYTES_LITERAL(MARK_TOPIC), mark_place_text(&origin->place, arena) },
    };
    headers_add(record, marks, ARRAY_COUNT(marks), arena);
}

static void on_not_encoded(struct message *message)
{
    struct topic_append *append = CONTAINER_OF(message, struct topic_append, refused);
    append->on_done(append);
}

void topic_append(struct topic_append *append, struct engine *engine, bytes_t topic, enum cloudevent_mode mode,
                  const struct cloudevent *event, struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_record record;
    append->op = (struct engine_append_op){ .on_done = on_appended };
    err_t err = cloudevent_kafka_encode(event, mode, arena, &room, &record);
    if (err == ERR_OK) {
        struct engine_record shown = { .timestamp_ms = -1,
                                       .key = record.key,
                                       .value = record.value,
                                       .headers = record.headers,
                                       .header_count = record.header_count };
        if (append->luggage.count > 0)
            headers_add(&shown, append->luggage.items, append->luggage.count, arena);
        if (append->origin != NULL)
            marks_add(&shown, append->origin, arena);
        engine->driver->append(engine, topic, ENGINE_ANY_PARTITION, &shown, &append->op);
    } else {
        append->op.err = err;
        append->refused.on_message = on_not_encoded;
        loop_post(loop_current(), &append->refused);
    }
    writer_free(&room);
}

int topic_append_status(err_t err)
{
    return err == ERR_OK ? 202 : err == ERR_NOT_FOUND ? 404 : err == ERR_TOO_LARGE || err == ERR_INVALID ? 413 : 503;
}

static void on_done(struct topic_append *append)
{
    struct topic_handover *this = CONTAINER_OF(append, struct topic_handover, append);
    struct handover *handover = this->handover;
    err_t err = append->op.err;
    free(this);
    if (handover == NULL)
        return;
    handover->status = topic_append_status(err);
    if (err != ERR_OK)
        (void)snprintf(handover->error, sizeof handover->error, "the topic does not take it: %s", err_text(err));
    handover->body = bytes_of_text(handover->error);
    handover->on_done(handover);
}

static void on_refused(struct message *message)
{
    struct topic_handover *this = CONTAINER_OF(message, struct topic_handover, refused);
    struct handover *handover = this->handover;
    if (handover != NULL) {
        handover->status = 400;
        (void)snprintf(handover->error, sizeof handover->error, "%.*s", HANDOVER_ERROR_SIZE - 1, this->diag.text);
        handover->body = bytes_of_text(handover->error);
        handover->on_done(handover);
    }
    free(this);
}

static void send_on(const struct topic_sink *this, struct topic_handover *call, const struct cloudevent *event,
                    struct arena *arena)
{
    if (this->inboxes != NULL)
        inboxes_tell(this->inboxes, this->key, event);
    topic_append(&call->append, this->engine, this->topic, this->mode, event, arena);
}

static void topic_sink_send(struct sink *sink, struct handover *handover)
{
    struct topic_sink *this = CONTAINER_OF(sink, struct topic_sink, sink);
    struct topic_handover *call = mem_zalloc(1, sizeof *call);
    struct cloudevent event = *handover->event;
    struct arena arena = ARENA_INIT;
    call->handover = handover;
    call->append.on_done = on_done;
    call->append.origin = handover->origin;
    call->append.luggage = handover->luggage;
    call->refused.on_message = on_refused;
    handover->state = call;
    if (this->way == TOPIC_SINK_BROKER && hops_enter(&event, &arena, &call->diag) != ERR_OK)
        loop_post(loop_current(), &call->refused);
    else
        send_on(this, call, &event, &arena);
    arena_free(&arena);
}

static void topic_sink_cancel(struct sink *sink, struct handover *handover)
{
    struct topic_handover *call = handover->state;
    (void)sink;
    call->handover = NULL;
}

static void topic_sink_free(struct sink *sink)
{
    struct topic_sink *this = CONTAINER_OF(sink, struct topic_sink, sink);
    free((void *)(uintptr_t)this->topic.data);
    free((void *)(uintptr_t)this->key.data);
    free(this->uri);
    free(this);
}

static const struct sink_ops ops = { topic_sink_send, topic_sink_cancel, topic_sink_free };

struct sink *topic_sink_new(struct engine *engine, bytes_t topic, enum cloudevent_mode mode, enum topic_sink_way way,
                            const char *uri)
{
    struct topic_sink *this = mem_zalloc(1, sizeof *this);
    *this = (struct topic_sink){
        .sink = { .ops = &ops, .references = 1, .is_ours = true },
        .engine = engine,
        .topic = bytes_of_text(bytes_to_text(topic)),
        .uri = mem_text(uri),
        .mode = mode,
        .way = way,
    };
    this->sink.uri = this->uri;
    return &this->sink;
}

void topic_sink_tell(struct sink *sink, const struct inboxes *inboxes, bytes_t key)
{
    struct topic_sink *this = CONTAINER_OF(sink, struct topic_sink, sink);
    ASSERT(this->inboxes == NULL);
    this->inboxes = inboxes;
    this->key = bytes_of_text(bytes_to_text(key));
}
