// SPDX-License-Identifier: Apache-2.0
// How a generation comes about: the join phase, which ends when all members have joined or by time, then the sync
// phase, which ends with the leader's assignment, durable.
#include "engine/embedded/group_impl.h"

enum { PHASE_AGAIN_MIN_MS = 1000 }; // clients may ask for no time at all

static int32_t rebalance_timeout(const struct group *group)
{
    int32_t most = 0;
    LIST_EACH(&group->joined, node)
    {
        int32_t ms = LIST_ITEM(node, struct group_member, node)->rebalance_timeout_ms;
        most = ms > most ? ms : most;
    }
    return most;
}

// --- the end of the sync phase

static void on_sync_late(struct groups *groups, struct group_timer *timer)
{
    struct group *group = CONTAINER_OF(timer, struct group, phase);
    size_t before = group->joined_count;
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        if (member->owes_sync)
            group_member_remove(groups, member, GROUP_UNKNOWN_MEMBER);
    }
    if (group->joined_count < before)
        group_rebalance(groups, group);
}

// --- the end of the join phase

static void generation_begin(struct groups *groups, struct group *group)
{
    group_timer_stop(groups, &group->phase);
    group->is_initial = false;
    group->generation++;
    if (group->joined_count == 0) {
        group_bytes_set(&group->protocol_name, BYTES_NULL);
        group_state_set(groups, group, GROUP_EMPTY);
        group_write(groups, group);
        return;
    }
    group_bytes_set(&group->protocol_name, group_protocol_choose(group));
    group_state_set(groups, group, GROUP_COMPLETING_REBALANCE);
    group->joining_count = 0;
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        group_join_answer(member, GROUP_OK);
        member->is_joining = member->is_new = false;
        member->owes_sync = true;
        group_member_session_start(groups, member, member->session_timeout_ms);
    }
    group->phase.on_due = on_sync_late;
    group_timer_start(groups, &group->phase, rebalance_timeout(group));
}

// Some member that joined leads; false when nobody joined.
static bool elect(struct group *group)
{
    if (group->leader == NULL || group->leader->is_joining)
        return group->leader != NULL;
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        if (!member->is_joining)
            continue;
        group->leader = member;
        return true;
    }
    return false;
}

// Static members keep their place until their session ends; who did not join of the others is gone.
static void on_join_over(struct groups *groups, struct group_timer *timer)
{
    struct group *group = CONTAINER_OF(timer, struct group, phase);
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        if (!member->is_joining && member->instance_id.data == NULL)
            group_member_remove(groups, member, GROUP_UNKNOWN_MEMBER);
    }
    if (group->joined_count > 0 && !elect(group)) {
        // Nobody could lead: only static members are left, and their sessions end in time.
        int32_t ms = rebalance_timeout(group);
        group_timer_start(groups, &group->phase, ms > PHASE_AGAIN_MIN_MS ? ms : PHASE_AGAIN_MIN_MS);
        return;
    }
    generation_begin(groups, group);
}

// While members keep coming to a group that was empty, it waits on: one rebalance instead of many.
static void on_initial_delay(struct groups *groups, struct group_timer *timer)
{
    struct group *group = CONTAINER_OF(timer, struct group, phase);
    if (!group->is_newer || group->initial_left_ms == 0) {
        on_join_over(groups, timer);
        return;
    }
    int64_t delay_ms = groups->options->initial_delay_ms;
    int64_t left_ms = group->initial_left_ms;
    group->is_newer = false;
    group->initial_left_ms = left_ms > group->initial_delay_ms ? left_ms - group->initial_delay_ms : 0;
    group->initial_delay_ms = delay_ms < left_ms ? delay_ms : left_ms;
    group_timer_start(groups, timer, group->initial_delay_ms);
}

static void join_end_if_all(struct groups *groups, struct group *group)
{
    if (group->state != GROUP_PREPARING_REBALANCE || group->is_initial)
        return;
    if (group->joining_count == group->joined_count && group->pending_count == 0)
        on_join_over(groups, &group->phase);
}

// --- the join phase

static void initial_phase(struct groups *groups, struct group *group)
{
    int64_t delay_ms = groups->options->initial_delay_ms;
    int64_t left_ms = rebalance_timeout(group) - delay_ms;
    group->is_initial = true;
    group->is_newer = false;
    group->initial_delay_ms = delay_ms;
    group->initial_left_ms = left_ms > 0 ? left_ms : 0;
    group->phase.on_due = on_initial_delay;
    group_timer_start(groups, &group->phase, delay_ms);
}

// Who waits for an assignment of the generation that ends has to join again.
static void assignments_drop(struct groups *groups, struct group *group)
{
    LIST_EACH(&group->joined, node)
    {
        struct group_member *member = LIST_ITEM(node, struct group_member, node);
        group_bytes_set(&member->assignment, BYTES_NULL);
        if (member->sync != NULL)
            group_member_session_start(groups, member, member->session_timeout_ms);
        group_sync_answer(member, GROUP_REBALANCING);
    }
}

static void join_phase(struct groups *groups, struct group *group)
{
    bool was_empty = group->state == GROUP_EMPTY;
    if (group->state == GROUP_COMPLETING_REBALANCE)
        assignments_drop(groups, group);
    group->assigned = 0;
    group_state_set(groups, group, GROUP_PREPARING_REBALANCE);
    LIST_EACH(&group->joined, node)
    LIST_ITEM(node, struct group_member, node)->owes_sync = false;
    if (was_empty) {
        initial_phase(groups, group);
        return;
    }
    group->phase.on_due = on_join_over;
    group_timer_start(groups, &group->phase, rebalance_timeout(group));
}

void group_rebalance(struct groups *groups, struct group *group)
{
    if (group->state != GROUP_PREPARING_REBALANCE)
        join_phase(groups, group);
    join_end_if_all(groups, group);
}

void group_member_gone(struct groups *groups, struct group *group, bool was_pending)
{
    if (was_pending || group->state == GROUP_EMPTY)
        join_end_if_all(groups, group);
    else
        group_rebalance(groups, group);
}
