// SPDX-License-Identifier: Apache-2.0
// Who produces into a partition, for people (DescribeProducers). The state may have to be read from disk first.
#include "store/impl.h"

#include "base/mem.h"
#include "store/producers.h"

static void list_answer(struct producers_op *op)
{
    const struct producers *producers = op->op.partition->producers;
    const struct map_node *node = NULL;
    op->items = mem_zalloc(producers_count(producers) + 1, sizeof *op->items);
    op->count = 0;
    while ((node = map_next(&producers->map, node)) != NULL) {
        const struct producer *producer = CONTAINER_OF_CONST(node, struct producer, node);
        const struct producer_batch *last =
            producer->batch_count == 0 ? NULL : &producer->batches[producer->batch_count - 1];
        op->items[op->count++] = (struct producer_state){ producer->id, producer->epoch, producer->last_sequence,
                                                          last == NULL ? -1 : last->timestamp };
    }
    log_op_done(&op->op, ERR_OK);
}

void partition_producers(struct producers_op *op)
{
    struct partition *partition = op->op.partition;
    op->items = NULL;
    op->count = 0;
    if (partition->deleted || partition->shard->failed) {
        log_op_done(&op->op, partition->deleted ? ERR_CLOSED : ERR_IO);
        return;
    }
    if (partition->producers != NULL) {
        list_answer(op);
        return;
    }
    op_queue_push(&partition->asking, &op->op.message);
    producers_load(partition);
}

void partition_asking_resume(struct partition *partition)
{
    struct message *message;
    if (partition->asking.first != NULL && partition->producers == NULL) {
        producers_load(partition);
        return;
    }
    while ((message = op_queue_pop(&partition->asking)) != NULL)
        list_answer(CONTAINER_OF(message, struct producers_op, op.message));
}

void partition_asking_fail(struct partition *partition, err_t err)
{
    struct message *message;
    while ((message = op_queue_pop(&partition->asking)) != NULL)
        log_op_done(&CONTAINER_OF(message, struct producers_op, op.message)->op, err);
}
