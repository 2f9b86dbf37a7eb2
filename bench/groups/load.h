// SPDX-License-Identifier: Apache-2.0
// What the loads of group_load share.
#pragma once
#include "member.h"

enum {
    CALM_MS = 500,        // before a measurement
    TURN_MS = 5,          // between looks at what is due
    PATIENCE_MS = 120000, // for anything at all
    INFLIGHT_MAX = 64,
};

struct settings {
    const char *mode, *address, *group, *topic;
    int pid, members, groups, connections, inflight, partitions;
    double seconds, warm_s, heartbeat_ms;
};

// Opens COUNT connections for members of a group.
void group_prepare(struct group *group, const struct settings *s, const char *id, int count);

// Plays the members of COUNT groups until then.
void groups_run(struct group *groups, int count, double until);

// Plays until COUNT members have settled.
void group_settle(struct group *group, int count);

void run_commit(const struct settings *s);
void run_idle(const struct settings *s);
