// SPDX-License-Identifier: Apache-2.0
// Namespace: what is in it goes with it. The controller is ../namespaces.c.
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"
#include "kube/embed.h"
#include "kube/object.h"

EMBED(namespace_definition, "namespace");

#define NAME_LABEL "kubernetes.io/metadata.name"

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *metadata = object_metadata(object);
    json_set_bytes(json_set_object(metadata, arena, "labels"), arena, NAME_LABEL, object_name(object));
    if (live != NULL) {
        // Only the end of the namespace takes its finalizer away.
        const struct json_value *spec = json_get(live, "spec");
        if (spec != NULL)
            json_set(object, BYTES_LITERAL("spec"), json_copy(arena, spec));
        return;
    }
    struct json_value *finalizers = json_new(arena, JSON_ARRAY);
    json_append(finalizers, json_new_text(arena, "kubernetes"));
    json_set(json_set_object(object, arena, "spec"), BYTES_LITERAL("finalizers"), finalizers);
    json_set_text(json_set_object(object, arena, "status"), arena, "phase", "Active");
}

static bool is_held(const struct json_value *object)
{
    const struct json_value *finalizers = json_get(json_get(object, "spec"), "finalizers");
    return finalizers != NULL && finalizers->count > 0;
}

static void begin_deletion(struct arena *arena, struct json_value *object)
{
    json_set_text(json_set_object(object, arena, "status"), arena, "phase", "Terminating");
}

const struct kind_rules namespace_rules = {
    .definition = namespace_definition,
    .fill = fill,
    .is_held = is_held,
    .begin_deletion = begin_deletion,
    .no_generation = true,
    .name_rule = NAME_DNS_LABEL,
};
