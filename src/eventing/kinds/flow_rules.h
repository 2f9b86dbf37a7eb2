// SPDX-License-Identifier: Apache-2.0
// Sequence and Parallel: what Knative's webhook does (kind_rules.fill and inspect).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of references.
void sequence_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void parallel_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Where steps and branches lead, and how.
void sequence_inspect(struct field_errors *errors, const struct json_value *object);
void parallel_inspect(struct field_errors *errors, const struct json_value *object);
