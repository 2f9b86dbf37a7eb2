// SPDX-License-Identifier: Apache-2.0
// What stations and posts have done, in numbers, for whoever shows them: copied on the API's loop, read anywhere.
#pragma once

#include "base/metric.h"
#include "eventing/consumer.h"

struct eventing;

struct post_figures {
    const char *kind; // "trigger"
    char *name_space, *name;
    struct consumer_stats stats;
    int64_t held;    // events that are being delivered
    int64_t waiting; // records between what is done and the end of the topic
    bool is_failing; // its circuit is open
};

struct station_figures {
    const char *kind; // "broker"
    char *name_space, *name;
    struct histogram_copy latency;
};

struct eventing_figures {
    struct post_figures *posts;
    struct station_figures *stations;
    size_t post_count, station_count;
};

// On the loop; ON_TAKEN comes there, now or in a later turn, when the ends of all topics were found. The caller frees
// the figures.
void eventing_figures_take(struct eventing *eventing,
                           void (*on_taken)(void *owner, const struct eventing_figures *figures), void *owner);
void eventing_figures_free(struct eventing_figures *figures);
