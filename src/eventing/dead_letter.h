// SPDX-License-Identifier: Apache-2.0
// What a dead letter says of itself: the extensions that Knative adds to an event that could not be delivered.
#pragma once

#include "eventing/delivery.h"
#include "eventing/sink.h"

// A copy of EVENT on ARENA with knativeerrordest (URI), knativeerrorcode and knativeerrordata, as WHY has them: the
// status and the body of the answer, or 500 and what went wrong.
const struct cloudevent *dead_letter_make(const struct cloudevent *event, const char *uri, const struct handover *why,
                                          enum backoff_flavour flavour, struct arena *arena);
