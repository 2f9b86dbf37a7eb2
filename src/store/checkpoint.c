// SPDX-License-Identifier: Apache-2.0
#include "store/checkpoint.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/journal.h"
#include "store/pass.h"
#include "store/slot.h"

#include <stdlib.h>

struct checkpoint {
    struct disk_job job;
    struct store *store;
    struct slot_header header; // of the slot being written
    unsigned file;             // the slot written last
    bool running, again;
    bool stopping;      // the one that runs is the last
    struct timer retry; // the disk was full: not at once again
    unsigned left;      // passes that are not done
    struct journal_place journal;
    struct writer bytes;
    err_t err;
    void (*on_stopped)(struct store *store, err_t err);
};

enum { RETRY_MS = 1000 };

static void checkpoint_run(struct disk_job *job);
static void on_retry(struct timer *timer);
static void checkpoint_on_stored(struct disk_job *job);

struct checkpoint *checkpoint_new(struct store *store, uint64_t sequence, unsigned file)
{
    struct checkpoint *checkpoint = mem_zalloc(1, sizeof *checkpoint);
    checkpoint->store = store;
    checkpoint->header.sequence = sequence;
    checkpoint->file = file;
    checkpoint->job =
        (struct disk_job){ .loop = store->shards[0].loop, .run = checkpoint_run, .on_done = checkpoint_on_stored };
    timer_init(&checkpoint->retry, store->shards[0].loop, on_retry);
    return checkpoint;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    timer_stop(&checkpoint->retry);
    writer_free(&checkpoint->bytes);
    free(checkpoint);
}

static void encode(struct checkpoint *checkpoint, bool clean)
{
    struct store *store = checkpoint->store;
    struct slot_header *header = &checkpoint->header;
    bytes_t *entries = mem_zalloc(store->shard_count, sizeof *entries);
    uint32_t count = 0;
    for (unsigned i = 0; i < store->shard_count; i++) {
        entries[i] = writer_view(&store->shards[i].pass->state);
        count += store->shards[i].pass->partition_count;
    }
    header->sequence++;
    header->clean = clean;
    header->weak = store->options.flush != FLUSH_COMMIT;
    header->epoch = store->epoch;
    header->journal_generation = checkpoint->journal.generation;
    header->journal_size = checkpoint->journal.size;
    header->journal_sequence = checkpoint->journal.sequence;
    header->journal_position = checkpoint->journal.position;
    writer_free(&checkpoint->bytes);
    slot_encode(header, entries, store->shard_count, count, &checkpoint->bytes);
    checkpoint->file = 1 - checkpoint->file;
    free(entries);
    for (unsigned i = 0; i < store->shard_count; i++)
        writer_free(&store->shards[i].pass->state);
}

err_t checkpoint_open(struct store *store, diag_t *diag)
{
    struct checkpoint *checkpoint = store->checkpoint;
    for (unsigned i = 0; i < store->shard_count; i++)
        pass_encode_state(store->shards[i].pass);
    checkpoint->journal = journal_place(store);
    encode(checkpoint, false);
    err_t err = slot_store(store->folder, checkpoint->file, writer_view(&checkpoint->bytes));
    writer_free(&checkpoint->bytes);
    if (err != ERR_OK)
        return diag_fail(diag, err, store->folder, "the checkpoint cannot be written: %s", err_text(err));
    return ERR_OK;
}

static void checkpoint_begin(struct checkpoint *checkpoint, bool last)
{
    struct store *store = checkpoint->store;
    checkpoint->running = true;
    checkpoint->again = false;
    checkpoint->err = ERR_OK;
    checkpoint->left = store->shard_count;
    checkpoint->journal = journal_place(store);
    for (unsigned i = 0; i < store->shard_count; i++) {
        struct pass *pass = store->shards[i].pass;
        pass->last = last;
        pass->message.on_message = pass_on_begin;
        loop_post(store->shards[i].loop, &pass->message);
    }
}

