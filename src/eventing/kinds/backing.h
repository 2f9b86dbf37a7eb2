// SPDX-License-Identifier: Apache-2.0
// What is behind a broker or a channel: a topic of its events, one of those that nobody took, and the station that
// delivers from them. They come with their resource and go with it.
#pragma once

#include "eventing/kinds/namesake.h"

// What a resource asks for; texts on the look's arena.
struct backing_plan {
    bytes_t topic, dead_topic;
    bool is_external;        // the topic is somebody else's: it has to be there, and stays
    int32_t partition_count; // of a topic that is made
    const bytes_t *config_names, *config_values;
    size_t config_count;
    const char *reason, *why; // no topic can be made; NULL: one can
};

// What a kind with such a backing says of itself.
struct backing_kind {
    enum inbox_kind inbox;
    const char *finalizer;
    struct namesake_rule names; // those that are not ours are left alone
    const char *rival;          // another kind whose addresses are the same, in the plural; NULL: none
    // Besides those of everything that has an address; the first one is false when its topics cannot be had.
    const char *const *conditions;
    size_t condition_count;
    void (*plan)(struct look *look, struct backing_plan *plan);
    void (*fill)(const struct look *look, struct json_value *status, struct arena *arena); // as the look's
};

// The controller of such a kind. A resource that is not ready is looked at again every two seconds, and when an address
// comes or goes: what it waits for may be there.
void *backing_start(struct kube *kube, struct kind *kind, const struct backing_kind *backing);
void backing_stop(void *state);
void backing_free(void *state);
