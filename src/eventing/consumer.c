// SPDX-License-Identifier: Apache-2.0
#include "eventing/consumer.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "cloudevents/filter/filter.h"
#include "eventing/dead_letter.h"
#include "eventing/feed.h"
#include "eventing/hops.h"
#include "eventing/view.h"
#include "io/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEAD_LETTER_WAIT_MS = 1000, DEAD_LETTER_WAIT_MAX_MS = 60 * 1000, DEAD_LETTER_TELL_MS = 60 * 1000 };

// --- parcels

static void parcel_wait(struct parcel *parcel)
{
    parcel->state = PARCEL_WAITS;
    parcel->cursor->waiting++;
}

static void parcel_free(struct parcel *parcel)
{
    parcel->cursor->waiting -= parcel->state == PARCEL_WAITS;
    list_remove(&parcel->node);
    timer_stop(&parcel->retry);
    sink_unref(parcel->sink);
    piece_unref(parcel->piece);
    arena_free(&parcel->arena);
    parcel->cursor->count--;
    free(parcel);
}

// Asked after each answer: most often none waits, and nobody is walked over.
static struct parcel *parcel_first_waiting(const struct cursor *cursor)
{
    if (cursor->waiting == 0)
        return NULL;
    LIST_EACH(&cursor->parcels, node)
    {
        struct parcel *parcel = LIST_ITEM(node, struct parcel, node);
        if (parcel->state == PARCEL_WAITS)
            return parcel;
        if (cursor->consumer->is_ordered)
            return NULL;
    }
    return NULL;
}

static void parcel_send(struct parcel *parcel);

static bool may_send(struct consumer *consumer)
{
    if (consumer->limiter.interval_ns == 0 && consumer->limiter.at_once_max == 0)
        return true;
    int64_t wait_ms = limiter_wait_ms(&consumer->limiter, loop_now_ms(consumer->loop) * 1000000);
    if (wait_ms > 0)
        timer_start(&consumer->paced, wait_ms);
    return wait_ms == 0;
}

static void cursor_send(struct cursor *cursor)
{
    struct parcel *parcel;
    while (!cursor->consumer->is_stopping && cursor->consumer->sink != NULL &&
           (parcel = parcel_first_waiting(cursor)) != NULL && may_send(cursor->consumer))
        parcel_send(parcel);
}

// By turns, so that no partition waits for ever.
static void consumer_send(struct consumer *consumer)
{
    int32_t count = consumer->partition_count, first = consumer->turn++ % count;
    for (int32_t i = 0; i < count; i++)
        cursor_send(&consumer->cursors[(first + i) % count]);
    consumer->turn %= count;
}

static void on_paced(struct timer *timer)
{
    consumer_send(CONTAINER_OF(timer, struct consumer, paced));
}

// It is delivered, or kept somewhere else.
static void parcel_end(struct parcel *parcel)
{
    struct cursor *cursor = parcel->cursor;
    struct consumer *consumer = cursor->consumer;
    parcel_free(parcel);
    cursor->is_ahead = true;
    if (consumer->on_progress != NULL)
        consumer->on_progress(consumer);
    cursor_send(cursor);
    feed_resume(cursor);
}

static void parcel_hand_over(struct parcel *parcel, struct sink *sink, const struct cloudevent *event,
                             void (*on_done)(struct handover *handover))
{
    const struct consumer *consumer = parcel->cursor->consumer;
    struct sink *before = parcel->sink;
    parcel->sink = sink_ref(sink);
    sink_unref(before);
    parcel->is_away = true;
    parcel->handover = (struct handover){
        .event = event,
        .holder = event->data.data == parcel->event->data.data && parcel->piece != NULL ? parcel->piece->self : NULL,
        .timeout_ms = consumer->delivery.timeout_ms,
        .wants_reply = parcel->state == PARCEL_SENT,
        .name_space = consumer->name_space,
        .luggage = parcel->luggage,
        .origin = parcel->state == PARCEL_DEAD ? &parcel->origin : NULL,
        .on_done = on_done,
    };
    sink_send(sink, &parcel->handover);
}

