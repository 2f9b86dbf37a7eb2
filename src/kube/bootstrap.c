// SPDX-License-Identifier: Apache-2.0
#include "kube/bootstrap.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "kube/api.h"
#include "kube/builtin/builtin.h"
#include "kube/client.h"
#include "kube/collector.h"
#include "kube/definitions.h"
#include "kube/folder/folder.h"
#include "kube/namespaces.h"
#include "kube/recorder.h"

#include <stdlib.h>

static const char *const namespaces[] = { "default", "kube-public", "kube-system" };

// The controller of one kind.
struct kind_work {
    const struct kind_controller *controller;
    void *state;
};

struct bootstrap {
    struct kube *kube;
    struct message begin;
    bool is_stopping;
    size_t wanted; // namespaces that are not there yet
    struct controller definitions, namespaces, events;
    struct collector *collector;
    struct kind_work *kinds;
    size_t kind_count;
    struct folder *folder; // of --apply, or NULL
};

// --- kinds

void bootstrap_kinds(struct kube *kube)
{
    struct kinds *kinds = &kube->resources.kinds;
    for (size_t i = 0; i < builtin_kind_count; i++)
        (void)kinds_define_own(kinds, builtin_kinds[i]);
    for (size_t i = 0; i < kube->options.kind_count; i++)
        (void)kinds_define_own(kinds, kube->options.kinds[i]);
    kube->namespaces = kinds_find(kinds, BYTES_LITERAL(""), BYTES_LITERAL("namespaces"));
    kube->definitions =
        kinds_find(kinds, BYTES_LITERAL("apiextensions.k8s.io"), BYTES_LITERAL("customresourcedefinitions"));
    ASSERT(kube->namespaces != NULL && kube->definitions != NULL);
}

// --- the first turn

static void kinds_start(struct bootstrap *bootstrap)
{
    struct kube *kube = bootstrap->kube;
    const struct kinds *kinds = &kube->resources.kinds;
    bootstrap->kinds = mem_zalloc(kinds->map.count, sizeof *bootstrap->kinds);
    LIST_EACH(&kinds->list, node)
    {
        struct kind *kind = LIST_ITEM(node, struct kind, list);
        const struct kind_controller *controller = kind->rules == NULL ? NULL : kind->rules->controller;
        if (controller != NULL)
            bootstrap->kinds[bootstrap->kind_count++] = (struct kind_work){ controller, controller->start(kube, kind) };
    }
}

static void ready(struct bootstrap *bootstrap)
{
    struct kube *kube = bootstrap->kube;
    if (bootstrap->is_stopping)
        return;
    namespaces_start(&bootstrap->namespaces, kube);
    events_expiry_start(&bootstrap->events, kube);
    bootstrap->collector = collector_start(kube);
    kinds_start(bootstrap);
    kube_ready(kube);
    if (kube->options.apply != NULL)
        bootstrap->folder = folder_start(kube, kube->options.apply);
}

static void on_namespace_made(struct client_op *op)
{
    struct bootstrap *bootstrap = op->owner;
    if (op->reason != PROBLEM_NONE && op->reason != PROBLEM_ALREADY_EXISTS)
        log_line(LOG_WARN, "a namespace that is always there could not be made",
                 LOG_FIELDS(log_bytes("name", op->name), log_bytes("why", op->message)));
    if (--bootstrap->wanted == 0)
        ready(bootstrap);
}

// The history is there.
static void on_resources(void *owner)
{
    struct bootstrap *bootstrap = owner;
    struct kube *kube = bootstrap->kube;
    definitions_start(&bootstrap->definitions, kube);
    bootstrap->wanted = 1;
    for (size_t i = 0; i < ARRAY_COUNT(namespaces); i++) {
        bytes_t name = bytes_of_text(namespaces[i]);
        if (resources_has(&kube->resources, kube->namespaces, BYTES_LITERAL(""), name))
            continue;
        struct client_op *op = client_op_new(kube, kube->namespaces, BYTES_LITERAL(""), name, "eddy");
        bootstrap->wanted++;
        op->on_done = on_namespace_made;
        op->owner = bootstrap;
        client_create(op, json_new(&op->arena, JSON_OBJECT));
    }
    if (--bootstrap->wanted == 0)
        ready(bootstrap);
}

static void on_begin(struct message *message)
{
    struct bootstrap *bootstrap = CONTAINER_OF(message, struct bootstrap, begin);
    if (bootstrap->is_stopping)
        return;
    definitions_load(bootstrap->kube);
    resources_start(&bootstrap->kube->resources, on_resources, bootstrap);
}

void bootstrap_start(struct kube *kube)
{
    struct bootstrap *bootstrap = mem_zalloc(1, sizeof *bootstrap);
    kube->bootstrap = bootstrap;
    bootstrap->kube = kube;
    bootstrap->begin.on_message = on_begin;
    loop_post(kube->loop, &bootstrap->begin);
}

void bootstrap_stop(struct kube *kube)
{
    struct bootstrap *bootstrap = kube->bootstrap;
    bootstrap->is_stopping = true;
    resources_stop(&kube->resources);
    folder_stop(bootstrap->folder);
    for (size_t i = 0; i < bootstrap->kind_count; i++)
        bootstrap->kinds[i].controller->stop(bootstrap->kinds[i].state);
    controller_stop(&bootstrap->definitions);
    controller_stop(&bootstrap->namespaces);
    controller_stop(&bootstrap->events);
    collector_stop(bootstrap->collector);
}

void bootstrap_free(struct kube *kube)
{
    struct bootstrap *bootstrap = kube->bootstrap;
    if (bootstrap == NULL)
        return;
    folder_free(bootstrap->folder);
    for (size_t i = 0; i < bootstrap->kind_count; i++)
        bootstrap->kinds[i].controller->free(bootstrap->kinds[i].state);
    free(bootstrap->kinds);
    controller_deinit(&bootstrap->definitions);
    controller_deinit(&bootstrap->namespaces);
    controller_deinit(&bootstrap->events);
    collector_free(bootstrap->collector);
    free(bootstrap);
}
