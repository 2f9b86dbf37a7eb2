// SPDX-License-Identifier: Apache-2.0
// PingSource: what Knative's webhook does (kind_rules.fill, inspect and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of the sink; the default of schedule also where it is empty.
void ping_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void ping_source_inspect(struct field_errors *errors, const struct json_value *object);
// Schedule, data, and whether timezone can be the name of a zone. Whether there is such a zone, the one who reads it
// says.
void ping_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
