// SPDX-License-Identifier: Apache-2.0
// EventType: that events of a type can be had from something. It is ready when that is there.
#include "base/mem.h"
#include "eventing/kinds/event_type_maker.h"
#include "eventing/kinds/event_type_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/look.h"
#include "http/request.h"
#include "kube/api.h"
#include "kube/client.h"
#include "kube/embed.h"

#include <stdlib.h>

EMBED(event_type_definition, "eventtype");

// The ConfigMap with the features of Knative Eventing, and the one that is looked at.
#define FEATURES_SPACE "knative-eventing"
#define FEATURES       "config-features"
#define AUTO_CREATE    "eventtype-auto-create"

struct types {
    struct controller controller;
    struct controller features; // of ConfigMaps
    struct eventing_watcher watcher;
    struct event_type_maker maker;
};

// --- what it refers to

static bool is_there(const struct look *look, bytes_t api_version, bytes_t kind_name, bytes_t name_space, bytes_t name)
{
    struct kube *kube = look->controller->kube;
    const struct kind *kind = kinds_find_object(&kube->resources.kinds, api_version, kind_name, NULL);
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    if (name_space.size == 0)
        name_space = look->work->name_space;
    bool found = kind != NULL && client_get(kube, kind, kind->is_namespaced ? name_space : BYTES_LITERAL(""), name,
                                            &arena, &object) == ERR_OK;
    arena_free(&arena);
    return found;
}

// The words are Knative's.
static void tell(struct look *look)
{
    static const char type[] = "ReferenceExists";
    const struct json_value *spec = json_get(look->object, "spec"), *reference = json_get(spec, "reference");
    bytes_t broker = json_text_at(spec, "broker");
    bool has_reference = reference != NULL && reference->type == JSON_OBJECT && reference->count > 0;
    if (!has_reference && broker.size == 0)
        look_condition(look, type, "True", "ReferenceNotSet", "spec.reference is not set");
    else if (has_reference ? is_there(look, json_text_at(reference, "apiVersion"), json_text_at(reference, "kind"),
                                      json_text_at(reference, "namespace"), json_text_at(reference, "name"))
                           : is_there(look, BYTES_LITERAL("eventing.knative.dev/v1"), BYTES_LITERAL("Broker"),
                                      BYTES_NULL, broker))
        look_true(look, type);
    else
        look_condition(look, type, "False", "ResourceDoesNotExist", "Resource in spec.reference does not exist");
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct types *types = CONTAINER_OF(controller, struct types, controller);
    struct look *look = look_begin(controller, work);
    if (look == NULL) {
        event_type_maker_forget(&types->maker);
        work_end(work, WORK_DONE);
        return;
    }
    tell(look);
    look_conclude(look);
}

// --- the feature

static void feature_read(struct controller *controller, struct work *work)
{
    struct types *types = CONTAINER_OF(controller, struct types, features);
    struct inboxes *inboxes = &eventing_of(controller->kube)->inboxes;
    struct arena arena = ARENA_INIT;
    struct json_value *map;
    if (bytes_is(work->name_space, FEATURES_SPACE) && bytes_is(work->name, FEATURES)) {
        err_t err = client_get(controller->kube, controller->kind, work->name_space, work->name, &arena, &map);
        bytes_t value = err == ERR_OK ? json_text_at(json_get(map, "data"), AUTO_CREATE) : BYTES_NULL;
        bool is_on = http_text_equal(value, "enabled");
        inboxes->on_event = is_on ? event_type_maker_see : NULL;
        inboxes->on_event_owner = &types->maker;
    }
    arena_free(&arena);
    work_end(work, WORK_DONE);
}

// --- start and stop

static void on_change(struct eventing_watcher *watcher)
{
    controller_enqueue_all(&CONTAINER_OF(watcher, struct types, watcher)->controller);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct types *types = mem_zalloc(1, sizeof *types);
    types->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    types->features = (struct controller){
        .kube = kube,
        .kind = kinds_find(&kube->resources.kinds, BYTES_LITERAL(""), BYTES_LITERAL("configmaps")),
        .reconcile = feature_read,
    };
    event_type_maker_init(&types->maker, kube);
    types->watcher.on_change = on_change;
    eventing_watch(eventing_of(kube), &types->watcher);
    controller_start(&types->controller);
    controller_start(&types->features);
    return types;
}

static void stop(void *state)
{
    struct types *types = state;
    eventing_of(types->controller.kube)->inboxes.on_event = NULL;
    eventing_unwatch(&types->watcher);
    controller_stop(&types->controller);
    controller_stop(&types->features);
}

static void types_free(void *state)
{
    struct types *types = state;
    controller_deinit(&types->controller);
    controller_deinit(&types->features);
    event_type_maker_deinit(&types->maker);
    free(types);
}

static const struct kind_controller controller_of_types = { start, stop, types_free };

const struct kind_rules event_type_rules = {
    .definition = event_type_definition,
    .fill = event_type_fill,
    .inspect = event_type_inspect,
    .show = event_type_show,
    .check = event_type_check,
    .controller = &controller_of_types,
};
