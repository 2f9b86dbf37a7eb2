// SPDX-License-Identifier: Apache-2.0
#include "event_run.h"

#include "base/mem.h"

// --- witnesses

struct handing {
    struct list_node node;
    struct witness *witness;
    struct handover inner, *outer;
    struct cloudevent event;
    struct arena arena;
    size_t attempt;
};

static void handing_free(struct handing *handing)
{
    list_remove(&handing->node);
    arena_free(&handing->arena);
    free(handing);
}

static void on_handed(struct handover *inner)
{
    struct handing *handing = CONTAINER_OF(inner, struct handing, inner);
    struct handover *outer = handing->outer;
    struct run *run = handing->witness->life->run;
    int status = inner->is_reply_broken ? 502 : inner->status;
    model_attempt_end(run, handing->attempt, delivery_judge(status) == DELIVERED ? TAKEN : NOT_TAKEN, status);
    outer->status = inner->status;
    memcpy(outer->error, inner->error, sizeof outer->error);
    outer->body = inner->body;
    outer->retry_after_ms = inner->retry_after_ms;
    outer->reply = inner->reply;
    outer->is_reply_broken = inner->is_reply_broken;
    outer->on_done(outer);
    handing_free(handing);
}

static void witness_send(struct sink *sink, struct handover *outer)
{
    struct witness *witness = CONTAINER_OF(sink, struct witness, sink);
    const struct parcel *parcel = CONTAINER_OF(outer, struct parcel, handover);
    struct handing *handing = mem_zalloc(1, sizeof *handing);
    size_t event = event_number(outer->event->core[CLOUDEVENT_ID]);
    handing->witness = witness;
    handing->outer = outer;
    life_joined(witness->life, witness->consumer, parcel->cursor->consumer);
    handing->attempt = model_attempt(witness->life->run, witness->consumer, parcel, witness->way, event);
    handing->event = *outer->event;
    bytes_t number = bytes_of_text(arena_format(&handing->arena, "%zu", handing->attempt));
    if (cloudevent_set(&handing->event, BYTES_LITERAL("attempt"), cloudevent_string(number), &handing->arena, NULL) !=
        ERR_OK)
        FAIL(witness->life->run, "an event takes no extension");
    handing->inner = (struct handover){ .event = &handing->event,
                                        .timeout_ms = outer->timeout_ms,
                                        .wants_reply = outer->wants_reply,
                                        .name_space = outer->name_space,
                                        .on_done = on_handed };
    outer->state = handing;
    list_append(&witness->life->handings, &handing->node);
    sink_send(witness->inner, &handing->inner);
}

static void witness_cancel(struct sink *sink, struct handover *outer)
{
    struct handing *handing = outer->state;
    (void)sink;
    struct witness *witness = handing->witness;
    model_attempt_end(witness->life->run, handing->attempt, CANCELLED, 0);
    witness->inner->ops->cancel(witness->inner, &handing->inner);
    handing_free(handing);
}

static void witness_free(struct sink *sink)
{
    sink_unref(CONTAINER_OF(sink, struct witness, sink)->inner);
}

void witness_init(struct witness *witness, struct life *life, int consumer, enum way way, struct sink *inner)
{
    static const struct sink_ops ops = { witness_send, witness_cancel, witness_free };
    *witness = (struct witness){ .sink = { .ops = &ops, .references = 1, .uri = inner->uri },
                                 .inner = inner,
                                 .life = life,
                                 .consumer = consumer,
                                 .way = way };
}

// --- who receives

// An answer that comes later.
struct answer {
    struct list_node node;
    struct life *life;
    struct timer timer;
    struct http_exchange *exchange;
    size_t attempt;
};

static void accept_now(struct life *life, struct http_exchange *exchange, size_t attempt)
{
    model_accepted(life->run, attempt);
    http_reply(exchange, (struct http_reply){ .status = choose(life->run, 2) == 0 ? 200 : 202 });
}

static void on_answer(struct timer *timer)
{
    struct answer *answer = CONTAINER_OF(timer, struct answer, timer);
    accept_now(answer->life, answer->exchange, answer->attempt);
    list_remove(&answer->node);
    free(answer);
}

static void accept_later(struct life *life, struct http_exchange *exchange, size_t attempt, int64_t wait_ms)
{
    struct answer *answer = mem_zalloc(1, sizeof *answer);
    *answer = (struct answer){ .life = life, .exchange = exchange, .attempt = attempt };
    timer_init(&answer->timer, others_loop(life), on_answer);
    timer_start(&answer->timer, wait_ms);
    list_append(&life->answers, &answer->node);
}

