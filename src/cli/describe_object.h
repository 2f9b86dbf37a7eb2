// SPDX-License-Identifier: Apache-2.0
// An object in the words of `kubectl describe`: as it describes kinds of users, all fields by name, and its ConfigMaps
// and Secrets (whose values are not shown). Pure: trees in, text out.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// EVENTS: a list of what was told of the object; NULL: nothing is said of events.
void describe_object(const struct json_value *object, const struct json_value *events, int64_t now_ms,
                     struct writer *out);
// "creationTimestamp" as people read it: "Creation Timestamp". As kubectl does it, "API Version", "UID".
void describe_label(bytes_t field, struct writer *out);
