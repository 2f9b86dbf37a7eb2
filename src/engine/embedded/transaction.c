// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/transaction.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/embedded/impl.h"
#include "io/clock.h"
#include "io/random.h"

#include <stdlib.h>

enum {
    GROUP_SIZE = 1 << 20, // a group takes no more transactions at this size
    MARK_DELAY_MS = 100,  // of being idle: a client that waits for each transaction does not pay for marks
};

static void group_judge(struct transactions *transactions);
static void group_end(struct transactions *transactions);

// --- answers

static void on_answer(struct message *message)
{
    struct engine_transaction_op *op = CONTAINER_OF(message, struct engine_transaction_op, message);
    op->on_done(op);
}

static void answer(struct engine_transaction_op *op, err_t err)
{
    op->err = err;
    op->message.on_message = on_answer;
    loop_post(op->answer, &op->message);
}

// Those of LIST, none of them for a reason of its own.
static void answer_all(struct list_node *list, err_t err)
{
    LIST_EACH(list, node)
    {
        struct engine_transaction_op *op = LIST_ITEM(node, struct engine_transaction_op, node);
        list_remove(&op->node);
        op->failed = ENGINE_PART_NONE;
        op->failed_index = 0;
        answer(op, err);
    }
}

// What a part got; -1 when that is not known.
static int64_t offset_of(const struct transactions *transactions, const struct draft *draft, int32_t index)
{
    int64_t base_offset = transactions->apply.parts[draft->ordinal].base_offset;
    return base_offset < 0 ? -1 : base_offset + index;
}

// The group is decided: answers all of it.
static void group_answer(struct transactions *transactions)
{
    err_t err = transactions->apply.is_failed ? ERR_IO : ERR_OK;
    LIST_EACH(&transactions->taken, node)
    {
        struct engine_transaction_op *op = LIST_ITEM(node, struct engine_transaction_op, node);
        list_remove(&op->node);
        for (size_t i = 0; i < op->append_count; i++) {
            struct engine_transaction_append *append = &op->appends[i];
            const struct draft *draft = append->state;
            append->partition = draft->partition;
            append->offset = offset_of(transactions, draft, append->index);
        }
        for (size_t i = 0; i < op->put_count; i++) {
            int64_t offset = offset_of(transactions, op->puts[i].state, op->puts[i].index);
            op->puts[i].version = offset < 0 ? -1 : offset + 1;
        }
        answer(op, err);
    }
}

static void group_want(struct transactions *transactions)
{
    if (!transactions->is_busy && transactions->is_ready && !list_empty(&transactions->queue))
        loop_defer(transactions->loop, &transactions->deferred);
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

static void mark_go(struct transactions *transactions);

static void stop_try(struct transactions *transactions)
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
    group_answer(transactions);
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
    answer_all(&transactions->queue, ERR_CLOSED);
    if (transactions->apply.retry.loop != NULL && timer_active(&transactions->apply.retry))
        give_up(transactions);
    else
        stop_try(transactions);
}

void transactions_stop(struct transactions *transactions, void (*on_stopped)(void *owner), void *owner)
{
    transactions->on_stopped = on_stopped;
    transactions->stop_owner = owner;
    transactions->stop_from = loop_current();
    transactions->stop.on_message = on_stop;
    loop_post(transactions->loop, &transactions->stop);
}

// --- the intents

// One record with VALUE, to the end of the intents.
static void intent_append(struct transactions *transactions, struct append_op *op, bytes_t value,
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
    stop_try(transactions);
}

static void mark_go(struct transactions *transactions)
{
    struct writer value = WRITER_INIT;
    intent_write(&value, &(struct intent){ .producer_id = transactions->producer_id });
    transactions->is_unmarked = false;
    transactions->is_marking = true;
    intent_append(transactions, &transactions->mark, writer_view(&value), on_marked);
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
        group_judge(transactions);
        return;
    }
    log_line(LOG_ERROR, "the topic of the transactions cannot be made",
             LOG_FIELDS(log_err(op->err), log_text("reason", op->diag.text)));
    answer_all(&transactions->taken, op->err);
    group_end(transactions);
}

// Nothing is kept by time: the newest intent has to stay. By size the newest segment stays, and with it the intent.
static void topic_make(struct transactions *transactions)
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

// --- tables

struct held_table *held_table_of(struct transactions *transactions, const struct table *table)
{
    LIST_EACH(&transactions->held, node)
    {
        struct held_table *held = LIST_ITEM(node, struct held_table, node);
        if (held->group.table == table)
            return held;
    }
    return NULL;
}

