// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API, of which these commands ask who is there: opened when the first question comes, or not at all.
#pragma once

#include "cli/groups.h"
#include "cli/kube_session.h"

struct dlq_kube {
    const struct kube_link_options *options;
    const struct option_set *set; // that filled them
    // private
    struct kube_session session;
    bool is_asked;     // the session was opened, or could not be
    bool is_reachable; // or WHY not
    diag_t why;
};

void dlq_kube_close(struct dlq_kube *kube);
// The session; NULL: the API cannot be asked, *RET_WHY, on ARENA, says why.
struct kube_session *dlq_kube_reach(struct dlq_kube *kube, struct arena *arena, const char **ret_why);
// Sets those of IS_OF_SINK, one for each topic of GROUPS, that KafkaSinks write to; some of them are dead letter sinks,
// or were. ERR_NOT_FOUND: the API cannot be asked.
err_t dlq_kube_sinks(struct dlq_kube *kube, const struct cli_groups *groups, bool *is_of_sink, diag_t *diag) MUST_CHECK;
