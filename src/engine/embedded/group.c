// SPDX-License-Identifier: Apache-2.0
// The set of groups: finding them, their deadlines, what may be committed and deleted.
#include "engine/embedded/group_impl.h"

#include "base/mem.h"
#include "base/reader.h"

#include <stdlib.h>

bytes_t group_bytes_copy(bytes_t bytes)
{
    if (bytes.data == NULL)
        return BYTES_NULL;
    uint8_t *copy = mem_alloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return bytes_of(copy, bytes.size);
}

void group_bytes_set(bytes_t *to, bytes_t bytes)
{
    bytes_t copy = group_bytes_copy(bytes);
    free((void *)(uintptr_t)to->data);
    *to = copy;
}

// --- the set

static bytes_t group_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct group, node)->id;
}

void groups_init(struct groups *groups, const struct group_options *options,
                 void (*on_write)(struct groups *groups, struct group *group))
{
    *groups = (struct groups){ .options = options, .by_id = MAP_INIT(group_key), .on_write = on_write };
    groups->deadlines = HEAP_INIT;
}

static void group_free(struct groups *groups, struct group *group)
{
    struct map_node *node;
    while ((node = map_next(&group->members, NULL)) != NULL)
        group_member_remove(groups, CONTAINER_OF(node, struct group_member, by_id), GROUP_NOT_AVAILABLE);
    group_timer_stop(groups, &group->phase);
    map_remove(&groups->by_id, &group->node);
    map_free(&group->members);
    map_free(&group->instances);
    map_free(&group->protocols);
    group_bytes_set(&group->id, BYTES_NULL);
    group_bytes_set(&group->protocol_type, BYTES_NULL);
    group_bytes_set(&group->protocol_name, BYTES_NULL);
    free(group);
}

void groups_free(struct groups *groups)
{
    struct map_node *node;
    while ((node = map_next(&groups->by_id, NULL)) != NULL)
        group_free(groups, CONTAINER_OF(node, struct group, node));
    map_free(&groups->by_id);
    heap_free(&groups->deadlines);
}

void groups_time_set(struct groups *groups, int64_t now_ms, int64_t wall_ms)
{
    groups->now_ms = now_ms;
    groups->wall_ms = wall_ms;
}

struct group *groups_find(const struct groups *groups, bytes_t id)
{
    struct map_node *node = map_find(&groups->by_id, id);
    return node == NULL ? NULL : CONTAINER_OF(node, struct group, node);
}

struct group *groups_next(const struct groups *groups, const struct group *group)
{
    struct map_node *node = map_next(&groups->by_id, group == NULL ? NULL : &group->node);
    return node == NULL ? NULL : CONTAINER_OF(node, struct group, node);
}

void groups_remove(struct groups *groups, struct group *group)
{
    ASSERT(group->state == GROUP_EMPTY && group->joined_count == 0);
    group_free(groups, group);
}

// --- deadlines

void group_timer_start(struct groups *groups, struct group_timer *timer, int64_t delay_ms)
{
    heap_remove(&groups->deadlines, &timer->node);
    heap_push(&groups->deadlines, &timer->node, groups->now_ms + delay_ms);
}

void group_timer_stop(struct groups *groups, struct group_timer *timer)
{
    heap_remove(&groups->deadlines, &timer->node);
}

int64_t groups_deadline(const struct groups *groups)
{
    const struct heap_node *node = heap_first(&groups->deadlines);
    return node == NULL ? INT64_MAX : node->key;
}

void groups_tick(struct groups *groups)
{
    // What is started with no delay meanwhile waits for the next tick.
    uint64_t end = groups->deadlines.next_order;
    struct heap_node *node;
    while ((node = heap_first(&groups->deadlines)) != NULL && node->key <= groups->now_ms && node->order < end) {
        struct group_timer *timer = CONTAINER_OF(node, struct group_timer, node);
        heap_remove(&groups->deadlines, node);
        timer->on_due(groups, timer);
    }
}

// --- states

const char *group_state_name(enum group_state state)
{
    static const char *const names[GROUP_STATE_COUNT] = { "Empty", "PreparingRebalance", "CompletingRebalance",
                                                          "Stable" };
    return names[state];
}

