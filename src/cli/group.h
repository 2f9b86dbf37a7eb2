// SPDX-License-Identifier: Apache-2.0
// eddy group: consumer groups.
#pragma once

#include "cli/action.h"

enum cli_exit cli_group(int count, const char *const *arguments);

// What the actions of this family fill.
struct cli_group_config {
    struct cli_common common;
    const char *state;  // NULL: any
    const char *topics; // words "TOPIC" or "TOPIC:0,1"; NULL: those with commits
    const char *to;     // NULL: shift_by says it
    int64_t shift_by;   // 0: to says it
    bool execute;
};

// One file each.
extern const struct cli_action cli_group_describe_action, cli_group_reset_action;
