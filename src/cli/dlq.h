// SPDX-License-Identifier: Apache-2.0
// eddy dlq: dead letters, events that could not be delivered. A Kafka client as the other commands on topics are.
#pragma once

#include "cli/action.h"
#include "cli/dlq_kube.h"
#include "cli/dlq_letter.h"
#include "cli/editor.h"
#include "cli/groups.h"

enum cli_exit cli_dlq(int count, const char *const *arguments);

// What the actions of this family fill.
struct dlq_config {
    struct cli_common common;
    const char *topics; // words; NULL: those whose names say that they hold dead letters
    const char *trigger, *since, *until, *error;
    bool all, uncertain;
    bool again, dry_run, everything; // replay, drop
    const char *to, *rate;
    struct kube_link_options link; // where it is asked who is there, and which topics KafkaSinks have
    struct editor_config editor;
};

// The rows that choose letters.
// clang-format off
#define DLQ_ROWS \
    { .flag = "--topic", .letter = 't', .group = "Which", .type = OPTION_TEXT, .repeats = true, .value_name = "TOPIC", \
      .help = "look into this topic; may be given again. Without it: all whose names end in -dead-letters, and those of KafkaSinks", .at = offsetof(struct dlq_config, topics) }, \
    { .flag = "--trigger", .group = "Which", .type = OPTION_TEXT, .value_name = "[NAMESPACE/]NAME", \
      .help = "only what this trigger could not deliver; KIND/NAMESPACE/NAME names others than triggers", .at = offsetof(struct dlq_config, trigger) }, \
    { .flag = "--namespace", .letter = 'n', .group = "Which", .type = OPTION_TEXT, .value_name = "NAMESPACE", \
      .help = "only of triggers, subscriptions and sources in this namespace; else in all of them", .at = offsetof(struct dlq_config, link.name_space) }, \
    { .flag = "--since", .group = "Which", .type = OPTION_TEXT, .value_name = "WHEN", \
      .help = "only what failed since then: 1h, or a time such as 2026-01-31T12:00:00Z", .at = offsetof(struct dlq_config, since) }, \
    { .flag = "--until", .group = "Which", .type = OPTION_TEXT, .value_name = "WHEN", .help = "only what failed until then", .at = offsetof(struct dlq_config, until) }, \
    { .flag = "--error", .group = "Which", .type = OPTION_TEXT, .value_name = "CODE|TEXT", \
      .help = "only what failed with this code, or with this text in what list shows as ERROR; timeout, refused, reset and dns also find what eddy says where no answer came", .at = offsetof(struct dlq_config, error) }, \
    { .flag = "--uncertain", .group = "Which", .type = OPTION_BOOL, .help = "only what an interrupted replay left open, and what is not where it was to go", \
      .at = offsetof(struct dlq_config, uncertain) }
// clang-format on

// One file each, or few.
extern const struct cli_action dlq_list_action, dlq_show_action, dlq_replay_action, dlq_edit_action, dlq_drop_action;

// --- what the actions share

struct dlq {
    const struct dlq_config *config;
    struct cluster *cluster;
    struct arena arena;
    struct cli_groups groups; // its topics
    struct dlq_kube kube;
    struct dlq_ledger ledger;
    struct dlq_filter filter;
    // Called for some letters at a time, in the order of each partition; they are valid during the call, which may ask
    // the cluster.
    err_t (*on_letters)(struct dlq *dlq, struct dlq_letter *letters, size_t count, diag_t *diag);
    void *owner;
};

// What the command line alone decides.
err_t dlq_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag) MUST_CHECK;
// Likewise, for an action that does not take all letters by accident.
err_t dlq_check_chosen(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag) MUST_CHECK;
// Topics, and what was done before. COMMON is what ARGUMENTS filled.
err_t dlq_open(struct dlq *dlq, struct cluster *cluster, const struct cli_common *common,
               const struct cli_arguments *arguments, diag_t *diag) MUST_CHECK;
void dlq_close(struct dlq *dlq);
// Reads the letters whose ids ARGUMENTS has, or all that the filters let pass, whatever was done with them.
err_t dlq_read(struct dlq *dlq, const struct cli_arguments *arguments, diag_t *diag) MUST_CHECK;
// One record of any topic as a letter, on ARENA. ERR_NOT_FOUND: topic, partition or offset is not there; DIAG says
// which.
err_t dlq_record_read(struct dlq *dlq, const struct mark_place *place, struct arena *arena,
                      struct dlq_letter *ret_letter, diag_t *diag) MUST_CHECK;