static struct held_table *held_table_add(struct transactions *transactions, struct table *table)
{
    struct held_table *held = held_table_of(transactions, table);
    if (held != NULL)
        return held;
    held = mem_zalloc(1, sizeof *held);
    held->transactions = transactions;
    held->group.table = table;
    list_append(&transactions->held, &held->node);
    return held;
}

static void held_tables_free(struct transactions *transactions)
{
    LIST_EACH(&transactions->held, node)
    {
        struct held_table *held = LIST_ITEM(node, struct held_table, node);
        list_remove(&held->node);
        slice_free(&held->group.batch);
        free(held->keys);
        free(held->versions);
        free(held);
    }
}

static void on_held(struct table_group *group)
{
    struct held_table *held = CONTAINER_OF(group, struct held_table, group);
    struct transactions *transactions = held->transactions;
    held->err = group->err;
    held->is_held = group->err == ERR_OK;
    if (--transactions->answers_left > 0)
        return;
    if (transactions->topic == NULL)
        topic_make(transactions);
    else
        group_judge(transactions);
}

// The tables that OP looks at, and that of the offsets when its topic is not made yet: a hold waits for that.
static void tables_note(struct transactions *transactions, struct engine_transaction_op *op)
{
    struct embedded *embedded = transactions->embedded;
    for (size_t i = 0; i < op->put_count; i++) {
        struct engine_transaction_put *put = &op->puts[i];
        struct held_table *held = held_table_add(transactions, embedded_rows(put->table));
        MEM_GROW(held->keys, held->key_count, held->key_capacity);
        put->state = held;
        put->index = (int32_t)held->key_count;
        held->keys[held->key_count++] = put->key;
    }
    if (op->offset_count > 0 && topic_find(embedded->store, BYTES_LITERAL(OFFSETS_TOPIC)) == NULL)
        (void)held_table_add(transactions, embedded->offsets.table);
}

static void tables_hold(struct transactions *transactions)
{
    transactions->answers_left = 1; // so that one path goes on
    LIST_EACH(&transactions->held, node)
    {
        struct held_table *held = LIST_ITEM(node, struct held_table, node);
        held->versions = mem_zalloc(held->key_count + 1, sizeof *held->versions);
        held->group.keys = held->keys;
        held->group.versions = held->versions;
        held->group.key_count = held->key_count;
        held->group.on_done = on_held;
        transactions->answers_left++;
        table_group_hold(&held->group);
    }
    if (--transactions->answers_left > 0)
        return;
    if (transactions->topic == NULL)
        topic_make(transactions);
    else
        group_judge(transactions);
}

// --- the group

static void on_turn_end(struct deferred *deferred)
{
    struct transactions *transactions = CONTAINER_OF(deferred, struct transactions, deferred);
    size_t size = 0;
    if (transactions->is_busy)
        return;
    LIST_EACH(&transactions->queue, node)
    {
        struct engine_transaction_op *op = LIST_ITEM(node, struct engine_transaction_op, node);
        if (size >= GROUP_SIZE)
            break;
        list_remove(&op->node);
        err_t err = transaction_check(op);
        if (err != ERR_OK) {
            answer(op, err);
            continue;
        }
        size += transaction_size(op);
        list_append(&transactions->taken, &op->node);
        tables_note(transactions, op);
    }
    if (list_empty(&transactions->taken))
        return;
    transactions->is_busy = true;
    timer_stop(&transactions->mark_timer);
    tables_hold(transactions);
}

static void on_applied(struct apply *apply)
{
    struct transactions *transactions = apply->transactions;
    group_answer(transactions);
    transactions->is_unmarked = true;
    group_end(transactions);
}

static void on_decided(struct log_op *op)
{
    struct append_op *append = CONTAINER_OF(op, struct append_op, op);
    struct transactions *transactions = CONTAINER_OF(append, struct transactions, append);
    if (op->err != ERR_OK) {
        answer_all(&transactions->taken, op->err);
        group_end(transactions);
        return;
    }
    transactions->apply.on_applied = on_applied;
    err_t err = apply_start(&transactions->apply, transactions->value.bytes, append->base_offset);
    ASSERT(err == ERR_OK); // it was written a moment ago
}

