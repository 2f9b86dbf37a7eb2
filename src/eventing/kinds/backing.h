// SPDX-License-Identifier: Apache-2.0
// What is behind a broker or a channel: a topic of its events, one of those that nobody took, and the station that
// delivers from them. They come with their resource and go with it.
#pragma once

#include "eventing/kinds/look.h"

// What a resource asks for; texts on the look's arena.
struct backing_plan {
    bytes_t topic, dead_topic;
    bool is_external;        // the topic is somebody else's: it has to be there, and stays
    int32_t partition_count; // of a topic that is made
    const bytes_t *config_names, *config_values;
    size_t config_count;
};

// What a kind with such a backing says of itself.
struct backing_kind {
    enum inbox_kind inbox;
    const char *finalizer;
    char separator;        // between namespace and name, in the names of its topics
    const char *condition; // that is false when its topics cannot be had
    void (*plan)(struct look *look, struct backing_plan *plan);
    // Its station is open: conditions, and look_conclude.
    void (*ready)(struct look *look);
    void (*fill)(const struct look *look, struct json_value *status, struct arena *arena); // as the look's
};

// The reconcile function of such a kind.
void backing_reconcile(struct controller *controller, struct work *work, const struct backing_kind *kind);