static void on_retry(struct timer *timer)
{
    struct checkpoint *checkpoint = CONTAINER_OF(timer, struct checkpoint, retry);
    if (!checkpoint->running && !store_failed(checkpoint->store))
        checkpoint_begin(checkpoint, false);
}

void checkpoint_on_want(struct message *message)
{
    struct shard *shard = CONTAINER_OF(message, struct pass, want)->shard;
    struct checkpoint *checkpoint = shard->store->checkpoint;
    message->on_message = pass_on_want_heard;
    loop_post(shard->loop, message);
    if (checkpoint->running || timer_active(&checkpoint->retry))
        checkpoint->again = true;
    else if (!store_failed(checkpoint->store))
        checkpoint_begin(checkpoint, false);
}

static void checkpoint_end(struct checkpoint *checkpoint)
{
    struct store *store = checkpoint->store;
    checkpoint->running = false;
    if (checkpoint->err == ERR_NO_SPACE)
        journal_refuse(store);
    if (checkpoint->on_stopped != NULL && (checkpoint->stopping || store_failed(store))) {
        checkpoint->on_stopped(store, store_failed(store) ? ERR_IO : checkpoint->err);
        return;
    }
    if (checkpoint->on_stopped != NULL) {
        checkpoint->stopping = true;
        checkpoint_begin(checkpoint, true);
    } else if (checkpoint->err == ERR_NO_SPACE) {
        timer_start(&checkpoint->retry, RETRY_MS);
    } else if (checkpoint->again && !store_failed(store)) {
        checkpoint_begin(checkpoint, false);
    }
}

void checkpoint_stop(struct store *store, void (*on_done)(struct store *store, err_t err))
{
    struct checkpoint *checkpoint = store->checkpoint;
    checkpoint->on_stopped = on_done;
    if (checkpoint->running)
        return; // the last one follows it
    if (store_failed(store)) {
        on_done(store, ERR_IO);
        return;
    }
    checkpoint->stopping = true;
    timer_stop(&checkpoint->retry);
    checkpoint_begin(checkpoint, true);
}

static void checkpoint_run(struct disk_job *job)
{
    struct checkpoint *checkpoint = CONTAINER_OF(job, struct checkpoint, job);
    checkpoint->err = slot_store(checkpoint->store->folder, checkpoint->file, writer_view(&checkpoint->bytes));
}

static void checkpoint_on_stored(struct disk_job *job)
{
    struct checkpoint *checkpoint = CONTAINER_OF(job, struct checkpoint, job);
    struct store *store = checkpoint->store;
    writer_free(&checkpoint->bytes);
    if (checkpoint->err == ERR_NO_SPACE) {
        checkpoint->file = 1 - checkpoint->file; // the other slot is still the good one
    } else if (checkpoint->err != ERR_OK) {
        store_fail(store, checkpoint->err, store->folder);
    } else {
        journal_release(store, &checkpoint->journal);
        for (unsigned i = 0; i < store->shard_count; i++) {
            struct pass *pass = store->shards[i].pass;
            pass->settled.on_message = pass_on_settled;
            loop_post(store->shards[i].loop, &pass->settled);
        }
    }
    checkpoint_end(checkpoint);
}

void checkpoint_on_pass(struct message *message)
{
    const struct pass *pass = CONTAINER_OF(message, struct pass, message);
    struct checkpoint *checkpoint = pass->shard->store->checkpoint;
    if (pass->err != ERR_OK)
        checkpoint->err = pass->err;
    if (--checkpoint->left > 0)
        return;
    if (checkpoint->err != ERR_OK || store_failed(checkpoint->store)) {
        for (unsigned i = 0; i < checkpoint->store->shard_count; i++)
            writer_free(&checkpoint->store->shards[i].pass->state);
        checkpoint_end(checkpoint);
        return;
    }
    encode(checkpoint, checkpoint->stopping);
    disk_submit(DISK_BACKGROUND, &checkpoint->job);
}
