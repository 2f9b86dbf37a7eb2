// SPDX-License-Identifier: Apache-2.0
// Headers that travel with an event beside it, through the log and to whoever gets it: those that Knative passes
// through (x-request-id, knative-..., x-b3-...) and a trace's (traceparent, tracestate: W3C Trace Context). In the log
// they are record headers under their own, lower-case names, as tracing has them in Kafka.
#pragma once

#include "base/arena.h"
#include "base/batch.h"
#include "http/request.h"

enum {
    LUGGAGE_MAX = 8,          // headers; the others stay behind
    LUGGAGE_VALUE_MAX = 1024, // bytes of one; a longer one stays behind
};

struct luggage {
    struct record_header *items; // NULL: none
    size_t count;
};

// Of a request; names are on ARENA, values views.
struct luggage luggage_of_request(const struct http_header *headers, size_t count, struct arena *arena);
// Of a record; views.
struct luggage luggage_of_record(const struct record_header *headers, size_t count, struct arena *arena);
struct luggage luggage_copy(struct luggage luggage, struct arena *arena);
