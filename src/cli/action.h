// SPDX-License-Identifier: Apache-2.0
// A command that works on a Kafka cluster: its options are read, the cluster is opened, the work is done, everything is
// closed.
#pragma once

#include "cli/cli.h"
#include "cli/cluster.h"

// The options that all of them have: the first member of their config structs.
struct cli_common {
    const char *bootstrap;
    bool json;
};

// Their rows; TYPE has the member common.
#define CLI_ROWS(TYPE)                                                                                                 \
    { .flag = "--bootstrap",                                                                                           \
      .letter = 'b',                                                                                                   \
      .env = "EDDY_BOOTSTRAP",                                                                                         \
      .group = "Common",                                                                                               \
      .type = OPTION_TEXT,                                                                                             \
      .default_text = "localhost:9092",                                                                                \
      .value_name = "ADDR",                                                                                            \
      .help = "Kafka address to talk to, several with commas between them",                                            \
      .at = offsetof(TYPE, common.bootstrap) },                                                                        \
    {                                                                                                                  \
        .flag = "--json", .group = "Common", .type = OPTION_BOOL, .help = "print JSON, one value per line",            \
        .at = offsetof(TYPE, common.json)                                                                              \
    }

struct cli_action {
    struct cli_usage usage;
    struct option_table table;
    // What the command line alone decides, before anything is connected: a failure is CLI_USAGE. NULL: nothing.
    err_t (*check)(const struct cli_common *config, const struct cli_arguments *arguments, diag_t *diag);
    // CONFIG is the caller's, filled. Complaints are the function's.
    enum cli_exit (*run)(struct cluster *cluster, const struct cli_common *config,
                         const struct cli_arguments *arguments);
};

// CONFIG is the struct that the action's table fills.
enum cli_exit cli_action_run(const struct cli_action *action, struct cli_common *config, int count,
                             const char *const *texts);

// Actions that share their first word and their config struct: `eddy topic list`, `eddy topic create`.
struct cli_family {
    const char *name; // "topic"
    const char *text; // what it is about, with an example
    const struct cli_action *const *actions;
    size_t count;
};
// Runs the action that ARGUMENTS name first. CONFIG is the struct that all their tables fill.
enum cli_exit cli_family_run(const struct cli_family *family, struct cli_common *config, int count,
                             const char *const *arguments);
