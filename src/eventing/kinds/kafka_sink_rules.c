// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/kafka_sink_rules.h"

void kafka_sink_inspect(struct field_errors *errors, const struct json_value *object)
{
    struct field_path spec = field_child(NULL, BYTES_LITERAL("spec"));
    struct field_path topic = field_child(&spec, BYTES_LITERAL("topic"));
    topic_inspect(errors, json_get(json_get(object, "spec"), "topic"), &topic);
}
