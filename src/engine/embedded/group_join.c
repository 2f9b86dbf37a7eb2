// SPDX-License-Identifier: Apache-2.0
// What members ask for: JoinGroup, SyncGroup, Heartbeat, LeaveGroup.
#include "engine/embedded/group_impl.h"

enum {
    // A client that was given no member id yet cannot send heartbeats; if it went, nobody knows (as Kafka has it).
    NEW_MEMBER_TIMEOUT_MS = 5 * 60 * 1000,
    PROTOCOLS_MAX = 64, // of one member; clients name one to three, and each is compared with the others
};

// --- join

static void join_refuse(struct group_join *join, enum group_error error, bytes_t member_id)
{
    join->answer.error = error;
    join->answer.generation = -1;
    join->answer.member_id = arena_copy(join->arena, member_id);
    join->on_done(join);
}

static enum group_error join_check(const struct groups *groups, const struct group_join *join)
{
    if (join->group_id.size == 0)
        return GROUP_INVALID_ID;
    if (join->session_timeout_ms < groups->options->session_min_ms ||
        join->session_timeout_ms > groups->options->session_max_ms)
        return GROUP_INVALID_SESSION_TIMEOUT;
    return GROUP_OK;
}

static bool knows_protocols(const struct group *group, const struct group_join *join)
{
    if (join->protocol_type.size == 0 || join->protocol_count == 0 || join->protocol_count > PROTOCOLS_MAX)
        return false;
    if (group->joined_count == 0)
        return true;
    if (!bytes_equal(group->protocol_type, join->protocol_type))
        return false;
    for (size_t i = 0; i < join->protocol_count; i++)
        if (group_protocol_is_common(group, join->protocols[i].name))
            return true;
    return false;
}

// While a generation forms, those that are there already are counted, so that a group that is too large shrinks.
static bool has_room(const struct groups *groups, const struct group *group, bytes_t member_id)
{
    size_t most = (size_t)groups->options->size_max;
    const struct group_member *member = group_member_find(group, member_id);
    bool is_in = member != NULL && !member->is_pending;
    if (group->state == GROUP_EMPTY)
        return true;
    if (group->state == GROUP_PREPARING_REBALANCE)
        return (is_in && member->is_joining) || group->joining_count < most;
    return is_in || group->joined_count < most;
}

static void member_add(struct groups *groups, struct group *group, struct group_join *join, bytes_t id)
{
    if (group->is_initial)
        group->is_newer = true;
    struct group_member *member = group_member_new(group, id, join, false);
    member->is_new = member->is_joining = true;
    member->join = join;
    join->member = member;
    group->joining_count++;
    group_member_session_start(groups, member, NEW_MEMBER_TIMEOUT_MS);
    group_rebalance(groups, group);
}

static void member_update(struct groups *groups, struct group *group, struct group_member *member,
                          struct group_join *join)
{
    group_member_update(member, join);
    group_rebalance(groups, group);
}

// The same instance comes back, under another id: who holds the old one is fenced. A stable group goes on as it is.
static void instance_replace(struct groups *groups, struct group *group, struct group_member *member,
                             struct group_join *join)
{
    group_join_answer(member, GROUP_FENCED_INSTANCE);
    group_sync_answer(member, GROUP_FENCED_INSTANCE);
    bool was_leader = group->leader == member;
    bytes_t old_leader = arena_copy(join->arena, group->leader->id);
    group_member_rename(member, join->new_member_id);
    group_member_session_start(groups, member, join->session_timeout_ms);
    group_member_update(member, join);
    bool stays = group->state == GROUP_STABLE && bytes_equal(group_protocol_choose(group), group->protocol_name);
    if (!stays) {
        group_rebalance(groups, group);
        return;
    }
    // Answered when the new id is durable. A leader that cannot be told to skip the assignment is told that the old
    // one leads: a name that nobody has any more.
    member->is_joining = false;
    group->joining_count--;
    join->answer.skip_assignment = was_leader && join->skips_assignment;
    join->told_leader = was_leader && !join->skips_assignment ? old_leader : BYTES_NULL;
    member->join_write = groups->writes + 1;
    group_write(groups, group);
}

static void join_new(struct groups *groups, struct group *group, struct group_join *join)
{
    if (join->instance_id.data != NULL) {
        struct group_member *holder = group_instance_find(group, join->instance_id);
        if (holder != NULL)
            instance_replace(groups, group, holder, join);
        else
            member_add(groups, group, join, join->new_member_id);
        return;
    }
    if (!join->needs_known_id) {
        member_add(groups, group, join, join->new_member_id);
        return;
    }
    struct group_member *member = group_member_new(group, join->new_member_id, join, true);
    group_member_session_start(groups, member, join->session_timeout_ms);
    join_refuse(join, GROUP_MEMBER_ID_REQUIRED, join->new_member_id);
}

