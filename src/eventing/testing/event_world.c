// SPDX-License-Identifier: Apache-2.0
#include "eventing/testing/event_world.h"

#include "base/mem.h"
#include "cloudevents/kafka_binding.h"
#include "engine/embedded/embedded.h"
#include "eventing/mark.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 10000 };

struct bench bench;
struct engine *engine;
const uint8_t topic_id[ENGINE_TOPIC_ID_SIZE] = { 7 };

// --- sinks

struct answering {
    struct timer timer;
    struct scripted *scripted;
    struct handover *handover;
    int status;
};

int scripted_count(const struct scripted *scripted, const char *id)
{
    char word[40];
    int count = 0;
    size_t size = (size_t)snprintf(word, sizeof word, "%s ", id);
    for (const char *at = scripted->seen; (at = strstr(at, word)) != NULL; at += size)
        count += at == scripted->seen || at[-1] == ' ';
    return count;
}

static void on_answer(struct timer *timer)
{
    struct answering *answering = CONTAINER_OF(timer, struct answering, timer);
    struct scripted *scripted = answering->scripted;
    struct handover *handover = answering->handover;
    handover->state = NULL;
    scripted->at_once--;
    handover->status = answering->status;
    if (handover->status == 0)
        (void)snprintf(handover->error, sizeof handover->error, "connection refused");
    if (scripted->body != NULL)
        handover->body = bytes_of_text(scripted->body);
    if (handover->status == 200)
        handover->reply = scripted->reply;
    free(answering);
    handover->on_done(handover);
}

static void scripted_send(struct sink *sink, struct handover *handover)
{
    struct scripted *scripted = CONTAINER_OF(sink, struct scripted, sink);
    char id[32];
    bytes_t text = handover->event->core[CLOUDEVENT_ID];
    (void)snprintf(id, sizeof id, "%.*s", BYTES_ARG(text));
    scripted->size += (size_t)snprintf(scripted->seen + scripted->size, SEEN_MAX - scripted->size, "%s ", id);
    assert_true(scripted->size < SEEN_MAX);
    scripted->origin = handover->origin == NULL ? (struct mark_origin){ 0 } : *handover->origin;
    if (++scripted->at_once > scripted->at_once_max)
        scripted->at_once_max = scripted->at_once;
    int status = scripted->answer == NULL ? 202 : scripted->answer(id, scripted_count(scripted, id));
    if (status < 0) {
        scripted->held[scripted->held_count++] = handover;
        handover->state = NULL;
        return;
    }
    struct answering *answering = mem_zalloc(1, sizeof *answering);
    *answering = (struct answering){ .scripted = scripted, .handover = handover, .status = status };
    handover->state = answering;
    timer_init(&answering->timer, loop_current(), on_answer);
    timer_start(&answering->timer, scripted->delay_ms);
}

static void scripted_cancel(struct sink *sink, struct handover *handover)
{
    struct answering *answering = handover->state;
    (void)sink;
    if (answering != NULL) {
        timer_stop(&answering->timer);
        free(answering);
    }
}

static void scripted_free(struct sink *sink)
{
    (void)sink;
}

static const struct sink_ops scripted_ops = { scripted_send, scripted_cancel, scripted_free };

struct scripted scripted_new(const char *uri)
{
    return (struct scripted){ .sink = { .ops = &scripted_ops, .references = 1, .uri = uri } };
}

static void let_go(void *owner)
{
    struct scripted *scripted = owner;
    scripted->answer = NULL;
    for (size_t i = 0; i < scripted->held_count; i++) {
        scripted->held[i]->status = 202;
        scripted->held[i]->on_done(scripted->held[i]);
    }
    scripted->held_count = 0;
    bench_go(&bench);
}

void scripted_let_go(struct scripted *scripted)
{
    bench_wait(&bench, let_go, scripted);
}

// --- events

struct appending {
    struct engine_append_op op;
    int left;
};

static void on_appended(struct engine_append_op *op)
{
    assert_int_equal(op->err, ERR_OK);
    free(op);
    bench_go(&bench);
}