// Of a handover that has ended.
static struct parcel *parcel_back(struct handover *handover)
{
    struct parcel *parcel = CONTAINER_OF(handover, struct parcel, handover);
    parcel->is_away = false;
    return parcel;
}

// An event that waits for long holds its own bytes, not the piece with everything that came with it.
static void parcel_own(struct parcel *parcel)
{
    if (parcel->piece == NULL)
        return;
    parcel->event = cloudevent_copy(parcel->event, &parcel->arena);
    parcel->luggage = luggage_copy(parcel->luggage, &parcel->arena);
    piece_unref(parcel->piece);
    parcel->piece = NULL;
}

static void parcel_rest(struct parcel *parcel, int64_t wait_ms)
{
    parcel_own(parcel);
    timer_start(&parcel->retry, wait_ms);
}

// --- what cannot be delivered

static void on_dead_done(struct handover *handover);

static void dead_letter_send(struct parcel *parcel)
{
    const struct consumer *consumer = parcel->cursor->consumer;
    bool is_for_last = parcel->is_for_last || consumer->dead_letters == NULL;
    parcel_hand_over(parcel, is_for_last ? consumer->last : consumer->dead_letters, parcel->event, on_dead_done);
}

// Before the last sink is asked once more, for as long as it takes.
static int64_t last_wait_ms(int64_t attempt)
{
    int64_t wait = DEAD_LETTER_WAIT_MS * attempt;
    return wait < DEAD_LETTER_WAIT_MAX_MS ? wait : DEAD_LETTER_WAIT_MAX_MS;
}

// Of the first sink as often as an event; the last one takes it sooner or later.
static void on_dead_done(struct handover *handover)
{
    struct parcel *parcel = parcel_back(handover);
    struct consumer *consumer = parcel->cursor->consumer;
    const struct delivery *delivery = &consumer->delivery;
    enum verdict verdict = delivery_judge(handover->status);
    if (verdict == DELIVERED) {
        consumer->counts->dead++;
        parcel_end(parcel);
    } else if (parcel->sink == consumer->last) {
        parcel_rest(parcel, last_wait_ms(parcel->attempt++));
    } else if (verdict == RETRY && parcel->attempt <= delivery->retries) {
        parcel_rest(parcel, delivery_wait_ms(delivery, parcel->attempt, handover->status, handover->retry_after_ms));
        parcel->attempt++;
    } else {
        parcel->is_for_last = true;
        parcel->attempt = 1;
        dead_letter_send(parcel);
    }
}

// The first of many: the others are counted, and in the log of dead letters.
static void dead_letter_tell(struct consumer *consumer, const struct parcel *parcel, const struct handover *why)
{
    int64_t now_ms = loop_now_ms(consumer->loop);
    if (now_ms < consumer->quiet_until_ms)
        return;
    consumer->quiet_until_ms = now_ms + DEAD_LETTER_TELL_MS;
    log_line(LOG_WARN, "an event was not taken and becomes a dead letter; those of the next minute are only counted",
             LOG_FIELDS(log_bytes("for", consumer->who), log_text("sink", parcel->sink->uri),
                        log_bytes("id", parcel->event->core[CLOUDEVENT_ID]), log_int("attempts", parcel->attempt),
                        log_int("status", why->status), log_text("why", why->error)));
}

static void parcel_die(struct parcel *parcel, const struct handover *why)
{
    struct consumer *consumer = parcel->cursor->consumer;
    consumer->counts->failed++;
    dead_letter_tell(consumer, parcel, why);
    parcel_own(parcel);
    // With its hops: a dead letter sink may be a broker, and a loop of dead letters has to end, too.
    parcel->event = dead_letter_make(parcel->event, parcel->sink->uri, why, consumer->delivery.flavour, &parcel->arena);
    parcel->origin = (struct mark_origin){
        .from = consumer->who,
        .place = { parcel->cursor->feed->topic, parcel->cursor->partition, parcel->offset },
    };
    parcel->state = PARCEL_DEAD;
    parcel->attempt = 1;
    dead_letter_send(parcel);
}

