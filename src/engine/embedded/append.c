// SPDX-License-Identifier: Apache-2.0
// Appends: records of one turn that go to the same partition share a batch.
#include "engine/embedded/impl.h"

#include "base/mem.h"
#include "base/partitioner.h"
#include "io/clock.h"

#include <stdlib.h>

enum {
    BATCH_RECORDS_MAX = 256, // so that reading one record stays cheap
    BATCH_SIZE_MAX = 64 << 10,
    HEADER_OVERHEAD = 10,
};

struct outbox_batch {
    struct map_node node; // in outbox->open
    struct list_node ready;
    const struct topic *topic;
    struct partition *partition;
    int32_t number;
    struct list_node ops; // engine_append_op
    int32_t count;
    struct batch_builder builder;
    struct append_op append;
};

static bytes_t batch_key(const struct map_node *node)
{
    const struct outbox_batch *batch = CONTAINER_OF_CONST(node, struct outbox_batch, node);
    return bytes_of(&batch->partition, sizeof batch->partition);
}

static void batch_free(struct outbox_batch *batch)
{
    batch_builder_free(&batch->builder);
    topic_unref(batch->topic);
    free(batch);
}

static void on_appended(struct log_op *op)
{
    struct outbox_batch *batch = CONTAINER_OF(CONTAINER_OF(op, struct append_op, op), struct outbox_batch, append);
    LIST_EACH(&batch->ops, node)
    {
        struct engine_append_op *one = LIST_ITEM(node, struct engine_append_op, node);
        list_remove(&one->node);
        one->err = op->err;
        one->partition = batch->number;
        one->offset = batch->append.base_offset + one->index;
        one->on_done(one);
    }
    batch_free(batch);
}

static void batch_send(struct outbox_batch *batch)
{
    batch->append = (struct append_op){ .op = { .partition = batch->partition, .on_done = on_appended } };
    err_t err = batch_builder_finish(&batch->builder, &batch->append.batch);
    ASSERT(err == ERR_OK); // it has records, and their size is bounded
    log_append(&batch->append);
}

static void on_turn_end(struct deferred *deferred)
{
    struct outbox *outbox = CONTAINER_OF(deferred, struct outbox, deferred);
    LIST_EACH(&outbox->ready, node)
    {
        struct outbox_batch *batch = LIST_ITEM(node, struct outbox_batch, ready);
        list_remove(&batch->ready);
        if (map_find(&outbox->open, batch_key(&batch->node)) == &batch->node)
            map_remove(&outbox->open, &batch->node);
        batch_send(batch);
    }
    outbox->turn++;
}

static void on_answer(struct message *message)
{
    struct outbox *outbox = CONTAINER_OF(message, struct outbox, answer);
    struct list_node refused;
    list_init(&refused);
    list_splice(&refused, &outbox->refused);
    outbox->answer_posted = false;
    LIST_EACH(&refused, node)
    {
        struct engine_append_op *op = LIST_ITEM(node, struct engine_append_op, node);
        list_remove(&op->node);
        op->on_done(op);
    }
}

void outbox_init(struct outbox *outbox, struct embedded *embedded, struct loop *loop)
{
    outbox->embedded = embedded;
    outbox->loop = loop;
    outbox->open = MAP_INIT(batch_key);
    list_init(&outbox->ready);
    list_init(&outbox->refused);
    outbox->deferred.on_turn_end = on_turn_end;
    outbox->answer.on_message = on_answer;
}

void outbox_free(struct outbox *outbox)
{
    LIST_EACH(&outbox->ready, node)
    batch_free(LIST_ITEM(node, struct outbox_batch, ready));
    loop_defer_cancel(outbox->loop, &outbox->deferred);
    map_free(&outbox->open);
}

static void refuse(struct outbox *outbox, struct engine_append_op *op, err_t err)
{
    op->err = err;
    op->partition = -1;
    op->offset = -1;
    list_append(&outbox->refused, &op->node);
    if (outbox->answer_posted)
        return;
    outbox->answer_posted = true;
    loop_post(outbox->loop, &outbox->answer);
}

