// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/flow_rules.h"

#include "eventing/kinds/delivery_rules.h"
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

// The parts in the list NAME of the spec, and where a flow leads in the end.
static void flow_inspect(struct field_errors *errors, const struct json_value *object, const char *name,
                         void (*look)(struct field_errors *errors, const struct json_value *part,
                                      const struct field_path *path))
{
    const struct json_value *spec = json_get(object, "spec");
    struct field_path path = field_child(NULL, BYTES_LITERAL("spec"));
    struct field_path parts = field_child(&path, bytes_of_text(name));
    items_inspect(errors, json_get(spec, name), &parts, look);
    destination_at_inspect(errors, spec, "reply", &path);
}

static void step_inspect(struct field_errors *errors, const struct json_value *step, const struct field_path *path)
{
    destination_inspect(errors, step, path);
    delivery_inspect(errors, step, path);
}

void sequence_inspect(struct field_errors *errors, const struct json_value *object)
{
    flow_inspect(errors, object, "steps", step_inspect);
}

static void branch_inspect(struct field_errors *errors, const struct json_value *branch, const struct field_path *path)
{
    destination_at_inspect(errors, branch, "filter", path);
    destination_at_inspect(errors, branch, "subscriber", path);
    destination_at_inspect(errors, branch, "reply", path);
    delivery_inspect(errors, branch, path);
}

void parallel_inspect(struct field_errors *errors, const struct json_value *object)
{
    flow_inspect(errors, object, "branches", branch_inspect);
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
