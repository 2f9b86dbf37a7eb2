// SPDX-License-Identifier: Apache-2.0
// PingSource: what Knative's webhook does (kind_rules.fill, inspect and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of the sink; the default of schedule also where it is empty.
void ping_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Whether this machine has the time zone: that reads a file.
void ping_source_inspect(struct field_errors *errors, const struct json_value *object);
// Schedule and data.
void ping_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
