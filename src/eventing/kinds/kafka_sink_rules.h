// SPDX-License-Identifier: Apache-2.0
// KafkaSink: what is wrong with it (kind_rules.inspect).
#pragma once

#include "eventing/kinds/rules.h"

// The name of the topic.
void kafka_sink_inspect(struct field_errors *errors, const struct json_value *object);
