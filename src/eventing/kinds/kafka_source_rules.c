// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/kafka_source_rules.h"

#include "kube/object.h"

void kafka_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    bytes_t name_space = object_namespace(object);
    (void)live;
    destination_at_fill(arena, spec, "sink", name_space);
    delivery_fill(arena, spec, name_space);
}

void kafka_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    (void)live;
    overrides_check(errors, object);
}