static void group_decide(struct transactions *transactions)
{
    struct writer value = WRITER_INIT;
    struct intent intent = { .producer_id = transactions->producer_id };
    size_t count = transactions->drafts_by_place.count;
    struct slice *batches = mem_zalloc(count, sizeof *batches);
    intent.parts = mem_zalloc(count, sizeof *intent.parts);
    LIST_EACH(&transactions->drafts, node)
    {
        struct draft *draft = LIST_ITEM(node, struct draft, node);
        if (draft->count == 0)
            continue; // of a transaction that was refused
        draft->ordinal = intent.part_count++;
        err_t err = batch_builder_finish(&draft->builder, &batches[draft->ordinal]);
        ASSERT(err == ERR_OK); // it has records, and their size is bounded
        intent.parts[draft->ordinal] = (struct intent_part){ .topic = draft->topic->name,
                                                             .id = draft->topic->id,
                                                             .partition = draft->partition,
                                                             .batch = batches[draft->ordinal].bytes };
    }
    intent_write(&value, &intent);
    for (size_t i = 0; i < intent.part_count; i++)
        slice_free(&batches[i]);
    free(batches);
    free(intent.parts);
    transactions->value = writer_finish(&value);
    intent_append(transactions, &transactions->append, transactions->value.bytes, on_decided);
}

// Takes what must wait for the next group back to the front of the queue, in order.
static void postpone(struct transactions *transactions, struct list_node *from)
{
    struct list_node later;
    list_init(&later);
    while (from != &transactions->taken) {
        struct list_node *next = from->next;
        list_remove(from);
        list_append(&later, from);
        from = next;
    }
    list_splice(&later, &transactions->queue);
    list_splice(&transactions->queue, &later);
}

static void group_judge(struct transactions *transactions)
{
    transactions->turn++;
    LIST_EACH(&transactions->taken, node)
    {
        struct engine_transaction_op *op = LIST_ITEM(node, struct engine_transaction_op, node);
        err_t err = transaction_judge(transactions, op);
        if (err == ERR_AGAIN) {
            postpone(transactions, node);
            break;
        }
        if (err == ERR_OK) {
            transaction_add(transactions, op);
        } else {
            list_remove(&op->node);
            answer(op, err);
        }
    }
    if (list_empty(&transactions->taken))
        group_end(transactions);
    else
        group_decide(transactions);
}

static void group_idle(struct transactions *transactions)
{
    held_tables_free(transactions);
    transactions->is_busy = false;
    group_want(transactions);
    if (transactions->is_unmarked && list_empty(&transactions->queue) && !transactions->is_stopping)
        timer_start(&transactions->mark_timer, MARK_DELAY_MS);
    if (transactions->is_stopping)
        answer_all(&transactions->queue, ERR_CLOSED); // those that were postponed
    stop_try(transactions);
}

static void on_released(struct table_group *group)
{
    struct held_table *held = CONTAINER_OF(group, struct held_table, group);
    if (--held->transactions->answers_left == 0)
        group_idle(held->transactions);
}

// Everybody is answered.
static void group_end(struct transactions *transactions)
{
    apply_free(&transactions->apply);
    slice_free(&transactions->value);
    drafts_free(transactions);
    transactions->answers_left = 1;
    LIST_EACH(&transactions->held, node)
    {
        struct held_table *held = LIST_ITEM(node, struct held_table, node);
        if (!held->is_held)
            continue;
        transactions->answers_left++;
        held->group.on_done = on_released;
        table_group_apply(&held->group);
    }
    if (--transactions->answers_left == 0)
        group_idle(transactions);
}

static void on_ask(struct message *message)
{
    struct engine_transaction_op *op = CONTAINER_OF(message, struct engine_transaction_op, message);
    struct transactions *transactions = &embedded_of(op->engine)->transactions;
    op->failed = ENGINE_PART_NONE;
    op->failed_index = 0;
    if (transactions->is_stopping) {
        answer(op, ERR_CLOSED);
        return;
    }
    op->node = (struct list_node){ 0 };
    list_append(&transactions->queue, &op->node);
    group_want(transactions);
}

void transactions_ask(struct engine *engine, struct engine_transaction_op *op)
{
    op->engine = engine;
    op->answer = loop_current();
    op->message.on_message = on_ask;
    loop_post(embedded_of(engine)->transactions.loop, &op->message);
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
    group_end(transactions);
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
    transactions->deferred.on_turn_end = on_turn_end;
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
    held_tables_free(transactions);
    drafts_free(transactions);
    topic_unref(transactions->topic);
}
