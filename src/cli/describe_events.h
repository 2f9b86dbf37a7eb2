// SPDX-License-Identifier: Apache-2.0
// The last part of a description: what was told of the object. Pure.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// EVENTS: a list of Event, the oldest first in the text. Lines with tabs for tabs_align.
void describe_events(const struct json_value *events, int64_t now_ms, struct writer *text);
