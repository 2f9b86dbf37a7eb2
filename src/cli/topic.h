// SPDX-License-Identifier: Apache-2.0
// eddy topic: topics, what they hold, and how they are configured.
#pragma once

#include "cli/action.h"

enum cli_exit cli_topic(int count, const char *const *arguments);

// What the actions of this family fill.
struct cli_topic_config {
    struct cli_common common;
    bool internal, all_configs;
    int64_t partitions; // -1: not given
    int64_t replication_factor;
    const char *delete_configs; // words; NULL: none
};

// One file each.
extern const struct cli_action cli_topic_describe_action, cli_topic_alter_action;

// Whether the arguments behind the topic's name are KEY=VALUE. ERR_INVALID.
err_t cli_topic_pairs_check(const struct cli_common *common, const struct cli_arguments *arguments,
                            diag_t *diag) MUST_CHECK;
// The key and the value of such an argument.
bytes_t cli_topic_pair(const char *argument, bytes_t *ret_value);
