// SPDX-License-Identifier: Apache-2.0
// EventType: what Knative's webhook does (kind_rules.fill and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of what it refers to. There is no conversion of versions: v1beta3 says in attributes what the others
// say in type, source and schema, so both are stored, and what is said in one way is put into the other. On a change,
// the one that differs from LIVE counts; where both do, attributes.
void event_type_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Attributes (of v1beta3) say type, source, specversion and id.
void event_type_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
