// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/flow_rules.h"

#include "kube/builtin/text.h"
#include "kube/object.h"

void sequence_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    bytes_t name_space = object_namespace(object);
    for (struct json_value *step = first_of(json_get(spec, "steps")); step != NULL; step = step->next) {
        destination_fill(arena, step, name_space);
        delivery_fill(arena, step, name_space);
    }
    destination_at_fill(arena, spec, "reply", name_space);
    channel_template_fill(arena, spec, json_get(live, "spec"));
}

void parallel_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    bytes_t name_space = object_namespace(object);
    for (struct json_value *branch = first_of(json_get(spec, "branches")); branch != NULL; branch = branch->next) {
        destination_at_fill(arena, branch, "filter", name_space);
        destination_at_fill(arena, branch, "subscriber", name_space);
        destination_at_fill(arena, branch, "reply", name_space);
        delivery_fill(arena, branch, name_space);
    }
    destination_at_fill(arena, spec, "reply", name_space);
    channel_template_fill(arena, spec, json_get(live, "spec"));
}
