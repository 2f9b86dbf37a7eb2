// SPDX-License-Identifier: Apache-2.0
#include "kube/definitions.h"

#include "base/log.h"
#include "io/clock.h"
#include "kube/api.h"
#include "kube/builtin/builtin.h"
#include "kube/client.h"
#include "kube/condition.h"
#include "kube/own_definitions.h"
#include "kube/schema/field_error.h"

#define MANAGER   "eddy"
#define FINALIZER "customresourcecleanup.apiextensions.k8s.io"

static struct kind *kind_of(const struct kube *kube, const struct json_value *definition)
{
    const struct json_value *spec = json_get(definition, "spec");
    return kinds_find(&kube->resources.kinds, json_text_at(spec, "group"),
                      json_text_at(json_get(spec, "names"), "plural"));
}

// --- the kind

static struct kind *kind_define(struct kube *kube, const struct json_value *definition)
{
    struct arena arena = ARENA_INIT;
    struct field_errors errors = field_errors_in(&arena);
    struct kind *old = kind_of(kube, definition), *kind = NULL;
    if (old != NULL && !old->is_custom) {
        kind = NULL; // eddy has that kind itself
    } else if (kinds_define(&kube->resources.kinds, definition, NULL, &kind, &errors) != ERR_OK) {
        struct writer text = WRITER_INIT;
        field_errors_write(&text, &errors);
        log_line(LOG_WARN, "a CustomResourceDefinition cannot be served",
                 LOG_FIELDS(log_bytes("name", object_name(definition)), log_bytes("why", writer_view(&text))));
        writer_free(&text);
    }
    arena_free(&arena);
    if (kind != NULL && old != NULL) {
        // Watches of the old kind end, and their clients find the new one.
        list_splice(&kind->events, &old->events);
        for (struct list_node *node = kind->events.next; node != &kind->events; node = node->next)
            LIST_ITEM(node, struct event, of_kind)->kind = kind;
        history_tell(&kube->resources.history, old);
    }
    return kind;
}

// --- its status

static void condition_add(struct client_op *op, struct json_value *status, const char *type, bool is_true,
                          const char *reason, const char *message)
{
    struct condition condition = {
        .type = type, .status = is_true ? "True" : "False", .reason = reason, .message = message
    };
    condition_set(status, &op->arena, &condition, op->admission.now_ms);
}

static void stored_versions_add(struct arena *arena, struct json_value *status, const struct kind *kind)
{
    struct json_value *list = json_find(status, BYTES_LITERAL("storedVersions"));
    if (list == NULL || list->type != JSON_ARRAY) {
        list = json_new(arena, JSON_ARRAY);
        json_set(status, BYTES_LITERAL("storedVersions"), list);
    }
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (bytes_equal(item->text, kind->storage->name))
            return;
    }
    json_append(list, json_new_bytes(arena, arena_copy(arena, kind->storage->name)));
}

static bool change_status(struct client_op *op, struct json_value *object)
{
    struct json_value *status = json_set_object(object, &op->arena, "status");
    const struct kind *kind = kind_of(op->kube, object);
    const struct json_value *names = json_get(json_get(object, "spec"), "names");
    // Its own kinds eddy serves whatever somebody's definition says of them: an installer that brings it may go on.
    bool is_own = kind != NULL && !kind->is_custom && bytes_equal(json_text_at(names, "kind"), kind->name);
    bool is_served = is_own || (kind != NULL && kind->is_custom);
    if (is_served) {
        json_set(status, BYTES_LITERAL("acceptedNames"), json_copy(&op->arena, names));
        stored_versions_add(&op->arena, status, kind);
    }
    condition_add(op, status, "NamesAccepted", is_served, is_served ? "NoConflicts" : "Conflict",
                  is_served ? "no conflicts found" : "eddy serves a kind of that name itself");
    condition_add(op, status, "Established", is_served, is_served ? "InitialNamesAccepted" : "NotAccepted",
                  is_own && own_definition_is_foreign(object)
                      ? "eddy serves this kind itself: its own definition counts, this one is kept"
                  : is_own    ? "eddy serves this kind itself"
                  : is_served ? "the initial names have been accepted"
                              : "not all names are accepted");
    return true;
}

// --- the end: the kind's objects go first

