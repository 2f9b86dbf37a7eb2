// SPDX-License-Identifier: Apache-2.0
// Whether somebody gets what is replayed to the one who failed. Its object has to be there, which the Kubernetes API
// says, and its group has to have a place in the topic, which Kafka says; where the API cannot be asked, the group
// alone tells of a trigger or a subscription, and nothing of a source, whose group may outlive it.
#pragma once

#include "cli/dlq_letter.h"
#include "cli/groups.h"
#include "cli/kube_session.h"

struct dlq_addressees {
    const struct cli_groups *groups; // the cluster's topics
    const struct kube_link_options *options;
    const struct option_set *set; // that filled them
    // private
    struct kube_session session;
    bool is_asked;     // the session was opened, or could not be
    bool is_reachable; // or WHY not
    diag_t why;
};

// Accepts one that was never used.
void dlq_addressees_free(struct dlq_addressees *addressees);
// Of a letter that says whose it was and where it came from. ERR_NOT_FOUND: nobody would get it, or that is not known;
// DIAG says what to do.
err_t dlq_addressee_check(struct dlq_addressees *addressees, const struct dlq_letter *letter, diag_t *diag) MUST_CHECK;