// The generation as it is; the leader gets the members only while they wait for its assignment.
static void join_again(struct group_member *member, struct group_join *join)
{
    group_join_answer(member, GROUP_REBALANCING);
    member->join = join;
    join->member = member;
    group_join_answer(member, GROUP_OK);
}

static void join_known(struct groups *groups, struct group *group, struct group_join *join)
{
    struct group_member *member = group_member_find(group, join->member_id);
    // A static member is never pending.
    if (member != NULL && member->is_pending && join->instance_id.data == NULL) {
        group_member_remove(groups, member, GROUP_OK);
        member_add(groups, group, join, join->member_id);
        return;
    }
    enum group_error error = group_member_check(group, join->member_id, join->instance_id, &member);
    if (error != GROUP_OK) {
        join_refuse(join, error, join->member_id);
        return;
    }
    bool is_same = group_member_matches(member, join);
    // A leader that joins again saw something change: new partitions, for one.
    if (group->state == GROUP_COMPLETING_REBALANCE && is_same)
        join_again(member, join);
    else if (group->state == GROUP_STABLE && is_same && group->leader != member)
        join_again(member, join);
    else
        member_update(groups, group, member, join);
}

void group_join(struct groups *groups, struct group_join *join)
{
    join->member = NULL;
    join->told_leader = BYTES_NULL;
    enum group_error error = join_check(groups, join);
    if (error != GROUP_OK) {
        join_refuse(join, error, join->member_id);
        return;
    }
    bool is_new = join->member_id.size == 0;
    struct group *group = groups_find(groups, join->group_id);
    if (group == NULL && !is_new) {
        join_refuse(join, GROUP_UNKNOWN_MEMBER, join->member_id);
        return;
    }
    if (group != NULL && !has_room(groups, group, join->member_id)) {
        struct group_member *member = group_member_find(group, join->member_id);
        join_refuse(join, GROUP_FULL, BYTES_LITERAL(""));
        if (member == NULL)
            return;
        bool was_pending = member->is_pending;
        group_member_remove(groups, member, GROUP_FULL);
        group_member_gone(groups, group, was_pending);
        return;
    }
    static const struct group nobody;
    if (!knows_protocols(group == NULL ? &nobody : group, join)) {
        join_refuse(join, GROUP_INCONSISTENT_PROTOCOL, join->member_id);
        return;
    }
    group = groups_ensure(groups, join->group_id);
    if (is_new)
        join_new(groups, group, join);
    else
        join_known(groups, group, join);
}

void group_join_cancel(struct groups *groups, struct group_join *join)
{
    struct group_member *member = join->member;
    if (member == NULL)
        return;
    struct group *group = member->group;
    bool never_knew_its_id = member->is_new && join->member_id.size == 0 && member->instance_id.data == NULL;
    group_join_answer(member, GROUP_NOT_AVAILABLE);
    // It stays, as in Kafka, for it may come back; but who was never told its id comes back as somebody else.
    if (!never_knew_its_id)
        return;
    group_member_remove(groups, member, GROUP_NOT_AVAILABLE);
    group_member_gone(groups, group, false);
}

// --- sync

static void sync_refuse(struct group_sync *sync, enum group_error error)
{
    sync->answer.error = error;
    sync->on_done(sync);
}

static bool says_other(bytes_t said, bytes_t is)
{
    return said.data != NULL && !bytes_equal(said, is);
}

static enum group_error sync_check(const struct group *group, const struct group_sync *sync,
                                   struct group_member **ret_member)
{
    enum group_error error = group_member_check(group, sync->member_id, sync->instance_id, ret_member);
    if (error != GROUP_OK)
        return error;
    if (sync->generation != group->generation)
        return GROUP_ILLEGAL_GENERATION;
    if (says_other(sync->protocol_type, group->protocol_type) || says_other(sync->protocol_name, group->protocol_name))
        return GROUP_INCONSISTENT_PROTOCOL;
    if (group->state == GROUP_EMPTY)
        return GROUP_UNKNOWN_MEMBER;
    return group->state == GROUP_PREPARING_REBALANCE ? GROUP_REBALANCING : GROUP_OK;
}

// The leader's word. It counts when it is durable.
static void assign(struct groups *groups, struct group *group, const struct group_sync *sync)
{
    LIST_EACH(&group->joined, node)
    group_bytes_set(&LIST_ITEM(node, struct group_member, node)->assignment, BYTES_LITERAL(""));
    for (size_t i = 0; i < sync->assignment_count; i++) {
        struct group_member *member = group_member_find(group, sync->assignments[i].member_id);
        if (member != NULL && !member->is_pending && sync->assignments[i].assignment.data != NULL)
            group_bytes_set(&member->assignment, sync->assignments[i].assignment);
    }
    group->assigned = groups->writes + 1;
    group_write(groups, group);
}