// --- the answer of a sink

static void on_reply_done(struct handover *handover)
{
    struct parcel *parcel = parcel_back(handover);
    struct consumer *consumer = parcel->cursor->consumer;
    if (delivery_judge(handover->status) == DELIVERED) {
        consumer->counts->replies++;
        consumer->counts->delivered++;
        parcel_end(parcel);
    } else {
        parcel_die(parcel, handover); // the event itself, as Knative does it
    }
}

// The event has to stay, and the answer until it is sent.
static void reply_send(struct parcel *parcel, const struct cloudevent *reply)
{
    struct consumer *consumer = parcel->cursor->consumer;
    parcel_own(parcel);
    parcel->shown = *cloudevent_copy(reply, &parcel->arena);
    if (consumer->has_hops)
        hops_put_back(&parcel->shown, parcel->event, &parcel->arena);
    parcel->state = PARCEL_REPLY;
    parcel_hand_over(parcel, consumer->replies, &parcel->shown, on_reply_done);
}

// --- attempts

static void circuit_open(struct consumer *consumer, const struct handover *handover)
{
    consumer->circuit = mem_zalloc(1, sizeof *consumer->circuit);
    consumer->circuit->status = handover->status;
    (void)snprintf(consumer->circuit->error, sizeof consumer->circuit->error, "%s", handover->error);
}

static void circuit_close(struct consumer *consumer)
{
    consumer->failures_in_a_row = 0;
    free(consumer->circuit);
    consumer->circuit = NULL;
}

static void circuit_note(struct consumer *consumer, bool is_delivered, const struct handover *handover)
{
    bool was_open = consumer->circuit != NULL;
    if (is_delivered)
        circuit_close(consumer);
    else if (++consumer->failures_in_a_row >= CONSUMER_FAILURES && !was_open)
        circuit_open(consumer, handover);
    if (was_open != (consumer->circuit != NULL) && consumer->on_circuit != NULL)
        consumer->on_circuit(consumer);
}

static void attempt_judge(struct parcel *parcel, struct handover *handover)
{
    struct consumer *consumer = parcel->cursor->consumer;
    bool is_broken = handover->is_reply_broken && !consumer->is_lenient;
    int status = is_broken ? 502 : handover->status; // as Knative's filter tells a sink that babbles
    enum verdict verdict = delivery_judge(status);
    handover->status = status;
    circuit_note(consumer, verdict == DELIVERED, handover);
    if (verdict == DELIVERED && handover->reply != NULL && consumer->replies != NULL) {
        reply_send(parcel, handover->reply);
    } else if (verdict == DELIVERED) {
        consumer->counts->delivered++;
        parcel_end(parcel);
    } else if (verdict == RETRY && parcel->attempt <= consumer->delivery.retries) {
        consumer->counts->retried++;
        parcel->state = PARCEL_RESTS;
        parcel_rest(parcel, delivery_wait_ms(&consumer->delivery, parcel->attempt, status, handover->retry_after_ms));
        parcel->attempt++;
    } else {
        parcel_die(parcel, handover);
    }
}

static void on_sent(struct handover *handover)
{
    struct parcel *parcel = parcel_back(handover);
    struct consumer *consumer = parcel->cursor->consumer;
    limiter_end(&consumer->limiter);
    if (consumer->latency != NULL)
        histogram_record(consumer->latency, clock_mono_ns() - parcel->sent_ns);
    attempt_judge(parcel, handover);
    if (consumer->limiter.at_once_max > 0) // there is room for one of another partition
        consumer_send(consumer);
}

