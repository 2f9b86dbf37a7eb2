// SPDX-License-Identifier: Apache-2.0
#include "event_run.h"

#include "base/mem.h"

// The types that each consumer wants, as bits; the second and the fourth are ordered.
static const unsigned masks[CONSUMERS] = { 0xf, 0xf, 0x6, 0x5, 0x8 };

bool model_wants(int consumer, size_t event)
{
    return event != NO_EVENT && (masks[consumer] >> event % TYPES & 1) != 0;
}

bool model_is_ordered(int consumer)
{
    return consumer % 2 == 1;
}

struct fate *model_fate(struct run *run, int consumer, int32_t partition, int64_t offset)
{
    struct fates *fates = &run->fates[consumer][partition];
    while ((int64_t)fates->count <= offset) {
        MEM_GROW(fates->items, fates->count, fates->capacity);
        fates->items[fates->count++] = (struct fate){ 0 };
    }
    return &fates->items[offset];
}

// --- commits

static bool says(const struct held *held, int64_t offset)
{
    return offset < held_floor(held) || held_has_done(held, offset);
}

// What was said before, and what the consumer knows by now, is said again.
static void memory_check(struct run *run, int consumer, int32_t partition, const struct held *held, bool is_present)
{
    const struct fates *fates = &run->fates[consumer][partition];
    for (int64_t i = 0; i < (int64_t)fates->count; i++) {
        const struct fate *fate = &fates->items[i];
        bool is_known = is_present && fate->is_over && fate->stay == run->stays[consumer];
        if ((fate->is_said || is_known) && !says(held, i))
            FAIL(run, "consumer %d: %d/%" PRId64 " is done, and a commit does not say so", consumer, partition, i);
    }
}

// As far as records are known: those of this life are not yet.
static void truth_check(struct run *run, int consumer, int32_t partition, const struct held *held)
{
    const struct fates *fates = &run->fates[consumer][partition];
    const struct log_model *log = &run->logs[partition];
    int64_t begin = fates->begin < 0 ? held_floor(held) : fates->begin;
    for (int64_t i = begin; i < (int64_t)log->count; i++) {
        const struct fate *fate = model_fate(run, consumer, partition, i);
        bool is_over = fate->is_over && fate->stay == run->stays[consumer];
        if (says(held, i) && model_wants(consumer, log->events[i]) && !is_over && !fate->is_said)
            FAIL(run, "consumer %d: %d/%" PRId64 " is not done, and a commit says so", consumer, partition, i);
    }
}

void model_says(struct run *run, int consumer, int32_t partition, const struct held *held)
{
    memory_check(run, consumer, partition, held, true);
    truth_check(run, consumer, partition, held);
}

void model_said(struct run *run, int consumer, int32_t partition, const struct held *held)
{
    for (int64_t i = 0; i < held->position; i++) {
        if (says(held, i))
            model_fate(run, consumer, partition, i)->is_said = true;
    }
}

// --- stays

void model_joined(struct run *run, int consumer, const struct consumer *member)
{
    run->stays[consumer]++;
    totals.stays++;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        struct fates *fates = &run->fates[consumer][i];
        const struct cursor *cursor = &member->cursors[i];
        int64_t position = cursor->committed; // where it joined; it may have been shown something since
        struct held held = { .position = position };
        if (cursor->before != NULL)
            held = *cursor->before;
        memory_check(run, consumer, i, &held, false);
        model_said(run, consumer, i, &held);
        if (fates->begin < 0)
            fates->begin = position;
        if (position < fates->committed)
            FAIL(run, "consumer %d begins partition %d at %" PRId64 ", committed was %" PRId64, consumer, i, position,
                 fates->committed);
        fates->floor = position;
        fates->last = -1;
    }
}

// --- attempts

// One event of a partition after the other: the next when the one before is over.
static void order_check(struct run *run, const struct attempt *attempt)
{
    struct fates *fates = &run->fates[attempt->consumer][attempt->partition];
    if (attempt->offset < fates->last)
        FAIL(run, "ordered consumer %d: %d/%" PRId64 " comes after %" PRId64, attempt->consumer, attempt->partition,
             attempt->offset, fates->last);
    if (attempt->offset > fates->last && fates->last >= 0 && !fates->items[fates->last].is_over)
        FAIL(run, "ordered consumer %d: %d/%" PRId64 " comes before %" PRId64 " is over", attempt->consumer,
             attempt->partition, attempt->offset, fates->last);
    fates->last = attempt->offset;
}

