// SPDX-License-Identifier: Apache-2.0
// KafkaSource: what Knative's webhook does (kind_rules.fill, inspect and check).
#pragma once

#include "eventing/kinds/rules.h"

// The namespace of references, and the consumer group: what it was, or a new one, named after the source's uid.
void kafka_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void kafka_source_inspect(struct field_errors *errors, const struct json_value *object);
// The group cannot be changed; the names of extensions.
void kafka_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
// Was its consumer group made for it alone?
bool kafka_source_group_is_own(const struct json_value *object);
