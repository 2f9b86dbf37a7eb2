// SPDX-License-Identifier: Apache-2.0
// Members of a group: their place in its maps and counts, their protocols, their answers.
#include "engine/embedded/group_impl.h"

#include "base/mem.h"

#include <stdlib.h>

// How many members know a protocol.
struct protocol_count {
    struct map_node node;
    bytes_t name; // heap
    size_t members, votes;
};

static bytes_t id_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct group_member, by_id)->id;
}

static bytes_t instance_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct group_member, by_instance)->instance_id;
}

static bytes_t protocol_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct protocol_count, node)->name;
}

// --- protocols

static struct protocol_count *count_find(const struct group *group, bytes_t name)
{
    struct map_node *node = map_find(&group->protocols, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct protocol_count, node);
}

static void protocols_count(struct group_member *member)
{
    for (size_t i = 0; i < member->protocol_count; i++) {
        struct protocol_count *count = count_find(member->group, member->protocols[i].name);
        if (count == NULL) {
            count = mem_zalloc(1, sizeof *count);
            count->name = group_bytes_copy(member->protocols[i].name);
            map_insert(&member->group->protocols, &count->node);
        }
        count->members++;
    }
}

static void protocols_discount(struct group_member *member)
{
    for (size_t i = 0; i < member->protocol_count; i++) {
        struct protocol_count *count = count_find(member->group, member->protocols[i].name);
        ASSERT(count != NULL);
        if (--count->members > 0)
            continue;
        map_remove(&member->group->protocols, &count->node);
        group_bytes_set(&count->name, BYTES_NULL);
        free(count);
    }
}

static bool has_protocol(const struct group_protocol *rows, size_t count, bytes_t name)
{
    while (count > 0)
        if (bytes_equal(rows[--count].name, name))
            return true;
    return false;
}

// One block: the rows, then the bytes. A name that comes twice counts once.
static void protocols_set(struct group_member *member, const struct group_join *join)
{
    size_t size = join->protocol_count * sizeof(struct group_protocol) + 1;
    for (size_t i = 0; i < join->protocol_count; i++)
        size += join->protocols[i].name.size + join->protocols[i].metadata.size;
    struct group_protocol *rows = mem_alloc(size);
    uint8_t *at = (uint8_t *)(rows + join->protocol_count);
    size_t count = 0;
    for (size_t i = 0; i < join->protocol_count; i++) {
        if (has_protocol(rows, count, join->protocols[i].name))
            continue;
        bytes_t parts[] = { join->protocols[i].name, join->protocols[i].metadata };
        bytes_t *to[] = { &rows[count].name, &rows[count].metadata };
        for (size_t j = 0; j < ARRAY_COUNT(parts); j++) {
            if (parts[j].size > 0)
                memcpy(at, parts[j].data, parts[j].size);
            *to[j] = bytes_of(at, parts[j].size);
            at += parts[j].size;
        }
        count++;
    }
    free(member->protocols);
    member->protocols = rows;
    member->protocol_count = count;
}

bool group_protocol_is_common(const struct group *group, bytes_t name)
{
    const struct protocol_count *count = count_find(group, name);
    return count != NULL && count->members >= group->joined_count;
}

bytes_t group_protocol_choose(const struct group *group)
{
    struct protocol_count *best = NULL;
    for (struct map_node *node = NULL; (node = map_next(&group->protocols, node)) != NULL;)
        CONTAINER_OF(node, struct protocol_count, node)->votes = 0;
    LIST_EACH(&group->joined, node)
    {
        const struct group_member *member = LIST_ITEM(node, struct group_member, node);
        for (size_t i = 0; i < member->protocol_count; i++) {
            struct protocol_count *count = count_find(group, member->protocols[i].name);
            if (count->members < group->joined_count)
                continue;
            count->votes++;
            if (best == NULL || count->votes > best->votes)
                best = count;
            break;
        }
    }
    return best == NULL ? BYTES_NULL : best->name;
}

bytes_t group_member_metadata(const struct group_member *member)
{
    for (size_t i = 0; i < member->protocol_count; i++)
        if (bytes_equal(member->protocols[i].name, member->group->protocol_name))
            return member->protocols[i].metadata;
    return BYTES_NULL;
}

