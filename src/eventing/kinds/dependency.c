// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/dependency.h"

#include "base/mem.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEPENDENCY "knative.dev/dependency"

// --- changes

struct dependency_watch {
    struct list_node node;
    struct watcher watcher;
    struct dependencies *dependencies;
    struct kind *kind;
    int64_t version;
};

static void triggers_enqueue(struct controller *triggers, bytes_t name_space)
{
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    err_t err =
        resources_walk_start(&walk, &triggers->kube->resources, triggers->kind, name_space, 0, BYTES_NULL, &arena);
    while (err == ERR_OK && resources_walk_next(&walk, &row)) {
        size_t prefix = triggers->kind->prefix.size;
        bytes_t in, name;
        key_names(bytes_of(row.key.data + prefix, row.key.size - prefix), &in, &name);
        controller_enqueue(triggers, in, name);
    }
    arena_free(&arena);
}

static void watch_free(struct dependency_watch *watch)
{
    watcher_stop(&watch->watcher);
    list_remove(&watch->node);
    free(watch);
}

static void on_events(struct watcher *watcher)
{
    struct dependency_watch *watch = CONTAINER_OF(watcher, struct dependency_watch, watcher);
    struct controller *triggers = watch->dependencies->triggers;
    bool expired; // never: a watcher is told every turn, and one turn's changes are always there
    struct event *event = history_after(&triggers->kube->resources.history, watch->kind, watch->version, &expired);
    for (; event != NULL; event = event_next(event)) {
        watch->version = event->version;
        triggers_enqueue(triggers, event->name_space);
    }
    if (watch->kind->is_retired)
        watch_free(watch);
}

static void watch_ensure(struct dependencies *dependencies, struct kind *kind)
{
    LIST_EACH(&dependencies->watches, node)
    {
        if (LIST_ITEM(node, struct dependency_watch, node)->kind == kind)
            return;
    }
    struct dependency_watch *watch = mem_zalloc(1, sizeof *watch);
    watch->dependencies = dependencies;
    watch->kind = kind;
    watch->version = resources_version(&dependencies->triggers->kube->resources);
    watch->watcher.on_events = on_events;
    list_append(&dependencies->watches, &watch->node);
    watcher_start(&watch->watcher, kind);
}

void dependencies_init(struct dependencies *dependencies, struct controller *triggers)
{
    dependencies->triggers = triggers;
    list_init(&dependencies->watches);
}

void dependencies_stop(struct dependencies *dependencies)
{
    while (!list_empty(&dependencies->watches))
        watch_free(LIST_ITEM(dependencies->watches.next, struct dependency_watch, node));
}

// --- the condition

static const struct json_value *reference_of(struct look *look)
{
    static const struct json_limits limits = { .size = 4096, .values = 32 };
    bytes_t text = object_annotation(look->object, DEPENDENCY);
    struct json_value *reference = NULL;
    // What it has to be was checked when it was written (trigger_rules.c).
    return text.size > 0 && json_parse(text, &limits, &look->arena, &reference, NULL) == ERR_OK ? reference : NULL;
}

static void tell(struct look *look, const struct json_value *object)
{
    int64_t generation = object_generation(object), seen = int_at(json_get(object, "status"), "observedGeneration");
    if (generation != seen) {
        look_condition(look, "DependencyReady", "Unknown", "GenerationNotEqual",
                       arena_format(&look->arena,
                                    "The dependency's metadata.generation, %" PRId64
                                    ", is not equal to its status.observedGeneration, %" PRId64 ".",
                                    generation, seen));
        return;
    }
    struct condition ready =
        ready_of(object, &look->arena, "DependencyNotConfigured", "Dependency has not yet been reconciled.");
    bool is_ready = ready.status[0] == 'T';
    look_condition(look, "DependencyReady", ready.status, is_ready ? NULL : ready.reason,
                   is_ready ? NULL : ready.message);
}

void dependency_look(struct dependencies *dependencies, struct look *look)
{
    const struct json_value *reference = reference_of(look);
    struct kube *kube = look->controller->kube;
    bytes_t api_version = json_text_at(reference, "apiVersion"), name = json_text_at(reference, "name");
    bytes_t kind_name = json_text_at(reference, "kind");
    if (reference == NULL) {
        look_true(look, "DependencyReady");
        return;
    }
    struct kind *kind = kinds_find_object(&kube->resources.kinds, api_version, kind_name, NULL);
    struct json_value *object;
    if (kind != NULL)
        watch_ensure(dependencies, kind);
    if (kind != NULL && client_get(kube, kind, look->work->name_space, name, &look->arena, &object) == ERR_OK)
        tell(look, object);
    else
        look_condition(look, "DependencyReady", "False", "DependencyDoesNotExist",
                       arena_format(&look->arena, "Dependency does not exist: %.*s \"%.*s\" not found",
                                    BYTES_ARG(kind_name), BYTES_ARG(name)));
}