// A dead letter was tried as often as it was to be, unless the receiver said that it is no use.
static void dead_check(struct run *run, const struct attempt *attempt, const struct fate *fate,
                       const struct delivery *delivery)
{
    bool is_hopeless = fate->tries > 0 && delivery_judge(fate->last_status) == FAILED;
    if (!is_hopeless && fate->tries != delivery->retries + 1)
        FAIL(run, "consumer %d gives up %d/%" PRId64 " after %d attempts", attempt->consumer, attempt->partition,
             attempt->offset, fate->tries);
}

size_t model_attempt(struct run *run, int consumer, const struct parcel *parcel, enum way way, size_t event)
{
    MEM_GROW(run->attempts, run->attempt_count, run->attempt_capacity);
    struct attempt *attempt = &run->attempts[run->attempt_count];
    *attempt = (struct attempt){ .consumer = consumer,
                                 .partition = parcel->cursor->partition,
                                 .offset = parcel->offset,
                                 .event = event,
                                 .way = way,
                                 .life = run->number,
                                 .stay = run->stays[consumer] };
    struct fate *fate = model_fate(run, consumer, attempt->partition, attempt->offset);
    if (fate->stay != attempt->stay) {
        fate->stay = attempt->stay;
        fate->tries = 0;
        fate->is_over = false;
    }
    if (!model_wants(consumer, event))
        FAIL(run, "consumer %d gets event %zu, which it does not want", consumer, event);
    if (attempt->offset < run->fates[consumer][attempt->partition].floor)
        FAIL(run, "consumer %d: %d/%" PRId64 " is below what was committed", consumer, attempt->partition,
             attempt->offset);
    if (fate->is_said)
        FAIL(run, "consumer %d: %d/%" PRId64 " comes again, and a commit said that it is done", consumer,
             attempt->partition, attempt->offset);
    if (fate->is_over)
        FAIL(run, "consumer %d: %d/%" PRId64 " is over and comes again", consumer, attempt->partition, attempt->offset);
    if (model_is_ordered(consumer))
        order_check(run, attempt);
    if (way != TO_SUBSCRIBER)
        dead_check(run, attempt, fate, &parcel->cursor->consumer->delivery);
    totals.attempts++;
    return run->attempt_count++;
}

void model_attempt_end(struct run *run, size_t number, enum attempt_end end, int status)
{
    struct attempt *attempt = &run->attempts[number];
    struct fate *fate = model_fate(run, attempt->consumer, attempt->partition, attempt->offset);
    attempt->end = end;
    if (attempt->way == TO_SUBSCRIBER) {
        fate->tries++;
        fate->last_status = status;
    }
    totals.failed += end == NOT_TAKEN;
    if (end != TAKEN)
        return;
    if (attempt->way != TO_DEAD_LETTER_TOPIC && attempt->accepted == 0)
        FAIL(run, "consumer %d: %d/%" PRId64 " is done, and nobody took it", attempt->consumer, attempt->partition,
             attempt->offset);
    fate->is_over = true;
}

// Why something comes that was delivered before.
static uint64_t *reason_of(struct run *run, size_t number, size_t before)
{
    const struct attempt *now = &run->attempts[number], *then = &run->attempts[before];
    if (number == before)
        return &totals.twice_repeated; // the client's, on a connection that was lost
    if (number < before)
        return &totals.twice_late; // it was given up before the other was sent, and arrives now
    if (then->end == TAKEN && then->life != now->life)
        return &totals.twice_crash; // no commit had said it yet: model_attempt saw that
    if (then->end == TAKEN && then->stay != now->stay && run->life->has_lost_commit)
        return &totals.twice_stay;
    if (then->end != TAKEN)
        return &totals.twice_lost; // the answer
    FAIL(run, "consumer %d: %d/%" PRId64 " is delivered twice for no reason", now->consumer, now->partition,
         now->offset);
}

void model_accepted(struct run *run, size_t number)
{
    struct attempt *attempt = &run->attempts[number];
    struct fate *fate = model_fate(run, attempt->consumer, attempt->partition, attempt->offset);
    if (fate->delivered > 0) {
        ++*reason_of(run, number, fate->delivered - 1);
        totals.twice++;
    }
    attempt->accepted++;
    fate->delivered = number + 1;
    fate->is_settled = true;
}

// --- what a start finds

void model_record(struct run *run, int32_t partition, int64_t offset, size_t event)
{
    struct log_model *log = &run->logs[partition];
    if (offset > (int64_t)log->count)
        FAIL(run, "partition %d has nothing at %zu", partition, log->count);
    if (offset == (int64_t)log->count) {
        MEM_GROW(log->events, log->count, log->capacity);
        log->events[log->count++] = event;
    }
    if (log->events[offset] != event)
        FAIL(run, "%d/%" PRId64 " is not what it was", partition, offset);
    if (event == NO_EVENT)
        return;
    if (event >= run->sent_count)
        FAIL(run, "event %zu was never sent", event);
    run->sent[event].is_found = true;
    if (run->sent[event].is_behind && offset < run->fates[LATEST][partition].begin)
        FAIL(run, "event %zu came after consumer %d, which passes it by", event, LATEST);
}