static bool change_finalizer(struct client_op *op, struct json_value *object)
{
    const struct kind *own = own_definition_find(op->kube, op->name);
    bool is_renewed = own != NULL && own_definition_renew(&op->arena, object, own);
    bool is_deleting = object_is_deleting(object), has = object_has_finalizer(object, BYTES_LITERAL(FINALIZER));
    if (is_deleting)
        object_finalizer_remove(object, BYTES_LITERAL(FINALIZER));
    else if (!has)
        object_finalizer_add(object, &op->arena, BYTES_LITERAL(FINALIZER));
    return is_deleting || !has || is_renewed;
}

static void on_step_done(struct client_op *op)
{
    struct work *work = op->owner;
    work_end(work, op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND ? WORK_DONE : WORK_FAILED);
}

static struct client_op *step_new(struct controller *controller, struct work *work)
{
    struct client_op *op = client_op_new(controller->kube, controller->kind, work->name_space, work->name, MANAGER);
    op->on_done = on_step_done;
    op->owner = work;
    return op;
}

static void objects_delete(struct controller *controller, struct work *work, struct kind *kind)
{
    // Objects are asked to go; each change of one of them brings the definition back here.
    size_t left = kind == NULL ? 0 : client_delete_all(controller->kube, kind, BYTES_LITERAL(""), MANAGER);
    if (left > 0) {
        work_end(work, WORK_FAILED); // looked at again soon
        return;
    }
    if (kind != NULL) {
        kinds_remove(&controller->kube->resources.kinds, kind);
        history_tell(&controller->kube->resources.history, kind);
    }
    struct client_op *op = step_new(controller, work);
    op->change = change_finalizer;
    client_update(op);
}

// --- reconcile

static void on_finalizer_set(struct client_op *op)
{
    struct work *work = op->owner;
    if (op->reason != PROBLEM_NONE) {
        on_step_done(op);
        return;
    }
    struct client_op *next = step_new(work->controller, work);
    next->subresource = BYTES_LITERAL("status");
    next->change = change_status;
    client_update(next);
}

static void on_own_made(struct client_op *op)
{
    struct controller *controller = ((struct work *)op->owner)->controller;
    bool is_made = op->reason == PROBLEM_NONE;
    on_step_done(op);
    if (is_made)
        own_definitions_enqueue(controller);
}

// That of a kind of eddy's own is made, and comes back.
static void gone(struct controller *controller, struct work *work)
{
    const struct kind *own = own_definition_find(controller->kube, work->name);
    if (own == NULL) {
        work_end(work, WORK_DONE);
        return;
    }
    struct client_op *op = step_new(controller, work);
    op->on_done = on_own_made;
    client_create(op, own_definition_new(&op->arena, own, FINALIZER));
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct kube *kube = controller->kube;
    struct arena arena = ARENA_INIT;
    struct json_value *definition;
    if (client_get(kube, controller->kind, work->name_space, work->name, &arena, &definition) != ERR_OK) {
        arena_free(&arena);
        gone(controller, work);
        return;
    }
    struct kind *kind = kind_of(kube, definition);
    if (object_is_deleting(definition)) {
        bool is_own = kind != NULL && kind->is_custom;
        arena_free(&arena);
        objects_delete(controller, work, is_own ? kind : NULL);
        return;
    }
    bool is_new = kind == NULL || (kind->is_custom && kind->definition_generation != object_generation(definition));
    if (is_new) {
        kind = kind_define(kube, definition);
        if (kind != NULL)
            kind->definition_generation = object_generation(definition);
    }
    arena_free(&arena);
    struct client_op *op = step_new(controller, work);
    op->on_done = on_finalizer_set;
    op->change = change_finalizer;
    client_update(op);
}

void definitions_load(struct kube *kube)
{
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    err_t err =
        resources_walk_start(&walk, &kube->resources, kube->definitions, BYTES_LITERAL(""), 0, BYTES_NULL, &arena);
    while (err == ERR_OK && resources_walk_next(&walk, &row)) {
        struct json_value *definition;
        if (object_decode(row.value, kube->definitions, kube->definitions->storage, row.version, &arena, &definition) !=
            ERR_OK)
            continue;
        struct kind *kind = kind_define(kube, definition);
        if (kind != NULL)
            kind->definition_generation = object_generation(definition);
    }
    arena_free(&arena);
}

void definitions_start(struct controller *controller, struct kube *kube)
{
    *controller = (struct controller){ .kube = kube, .kind = kube->definitions, .reconcile = reconcile };
    controller_start(controller);
    own_definitions_enqueue(controller);
}