// Not what was hoped for. The answers of the last two rows are no answers.
static const struct {
    int status;
    const char *fields, *body;
} refusals[] = {
    { 500, NULL, NULL },
    { 503, "Retry-After: 1\r\n", "later" },
    { 429, "Retry-After: soon\r\n", NULL },
    { 404, NULL, NULL },
    { 400, NULL, "never" },
    { 302, "Location: /elsewhere\r\n", NULL },
    { 200, NULL, "this is no event" },
    { 202, "neither name nor value\r\n", NULL },
};

static void refuse(struct life *life, struct http_exchange *exchange, size_t attempt)
{
    size_t row = choose(life->run, ARRAY_COUNT(refusals));
    struct http_reply reply = { .status = refusals[row].status, .fields = refusals[row].fields };
    if (reply.status == 200 && life->run->attempts[attempt].way == TO_DEAD_LETTER_SINK)
        model_accepted(life->run, attempt); // nobody asked it for an event
    if (refusals[row].body != NULL) {
        struct buf *body = buf_copy(bytes_of_text(refusals[row].body));
        reply.content_type = "text/plain";
        reply.body = slice_of(body, 0, strlen(refusals[row].body));
        buf_unref(body);
    }
    http_reply(exchange, reply);
}

static void on_event(struct http_exchange *exchange, void *owner)
{
    struct life *life = owner;
    struct run *run = life->run;
    const struct http_request *request = exchange->request;
    int64_t number = -1;
    if (!bytes_to_int64(http_header_find(request, "ce-attempt"), &number) || number < 0 ||
        number >= (int64_t)run->attempt_count)
        FAIL(run, "a request comes that nobody sent");
    struct attempt *attempt = &run->attempts[number];
    attempt->seen++;
    if (event_number(http_header_find(request, "ce-id")) != attempt->event || request->body.size == 0)
        FAIL(run, "attempt %" PRId64 " arrives as another event", number);
    bool is_dead = http_header_find(request, "ce-knativeerrordest").data != NULL;
    if (is_dead != (attempt->way == TO_DEAD_LETTER_SINK))
        FAIL(run, "attempt %" PRId64 " does not say whether it is a dead letter", number);
    uint64_t draw = choose(run, 100);
    if (life->is_quiet || draw >= run->trouble[attempt->consumer])
        accept_now(life, exchange, (size_t)number);
    else if (draw % 4 == 0) // within the time of an attempt, or long after
        accept_later(life, exchange, (size_t)number, (int64_t)choose(run, 3000));
    else
        refuse(life, exchange, (size_t)number);
}

static void receiver_open(struct life *life)
{
    diag_t diag = { 0 };
    if (http_server_open(others_loop(life), &life->receiver_address, &life->site, &life->receiver, &diag) != ERR_OK)
        FAIL(life->run, "%s: %s", diag.where, diag.text);
    life->receiver_address.port = http_server_port(life->receiver);
}

static void on_receiver_closed(void *owner)
{
    struct life *life = owner;
    life->receiver = NULL;
    life->is_receiver_closing = false;
    if (life->is_stopping)
        life->closing--;
    else
        timer_start(&life->receiver_timer, 1 + (int64_t)choose(life->run, 500));
}

// Goes, or comes back.
static void on_receiver_timer(struct timer *timer)
{
    struct life *life = CONTAINER_OF(timer, struct life, receiver_timer);
    if (life->receiver == NULL) {
        receiver_open(life);
        if (!life->is_quiet)
            timer_start(timer, 200 + (int64_t)choose(life->run, 3000));
    } else if (!life->is_quiet) {
        life->is_receiver_closing = true;
        http_server_close(life->receiver, on_receiver_closed, life);
    }
}

void receiver_start(struct life *life)
{
    static const struct http_prefix prefixes[] = { { "/", on_event } };
    life->receiver_address = (struct address){ .host = "127.0.0.1" };
    life->site = (struct http_site){ .prefixes = prefixes, .prefix_count = 1, .owner = life };
    http_limits_default(&life->site.limits);
    timer_init(&life->receiver_timer, others_loop(life), on_receiver_timer);
    receiver_open(life);
    if (choose(life->run, 2) == 0)
        timer_start(&life->receiver_timer, 200 + (int64_t)choose(life->run, 3000));
}

void receiver_stop(struct life *life)
{
    timer_stop(&life->receiver_timer);
    if (life->receiver == NULL)
        life->closing--;
    else if (!life->is_receiver_closing)
        http_server_close(life->receiver, on_receiver_closed, life);
}