bool group_member_matches(const struct group_member *member, const struct group_join *join)
{
    if (member->protocol_count != join->protocol_count)
        return false;
    for (size_t i = 0; i < join->protocol_count; i++)
        if (!bytes_equal(member->protocols[i].name, join->protocols[i].name) ||
            !bytes_equal(member->protocols[i].metadata, join->protocols[i].metadata))
            return false;
    return true;
}

// --- finding

struct group *groups_ensure(struct groups *groups, bytes_t id)
{
    struct group *group = groups_find(groups, id);
    if (group != NULL)
        return group;
    group = mem_zalloc(1, sizeof *group);
    group->id = group_bytes_copy(id);
    group->state_time_ms = groups->wall_ms;
    group->members = MAP_INIT(id_key);
    group->instances = MAP_INIT(instance_key);
    group->protocols = MAP_INIT(protocol_key);
    list_init(&group->joined);
    map_insert(&groups->by_id, &group->node);
    return group;
}

struct group_member *group_member_find(const struct group *group, bytes_t id)
{
    struct map_node *node = map_find(&group->members, id);
    return node == NULL ? NULL : CONTAINER_OF(node, struct group_member, by_id);
}

struct group_member *group_instance_find(const struct group *group, bytes_t instance_id)
{
    struct map_node *node = map_find(&group->instances, instance_id);
    return node == NULL ? NULL : CONTAINER_OF(node, struct group_member, by_instance);
}

enum group_error group_member_check(const struct group *group, bytes_t id, bytes_t instance_id,
                                    struct group_member **ret_member)
{
    struct group_member *member = group_member_find(group, id);
    if (instance_id.data != NULL) {
        const struct group_member *holder = group_instance_find(group, instance_id);
        if (holder == NULL)
            return GROUP_UNKNOWN_MEMBER;
        if (holder != member)
            return GROUP_FENCED_INSTANCE;
    }
    if (member == NULL || member->is_pending)
        return GROUP_UNKNOWN_MEMBER;
    *ret_member = member;
    return GROUP_OK;
}

// --- coming and going

// The session is over. Whoever waits for the coordinator is alive, unless it waits for its first generation: its
// client may have given up and come back under another id, and nobody would ever notice.
static void on_session_over(struct groups *groups, struct group_timer *timer)
{
    struct group_member *member = CONTAINER_OF(timer, struct group_member, session);
    struct group *group = member->group;
    bool was_pending = member->is_pending;
    if (!was_pending && !member->is_new && (member->is_joining || member->sync != NULL))
        return;
    group_member_remove(groups, member, GROUP_UNKNOWN_MEMBER);
    group_member_gone(groups, group, was_pending);
}

void group_member_session_start(struct groups *groups, struct group_member *member, int64_t delay_ms)
{
    group_timer_start(groups, &member->session, delay_ms);
}

void groups_begin(struct groups *groups)
{
    for (struct group *group = NULL; (group = groups_next(groups, group)) != NULL;) {
        LIST_EACH(&group->joined, node)
        {
            struct group_member *member = LIST_ITEM(node, struct group_member, node);
            group_member_session_start(groups, member, member->session_timeout_ms);
        }
    }
}

struct group_member *group_member_new(struct group *group, bytes_t id, const struct group_join *join, bool is_pending)
{
    struct group_member *member = mem_zalloc(1, sizeof *member);
    member->group = group;
    member->id = group_bytes_copy(id);
    member->session.on_due = on_session_over;
    member->is_pending = is_pending;
    map_insert(&group->members, &member->by_id);
    // Its next join says the rest again. Whoever never comes back is kept for a whole session, and any number of them.
    if (is_pending) {
        group->pending_count++;
        return member;
    }
    member->instance_id = group_bytes_copy(join->instance_id);
    member->client_id = group_bytes_copy(join->client_id);
    member->client_host = group_bytes_copy(join->client_host);
    if (group->joined_count == 0)
        group_bytes_set(&group->protocol_type, join->protocol_type);
    if (member->instance_id.data != NULL)
        map_insert(&group->instances, &member->by_instance);
    list_append(&group->joined, &member->node);
    group->joined_count++;
    member->session_timeout_ms = join->session_timeout_ms;
    member->rebalance_timeout_ms = join->rebalance_timeout_ms;
    protocols_set(member, join);
    protocols_count(member);
    if (group->leader == NULL)
        group->leader = member;
    return member;
}