static struct outbox *outbox_here(struct embedded *embedded)
{
    const struct loop *current = loop_current();
    size_t i = 0;
    while (i < embedded->loop_count && embedded->outboxes[i].loop != current)
        i++;
    ASSERT(i < embedded->loop_count);
    return &embedded->outboxes[i];
}

err_t record_check(const struct topic *topic, const struct engine_record *record, int64_t now_ms, size_t *ret_size)
{
    size_t size = RECORD_OVERHEAD + record->key.size + record->value.size;
    for (size_t i = 0; i < record->header_count; i++)
        size += HEADER_OVERHEAD + record->headers[i].key.size + record->headers[i].value.size;
    *ret_size = size;
    if (size > (size_t)topic->config.max_message_size)
        return ERR_TOO_LARGE;
    if ((topic->config.cleanup & CLEANUP_COMPACT) != 0 && record->key.data == NULL)
        return ERR_INVALID;
    int64_t time_ms = record->timestamp_ms;
    bool timely = topic->config.log_append_time || time_ms < 0 ||
                  (time_ms <= now_ms ? now_ms - time_ms <= topic->config.timestamp_before_max_ms
                                     : time_ms - now_ms <= topic->config.timestamp_after_max_ms);
    return timely ? ERR_OK : ERR_INVALID;
}

// The open batch of the partition that has room for SIZE more.
static struct outbox_batch *batch_with_room(struct outbox *outbox, const struct topic *topic, int32_t number,
                                            size_t size)
{
    struct partition *partition = topic->partitions[number];
    struct map_node *node = map_find(&outbox->open, bytes_of(&partition, sizeof partition));
    if (node != NULL) {
        struct outbox_batch *batch = CONTAINER_OF(node, struct outbox_batch, node);
        size_t limit =
            topic->config.max_message_size < BATCH_SIZE_MAX ? (size_t)topic->config.max_message_size : BATCH_SIZE_MAX;
        if (batch->count < BATCH_RECORDS_MAX && batch_builder_size(&batch->builder) + size <= limit)
            return batch;
        map_remove(&outbox->open, node); // it is full, and stays in the order of those to be sent
    }
    struct outbox_batch *batch = mem_zalloc(1, sizeof *batch);
    batch->topic = topic_ref(topic);
    batch->partition = partition;
    batch->number = number;
    list_init(&batch->ops);
    batch_builder_init(&batch->builder, BATCH_PLAIN);
    map_insert(&outbox->open, &batch->node);
    list_append(&outbox->ready, &batch->ready);
    loop_defer(outbox->loop, &outbox->deferred);
    return batch;
}

int32_t record_partition(const struct topic *topic, const struct engine_record *record, uint32_t turn)
{
    return record->key.data != NULL ? partitioner_of_key(record->key, topic->partition_count)
                                    : (int32_t)(turn % (uint32_t)topic->partition_count);
}

void embedded_append(struct engine *engine, bytes_t name, int32_t partition, const struct engine_record *record,
                     struct engine_append_op *op)
{
    struct embedded *embedded = embedded_of(engine);
    struct outbox *outbox = outbox_here(embedded);
    const struct topic *topic = topic_find(embedded->store, name);
    int64_t now_ms = clock_wall_ms();
    size_t size;
    if (topic == NULL || partition >= topic->partition_count || partition < ENGINE_ANY_PARTITION) {
        refuse(outbox, op, ERR_NOT_FOUND);
        return;
    }
    err_t err = record_check(topic, record, now_ms, &size);
    if (err != ERR_OK) {
        refuse(outbox, op, err);
        return;
    }
    if (partition == ENGINE_ANY_PARTITION)
        partition = record_partition(topic, record, outbox->turn);
    struct outbox_batch *batch = batch_with_room(outbox, topic, partition, size);
    batch_builder_add(&batch->builder, record->key, record->value, record->headers, record->header_count,
                      record->timestamp_ms < 0 ? now_ms : record->timestamp_ms);
    op->index = batch->count++;
    list_append(&batch->ops, &op->node);
}
