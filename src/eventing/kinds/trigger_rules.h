// SPDX-License-Identifier: Apache-2.0
// Trigger: what Knative's webhook does (kind_rules.fill, warning, inspect and check).
#pragma once

#include "eventing/kinds/rules.h"

// The label eventing.knative.dev/broker, an empty filter, the namespace of references. Without broker and brokerRef:
// the Broker named default, which may be made for it (the annotation eventing.knative.dev/injection).
void trigger_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// That it takes the Broker named default (Knative refuses such a trigger); the doubt of its filters.
const char *trigger_warning(struct arena *arena, const struct json_value *object);
void trigger_inspect(struct field_errors *errors, const struct json_value *object);
void trigger_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
