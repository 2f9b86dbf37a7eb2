// SPDX-License-Identifier: Apache-2.0
// What a broker marks on an event that comes in, as Knative's does: knativearrivaltime, and knativebrokerttl, which is
// how often the event may still go through a broker. That one is taken off before a subscriber sees the event, and put
// back on its answer; a dead letter keeps it. So a loop of answers, or of dead letters, ends.
#pragma once

#include "cloudevents/cloudevent.h"

enum { HOPS_MAX = 255 }; // of an event that has none (Knative)

// An event comes into a broker now: one hop less, or HOPS_MAX for an event without. ERR_LIMIT: there is none left.
err_t hops_enter(struct cloudevent *event, struct arena *arena, diag_t *diag) MUST_CHECK;
// The event as subscribers see it.
void hops_take_off(struct cloudevent *event, struct arena *arena);
// ANSWER has the hops of EVENT, which it answers.
void hops_put_back(struct cloudevent *answer, const struct cloudevent *event, struct arena *arena);
