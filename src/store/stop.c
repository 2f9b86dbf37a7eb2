// SPDX-License-Identifier: Apache-2.0
// A clean stop: no more appends from outside, the catalog writes its snapshots, what is in flight ends, and the last
// checkpoint says that nothing has to be recovered.
#include "base/log.h"
#include "base/mem.h"
#include "store/checkpoint.h"
#include "store/impl.h"
#include "store/kafka_files.h"

#include <stdlib.h>

struct stop_step {
    struct message message;
    struct shard *shard;
};

struct stopping {
    struct disk_job files;
    struct store *store;
    void (*on_stopped)(void *owner, err_t err);
    void *owner;
    struct stop_step *steps; // one for each shard
    unsigned left;
    err_t err;
    void (*on_all)(struct store *store);
};

static void step_back(struct message *message)
{
    struct stopping *stopping = CONTAINER_OF(message, struct stop_step, message)->shard->store->stopping;
    if (--stopping->left == 0)
        stopping->on_all(stopping->store);
}

static void step_answer(struct shard *shard)
{
    struct stop_step *step = &shard->store->stopping->steps[shard->index];
    step->message.on_message = step_back;
    loop_post(shard->store->shards[0].loop, &step->message);
}

// Sends every shard a step; ON_ALL when all have answered.
static void step_all(struct store *store, void (*on_message)(struct message *message),
                     void (*on_all)(struct store *store))
{
    struct stopping *stopping = store->stopping;
    stopping->left = store->shard_count;
    stopping->on_all = on_all;
    for (unsigned i = 0; i < store->shard_count; i++) {
        stopping->steps[i].shard = &store->shards[i];
        stopping->steps[i].message.on_message = on_message;
        loop_post(store->shards[i].loop, &stopping->steps[i].message);
    }
}

static void on_end(struct store *store)
{
    struct stopping *stopping = store->stopping;
    stopping->on_stopped(stopping->owner, stopping->err);
}

static void on_last(struct message *message)
{
    step_answer(CONTAINER_OF(message, struct stop_step, message)->shard);
}

static void files_run(struct disk_job *job)
{
    struct stopping *stopping = CONTAINER_OF(job, struct stopping, files);
    // Every loop is idle here: the partitions stand still.
    if (kafka_files_write(stopping->store) != ERR_OK)
        log_line(LOG_WARN, "Kafka's checkpoint files cannot be written", LOG_NONE);
}

static void files_on_done(struct disk_job *job)
{
    struct stopping *stopping = CONTAINER_OF(job, struct stopping, files);
    step_all(stopping->store, on_last, on_end);
}

// One more round, so that no message of the checkpoint is on its way when the memory goes.
static void on_checkpoint(struct store *store, err_t err)
{
    struct stopping *stopping = store->stopping;
    stopping->err = err;
    if (err != ERR_OK) {
        step_all(store, on_last, on_end);
        return;
    }
    stopping->files = (struct disk_job){ .loop = store->shards[0].loop, .run = files_run, .on_done = files_on_done };
    disk_submit(DISK_BACKGROUND, &stopping->files);
}

static void on_drained(struct store *store)
{
    checkpoint_stop(store, on_checkpoint);
}

void shard_idle(struct shard *shard)
{
    bool quiet = shard->jobs == 0 && !commit_active(shard) && (shard->failed || list_empty(&shard->dirty));
    if (!shard->draining || !quiet)
        return;
    shard->draining = false;
    step_answer(shard);
}

static void on_drain(struct message *message)
{
    struct shard *shard = CONTAINER_OF(message, struct stop_step, message)->shard;
    shard->draining = true;
    LIST_EACH(&shard->partitions, node)
    partition_waiters_fail(LIST_ITEM(node, struct partition, node), ERR_CLOSED);
    shard_idle(shard);
}

void store_part_stopped(struct store *store)
{
    step_all(store, on_drain, on_drained);
}

static void on_closed(struct store *store)
{
    if (store->part != NULL && store->part->stop != NULL)
        store->part->stop(store);
    else
        store_part_stopped(store);
}

static void on_close(struct message *message)
{
    struct shard *shard = CONTAINER_OF(message, struct stop_step, message)->shard;
    shard->stopping = true;
    step_answer(shard);
}

void store_stop(struct store *store, void (*on_stopped)(void *owner, err_t err), void *owner)
{
    struct stopping *stopping = mem_zalloc(1, sizeof *stopping);
    stopping->store = store;
    stopping->on_stopped = on_stopped;
    stopping->owner = owner;
    stopping->steps = mem_zalloc(store->shard_count, sizeof *stopping->steps);
    store->stopping = stopping;
    step_all(store, on_close, on_closed);
}

void stopping_free(struct stopping *stopping)
{
    if (stopping == NULL)
        return;
    free(stopping->steps);
    free(stopping);
}
