// SPDX-License-Identifier: Apache-2.0
#include "eventing/hub.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

// --- commits

struct hub_commit {
    struct engine_commit_op op;
    struct hub *hub; // NULL: it is gone, or does not want to know
    struct engine_offset *items;
    size_t capacity;
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
    free(commit->items);
    free(commit);
}

static struct engine_offset offset_of(const struct hub_member *member, int32_t partition, int64_t offset)
{
    return (struct engine_offset){
        .group = member->group,
        .topic = member->hub->topic,
        .partition = partition,
        .offset = offset,
        .leader_epoch = -1,
        .expire_time_ms = CIVIL_MS_MAX, // a trigger that has nothing to do for a week is still there
        .metadata = BYTES_LITERAL(""),
    };
}

static void commit_add(struct hub_commit *commit, const struct hub_member *member, int32_t partition, int64_t offset)
{
    MEM_GROW(commit->items, commit->op.count, commit->capacity);
    commit->items[commit->op.count++] = offset_of(member, partition, offset);
}

static void commit_send(struct hub_commit *commit, struct engine *engine)
{
    commit->op.items = commit->items;
    engine->driver->offsets_commit(engine, &commit->op);
}

static void commit_add_cursors(struct hub_commit *commit, struct hub_member *member)
{
    for (int32_t i = 0; i < member->consumer.partition_count; i++) {
        struct cursor *cursor = &member->consumer.cursors[i];
        int64_t floor = cursor_floor(cursor);
        if (floor == cursor->committed)
            continue;
        cursor->committed = floor;
        commit_add(commit, member, i, floor);
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
            member->consumer.cursors[i].committed = -1;
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

static void on_progress(struct consumer *consumer)
{
    progress_note(CONTAINER_OF(consumer, struct hub_member, consumer));
}

// --- joining: where the group is; where it has been nowhere, at an end of the partition, which is committed first

struct hub_join {
    struct hub_member *member; // NULL: it has left
    struct engine *engine;
    struct engine_fetch_op fetch;
    struct engine_find_op *finds; // by partition
    struct engine_commit_op commit;
    struct engine_offset *items;
    int64_t *positions; // by partition; -1: not known yet
    int32_t partition_count, left;
    err_t err;
};

static void join_free(struct hub_join *join)
{
    free(join->finds);
    free(join->items);
    free(join->positions);
    free(join);
}

// NULL: it has not joined.
static struct cursor *cursor_of(const struct list_node *node, int32_t partition)
{
    const struct hub_member *member = CONTAINER_OF_CONST(node, struct hub_member, node);
    return member->joining != NULL ? NULL : &member->consumer.cursors[partition];
}

// Where the last one is of those that are not far behind the first.
static int64_t gathered_position(const struct hub *hub, int32_t partition)
{
    int64_t first = 0, last = INT64_MAX;
    LIST_EACH(&hub->members, node)
    {
        const struct cursor *cursor = cursor_of(node, partition);
        if (cursor != NULL && cursor->position > first)
            first = cursor->position;
    }
    LIST_EACH(&hub->members, node)
    {
        const struct cursor *cursor = cursor_of(node, partition);
        if (cursor != NULL && cursor->position < last && cursor->position >= first - HUB_GATHER_SPAN)
            last = cursor->position;
    }
    return last;
}

static void feeds_start(struct hub *hub)
{
    for (int32_t i = 0; i < hub->partition_count; i++) {
        feed_start(&hub->feeds[i], gathered_position(hub, i));
        LIST_EACH(&hub->members, node)
        {
            struct cursor *cursor = cursor_of(node, i);
            if (cursor != NULL)
                feed_join(&hub->feeds[i], cursor);
        }
    }
}

static void on_gathered(struct timer *timer)
{
    struct hub *hub = CONTAINER_OF(timer, struct hub, gather);
    bool has_somebody = false;
    LIST_EACH(&hub->members, node)
    {
        has_somebody = has_somebody || cursor_of(node, 0) != NULL;
    }
    if (has_somebody) // else they have left, and the next one begins anew
        feeds_start(hub);
    hub->gather_until_ms = 0;
}

// One that has been here before is probably not alone.
static void gather(struct hub *hub, bool is_known)
{
    int64_t now_ms = loop_now_ms(hub->loop);
    if (!is_known && hub->gather_until_ms == 0) {
        feeds_start(hub);
        return;
    }
    if (hub->gather_until_ms == 0)
        hub->gather_until_ms = now_ms + HUB_GATHER_MAX_MS;
    int64_t left = hub->gather_until_ms - now_ms;
    timer_start(&hub->gather, left < 0 ? 0 : left < HUB_GATHER_MS ? left : HUB_GATHER_MS);
}

static void join_feeds(const struct hub_join *join)
{
    struct hub_member *member = join->member;
    struct hub *hub = member->hub;
    consumer_init(&member->consumer, join->partition_count, join->positions);
    filter_index_put(&hub->index, &member->consumer.entry, member->consumer.filter);
    for (int32_t i = 0; i < join->partition_count; i++)
        member->consumer.cursors[i].committed = join->positions[i];
    if (hub->feeds[0].reader == NULL) {
        gather(hub, join->commit.count == 0);
        return;
    }
    for (int32_t i = 0; i < join->partition_count; i++)
        feed_join(&hub->feeds[i], &member->consumer.cursors[i]);
}

static void join_end(struct hub_join *join)
{
    struct hub_member *member = join->member;
    err_t err = join->err;
    if (member != NULL) {
        member->joining = NULL;
        if (err == ERR_OK)
            join_feeds(join);
    }
    join_free(join);
    if (member != NULL)
        member->on_joined(member, err);
}

static void on_first_committed(struct engine_commit_op *op)
{
    struct hub_join *join = CONTAINER_OF(op, struct hub_join, commit);
    join->err = op->err;
    join_end(join);
}

static void first_commit(struct hub_join *join)
{
    struct hub_member *member = join->member;
    if (member == NULL || join->err != ERR_OK) {
        join_end(join);
        return;
    }
    for (int32_t i = 0; i < join->partition_count; i++) {
        if (join->finds[i].topic.data == NULL)
            continue; // it has an offset
        join->positions[i] = join->finds[i].offset;
        join->items[join->commit.count++] = offset_of(member, i, join->positions[i]);
    }
    join->commit.items = join->items;
    join->commit.on_done = on_first_committed;
    join->engine->driver->offsets_commit(join->engine, &join->commit);
}

static void on_found(struct engine_find_op *op)
{
    struct hub_join *join = op->owner;
    if (op->err != ERR_OK)
        join->err = op->err;
    if (--join->left == 0)
        first_commit(join);
}

static void on_fetched(struct engine_fetch_op *op)
{
    struct hub_join *join = CONTAINER_OF(op, struct hub_join, fetch);
    struct hub_member *member = join->member;
    join->err = op->err;
    if (member == NULL || op->err != ERR_OK) {
        join_end(join);
        return;
    }
    for (size_t i = 0; i < op->count; i++) {
        const struct engine_offset *item = &op->items[i];
        if (bytes_equal(item->topic, member->hub->topic) && item->partition < join->partition_count)
            join->positions[item->partition] = item->offset;
    }
    for (int32_t i = 0; i < join->partition_count; i++)
        join->left += join->positions[i] < 0;
    if (join->left == 0) {
        join_end(join);
        return;
    }
    // A partition that came after the group did is new to it from its first event on.
    int64_t from = join->left < join->partition_count ? ENGINE_EARLIEST : member->from;
    for (int32_t i = 0; i < join->partition_count; i++) {
        if (join->positions[i] >= 0)
            continue;
        join->finds[i] = (struct engine_find_op){
            .on_done = on_found,
            .topic = member->hub->topic,
            .partition = i,
            .offset = from,
            .timestamp_ms = member->from_ms,
            .owner = join,
        };
        join->engine->driver->offset_find(join->engine, &join->finds[i]);
    }
}

void hub_join(struct hub *hub, struct hub_member *member)
{
    struct hub_join *join = mem_zalloc(1, sizeof *join);
    size_t count = (size_t)hub->partition_count;
    *join = (struct hub_join){
        .member = member,
        .engine = hub->engine,
        .fetch = { .on_done = on_fetched, .group = member->group },
        .finds = mem_zalloc(count, sizeof *join->finds),
        .items = mem_zalloc(count, sizeof *join->items),
        .positions = mem_zalloc(count, sizeof *join->positions),
        .partition_count = hub->partition_count,
    };
    for (size_t i = 0; i < count; i++)
        join->positions[i] = -1;
    member->hub = hub;
    member->joining = join;
    member->consumer.loop = hub->loop;
    member->consumer.on_progress = on_progress;
    list_append(&hub->members, &member->node);
    hub->engine->driver->offsets_fetch(hub->engine, &join->fetch);
}

void hub_filter_set(struct hub_member *member, const struct filter *filter)
{
    struct consumer *consumer = &member->consumer;
    consumer->filter = filter;
    if (consumer->entry.rule != NULL)
        filter_index_put(&member->hub->index, &consumer->entry, filter);
}

// --- leaving

static void commit_forget(struct hub_commit *commit, struct hub_member *member)
{
    for (int32_t i = 0; i < member->hub->partition_count; i++)
        commit_add(commit, member, i, -1);
}

void hub_leave(struct hub_member *member, bool forgets)
{
    struct hub *hub = member->hub;
    struct hub_commit *commit = commit_new(NULL, on_committed);
    if (forgets)
        commit_forget(commit, member);
    else if (member->joining == NULL)
        commit_add_cursors(commit, member);
    list_remove(&member->node);
    list_remove(&member->progress);
    filter_index_remove(&hub->index, &member->consumer.entry);
    if (member->joining != NULL)
        member->joining->member = NULL; // it ends by itself
    else
        consumer_deinit(&member->consumer);
    if (commit->op.count > 0)
        commit_send(commit, hub->engine);
    else
        commit_free(commit);
}

// --- the hub

static struct consumer *named(struct feed *feed, bytes_t who)
{
    struct hub *hub = feed->owner;
    LIST_EACH(&hub->members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        if (member->joining == NULL && member->consumer.cursors != NULL && bytes_equal(member->consumer.who, who))
            return &member->consumer;
    }
    return NULL;
}

static void on_feed_end(struct feed *feed, err_t err)
{
    struct hub *hub = feed->owner;
    if (hub->on_end != NULL)
        hub->on_end(hub, err);
}

void hub_open(struct hub *hub, struct engine *engine, bytes_t topic, int32_t partition_count)
{
    *hub = (struct hub){
        .engine = engine,
        .loop = loop_current(),
        .topic = bytes_of_text(bytes_to_text(topic)),
        .partition_count = partition_count,
        .feeds = mem_zalloc((size_t)partition_count, sizeof *hub->feeds),
    };
    filter_index_init(&hub->index);
    list_init(&hub->members);
    list_init(&hub->progress);
    for (int32_t i = 0; i < partition_count; i++) {
        hub->feeds[i] = (struct feed){ .engine = engine,
                                       .topic = hub->topic,
                                       .partition = i,
                                       .index = &hub->index,
                                       .named = named,
                                       .on_end = on_feed_end,
                                       .owner = hub };
    }
    timer_init(&hub->gather, hub->loop, on_gathered);
    timer_init(&hub->commit, hub->loop, on_commit);
    timer_start(&hub->commit, HUB_COMMIT_MS);
}

void hub_make_events(struct hub *hub, const struct record_maker *maker)
{
    ASSERT(list_empty(&hub->members));
    for (int32_t i = 0; i < hub->partition_count; i++)
        hub->feeds[i].maker = maker;
}

void hub_close(struct hub *hub)
{
    ASSERT(list_empty(&hub->members));
    timer_stop(&hub->commit);
    timer_stop(&hub->gather);
    if (hub->committing != NULL)
        hub->committing->hub = NULL;
    for (int32_t i = 0; i < hub->partition_count; i++)
        feed_stop(&hub->feeds[i]);
    filter_index_deinit(&hub->index);
    free(hub->feeds);
    free((void *)(uintptr_t)hub->topic.data);
}
