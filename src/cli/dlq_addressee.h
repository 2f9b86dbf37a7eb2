// SPDX-License-Identifier: Apache-2.0
// Whether somebody gets what is replayed to the one who failed. Its object has to be there, which the Kubernetes API
// says, and its group has to have a place in the topic, which Kafka says; where the API cannot be asked, the group
// alone tells of a trigger or a subscription, and nothing of a source, whose group may outlive it.
#pragma once

#include "cli/dlq_letter.h"
#include "cli/dlq_kube.h"
#include "cli/groups.h"

struct dlq_addressees {
    const struct cli_groups *groups; // the cluster's topics
    struct dlq_kube *kube;
};

// Of a letter that says whose it was and where it came from. ERR_NOT_FOUND: nobody would get it, or that is not known;
// DIAG says what to do.
err_t dlq_addressee_check(const struct dlq_addressees *addressees, const struct dlq_letter *letter,
                          diag_t *diag) MUST_CHECK;
