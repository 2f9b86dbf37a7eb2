// SPDX-License-Identifier: Apache-2.0
// Where a partition begins or ends, or was at a time.
#include "engine/embedded/impl.h"

#include "base/mem.h"

#include <stdlib.h>

struct find {
    struct offset_op op;
    struct message failed;
    const struct topic *topic; // NULL: there is none
    struct engine_find_op *asked;
};

static void answer(struct find *find, err_t err, int64_t offset)
{
    struct engine_find_op *asked = find->asked;
    topic_unref(find->topic);
    free(find);
    asked->err = err;
    if (err == ERR_OK)
        asked->offset = offset;
    asked->on_done(asked);
}

static void on_found(struct log_op *op)
{
    struct offset_op *found = CONTAINER_OF(op, struct offset_op, op);
    struct find *find = CONTAINER_OF(found, struct find, op);
    bool is_behind = op->err == ERR_OK && found->offset < 0; // all records are older
    if (!is_behind) {
        answer(find, op->err, found->offset);
        return;
    }
    found->timestamp = OFFSET_LATEST;
    log_find_offset(found);
}

static void on_failed(struct message *message)
{
    answer(CONTAINER_OF(message, struct find, failed), ERR_NOT_FOUND, -1);
}

void embedded_offset_find(struct engine *engine, struct engine_find_op *op)
{
    const struct topic *topic = topic_find(embedded_of(engine)->store, op->topic);
    struct find *find = mem_zalloc(1, sizeof *find);
    find->asked = op;
    find->failed.on_message = on_failed;
    if (topic == NULL || op->partition < 0 || op->partition >= topic->partition_count) {
        loop_post(loop_current(), &find->failed);
        return;
    }
    find->topic = topic_ref(topic);
    find->op = (struct offset_op){ .op = { .partition = topic->partitions[op->partition], .on_done = on_found },
                                   .timestamp = op->offset == ENGINE_EARLIEST  ? OFFSET_EARLIEST
                                                : op->offset == ENGINE_AT_TIME ? op->timestamp_ms
                                                                               : OFFSET_LATEST };
    log_find_offset(&find->op);
}