void group_state_set(struct groups *groups, struct group *group, enum group_state state)
{
    group->state = state;
    group->state_time_ms = groups->wall_ms;
}

void group_write(struct groups *groups, struct group *group)
{
    group->write = ++groups->writes;
    groups->on_write(groups, group);
}

// --- what is asked from outside the membership

static bool caller_is_known(const struct group_caller *caller)
{
    return caller->generation >= 0 || caller->member_id.size > 0 || caller->instance_id.data != NULL;
}

enum group_error group_commit_check(struct groups *groups, const struct group_caller *caller)
{
    struct group *group = groups_find(groups, caller->group_id);
    // Admin clients and consumers that choose their partitions themselves commit without a generation.
    if (group == NULL)
        return caller->generation < 0 ? GROUP_OK : GROUP_NOT_FOUND;
    if (caller->generation < 0 && group->state == GROUP_EMPTY)
        return GROUP_OK;
    if (!caller_is_known(caller))
        return group->state == GROUP_EMPTY ? GROUP_OK : GROUP_UNKNOWN_MEMBER;
    struct group_member *member;
    enum group_error error = group_member_check(group, caller->member_id, caller->instance_id, &member);
    if (error != GROUP_OK)
        return error;
    if (caller->generation != group->generation)
        return GROUP_ILLEGAL_GENERATION;
    if (group->state == GROUP_COMPLETING_REBALANCE)
        return GROUP_REBALANCING;
    // A commit is a sign of life.
    if (!member->is_new)
        group_member_session_start(groups, member, member->session_timeout_ms);
    return GROUP_OK;
}

enum group_error group_delete_check(const struct groups *groups, bytes_t group_id)
{
    const struct group *group = groups_find(groups, group_id);
    if (group == NULL)
        return GROUP_NOT_FOUND;
    return group->state == GROUP_EMPTY ? GROUP_OK : GROUP_NOT_EMPTY;
}

static bool is_consumer_group(const struct group *group)
{
    return bytes_is(group->protocol_type, "consumer");
}

enum group_error group_forget_check(const struct groups *groups, bytes_t group_id)
{
    const struct group *group = groups_find(groups, group_id);
    if (group_id.size == 0)
        return GROUP_INVALID_ID;
    if (group == NULL)
        return GROUP_NOT_FOUND;
    return group->state == GROUP_EMPTY || is_consumer_group(group) ? GROUP_OK : GROUP_NOT_EMPTY;
}

// ConsumerProtocolSubscription: version, then the topics. True also for what cannot be read.
static bool subscription_has(bytes_t metadata, bytes_t topic)
{
    struct reader r = reader_of(metadata);
    (void)reader_i16(&r);
    int32_t count = reader_i32(&r);
    for (int32_t i = 0; i < count && r.err == ERR_OK; i++)
        if (bytes_equal(reader_bytes(&r, reader_u16(&r)), topic) && r.err == ERR_OK)
            return true;
    return r.err != ERR_OK || count < 0;
}

bool group_reads_topic(const struct group *group, bytes_t topic)
{
    if (!is_consumer_group(group) || group->joined_count == 0)
        return false;
    if (group->protocol_name.data == NULL)
        return true;
    LIST_EACH(&group->joined, node)
    if (subscription_has(group_member_metadata(LIST_ITEM(node, struct group_member, node)), topic))
        return true;
    return false;
}

bool group_offset_is_old(const struct groups *groups, const struct group *group, bytes_t topic, int64_t commit_time_ms)
{
    int64_t base_ms = commit_time_ms;
    if (group->protocol_type.data != NULL) {
        bool has_readers = is_consumer_group(group) && group->state == GROUP_STABLE;
        if (group->state == GROUP_EMPTY)
            base_ms = group->state_time_ms >= 0 ? group->state_time_ms : commit_time_ms;
        else if (!has_readers || group_reads_topic(group, topic))
            return false;
    }
    return groups->wall_ms - base_ms >= groups->options->retention_ms;
}
