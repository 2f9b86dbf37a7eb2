// SPDX-License-Identifier: Apache-2.0
#include "kube/own_definitions.h"

#include "base/siphash.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/controller.h"

static bytes_t name_of(struct arena *arena, const struct kind *kind)
{
    return bytes_of_text(arena_format(arena, "%.*s.%.*s", BYTES_ARG(kind->plural), BYTES_ARG(kind->group)));
}

void own_definitions_enqueue(struct controller *controller)
{
    const struct resources *resources = &controller->kube->resources;
    struct arena arena = ARENA_INIT;
    bool is_found = false;
    LIST_EACH(&resources->kinds.list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        bytes_t name = name_of(&arena, kind);
        if (is_found || !kind_is_brought(kind) || resources_has(resources, controller->kind, BYTES_LITERAL(""), name))
            continue;
        controller_enqueue(controller, BYTES_LITERAL(""), name);
        is_found = true;
    }
    arena_free(&arena);
}

struct kind *own_definition_find(const struct kube *kube, bytes_t name)
{
    const uint8_t *dot = memchr(name.data, '.', name.size);
    if (dot == NULL)
        return NULL;
    size_t size = (size_t)(dot - name.data);
    struct kind *kind =
        kinds_find(&kube->resources.kinds, bytes_of(dot + 1, name.size - size - 1), bytes_of(name.data, size));
    return kind != NULL && kind_is_brought(kind) ? kind : NULL;
}

// Another one when the text is another, also after a restart.
static const char *mark_of(struct arena *arena, const struct kind *kind)
{
    static const struct siphash_secret none;
    return arena_format(arena, "%016llx", (unsigned long long)siphash_128(none, kind->text).low);
}

static void mark(struct arena *arena, struct json_value *object, const struct kind *kind)
{
    struct json_value *metadata = json_set_object(object, arena, "metadata");
    json_set_text(json_set_object(metadata, arena, "annotations"), arena, OWN_DEFINITION, mark_of(arena, kind));
}

struct json_value *own_definition_new(struct arena *arena, const struct kind *kind, const char *finalizer)
{
    struct json_value *object = kind_definition(kind, arena);
    mark(arena, object, kind);
    object_finalizer_add(object, arena, bytes_of_text(finalizer));
    return object;
}

bool own_definition_is_foreign(const struct json_value *definition)
{
    const struct json_value *managed = json_get(object_metadata(definition), "managedFields");
    for (const struct json_value *one = first_of(managed); one != NULL; one = one->next) {
        if (!bytes_is(json_text_at(one, "manager"), "eddy"))
            return true;
    }
    return false;
}

bool own_definition_renew(struct arena *arena, struct json_value *object, const struct kind *kind)
{
    if (own_definition_is_foreign(object) || bytes_is(object_annotation(object, OWN_DEFINITION), mark_of(arena, kind)))
        return false;
    struct json_value *fresh = kind_definition(kind, arena), *metadata = object_metadata(object);
    const struct json_value *labels = json_get(object_metadata(fresh), "labels");
    json_set(object, BYTES_LITERAL("spec"), json_copy(arena, json_get(fresh, "spec")));
    if (labels != NULL)
        json_set(metadata, BYTES_LITERAL("labels"), json_copy(arena, labels));
    mark(arena, object, kind);
    return true;
}