void model_dead_letter(struct run *run, size_t number, size_t event)
{
    if (number >= run->attempt_count || run->attempts[number].way != TO_DEAD_LETTER_TOPIC ||
        run->attempts[number].event != event)
        FAIL(run, "a dead letter is nobody's");
    struct attempt *attempt = &run->attempts[number];
    attempt->is_kept = true;
    model_fate(run, attempt->consumer, attempt->partition, attempt->offset)->is_settled = true;
}

void model_committed(struct run *run, int consumer, int32_t partition, const struct held *held)
{
    struct fates *fates = &run->fates[consumer][partition];
    const struct log_model *log = &run->logs[partition];
    int64_t offset = held_floor(held);
    if (fates->begin >= 0 && offset < fates->committed)
        FAIL(run, "consumer %d, partition %d: the offset fell from %" PRId64 " to %" PRId64, consumer, partition,
             fates->committed, offset);
    if (held->position > (int64_t)log->count)
        FAIL(run, "consumer %d, partition %d: the place %" PRId64 " is behind the end", consumer, partition,
             held->position);
    if (fates->begin < 0 && offset >= 0)
        fates->begin = offset; // a crash came just after it
    for (int64_t i = fates->begin; i < held->position; i++) {
        struct fate *fate = model_fate(run, consumer, partition, i);
        if (says(held, i) && model_wants(consumer, log->events[i]) && !fate->is_settled)
            FAIL(run, "consumer %d: %d/%" PRId64 " is said to be done, and neither delivered nor kept", consumer,
                 partition, i);
    }
    memory_check(run, consumer, partition, held, false);
    model_said(run, consumer, partition, held);
    fates->committed = offset;
}

void model_check_records(struct run *run)
{
    for (size_t i = 0; i < run->sent_count; i++) {
        if (run->sent[i].is_acked && !run->sent[i].is_found)
            FAIL(run, "event %zu was acknowledged and is not there", i);
        run->sent[i].is_found = false;
    }
    for (size_t i = 0; i < run->attempt_count; i++) {
        struct attempt *attempt = &run->attempts[i];
        if (attempt->way == TO_DEAD_LETTER_TOPIC && attempt->end == TAKEN && !attempt->is_kept)
            FAIL(run, "consumer %d: the dead letter of %d/%" PRId64 " is gone", attempt->consumer, attempt->partition,
                 attempt->offset);
        if (run->logs[attempt->partition].events[attempt->offset] != attempt->event)
            FAIL(run, "attempt %zu was not of %d/%" PRId64, i, attempt->partition, attempt->offset);
    }
}

// --- the end

static void count_fate(struct run *run, int consumer, int32_t partition, int64_t offset)
{
    const struct fate *fate = model_fate(run, consumer, partition, offset);
    size_t event = run->logs[partition].events[offset];
    if (event == NO_EVENT) {
        totals.garbage += consumer == 0;
    } else if (!model_wants(consumer, event)) {
        totals.filtered++;
    } else if (!fate->is_settled) {
        FAIL(run, "consumer %d: event %zu at %d/%" PRId64 " is missing", consumer, event, partition, offset);
    } else if (fate->delivered == 0) {
        totals.dead_topic++;
    } else if (run->attempts[fate->delivered - 1].way == TO_DEAD_LETTER_SINK) {
        totals.dead_sink++;
    } else {
        totals.delivered++;
    }
}

void model_check_all(struct run *run)
{
    for (size_t i = 0; i < run->sent_count; i++) {
        totals.acked += run->sent[i].is_acked;
        totals.unknown += !run->sent[i].is_acked;
    }
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        int64_t end = (int64_t)run->logs[partition].count;
        totals.records += (uint64_t)end;
        for (int consumer = 0; consumer < CONSUMERS; consumer++) {
            const struct fates *fates = &run->fates[consumer][partition];
            if (fates->committed != end)
                FAIL(run, "consumer %d is done, and its offset in partition %d is %" PRId64 " of %" PRId64, consumer,
                     partition, fates->committed, end);
            for (int64_t offset = fates->begin; offset < end; offset++)
                count_fate(run, consumer, partition, offset);
        }
    }
}

void model_free(struct run *run)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        free(run->logs[partition].events);
        for (int consumer = 0; consumer < CONSUMERS; consumer++)
            free(run->fates[consumer][partition].items);
    }
    free(run->attempts);
    free(run->sent);
}
