// SPDX-License-Identifier: Apache-2.0
// The intents' topic, what a start does with the newest of them, and the end.
#include "base/log.h"
#include "base/mem.h"
#include "engine/embedded/impl.h"
#include "io/clock.h"
#include "io/random.h"

#include <stdlib.h>

// --- the intents

// One record with VALUE, to the end of the intents.
void transactions_append(struct transactions *transactions, struct append_op *op, bytes_t value,
                         void (*on_done)(struct log_op *op))
{
    struct batch_builder builder;
    batch_builder_init(&builder, BATCH_PLAIN);
    // With a key, so that even as a compacted topic it would keep the newest.
    batch_builder_add(&builder, BYTES_LITERAL("intent"), value, NULL, 0, clock_wall_ms());
    *op = (struct append_op){ .op = { .partition = transactions->topic->partitions[0], .on_done = on_done } };
    err_t err = batch_builder_finish(&builder, &op->batch);
    ASSERT(err == ERR_OK); // it has a record, and its size is bounded
    batch_builder_free(&builder);
    log_append(op);
}

// Without it a start applies the newest intent once more, and finds that it was done.
static void on_marked(struct log_op *op)
{
    struct append_op *append = CONTAINER_OF(op, struct append_op, op);
    struct transactions *transactions = CONTAINER_OF(append, struct transactions, mark);
    transactions->is_marking = false;
    transactions_stop_try(transactions);
}

static void mark_go(struct transactions *transactions)
{
    struct writer value = WRITER_INIT;
    intent_write(&value, &(struct intent){ .producer_id = transactions->producer_id });
    transactions->is_unmarked = false;
    transactions->is_marking = true;
    transactions_append(transactions, &transactions->mark, writer_view(&value), on_marked);
    writer_free(&value);
}

static void on_mark_timer(struct timer *timer)
{
    struct transactions *transactions = CONTAINER_OF(timer, struct transactions, mark_timer);
    if (!transactions->is_busy && !transactions->is_marking && transactions->is_unmarked)
        mark_go(transactions);
}

static void on_topic_made(struct topic_op *op)
{
    struct transactions *transactions = CONTAINER_OF(op, struct transactions, create);
    transactions->topic = op->topic;
    if (op->err == ERR_OK) {
        transactions_group_judge(transactions);
        return;
    }
    log_line(LOG_ERROR, "the topic of the transactions cannot be made",
             LOG_FIELDS(log_err(op->err), log_text("reason", op->diag.text)));
    transactions_answer(&transactions->taken, op->err);
    transactions_group_end(transactions);
}

// Nothing is kept by time: the newest intent has to stay. By size the newest segment stays, and with it the intent.
void transactions_topic_make(struct transactions *transactions)
{
    static const bytes_t names[] = { { (const uint8_t *)"retention.ms", 12 },
                                     { (const uint8_t *)"retention.bytes", 15 },
                                     { (const uint8_t *)"segment.bytes", 13 },
                                     { (const uint8_t *)"max.message.bytes", 17 } };
    static const bytes_t values[] = { { (const uint8_t *)"-1", 2 },
                                      { (const uint8_t *)"16777216", 8 },
                                      { (const uint8_t *)"4194304", 7 },
                                      { (const uint8_t *)"16777216", 8 } };
    transactions->create = (struct topic_op){ .on_done = on_topic_made,
                                              .name = BYTES_LITERAL(INTENTS_TOPIC),
                                              .partition_count = 1,
                                              .internal = true,
                                              .config_names = names,
                                              .config_values = values,
                                              .config_count = ARRAY_COUNT(names) };
    topic_create(transactions->embedded->store, &transactions->create);
}

// --- stopping

static void on_stop_answer(struct message *message)
{
    struct transactions *transactions = CONTAINER_OF(message, struct transactions, stop);
    transactions->on_stopped(transactions->stop_owner);
}

static void stop_answer(struct transactions *transactions)
{
    struct loop *to = transactions->stop_from;
    if (to == NULL)
        return;
    transactions->stop_from = NULL;
    transactions->stop.on_message = on_stop_answer;
    loop_post(to, &transactions->stop);
}

void transactions_stop_try(struct transactions *transactions)
{
    if (!transactions->is_stopping || transactions->is_busy || transactions->is_marking)
        return;
    if (transactions->is_unmarked)
        mark_go(transactions);
    else
        stop_answer(transactions);
}

// Decided, and not to be applied in this run: the next start does it. What is held stays so, or puts would come first.
static void give_up(struct transactions *transactions)
{
    apply_give_up(&transactions->apply);
    transactions_group_answer(transactions);
    stop_answer(transactions);
}

static void on_stuck(struct apply *apply)
{
    if (apply->transactions->is_stopping)
        give_up(apply->transactions);
}

static void on_stop(struct message *message)
{
    struct transactions *transactions = CONTAINER_OF(message, struct transactions, stop);
    transactions->is_stopping = true;
    timer_stop(&transactions->mark_timer);
    transactions_answer(&transactions->queue, ERR_CLOSED);
    if (transactions->apply.retry.loop != NULL && timer_active(&transactions->apply.retry))
        give_up(transactions);
    else
        transactions_stop_try(transactions);
}

void transactions_stop(struct transactions *transactions, void (*on_stopped)(void *owner), void *owner)
{
    transactions->on_stopped = on_stopped;
    transactions->stop_owner = owner;
    transactions->stop_from = loop_current();
    transactions->stop.on_message = on_stop;
    loop_post(transactions->loop, &transactions->stop);
}

