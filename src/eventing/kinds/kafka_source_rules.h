// SPDX-License-Identifier: Apache-2.0
// KafkaSource: what Knative's webhook does (kind_rules.fill and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of references. The consumer group is chosen by whoever reads the topics.
void kafka_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void kafka_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
