// SPDX-License-Identifier: Apache-2.0
// What the files of the group state machine share.
#pragma once

#include "engine/embedded/group.h"

// group.c
bytes_t group_bytes_copy(bytes_t bytes);
void group_bytes_set(bytes_t *to, bytes_t bytes);
void group_timer_start(struct groups *groups, struct group_timer *timer, int64_t delay_ms);
void group_timer_stop(struct groups *groups, struct group_timer *timer);
void group_state_set(struct groups *groups, struct group *group, enum group_state state);
void group_write(struct groups *groups, struct group *group);

// group_member.c: members without the rules of rebalances.
// Pending (no protocols yet) or joined.
struct group_member *group_member_new(struct group *group, bytes_t id, const struct group_join *join, bool is_pending);
// Answers what it waits for with ERROR, and forgets it; chooses another leader.
void group_member_remove(struct groups *groups, struct group_member *member, enum group_error error);
struct group_member *group_member_find(const struct group *group, bytes_t id);
struct group_member *group_instance_find(const struct group *group, bytes_t instance_id);
// GROUP_UNKNOWN_MEMBER, GROUP_FENCED_INSTANCE.
enum group_error group_member_check(const struct group *group, bytes_t id, bytes_t instance_id,
                                    struct group_member **ret_member);
void group_member_rename(struct group_member *member, bytes_t id);
// Takes protocols and times from JOIN; it waits from now on.
void group_member_update(struct group_member *member, struct group_join *join);
bool group_member_matches(const struct group_member *member, const struct group_join *join);
void group_member_session_start(struct groups *groups, struct group_member *member, int64_t delay_ms);
void group_join_answer(struct group_member *member, enum group_error error);
void group_sync_answer(struct group_member *member, enum group_error error);
bool group_protocol_is_common(const struct group *group, bytes_t name);
// The protocol that most members prefer among those that all know.
bytes_t group_protocol_choose(const struct group *group);

// group_rebalance.c
// A join phase begins, or ends if nobody is missing.
void group_rebalance(struct groups *groups, struct group *group);
// After a member went. WAS_PENDING: nobody had a place that is free now.
void group_member_gone(struct groups *groups, struct group *group, bool was_pending);
