// SPDX-License-Identifier: Apache-2.0
// Sequence and Parallel: what Knative's webhook fills in (kind_rules.fill).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of references.
void sequence_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void parallel_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
