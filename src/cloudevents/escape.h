// SPDX-License-Identifier: Apache-2.0
// Attribute values in header fields of HTTP and NATS (HTTP binding 1.0.2 3.1.3.2).
#pragma once

#include "base/arena.h"

// Spaces, double quotes, percent signs and what is no printable ASCII become %XX. A view when there is nothing to do.
bytes_t cloudevent_header_escape(bytes_t text, struct arena *arena);

// Takes quoted strings out of their quotes, then resolves %XX once. A quote that nothing closes and a percent sign that
// no two digits follow stand for themselves: senders which do not escape (the Go SDK) write them so. The result may
// hold any byte. A view when there is nothing to do.
bytes_t cloudevent_header_unescape(bytes_t value, struct arena *arena);
