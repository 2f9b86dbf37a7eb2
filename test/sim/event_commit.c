// SPDX-License-Identifier: Apache-2.0
#include "event_run.h"

#include "base/base64.h"
#include "base/mem.h"
#include "store/topic.h"

// What one item of a commit says, read when it is sent: the views in it may go then.
struct saying {
    int consumer;
    int32_t partition;
    struct held held;
};

// A commit on its way to the engine and back.
struct committing {
    struct list_node node;
    struct life *life;
    struct engine_commit_op inner, *outer;
    struct saying *sayings;
};

static int consumer_of(struct run *run, bytes_t group)
{
    int64_t consumer = -1;
    if (group.size < 2 || !bytes_to_int64(bytes_of(group.data + 1, group.size - 1), &consumer) || consumer < 0 ||
        consumer >= CONSUMERS)
        FAIL(run, "group '%.*s' is nobody's", BYTES_ARG(group));
    return (int)consumer;
}

struct held commit_read(struct life *life, const struct engine_offset *item)
{
    char topic_id[BASE64_SIZE(TOPIC_ID_SIZE) + 1] = "";
    struct held held = { .position = item->offset };
    const struct topic *topic = topic_find(life->store, item->topic);
    (void)base64_encode(BASE64_URL, bytes_of(topic->id.bytes, TOPIC_ID_SIZE), topic_id);
    if (item->metadata.size > 0 && !held_read(item->metadata, topic_id, item->offset, &held))
        FAIL(life->run, "'%.*s' beside the offset %" PRId64 " says nothing", BYTES_ARG(item->metadata), item->offset);
    return held;
}

static void on_committed(struct engine_commit_op *inner)
{
    struct committing *committing = CONTAINER_OF(inner, struct committing, inner);
    struct engine_commit_op *outer = committing->outer;
    for (size_t i = 0; i < inner->count && inner->err == ERR_OK; i++) {
        const struct saying *saying = &committing->sayings[i];
        model_said(committing->life->run, saying->consumer, saying->partition, &saying->held);
    }
    committing->life->has_lost_commit |= inner->err != ERR_OK;
    outer->err = inner->err;
    list_remove(&committing->node);
    free(committing->sayings);
    free(committing);
    outer->on_done(outer);
}

static void commit(struct engine *engine, struct engine_commit_op *outer)
{
    struct life *life = (struct life *)(uintptr_t)CONTAINER_OF_CONST(engine->driver, struct life, driver);
    struct committing *committing = mem_zalloc(1, sizeof *committing);
    committing->life = life;
    committing->outer = outer;
    committing->sayings = mem_zalloc(outer->count, sizeof *committing->sayings);
    for (size_t i = 0; i < outer->count; i++) {
        const struct engine_offset *item = &outer->items[i];
        struct saying *saying = &committing->sayings[i];
        *saying = (struct saying){ consumer_of(life->run, item->group), item->partition, commit_read(life, item) };
        model_says(life->run, saying->consumer, saying->partition, &saying->held);
    }
    list_append(&life->commits, &committing->node);
    committing->inner =
        (struct engine_commit_op){ .on_done = on_committed, .items = outer->items, .count = outer->count };
    life->real->offsets_commit(engine, &committing->inner);
}

void commits_watch(struct life *life)
{
    life->real = life->engine->driver;
    life->driver = *life->real;
    life->driver.offsets_commit = commit;
    life->engine->driver = &life->driver;
}
