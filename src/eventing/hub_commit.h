// SPDX-License-Identifier: Apache-2.0
// What a hub commits, and when: twice a second the cursors of members that have done something, now and then those that
// only moved on, at last what a member knows when it leaves.
#pragma once

#include "eventing/hub.h"

void hub_commit_start(struct hub *hub);
void hub_commit_stop(struct hub *hub);
// on_progress of a member's consumer.
void hub_progress(struct consumer *consumer);
// Where MEMBER's group is. Nothing is held; the group and the topic are borrowed.
struct engine_offset hub_offset_of(const struct hub_member *member, int32_t partition, int64_t offset);
// Before the member leaves. FORGETS: its offsets go.
void hub_commit_last(struct hub_member *member, bool forgets);
