// SPDX-License-Identifier: Apache-2.0
// Tallies as they are at one moment, for whoever shows them: copied on the API's loop, read anywhere.
#pragma once

#include "eventing/tally.h"

struct eventing;

struct tally_figures {
    char *labels;   // `kind="trigger",namespace="n",name="t"` (metric_label)
    unsigned parts; // enum tally_parts
    struct tally_counts counts;
    int64_t held;                   // events that are being delivered
    int64_t waiting;                // records between what is done and the ends of the topics
    bool is_failing;                // the circuit of one of its consumers is open
    struct histogram_copy *latency; // NULL: it is no part
};

struct eventing_figures {
    struct tally_figures *items;
    size_t count;
};

// On the loop; ON_TAKEN comes there, now or in a later turn, when the ends of all topics were found. The caller frees
// the figures.
void eventing_figures_take(struct eventing *eventing,
                           void (*on_taken)(void *owner, const struct eventing_figures *figures), void *owner);
void eventing_figures_free(struct eventing_figures *figures);
