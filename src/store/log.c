// SPDX-License-Identifier: Apache-2.0
// The operations of log.h: carries each to the owner loop and its answer back.
#include "store/log.h"

#include "base/mem.h"
#include "store/checkpoint.h"
#include "store/epochs.h"
#include "store/impl.h"

#include <stdlib.h>

struct loop *partition_loop(const struct partition *partition)
{
    return partition->shard->loop;
}

static void on_answer(struct message *message)
{
    struct log_op *op = CONTAINER_OF(message, struct log_op, message);
    op->on_done(op);
}

void log_op_done(struct log_op *op, err_t err)
{
    op->err = err;
    op->message.on_message = on_answer;
    loop_post(op->from, &op->message);
}

void log_op_send(struct log_op *op, void (*handler)(struct message *message))
{
    struct loop *owner = op->partition->shard->loop;
    struct loop *current = loop_current();
    op->from = current == NULL ? owner : current;
    op->message.on_message = handler;
    if (owner == current)
        handler(&op->message);
    else
        loop_post(owner, &op->message);
}

static void on_append(struct message *message)
{
    partition_append(CONTAINER_OF(message, struct append_op, op.message));
}

void log_append(struct append_op *op)
{
    log_op_send(&op->op, on_append);
}

static void on_read(struct message *message)
{
    partition_read(CONTAINER_OF(message, struct read_op, op.message));
}

void log_read(struct read_op *op)
{
    log_op_send(&op->op, on_read);
}

// Answers a waiter. Once a cancel is on its way to the owner loop, the answer waits for it to come back: the caller may
// free the operation in on_done.
static void on_wait_answer(struct message *message)
{
    struct wait_op *op = CONTAINER_OF(message, struct wait_op, op.message);
    if (!op->cancelling)
        op->op.on_done(&op->op);
}

static void wait_done(struct wait_op *op, err_t err)
{
    list_remove(&op->node);
    op->op.err = err;
    op->op.message.on_message = on_wait_answer;
    loop_post(op->op.from, &op->op.message);
}

static void on_wait(struct message *message)
{
    struct wait_op *op = CONTAINER_OF(message, struct wait_op, op.message);
    const struct partition *partition = op->op.partition;
    if (partition->deleted || partition->shard->failed || partition->shard->stopping)
        wait_done(op, partition->shard->failed ? ERR_IO : ERR_CLOSED);
    else if (partition->durable.offset > op->offset)
        wait_done(op, ERR_OK);
    else
        list_append(&op->op.partition->waiters, &op->node);
}

void log_wait(struct wait_op *op)
{
    op->node = (struct list_node){ 0 };
    op->cancelling = false;
    log_op_send(&op->op, on_wait);
}

static void on_wait_cancel_back(struct message *message)
{
    struct wait_op *op = CONTAINER_OF(message, struct wait_op, cancel);
    op->op.on_done(&op->op);
}

static void on_wait_cancel(struct message *message)
{
    struct wait_op *op = CONTAINER_OF(message, struct wait_op, cancel);
    if (list_linked(&op->node)) {
        list_remove(&op->node);
        op->op.err = ERR_CANCELLED;
    }
    message->on_message = on_wait_cancel_back;
    loop_post(op->op.from, message);
}

void log_wait_cancel(struct wait_op *op)
{
    struct loop *owner = op->op.partition->shard->loop;
    if (owner != op->op.from) {
        op->cancelling = true;
        op->cancel.on_message = on_wait_cancel;
        loop_post(owner, &op->cancel);
    } else if (list_linked(&op->node)) {
        wait_done(op, ERR_CANCELLED);
    }
}

void partition_wake(struct partition *partition)
{
    if (partition->waiters.next == NULL)
        return;
    LIST_EACH(&partition->waiters, node)
    {
        struct wait_op *op = LIST_ITEM(node, struct wait_op, node);
        if (partition->durable.offset > op->offset)
            wait_done(op, ERR_OK);
    }
}

void partition_waiters_fail(struct partition *partition, err_t err)
{
    LIST_EACH(&partition->waiters, node)
    wait_done(LIST_ITEM(node, struct wait_op, node), err);
}

static void on_find_offset(struct message *message)
{
    partition_find_offset(CONTAINER_OF(message, struct offset_op, op.message));
}

void log_find_offset(struct offset_op *op)
{
    log_op_send(&op->op, on_find_offset);
}

struct delete_waiter {
    struct checkpoint_waiter waiter;
    struct delete_records_op *op;
};

static void on_delete_free(struct checkpoint_waiter *waiter)
{
    free(CONTAINER_OF(waiter, struct delete_waiter, waiter));
}

// The caller need not wait until the files are gone. What cannot go yet is left to the cleaner.
static void on_log_start_durable(struct checkpoint_waiter *waiter)
{
    struct delete_waiter *delete = CONTAINER_OF(waiter, struct delete_waiter, waiter);
    struct partition *partition = delete->op->op.partition;
    log_op_done(&delete->op->op, ERR_OK);
    partition_drop_deleted(partition);
    free(delete);
}

static void on_delete_records(struct message *message)
{
    struct delete_records_op *op = CONTAINER_OF(message, struct delete_records_op, op.message);
    struct partition *partition = op->op.partition;
    int64_t offset = op->offset == -1 ? partition->durable.offset : op->offset;
    err_t err = ERR_OK;
    if (partition->deleted)
        err = ERR_CLOSED;
    else if (partition->shard->failed)
        err = ERR_IO;
    else if (offset < 0 || offset > partition->durable.offset)
        err = ERR_OUT_OF_RANGE;
    if (err == ERR_OK && offset > partition->log_start) {
        partition->log_start = offset;
        epochs_trim(partition, offset);
    }
    op->log_start_offset = partition->log_start;
    if (err != ERR_OK) {
        log_op_done(&op->op, err);
        return;
    }
    struct delete_waiter *delete = mem_zalloc(1, sizeof *delete);
    delete->waiter.on_done = on_log_start_durable;
    delete->waiter.on_free = on_delete_free;
    delete->op = op;
    checkpoint_wait(partition->shard, &delete->waiter);
}

void log_delete_records(struct delete_records_op *op)
{
    log_op_send(&op->op, on_delete_records);
}

static void on_stat(struct message *message)
{
    struct stat_op *op = CONTAINER_OF(message, struct stat_op, op.message);
    struct partition *partition = op->op.partition;
    op->found_epoch = -1;
    op->epoch_end_offset = -1;
    if (op->epoch >= 0)
        epochs_end(partition, op->epoch, &op->found_epoch, &op->epoch_end_offset);
    op->log_start_offset = partition->log_start;
    op->high_watermark = partition->durable.offset;
    op->log_end_offset = partition->end;
    op->size = partition_size(partition);
    op->segment_count = partition->segment_count;
    log_op_done(&op->op, partition->deleted ? ERR_CLOSED : ERR_OK);
}

void log_stat(struct stat_op *op)
{
    log_op_send(&op->op, on_stat);
}

static void on_producers(struct message *message)
{
    partition_producers(CONTAINER_OF(message, struct producers_op, op.message));
}

void log_producers(struct producers_op *op)
{
    log_op_send(&op->op, on_producers);
}
