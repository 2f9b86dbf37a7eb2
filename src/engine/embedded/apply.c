// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/apply.h"

#include "base/log.h"
#include "engine/embedded/impl.h"

enum { RETRY_FIRST_MS = 50, RETRY_LAST_MS = 5000 }; // a full disk is asked again soon, and then not too often

static void part_go(struct apply_part *part);

static void part_done(struct apply_part *part)
{
    struct apply *apply = part->apply;
    topic_unref(part->topic);
    part->topic = NULL;
    if (--apply->left == 0)
        apply->on_applied(apply);
}

static void on_retry(struct timer *timer)
{
    struct apply *apply = CONTAINER_OF(timer, struct apply, retry);
    apply->retry_ms = apply->retry_ms * 2 < RETRY_LAST_MS ? apply->retry_ms * 2 : RETRY_LAST_MS;
    // One more is counted meanwhile: the last part may be done at once, and that frees them all.
    apply->left++;
    for (size_t i = 0; i < apply->intent.part_count; i++) {
        struct apply_part *part = &apply->parts[i];
        if (!part->is_waiting)
            continue;
        part->is_waiting = false;
        part_go(part);
    }
    if (--apply->left == 0)
        apply->on_applied(apply);
}

static void part_wait(struct apply_part *part, err_t err)
{
    struct apply *apply = part->apply;
    part->is_waiting = true;
    if (apply->retry_ms == RETRY_FIRST_MS)
        log_line(LOG_WARN, "a part of a decided transaction has to wait",
                 LOG_FIELDS(log_bytes("topic", part->what->topic), log_int("partition", part->what->partition),
                            log_err(err)));
    if (timer_active(&apply->retry))
        return;
    timer_start(&apply->retry, apply->retry_ms);
    apply->on_stuck(apply);
}

static void part_answer(struct apply_part *part, err_t err, int64_t base_offset)
{
    struct apply *apply = part->apply;
    if (err == ERR_OK || err == ERR_DUPLICATE) {
        part->base_offset = err == ERR_OK ? base_offset : -1;
        part_done(part);
    } else if (store_failed(apply->transactions->embedded->store)) {
        apply->is_failed = true;
        part_done(part);
    } else {
        part_wait(part, err);
    }
}

static void on_appended(struct log_op *op)
{
    struct append_op *append = CONTAINER_OF(op, struct append_op, op);
    part_answer(CONTAINER_OF(append, struct apply_part, append), op->err, append->base_offset);
}

static void on_own_done(struct table_group *group)
{
    part_answer(CONTAINER_OF(group, struct apply_part, own), group->err, group->base_offset);
}

static void on_held_done(struct table_group *group)
{
    struct held_table *held = CONTAINER_OF(group, struct held_table, group);
    held->is_held = group->err != ERR_OK;
    part_answer(held->part, group->err, group->base_offset);
}

// The table that shows the part's topic, NULL when there is none.
static struct table *table_of(const struct embedded *embedded, const struct topic *topic)
{
    if (bytes_is(topic->name, OFFSETS_TOPIC))
        return embedded->offsets.table;
    LIST_EACH(&embedded->tables, node)
    {
        const struct embedded_table *table = LIST_ITEM(node, struct embedded_table, node);
        if (bytes_is(topic->name, table->name))
            return table->rows;
    }
    return NULL;
}

static void table_part_go(struct apply_part *part, struct table *table, struct slice batch)
{
    struct held_table *held = held_table_of(part->apply->transactions, table);
    if (held != NULL && held->is_held) {
        held->part = part;
        held->group.on_done = on_held_done;
        part->group = &held->group;
    } else {
        part->own = (struct table_group){ .table = table, .on_done = on_own_done };
        part->group = &part->own;
    }
    part->group->batch = batch;
    table_group_apply(part->group);
}

static void part_go(struct apply_part *part)
{
    struct apply *apply = part->apply;
    struct embedded *embedded = apply->transactions->embedded;
    const struct intent_part *what = part->what;
    const struct topic *topic = topic_find_id(embedded->store, &what->id);
    topic_unref(part->topic);
    part->topic = topic == NULL ? NULL : topic_ref(topic);
    if (topic == NULL || what->partition >= topic->partition_count) {
        log_line(LOG_WARN, "a part of a decided transaction is dropped: its topic was deleted",
                 LOG_FIELDS(log_bytes("topic", what->topic), log_int("partition", what->partition)));
        part_done(part);
        return;
    }
    struct slice batch = intent_batch(&apply->intent, what, apply->number);
    struct table *table = table_of(embedded, topic);
    if (table != NULL) {
        table_part_go(part, table, batch);
        return;
    }
    part->append = (struct append_op){
        .op = { .partition = topic->partitions[what->partition], .on_done = on_appended },
        .batch = batch,
        .decided = true,
    };
    log_append(&part->append);
}

err_t apply_start(struct apply *apply, bytes_t value, int64_t number)
{
    err_t err = intent_read(value, &apply->arena, &apply->intent);
    if (err != ERR_OK)
        return err;
    size_t count = apply->intent.part_count;
    apply->number = number;
    apply->is_failed = false;
    apply->retry_ms = RETRY_FIRST_MS;
    apply->left = count + 1; // as in on_retry
    timer_init(&apply->retry, apply->transactions->loop, on_retry);
    apply->parts = arena_array(&apply->arena, count + 1, sizeof *apply->parts);
    for (size_t i = 0; i < count; i++) {
        apply->parts[i] = (struct apply_part){ .apply = apply, .what = &apply->intent.parts[i], .base_offset = -1 };
        part_go(&apply->parts[i]);
    }
    if (--apply->left == 0)
        apply->on_applied(apply);
    return ERR_OK;
}

void apply_give_up(struct apply *apply)
{
    timer_stop(&apply->retry);
}

void apply_free(struct apply *apply)
{
    if (apply->retry.loop != NULL && timer_active(&apply->retry))
        timer_stop(&apply->retry);
    for (size_t i = 0; apply->parts != NULL && i < apply->intent.part_count; i++) {
        topic_unref(apply->parts[i].topic);
        slice_free(&apply->parts[i].own.batch);
    }
    apply->parts = NULL;
    apply->intent = (struct intent){ 0 };
    arena_free(&apply->arena);
}