static void parcel_send(struct parcel *parcel)
{
    struct consumer *consumer = parcel->cursor->consumer;
    limiter_begin(&consumer->limiter, loop_now_ms(consumer->loop) * 1000000);
    parcel->sent_ns = clock_mono_ns();
    parcel->cursor->waiting--;
    parcel->state = PARCEL_SENT;
    parcel->shown = *parcel->event;
    if (consumer->has_hops)
        hops_take_off(&parcel->shown, &parcel->arena);
    parcel_hand_over(parcel, consumer->sink, &parcel->shown, on_sent);
}

static void on_retry(struct timer *timer)
{
    struct parcel *parcel = CONTAINER_OF(timer, struct parcel, retry);
    if (parcel->state == PARCEL_DEAD) {
        dead_letter_send(parcel);
    } else {
        parcel_wait(parcel);
        cursor_send(parcel->cursor);
    }
}

static void parcel_give_up(struct parcel *parcel)
{
    if (parcel->is_away && parcel->state == PARCEL_SENT)
        limiter_end(&parcel->cursor->consumer->limiter);
    if (parcel->is_away)
        parcel->sink->ops->cancel(parcel->sink, &parcel->handover);
    parcel_free(parcel);
}

// --- cursors

static_assert(CONSUMER_WINDOW <= (int)HELD_COUNT_MAX, "all that a cursor holds can be told");

void cursor_resume(struct cursor *cursor, const struct held *before)
{
    ASSERT(cursor->feed == NULL && cursor->position == held_floor(before));
    cursor->before = mem_alloc(sizeof *before);
    *cursor->before = *before;
}

static void before_forget(struct cursor *cursor)
{
    free(cursor->before);
    cursor->before = NULL;
}

int64_t cursor_next(const struct cursor *cursor)
{
    const struct held *before = cursor->before;
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        if (before->offsets[i] >= cursor->position)
            return before->offsets[i];
    }
    return cursor_front(cursor);
}

int64_t cursor_front(const struct cursor *cursor)
{
    const struct held *before = cursor->before;
    return before == NULL || before->position < cursor->position ? cursor->position : before->position;
}

static void held_add(struct held *held, int64_t offset)
{
    ASSERT(held->count < HELD_COUNT_MAX);
    held->offsets[held->count++] = offset;
}

// Until the cursor has passed what was held before, it holds what is left of that, too. Its parcels are of the same: it
// is never more than there was.
static void before_add(const struct held *before, struct held *held)
{
    for (size_t i = 0; i < before->count; i++) {
        if (before->offsets[i] >= held->position)
            held_add(held, before->offsets[i]);
    }
    if (before->position > held->position)
        held->position = before->position;
}

static void held_of(const struct cursor *cursor, struct held *ret_held)
{
    int64_t position = feed_position(cursor);
    ret_held->count = 0;
    LIST_EACH(&cursor->parcels, node)
    {
        const struct parcel *parcel = LIST_ITEM(node, struct parcel, node);
        held_add(ret_held, parcel->offset);
        position = parcel->offset < position ? position : parcel->offset + 1; // in the middle of a piece
    }
    ret_held->position = position;
    if (cursor->before != NULL)
        before_add(cursor->before, ret_held);
}

int64_t cursor_floor(const struct cursor *cursor)
{
    struct held held;
    held_of(cursor, &held);
    return held_floor(&held);
}

bool cursor_commit(struct cursor *cursor, struct held *ret_held)
{
    if (cursor->before != NULL && feed_position(cursor) >= cursor->before->position)
        before_forget(cursor);
    held_of(cursor, ret_held);
    int64_t floor = held_floor(ret_held);
    if (floor == cursor->committed && !cursor->is_ahead)
        return false;
    cursor->committed = floor;
    cursor->is_ahead = false;
    return true;
}

void cursor_take_back(struct cursor *cursor)
{
    cursor->committed = -1;
}

// Of FROM to before TO: what was done before it joined.
static int64_t done_before(const struct cursor *cursor, int64_t from, int64_t to)
{
    const struct held *before = cursor->before;
    if (before == NULL || before->position <= from)
        return 0;
    int64_t count = (to < before->position ? to : before->position) - from;
    for (size_t i = 0; i < before->count; i++)
        count -= before->offsets[i] >= from && before->offsets[i] < to;
    return count;
}