static void sync_done(struct groups *groups, struct group_member *member)
{
    group_sync_answer(member, GROUP_OK);
    group_member_session_start(groups, member, member->session_timeout_ms);
}

static void sync_phase_end_if_all(struct groups *groups, struct group *group)
{
    LIST_EACH(&group->joined, node)
    if (LIST_ITEM(node, struct group_member, node)->owes_sync)
        return;
    group_timer_stop(groups, &group->phase);
}

void group_sync(struct groups *groups, struct group_sync *sync)
{
    sync->member = NULL;
    struct group *group = groups_find(groups, sync->group_id);
    struct group_member *member = NULL;
    enum group_error error = GROUP_OK;
    if (sync->group_id.size == 0)
        error = GROUP_INVALID_ID;
    else
        error = group == NULL ? GROUP_UNKNOWN_MEMBER : sync_check(group, sync, &member);
    if (error != GROUP_OK) {
        sync_refuse(sync, error);
        return;
    }
    group_sync_answer(member, GROUP_REBALANCING); // an older one, of another connection
    member->sync = sync;
    sync->member = member;
    if (member->owes_sync) {
        member->owes_sync = false;
        sync_phase_end_if_all(groups, group);
    }
    if (group->state == GROUP_STABLE)
        sync_done(groups, member);
    else if (group->leader == member && group->assigned == 0)
        assign(groups, group, sync);
}

void group_sync_cancel(struct groups *groups, struct group_sync *sync)
{
    struct group_member *member = sync->member;
    if (member == NULL)
        return;
    group_sync_answer(member, GROUP_NOT_AVAILABLE);
    group_member_session_start(groups, member, member->session_timeout_ms);
}

// --- the record is durable, or cannot be

static void assignment_written(struct groups *groups, struct group *group, enum group_error error)
{
    group->assigned = 0;
    if (error == GROUP_OK)
        group_state_set(groups, group, GROUP_STABLE);
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        if (error != GROUP_OK)
            group_bytes_set(&member->assignment, BYTES_NULL);
        if (member->sync == NULL)
            continue;
        group_sync_answer(member, error);
        group_member_session_start(groups, member, member->session_timeout_ms);
    }
    if (error != GROUP_OK)
        group_rebalance(groups, group);
}

void groups_written(struct groups *groups, bytes_t group_id, uint64_t write, enum group_error error)
{
    struct group *group = groups_find(groups, group_id);
    if (group == NULL)
        return;
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        if (member->join != NULL && member->join_write == write)
            group_join_answer(member, error);
    }
    if (group->assigned == write && write != 0 && group->state == GROUP_COMPLETING_REBALANCE)
        assignment_written(groups, group, error);
}

// --- heartbeat and leave

enum group_error group_heartbeat(struct groups *groups, const struct group_caller *caller)
{
    if (caller->group_id.size == 0)
        return GROUP_INVALID_ID;
    struct group *group = groups_find(groups, caller->group_id);
    struct group_member *member;
    if (group == NULL)
        return GROUP_UNKNOWN_MEMBER;
    enum group_error error = group_member_check(group, caller->member_id, caller->instance_id, &member);
    if (error != GROUP_OK)
        return error;
    if (caller->generation != group->generation)
        return GROUP_ILLEGAL_GENERATION;
    if (!member->is_new)
        group_member_session_start(groups, member, member->session_timeout_ms);
    return group->state == GROUP_PREPARING_REBALANCE ? GROUP_REBALANCING : GROUP_OK;
}

static enum group_error leave_one(struct groups *groups, const struct group *group, const struct group_leaver *leaver)
{
    struct group_member *member = NULL;
    if (leaver->member_id.size == 0) {
        if (leaver->instance_id.data != NULL)
            member = group_instance_find(group, leaver->instance_id);
        if (member == NULL)
            return GROUP_UNKNOWN_MEMBER;
    } else {
        member = group_member_find(group, leaver->member_id);
        if (member == NULL || !member->is_pending) {
            enum group_error error = group_member_check(group, leaver->member_id, leaver->instance_id, &member);
            if (error != GROUP_OK)
                return error;
        }
    }
    group_member_remove(groups, member, GROUP_UNKNOWN_MEMBER);
    return GROUP_OK;
}

enum group_error group_leave(struct groups *groups, bytes_t group_id, struct group_leaver *leavers, size_t count)
{
    if (group_id.size == 0)
        return GROUP_INVALID_ID;
    struct group *group = groups_find(groups, group_id);
    if (group == NULL)
        return GROUP_UNKNOWN_MEMBER;
    size_t joined = group->joined_count, pending = group->pending_count;
    for (size_t i = 0; i < count; i++)
        leavers[i].error = leave_one(groups, group, &leavers[i]);
    if (group->joined_count < joined || group->pending_count < pending)
        group_member_gone(groups, group, group->joined_count == joined);
    return GROUP_OK;
}
