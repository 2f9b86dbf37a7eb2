// SPDX-License-Identifier: Apache-2.0
#include "eventing/hub.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/mem.h"
#include "eventing/hub_commit.h"

#include <stdlib.h>

// --- joining: where the group is; where it has been nowhere, at an end of the partition, which is committed first

struct hub_join {
    struct hub_member *member; // NULL: it has left
    struct engine *engine;
    struct engine_fetch_op fetch;
    struct engine_find_op *finds; // by partition
    struct engine_commit_op commit;
    struct engine_offset *items;
    int64_t *positions; // by partition; -1: not known yet
    struct held **held; // by partition; NULL: nothing is known of what is behind the position
    int32_t partition_count, left;
    err_t err;
};

static void join_free(struct hub_join *join)
{
    for (int32_t i = 0; i < join->partition_count; i++)
        free(join->held[i]);
    free(join->finds);
    free(join->items);
    free(join->positions);
    free(join->held);
    free(join);
}

// NULL: it has not joined.
static struct cursor *cursor_of(const struct list_node *node, int32_t partition)
{
    const struct hub_member *member = CONTAINER_OF_CONST(node, struct hub_member, node);
    return member->joining != NULL ? NULL : &member->consumer.cursors[partition];
}

// Where the last one is of those that are not far behind the first. What one holds from before it reads for itself.
static int64_t gathered_position(const struct hub *hub, int32_t partition)
{
    int64_t first = 0, last = INT64_MAX;
    LIST_EACH(&hub->members, node)
    {
        const struct cursor *cursor = cursor_of(node, partition);
        if (cursor != NULL && cursor_front(cursor) > first)
            first = cursor_front(cursor);
    }
    LIST_EACH(&hub->members, node)
    {
        const struct cursor *cursor = cursor_of(node, partition);
        int64_t front = cursor == NULL ? INT64_MAX : cursor_front(cursor);
        if (front < last && front >= first - HUB_GATHER_SPAN)
            last = front;
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
    for (int32_t i = 0; i < join->partition_count; i++) {
        member->consumer.cursors[i].committed = join->positions[i];
        if (join->held[i] != NULL)
            cursor_resume(&member->consumer.cursors[i], join->held[i]);
    }
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

// The log of a partition may be another one than when that was committed, or shorter: then it says nothing, today or
// when the log has grown.
static bool held_is_believed(struct hub_join *join, int32_t partition)
{
    if (join->held[partition]->position <= join->finds[partition].offset)
        return true;
    free(join->held[partition]);
    join->held[partition] = NULL;
    return false;
}

static void first_commit_add(struct hub_join *join, int32_t partition)
{
    if (join->held[partition] != NULL && held_is_believed(join, partition))
        return;
    if (join->positions[partition] < 0)
        join->positions[partition] = join->finds[partition].offset;
    join->items[join->commit.count++] = hub_offset_of(join->member, partition, join->positions[partition]);
}

static void first_commit(struct hub_join *join)
{
    for (int32_t i = 0; i < join->partition_count && join->member != NULL && join->err == ERR_OK; i++) {
        if (join->finds[i].topic.data != NULL)
            first_commit_add(join, i);
    }
    if (join->commit.count == 0) {
        join_end(join);
        return;
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

static void find(struct hub_join *join, int32_t partition, int64_t offset)
{
    const struct hub_member *member = join->member;
    join->finds[partition] = (struct engine_find_op){
        .on_done = on_found,
        .topic = member->hub->topic,
        .partition = partition,
        .offset = offset,
        .timestamp_ms = member->from_ms,
        .owner = join,
    };
    join->engine->driver->offset_find(join->engine, &join->finds[partition]);
}

static void place_read(struct hub_join *join, const struct engine_offset *item)
{
    struct held held;
    join->positions[item->partition] = item->offset;
    if (!held_read(item->metadata, join->member->hub->topic_id, item->offset, &held))
        return;
    join->held[item->partition] = mem_alloc(sizeof held);
    *join->held[item->partition] = held;
}

static void on_fetched(struct engine_fetch_op *op)
{
    struct hub_join *join = CONTAINER_OF(op, struct hub_join, fetch);
    struct hub_member *member = join->member;
    int32_t new_count = 0;
    join->err = op->err;
    if (member == NULL || op->err != ERR_OK) {
        join_end(join);
        return;
    }
    for (size_t i = 0; i < op->count; i++) {
        const struct engine_offset *item = &op->items[i];
        if (bytes_equal(item->topic, member->hub->topic) && item->partition < join->partition_count)
            place_read(join, item);
    }
    for (int32_t i = 0; i < join->partition_count; i++) {
        new_count += join->positions[i] < 0;
        join->left += join->positions[i] < 0 || join->held[i] != NULL;
    }
    if (join->left == 0) {
        join_end(join);
        return;
    }
    // A partition that came after the group did is new to it from its first event on.
    int64_t from = new_count < join->partition_count ? ENGINE_EARLIEST : member->from;
    for (int32_t i = 0; i < join->partition_count; i++) {
        if (join->positions[i] < 0)
            find(join, i, from);
        else if (join->held[i] != NULL)
            find(join, i, ENGINE_LATEST);
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
        .held = mem_zalloc(count, sizeof *join->held),
        .partition_count = hub->partition_count,
    };
    for (size_t i = 0; i < count; i++)
        join->positions[i] = -1;
    member->hub = hub;
    member->joining = join;
    member->consumer.loop = hub->loop;
    member->consumer.on_progress = hub_progress;
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

void hub_leave(struct hub_member *member, bool forgets)
{
    hub_commit_last(member, forgets);
    list_remove(&member->node);
    filter_index_remove(&member->hub->index, &member->consumer.entry);
    if (member->joining != NULL)
        member->joining->member = NULL; // it ends by itself
    else
        consumer_deinit(&member->consumer);
}

// --- the hub

static void on_missed(struct feed *feed, int64_t from, int64_t to)
{
    struct hub *hub = feed->owner;
    LIST_EACH(&hub->members, node)
    {
        struct cursor *cursor = cursor_of(node, feed->partition);
        if (cursor != NULL && cursor->is_attached)
            cursor_missed(cursor, from, to);
    }
}

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

static void topic_id_write(const uint8_t *id, char ret_text[HELD_TOPIC_ID_SIZE + 1])
{
    char text[BASE64_SIZE(ENGINE_TOPIC_ID_SIZE)];
    size_t size = base64_encode(BASE64_URL, bytes_of(id, ENGINE_TOPIC_ID_SIZE), text);
    ASSERT(size == HELD_TOPIC_ID_SIZE);
    memcpy(ret_text, text, size);
    ret_text[size] = '\0';
}

void hub_open(struct hub *hub, struct engine *engine, bytes_t topic, const uint8_t *topic_id, int32_t partition_count)
{
    *hub = (struct hub){
        .engine = engine,
        .loop = loop_current(),
        .topic = bytes_of_text(bytes_to_text(topic)),
        .partition_count = partition_count,
        .feeds = mem_zalloc((size_t)partition_count, sizeof *hub->feeds),
    };
    topic_id_write(topic_id, hub->topic_id);
    filter_index_init(&hub->index);
    list_init(&hub->members);
    for (int32_t i = 0; i < partition_count; i++) {
        hub->feeds[i] = (struct feed){ .engine = engine,
                                       .topic = hub->topic,
                                       .partition = i,
                                       .index = &hub->index,
                                       .named = named,
                                       .on_missed = on_missed,
                                       .on_end = on_feed_end,
                                       .owner = hub };
    }
    timer_init(&hub->gather, hub->loop, on_gathered);
    hub_commit_start(hub);
}

bool hub_is_of(const struct hub *hub, const uint8_t *topic_id)
{
    char text[HELD_TOPIC_ID_SIZE + 1];
    topic_id_write(topic_id, text);
    return strcmp(hub->topic_id, text) == 0;
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
    hub_commit_stop(hub);
    timer_stop(&hub->gather);
    for (int32_t i = 0; i < hub->partition_count; i++)
        feed_stop(&hub->feeds[i]);
    filter_index_deinit(&hub->index);
    free(hub->feeds);
    free((void *)(uintptr_t)hub->topic.data);
}
