// SPDX-License-Identifier: Apache-2.0
#include "store/space.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/impl.h"

#include <stdlib.h>

enum { LOOK_INTERVAL_MS = 1000 };

// What a loop asks for, and what a look tells it.
struct notice {
    struct message message;
    struct message poke;
    struct space *space;
    struct shard *shard;
    bool poked;        // on the shard's loop, as are the times
    int64_t looked_ms; // when it last asked
};

struct space {
    struct store *store;
    struct timer timer;
    struct disk_job job;
    struct notice *notices; // one for each shard
    unsigned pending;       // notices that have not come back
    bool is_looking, is_short, is_stopped;
    err_t err;
    uint64_t free_size, total_size;
};

static void look_run(struct disk_job *job)
{
    struct space *space = CONTAINER_OF(job, struct space, job);
    space->err = dir_space(space->store->folder, &space->free_size, &space->total_size);
}

// The first loop again: the look is over.
static void on_back(struct message *message)
{
    struct space *space = CONTAINER_OF(message, struct notice, message)->space;
    if (--space->pending > 0)
        return;
    struct shard *first = &space->store->shards[0];
    space->is_looking = false;
    // Nothing is appended while it is short, so nobody else would ask.
    if (space->is_short && !space->is_stopped)
        timer_start(&space->timer, LOOK_INTERVAL_MS);
    first->jobs--;
    shard_idle(first);
}

static void on_notice(struct message *message)
{
    struct notice *notice = CONTAINER_OF(message, struct notice, message);
    notice->shard->space_short = notice->space->is_short;
    notice->poked = false;
    notice->message.on_message = on_back;
    loop_post(notice->space->store->shards[0].loop, &notice->message);
}

static void look_on_done(struct disk_job *job)
{
    struct space *space = CONTAINER_OF(job, struct space, job);
    // A look that fails changes nothing: the writes themselves will tell.
    bool is_short = space->err == ERR_OK ? space->free_size < space->store->options.reserve_size : space->is_short;
    if (is_short != space->is_short)
        log_line(is_short ? LOG_ERROR : LOG_INFO,
                 is_short ? "the disk is nearly full: only internal topics take appends" : "there is disk space again",
                 LOG_FIELDS(log_text("folder", space->store->folder), log_int("free_bytes", (int64_t)space->free_size),
                            log_int("reserve_bytes", (int64_t)space->store->options.reserve_size)));
    space->is_short = is_short;
    space->pending = space->store->shard_count;
    for (unsigned i = 0; i < space->store->shard_count; i++) {
        space->notices[i].message.on_message = on_notice;
        loop_post(space->store->shards[i].loop, &space->notices[i].message);
    }
}

static void look(struct space *space)
{
    if (space->is_looking || space->is_stopped)
        return;
    space->is_looking = true;
    space->store->shards[0].jobs++;
    disk_submit(DISK_BACKGROUND, &space->job);
}

static void on_timer(struct timer *timer)
{
    look(CONTAINER_OF(timer, struct space, timer));
}

static void on_poke(struct message *message)
{
    look(CONTAINER_OF(message, struct notice, poke)->space);
}

void space_note_write(struct space *space, struct shard *shard)
{
    struct notice *notice = &space->notices[shard->index];
    int64_t now_ms = loop_now_ms(shard->loop);
    if (space->store->options.reserve_size == 0 || notice->poked || now_ms - notice->looked_ms < LOOK_INTERVAL_MS)
        return;
    notice->poked = true;
    notice->looked_ms = now_ms;
    loop_post(space->store->shards[0].loop, &notice->poke);
}

struct space *space_new(struct store *store)
{
    struct space *space = mem_zalloc(1, sizeof *space);
    space->store = store;
    space->job = (struct disk_job){ .loop = store->shards[0].loop, .run = look_run, .on_done = look_on_done };
    space->notices = mem_zalloc(store->shard_count, sizeof *space->notices);
    for (unsigned i = 0; i < store->shard_count; i++)
        space->notices[i] =
            (struct notice){ .poke = { .on_message = on_poke }, .space = space, .shard = &store->shards[i] };
    timer_init(&space->timer, store->shards[0].loop, on_timer);
    return space;
}

void space_stop(struct space *space)
{
    space->is_stopped = true;
    timer_stop(&space->timer);
}

void space_free(struct space *space)
{
    if (space == NULL)
        return;
    timer_stop(&space->timer);
    free(space->notices);
    free(space);
}