static const char *marked_for; // NULL: for everybody

static void append_one(void *owner)
{
    struct arena arena = ARENA_INIT;
    struct writer room = WRITER_INIT;
    const char *id = owner;
    struct cloudevent event = { .core = { [CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0"),
                                          [CLOUDEVENT_ID] = bytes_of_text(id),
                                          [CLOUDEVENT_SOURCE] = BYTES_LITERAL("/test"),
                                          [CLOUDEVENT_TYPE] = bytes_of_text(id[0] == 'o' ? "other" : "wanted") },
                                .data = BYTES_LITERAL("data") };
    struct cloudevent_record record;
    assert_int_equal(cloudevent_kafka_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, &room, &record), ERR_OK);
    struct record_header *headers = arena_array(&arena, record.header_count + 1, sizeof *headers);
    memcpy(headers, record.headers, record.header_count * sizeof *headers);
    if (marked_for != NULL)
        headers[record.header_count++] = (struct record_header){ BYTES_LITERAL(MARK_FOR), bytes_of_text(marked_for) };
    struct engine_append_op *op = mem_zalloc(1, sizeof *op);
    struct engine_record shown = { .timestamp_ms = -1,
                                   .key = record.key,
                                   .value = record.value,
                                   .headers = headers,
                                   .header_count = record.header_count };
    op->on_done = on_appended;
    engine->driver->append(engine, BYTES_LITERAL("events"), 0, &shown, op);
    writer_free(&room);
    arena_free(&arena);
}

// "a b c": one event for each word. Those that begin with an o are of a type that nobody wants.
void append(const char *ids)
{
    char *copy = mem_text(ids), *rest = NULL;
    for (char *id = strtok_r(copy, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest))
        bench_wait(&bench, append_one, id);
    free(copy);
}

static struct arena filters;

const struct filter *filter_of(const char *spec)
{
    static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };
    struct json_value *value;
    struct filter *filter = arena_alloc(&filters, sizeof *filter);
    char *text = arena_format(&filters, "%s", spec);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(json_parse(bytes_of_text(text), &limits, &filters, &value, NULL), ERR_OK);
    assert_int_equal(filter_compile(value, &filters, filter, NULL), ERR_OK);
    return filter;
}

void append_for(const char *who, const char *ids)
{
    marked_for = who;
    append(ids);
    marked_for = NULL;
}

// --- running

static bool (*is_done)(void);
static struct timer watch;
static int64_t deadline_ms;

static void on_watch(struct timer *timer)
{
    if (is_done() || loop_now_ms(timer->loop) > deadline_ms)
        bench_go(&bench);
    else
        timer_start(timer, 1);
}

static void look(void *owner)
{
    (void)owner;
    timer_init(&watch, loop_current(), on_watch);
    deadline_ms = loop_now_ms(loop_current()) + PATIENCE_MS;
    timer_start(&watch, 0);
}

void wait_until(bool (*condition)(void))
{
    is_done = condition;
    bench_wait(&bench, look, NULL);
    assert_true(condition());
}

static void call(void *owner)
{
    void (**fn)(void) = owner;
    (*fn)();
    bench_go(&bench);
}

void run(void (*fn)(void))
{
    bench_wait(&bench, call, &fn);
}

// --- begin and end

static void start(void)
{
    assert_int_equal(bench_open(&bench), ERR_OK);
    assert_int_equal(embedded_open(bench.store, &engine, &bench.diag), ERR_OK);
    bench_run(&bench);
}

static void stop(void)
{
    bench_stop(&bench);
    embedded_free(engine);
}

int world_begin(void **state)
{
    struct topic_op op = { 0 };
    (void)state;
    bench_begin(&bench);
    start();
    assert_int_equal(bench_create(&bench, &op, "events", 1), ERR_OK);
    return 0;
}

int world_end(void **state)
{
    (void)state;
    stop();
    bench_end(&bench);
    arena_free(&filters);
    return 0;
}

void world_restart(void)
{
    stop();
    start();
}
