// SPDX-License-Identifier: Apache-2.0
// The event that `eddy explain --broker` is asked about, as the triggers of the broker see it: from a file, or from the
// broker's topic by its id.
#pragma once

#include "cli/cluster.h"
#include "cloudevents/cloudevent.h"

struct explain_event {
    struct cloudevent event;
    // Where it was found; PARTITION is -1 for one from a file, TIME_MS then means nothing.
    const char *topic;
    int32_t partition;
    int64_t offset, time_ms;
};

// A CloudEvent in JSON from PATH ("-": standard input), with what the door for events adds and as the topic keeps it.
// ERR_INVALID and the errors of reading: DIAG says which attribute and which rule.
err_t explain_event_read(const char *path, struct arena *arena, struct explain_event *ret_event,
                         diag_t *diag) MUST_CHECK;

struct explain_wanted {
    const char *id, *source; // SOURCE NULL: any
    int64_t from_ms;         // not older
};

// The latest one in TOPIC. ERR_NOT_FOUND; ERR_CONFLICT: several sources have sent that id.
err_t explain_event_find(struct cluster *cluster, const char *topic, const struct explain_wanted *wanted,
                         struct arena *arena, struct explain_event *ret_event, diag_t *diag) MUST_CHECK;