// --- opening

static void on_ready_message(struct message *message)
{
    struct transactions *transactions = CONTAINER_OF(message, struct transactions, ready);
    transactions->on_ready(transactions->ready_owner);
}

static void ready_tell(struct transactions *transactions)
{
    if (!transactions->is_ready || transactions->on_ready == NULL)
        return;
    transactions->ready.on_message = on_ready_message;
    loop_post(store_loop(transactions->embedded->store, 0), &transactions->ready);
}

void transactions_on_ready(struct transactions *transactions, void (*on_ready)(void *owner), void *owner)
{
    transactions->on_ready = on_ready;
    transactions->ready_owner = owner;
    ready_tell(transactions);
}

static void on_replayed(struct apply *apply)
{
    struct transactions *transactions = apply->transactions;
    transactions->is_unmarked = transactions->is_ready = true;
    ready_tell(transactions);
    transactions_group_end(transactions);
}

static void on_start(struct message *message)
{
    struct transactions *transactions = CONTAINER_OF(message, struct transactions, start);
    transactions->apply.on_applied = on_replayed;
    err_t err = apply_start(&transactions->apply, transactions->value.bytes, transactions->apply.number);
    ASSERT(err == ERR_OK); // it was read before
}

// Keeps the value and the offset of the newest intent.
static err_t on_batch(void *owner, bytes_t batch)
{
    struct transactions *transactions = owner;
    struct batch_header header;
    struct record record;
    bytes_t records;
    err_t err = batch_header_read(batch, &header);
    if (err == ERR_OK)
        err = batch_records(batch, &header, 0, NULL, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header.record_count);
    while (record_walk_next(&walk, &record)) {
        slice_free(&transactions->value);
        struct buf *buf = buf_copy(record.value);
        transactions->value = (struct slice){ buf, bytes_of(buf->data, record.value.size) };
        transactions->apply.number = record_offset(&header, &record);
    }
    return walk.err;
}

// Where the newest segment that is not empty begins: the newest intent is in it.
static int64_t scan_from(const struct partition *partition)
{
    size_t count = partition_segments(partition, NULL, 0);
    struct segment_info *segments = mem_zalloc(count + 1, sizeof *segments);
    (void)partition_segments(partition, segments, count);
    int64_t from = partition_log_start(partition);
    for (size_t i = 0; i < count; i++) {
        if (segments[i].size > 0 && segments[i].base_offset > from)
            from = segments[i].base_offset;
    }
    free(segments);
    return from;
}

static err_t newest_read(struct transactions *transactions, diag_t *diag)
{
    struct partition *partition = transactions->topic->partitions[0];
    struct arena arena = ARENA_INIT;
    struct intent intent = { 0 };
    err_t err = partition_scan(partition, scan_from(partition), on_batch, transactions);
    if (err == ERR_OK && transactions->value.buf != NULL)
        err = intent_read(transactions->value.bytes, &arena, &intent);
    arena_free(&arena);
    if (err == ERR_UNSUPPORTED)
        return diag_fail(diag, err, INTENTS_TOPIC,
                         "a newer eddy wrote the transactions: start the newer version, and stop it cleanly");
    if (err != ERR_OK)
        return diag_fail(diag, err, INTENTS_TOPIC, "the newest transaction cannot be read: %s", err_text(err));
    transactions->is_busy = intent.part_count > 0;
    transactions->is_ready = !transactions->is_busy;
    if (transactions->is_busy)
        loop_post(transactions->loop, &transactions->start);
    else
        slice_free(&transactions->value);
    return ERR_OK;
}

err_t transactions_open(struct transactions *transactions, struct embedded *embedded, diag_t *diag)
{
    struct store *store = embedded->store;
    transactions->embedded = embedded;
    transactions->loop = partition_loop_of(store, BYTES_LITERAL(INTENTS_TOPIC), 0);
    // Another one in each run: in the weaker flush modes a power loss takes intents whose parts are there, and their
    // numbers are given again.
    transactions->producer_id = LOG_DECIDED_PRODUCER_ID + (int64_t)(random_u64() >> 2);
    transactions->deferred.on_turn_end = transactions_on_turn_end;
    transactions->start.on_message = on_start;
    transactions->apply.transactions = transactions;
    transactions->apply.on_stuck = on_stuck;
    transactions->is_ready = true;
    list_init(&transactions->queue);
    list_init(&transactions->taken);
    list_init(&transactions->held);
    drafts_init(transactions);
    timer_init(&transactions->mark_timer, transactions->loop, on_mark_timer);
    const struct topic *topic = topic_find(store, BYTES_LITERAL(INTENTS_TOPIC));
    if (topic == NULL)
        return ERR_OK;
    if (!topic->internal)
        return diag_fail(diag, ERR_CONFLICT, INTENTS_TOPIC,
                         "the engine needs this name for itself: delete the topic with an older version");
    transactions->topic = topic_ref(topic);
    return newest_read(transactions, diag);
}

void transactions_free(struct transactions *transactions)
{
    if (transactions->embedded == NULL)
        return;
    if (timer_active(&transactions->mark_timer))
        timer_stop(&transactions->mark_timer);
    loop_defer_cancel(transactions->loop, &transactions->deferred);
    apply_free(&transactions->apply);
    slice_free(&transactions->value);
    transactions_tables_free(transactions);
    drafts_free(transactions);
    topic_unref(transactions->topic);
}