void group_member_update(struct group_member *member, struct group_join *join)
{
    struct group *group = member->group;
    protocols_discount(member);
    protocols_set(member, join);
    protocols_count(member);
    member->session_timeout_ms = join->session_timeout_ms;
    member->rebalance_timeout_ms = join->rebalance_timeout_ms;
    // The same member asks again, on another connection: nobody reads the first answer.
    group_join_answer(member, GROUP_REBALANCING);
    group->joining_count += member->is_joining ? 0 : 1;
    member->is_joining = true;
    member->join = join;
    join->member = member;
}

static void unlink_joined(struct group_member *member)
{
    struct group *group = member->group;
    protocols_discount(member);
    group->joining_count -= member->is_joining ? 1 : 0;
    group->joined_count--;
    list_remove(&member->node);
    if (member->instance_id.data != NULL && group_instance_find(group, member->instance_id) == member)
        map_remove(&group->instances, &member->by_instance);
    if (group->leader == member) {
        struct list_node *first = list_first(&group->joined);
        group->leader = first == NULL ? NULL : LIST_ITEM(first, struct group_member, node);
    }
}

void group_member_remove(struct groups *groups, struct group_member *member, enum group_error error)
{
    struct group *group = member->group;
    group_join_answer(member, error);
    group_sync_answer(member, error);
    group_timer_stop(groups, &member->session);
    if (member->is_pending)
        group->pending_count--;
    else
        unlink_joined(member);
    map_remove(&group->members, &member->by_id);
    bytes_t *const texts[] = { &member->id, &member->instance_id, &member->client_id, &member->client_host,
                               &member->assignment };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        group_bytes_set(texts[i], BYTES_NULL);
    free(member->protocols);
    free(member);
}

void group_member_rename(struct group_member *member, bytes_t id)
{
    map_remove(&member->group->members, &member->by_id);
    group_bytes_set(&member->id, id);
    map_insert(&member->group->members, &member->by_id);
}

// --- answers

static void join_answer_members(const struct group *group, struct group_join *join)
{
    struct group_join_member *rows = arena_array(join->arena, group->joined_count, sizeof *rows);
    size_t count = 0;
    LIST_EACH(&group->joined, node)
    {
        const struct group_member *member = LIST_ITEM(node, struct group_member, node);
        rows[count++] = (struct group_join_member){
            .id = arena_copy(join->arena, member->id),
            .instance_id = arena_copy(join->arena, member->instance_id),
            .metadata = arena_copy(join->arena, group_member_metadata(member)),
        };
    }
    join->answer.members = rows;
    join->answer.member_count = count;
}

// Says what generation the member is in, and to the leader who else is. If it does not wait, or nobody listens,
// nothing.
void group_join_answer(struct group_member *member, enum group_error error)
{
    const struct group *group = member->group;
    struct group_join *join = member->join;
    if (join == NULL)
        return;
    member->join = NULL;
    member->join_write = 0;
    join->member = NULL;
    join->answer.error = error;
    join->answer.generation = -1;
    join->answer.member_id = arena_copy(join->arena, member->id);
    if (error == GROUP_OK) {
        join->answer.generation = group->generation;
        join->answer.protocol_type = arena_copy(join->arena, group->protocol_type);
        join->answer.protocol_name = arena_copy(join->arena, group->protocol_name);
        bool is_told_other = join->told_leader.data != NULL;
        join->answer.leader = is_told_other ? join->told_leader : arena_copy(join->arena, group->leader->id);
        if (group->leader == member && !is_told_other)
            join_answer_members(group, join);
    }
    join->on_done(join);
}

void group_sync_answer(struct group_member *member, enum group_error error)
{
    const struct group *group = member->group;
    struct group_sync *sync = member->sync;
    if (sync == NULL)
        return;
    member->sync = NULL;
    sync->member = NULL;
    sync->answer.error = error;
    if (error == GROUP_OK) {
        sync->answer.protocol_type = arena_copy(sync->arena, group->protocol_type);
        sync->answer.protocol_name = arena_copy(sync->arena, group->protocol_name);
        sync->answer.assignment = arena_copy(sync->arena, member->assignment);
    }
    sync->on_done(sync);
}
