// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/transaction.h"

#include "base/mem.h"
#include "engine/embedded/impl.h"

#include <stdlib.h>

enum {
    GROUP_SIZE = 1 << 20, // a group takes no more transactions at this size
    MARK_DELAY_MS = 100,  // of being idle: a client that waits for each transaction does not pay for marks
};

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
void transactions_answer(struct list_node *list, err_t err)
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
void transactions_group_answer(struct transactions *transactions)
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

void transactions_want(struct transactions *transactions)
{
    if (!transactions->is_busy && transactions->is_ready && !list_empty(&transactions->queue))
        loop_defer(transactions->loop, &transactions->deferred);
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

void transactions_tables_free(struct transactions *transactions)
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
        transactions_topic_make(transactions);
    else
        transactions_group_judge(transactions);
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
        transactions_topic_make(transactions);
    else
        transactions_group_judge(transactions);
}

// --- the group

void transactions_on_turn_end(struct deferred *deferred)
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
    transactions_group_answer(transactions);
    transactions->is_unmarked = true;
    transactions_group_end(transactions);
}

static void on_decided(struct log_op *op)
{
    struct append_op *append = CONTAINER_OF(op, struct append_op, op);
    struct transactions *transactions = CONTAINER_OF(append, struct transactions, append);
    if (op->err != ERR_OK) {
        transactions_answer(&transactions->taken, op->err);
        transactions_group_end(transactions);
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
    transactions_append(transactions, &transactions->append, transactions->value.bytes, on_decided);
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

void transactions_group_judge(struct transactions *transactions)
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
        transactions_group_end(transactions);
    else
        group_decide(transactions);
}

static void group_idle(struct transactions *transactions)
{
    transactions_tables_free(transactions);
    transactions->is_busy = false;
    transactions_want(transactions);
    if (transactions->is_unmarked && list_empty(&transactions->queue) && !transactions->is_stopping)
        timer_start(&transactions->mark_timer, MARK_DELAY_MS);
    if (transactions->is_stopping)
        transactions_answer(&transactions->queue, ERR_CLOSED); // those that were postponed
    transactions_stop_try(transactions);
}

static void on_released(struct table_group *group)
{
    struct held_table *held = CONTAINER_OF(group, struct held_table, group);
    if (--held->transactions->answers_left == 0)
        group_idle(held->transactions);
}

// Everybody is answered.
void transactions_group_end(struct transactions *transactions)
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
    transactions_want(transactions);
}

void transactions_ask(struct engine *engine, struct engine_transaction_op *op)
{
    op->engine = engine;
    op->answer = loop_current();
    op->message.on_message = on_ask;
    loop_post(embedded_of(engine)->transactions.loop, &op->message);
}
