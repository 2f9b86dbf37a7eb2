// SPDX-License-Identifier: Apache-2.0
// EventType: what Knative's webhook does (kind_rules.fill and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of what it refers to.
void event_type_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Attributes (of v1beta3) say type, source, specversion and id.
void event_type_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