void cursor_missed(struct cursor *cursor, int64_t from, int64_t to)
{
    if (from < cursor->position)
        from = cursor->position;
    if (to > from)
        cursor->consumer->counts->missed += (uint64_t)(to - from - done_before(cursor, from, to));
}

bool cursor_has_room(const struct cursor *cursor)
{
    return cursor->count < CONSUMER_WINDOW && !cursor->consumer->is_stopping;
}

bool consumer_wants(const struct consumer *consumer, const struct piece_event *event)
{
    if (event->only_for.data != NULL)
        return bytes_equal(event->only_for, consumer->who);
    struct cesql_event view = view_of(&event->event);
    struct arena scratch = ARENA_INIT;
    bool matches = filter_matches(consumer->filter, &view, &scratch);
    arena_free(&scratch);
    return matches;
}

bool cursor_take(struct cursor *cursor, struct piece *piece, size_t index)
{
    const struct piece_event *event = &piece->events[index];
    if (cursor->before != NULL && held_has_done(cursor->before, event->offset))
        return true;
    if (!cursor_has_room(cursor))
        return false;
    struct parcel *parcel = mem_zalloc(1, sizeof *parcel);
    parcel->cursor = cursor;
    parcel->offset = event->offset;
    parcel->piece = piece_ref(piece);
    parcel->event = &event->event;
    parcel->luggage = event->luggage;
    parcel->attempt = 1;
    timer_init(&parcel->retry, cursor->consumer->loop, on_retry);
    list_append(&cursor->parcels, &parcel->node);
    cursor->count++;
    parcel_wait(parcel);
    cursor->consumer->counts->matched++;
    cursor_send(cursor);
    return true;
}

// --- the consumer

void consumer_init(struct consumer *consumer, int32_t partition_count, const int64_t *positions)
{
    consumer->cursors = mem_zalloc((size_t)partition_count, sizeof *consumer->cursors);
    consumer->partition_count = partition_count;
    consumer->is_stopping = false; // it may have been elsewhere before
    consumer->turn = 0;
    timer_init(&consumer->paced, consumer->loop, on_paced);
    for (int32_t i = 0; i < partition_count; i++) {
        consumer->cursors[i] =
            (struct cursor){ .consumer = consumer, .partition = i, .position = positions[i], .committed = -1 };
        list_init(&consumer->cursors[i].parcels);
    }
}

size_t consumer_quiesce(struct consumer *consumer)
{
    size_t count = 0;
    consumer->is_stopping = true;
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        LIST_EACH(&consumer->cursors[i].parcels, node)
        {
            count += LIST_ITEM(node, struct parcel, node)->is_away;
        }
    }
    return count;
}

void consumer_deinit(struct consumer *consumer)
{
    consumer->is_stopping = true;
    if (consumer->cursors == NULL) // it never began
        return;
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        struct cursor *cursor = &consumer->cursors[i];
        feed_leave(cursor);
        while (!list_empty(&cursor->parcels))
            parcel_give_up(LIST_ITEM(cursor->parcels.next, struct parcel, node));
        before_forget(cursor);
    }
    timer_stop(&consumer->paced);
    circuit_close(consumer);
    free(consumer->cursors);
    consumer->cursors = NULL;
    consumer->partition_count = 0;
}

void consumer_nudge(struct consumer *consumer)
{
    for (int32_t i = 0; i < consumer->partition_count; i++) {
        struct cursor *cursor = &consumer->cursors[i];
        LIST_EACH(&cursor->parcels, node)
        {
            struct parcel *parcel = LIST_ITEM(node, struct parcel, node);
            if (parcel->state == PARCEL_RESTS)
                timer_start(&parcel->retry, 0);
        }
        cursor_send(cursor);
    }
}
