// SPDX-License-Identifier: Apache-2.0
// EventType: what Knative's webhook does (kind_rules.fill, inspect, check and show).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of what it refers to. v1beta3 says in attributes what the others say in type, source and schema: both
// are stored, and what is said in one way is put into the other. On a change, the one that differs from LIVE counts;
// where both do, attributes. What only the other way can say stays as it is in LIVE.
void event_type_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// There is a type, or there are attributes.
void event_type_inspect(struct field_errors *errors, const struct json_value *object);
// Attributes in v1beta3, the fields in others.
void event_type_show(struct json_value *object, bytes_t version);
// Attributes (of v1beta3) say type, source, specversion and id.
void event_type_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
