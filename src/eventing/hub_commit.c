// SPDX-License-Identifier: Apache-2.0
#include "eventing/hub_commit.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

struct hub_commit {
    struct engine_commit_op op;
    struct hub *hub; // NULL: it is gone, or does not want to know
    struct engine_offset *items;
    size_t capacity;
    struct arena arena; // of their metadata, which is written here first:
    struct writer text;
};

static struct hub_commit *commit_new(struct hub *hub, void (*on_done)(struct engine_commit_op *op))
{
    struct hub_commit *commit = mem_zalloc(1, sizeof *commit);
    commit->hub = hub;
    commit->op.on_done = on_done;
    return commit;
}

static void commit_free(struct hub_commit *commit)
{
    arena_free(&commit->arena);
    writer_free(&commit->text);
    free(commit->items);
    free(commit);
}

struct engine_offset hub_offset_of(const struct hub_member *member, int32_t partition, int64_t offset)
{
    return (struct engine_offset){
        .group = member->group,
        .topic = member->hub->topic,
        .partition = partition,
        .offset = offset,
        .leader_epoch = -1,
        .expire_time_ms = ENGINE_NEVER, // a trigger that has nothing to do for a week is still there
        .metadata = BYTES_LITERAL(""),
    };
}

static struct engine_offset *commit_add(struct hub_commit *commit, const struct hub_member *member, int32_t partition,
                                        int64_t offset)
{
    MEM_GROW(commit->items, commit->op.count, commit->capacity);
    struct engine_offset *item = &commit->items[commit->op.count++];
    *item = hub_offset_of(member, partition, offset);
    return item;
}

static void commit_send(struct hub_commit *commit, struct engine *engine)
{
    commit->op.items = commit->items;
    engine->driver->offsets_commit(engine, &commit->op);
}

static void commit_add_cursors(struct hub_commit *commit, struct hub_member *member)
{
    for (int32_t i = 0; i < member->consumer.partition_count; i++) {
        struct held held;
        if (!cursor_commit(&member->consumer.cursors[i], &held))
            continue;
        struct engine_offset *item = commit_add(commit, member, i, held_floor(&held));
        writer_reset(&commit->text);
        held_write(&commit->text, &held, member->hub->topic_id);
        if (commit->text.size > 0)
            item->metadata = arena_copy(&commit->arena, writer_view(&commit->text));
    }
    list_remove(&member->progress);
}

static void progress_note(struct hub_member *member)
{
    if (!list_linked(&member->progress))
        list_append(&member->hub->progress, &member->progress);
}

// What did not become durable is not committed: the next time tries it again, though nothing has moved on since.
static void commit_take_back(struct hub *hub)
{
    LIST_EACH(&hub->members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        if (member->joining != NULL)
            continue;
        for (int32_t i = 0; i < member->consumer.partition_count; i++)
            cursor_take_back(&member->consumer.cursors[i]);
        progress_note(member);
    }
}

static void on_committed(struct engine_commit_op *op)
{
    struct hub_commit *commit = CONTAINER_OF(op, struct hub_commit, op);
    struct hub *hub = commit->hub;
    if (op->err != ERR_OK && op->err != ERR_CLOSED)
        log_line(LOG_WARN, "offsets of events could not be committed: a start may deliver some again",
                 LOG_FIELDS(log_err(op->err)));
    if (hub != NULL) {
        if (op->err != ERR_OK)
            commit_take_back(hub);
        hub->committing = NULL;
        timer_start(&hub->commit, HUB_COMMIT_MS);
    }
    commit_free(commit);
}

static void commit_add_idle(struct hub_commit *commit, struct hub *hub)
{
    LIST_EACH(&hub->members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        if (member->joining == NULL)
            commit_add_cursors(commit, member);
    }
}

static void on_commit(struct timer *timer)
{
    struct hub *hub = CONTAINER_OF(timer, struct hub, commit);
    struct hub_commit *commit = commit_new(hub, on_committed);
    int64_t now_ms = loop_now_ms(hub->loop);
    bool with_idle = now_ms - hub->idle_since_ms >= HUB_COMMIT_IDLE_MS;
    LIST_EACH(&hub->progress, node)
    {
        commit_add_cursors(commit, LIST_ITEM(node, struct hub_member, progress));
    }
    if (with_idle) {
        commit_add_idle(commit, hub);
        hub->idle_since_ms = now_ms;
    }
    if (commit->op.count == 0) {
        commit_free(commit);
        timer_start(timer, HUB_COMMIT_MS);
        return;
    }
    hub->committing = commit;
    commit_send(commit, hub->engine);
}

void hub_progress(struct consumer *consumer)
{
    progress_note(CONTAINER_OF(consumer, struct hub_member, consumer));
}

void hub_commit_start(struct hub *hub)
{
    list_init(&hub->progress);
    timer_init(&hub->commit, hub->loop, on_commit);
    timer_start(&hub->commit, HUB_COMMIT_MS);
}

void hub_commit_stop(struct hub *hub)
{
    timer_stop(&hub->commit);
    if (hub->committing != NULL)
        hub->committing->hub = NULL;
}

static void commit_forget(struct hub_commit *commit, const struct hub_member *member)
{
    for (int32_t i = 0; i < member->hub->partition_count; i++)
        (void)commit_add(commit, member, i, -1);
}

void hub_commit_last(struct hub_member *member, bool forgets)
{
    struct hub_commit *commit = commit_new(NULL, on_committed);
    if (forgets)
        commit_forget(commit, member);
    else if (member->joining == NULL)
        commit_add_cursors(commit, member);
    list_remove(&member->progress);
    if (commit->op.count > 0)
        commit_send(commit, member->hub->engine);
    else
        commit_free(commit);
}
