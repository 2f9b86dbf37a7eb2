// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/children.h"

#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"

#define MANAGER "eddy"

// --- what is there

static const struct json_value *controller_of(const struct json_value *object)
{
    const struct json_value *reference = first_of(json_get(object_metadata(object), "ownerReferences"));
    while (reference != NULL && !bool_at(reference, "controller"))
        reference = reference->next;
    return reference;
}

// NULL: it is not there. *RET_IS_OWN: it is LOOK's resource's.
static struct json_value *find(const struct look *look, const struct kind *kind, const char *name, bool *ret_is_own)
{
    struct arena *arena = (struct arena *)(uintptr_t)&look->arena;
    struct json_value *object;
    if (client_get(look->controller->kube, kind, look->work->name_space, bytes_of_text(name), arena, &object) != ERR_OK)
        return NULL;
    *ret_is_own = bytes_equal(json_text_at(controller_of(object), "uid"), object_meta_text(look->object, "uid"));
    return object;
}

const struct json_value *child_get(const struct look *look, const struct kind *kind, const char *name)
{
    bool is_own;
    const struct json_value *object = find(look, kind, name, &is_own);
    return object != NULL && is_own ? object : NULL;
}

struct json_value *child_reference(struct arena *arena, const struct kind *kind, const char *name, bytes_t name_space)
{
    struct json_value *reference = json_new(arena, JSON_OBJECT);
    json_set_bytes(reference, arena, "apiVersion", kind->storage->api_version);
    json_set_bytes(reference, arena, "kind", kind->name);
    json_set_text(reference, arena, "name", name);
    if (name_space.size > 0)
        json_set_bytes(reference, arena, "namespace", name_space);
    return reference;
}

// --- writes

static void on_all_done(struct message *message)
{
    struct children *children = CONTAINER_OF(message, struct children, done);
    children->on_done(children);
}

static void one_done(struct children *children)
{
    if (--children->waiting == 0)
        loop_post(children->look->eventing->loop, &children->done);
}

void children_begin(struct children *children, struct look *look, void (*on_done)(struct children *children))
{
    *children = (struct children){ .look = look, .on_done = on_done, .waiting = 1, .done.on_message = on_all_done };
}

void children_end(struct children *children)
{
    one_done(children);
}

static void on_put(struct client_op *op)
{
    struct children *children = op->owner;
    if (op->reason != PROBLEM_NONE) {
        children->is_failed = true;
        children->problem =
            arena_format(&children->look->arena, "%.*s: %.*s", BYTES_ARG(op->name), BYTES_ARG(op->message));
    }
    one_done(children);
}

static void on_removed(struct client_op *op)
{
    struct children *children = op->owner;
    if (op->reason != PROBLEM_NONE && op->reason != PROBLEM_NOT_FOUND)
        children->is_failed = true;
    one_done(children);
}

static struct client_op *op_new(struct children *children, struct kind *kind, const char *name,
                                void (*on_done)(struct client_op *op))
{
    const struct look *look = children->look;
    struct client_op *op =
        client_op_new(look->controller->kube, kind, look->work->name_space, bytes_of_text(name), MANAGER);
    op->on_done = on_done;
    op->owner = children;
    children->waiting++;
    return op;
}

static void owner_set(const struct look *look, struct json_value *metadata, struct arena *arena)
{
    const struct kind *kind = look->controller->kind;
    struct json_value *owners = json_new(arena, JSON_ARRAY);
    struct json_value *owner = child_reference(arena, kind, "", BYTES_NULL);
    json_set_bytes(owner, arena, "name", look->work->name);
    json_set_bytes(owner, arena, "uid", object_meta_text(look->object, "uid"));
    json_set(owner, BYTES_LITERAL("controller"), json_new_bool(arena, true));
    json_set(owner, BYTES_LITERAL("blockOwnerDeletion"), json_new_bool(arena, true));
    json_append(owners, owner);
    json_set(metadata, BYTES_LITERAL("ownerReferences"), owners);
}

void child_put(struct children *children, struct kind *kind, const char *name, const struct json_value *spec)
{
    struct look *look = children->look;
    bool is_own = false;
    const struct json_value *there = find(look, kind, name, &is_own);
    if (there != NULL && !is_own) {
        children->problem = arena_format(&look->arena, "The %.*s \"%s\" is there and belongs to somebody else.",
                                         BYTES_ARG(kind->name), name);
        return;
    }
    if (there != NULL && object_is_deleting(there)) { // its name is free when it is gone
        children->is_failed = true;
        return;
    }
    struct client_op *op = op_new(children, kind, name, on_put);
    struct json_value *object = json_new(&op->arena, JSON_OBJECT);
    json_set_bytes(object, &op->arena, "apiVersion", kind->storage->api_version);
    json_set_bytes(object, &op->arena, "kind", kind->name);
    struct json_value *metadata = json_set_object(object, &op->arena, "metadata");
    json_set_text(metadata, &op->arena, "name", name);
    json_set_bytes(metadata, &op->arena, "namespace", look->work->name_space);
    owner_set(look, metadata, &op->arena);
    if (spec != NULL)
        json_set(object, BYTES_LITERAL("spec"), json_copy(&op->arena, spec));
    op->version = kind->storage;
    client_apply(op, object);
}

bool child_remove(struct children *children, struct kind *kind, const char *name)
{
    if (child_get(children->look, kind, name) == NULL)
        return false;
    client_delete(op_new(children, kind, name, on_removed));
    return true;
}

// --- changes

static void owner_enqueue(const struct owner_watch *watch, const struct event *event)
{
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    if (object_decode(event->value, event->kind, event->kind->storage, 0, &arena, &object) == ERR_OK) {
        const struct json_value *owner = controller_of(object);
        if (owner != NULL && bytes_equal(json_text_at(owner, "kind"), watch->owner->kind->name))
            controller_enqueue(watch->owner, event->name_space, json_text_at(owner, "name"));
    }
    arena_free(&arena);
}

static void on_events(struct watcher *watcher)
{
    struct owner_watch *watch = CONTAINER_OF(watcher, struct owner_watch, watcher);
    struct history *history = &watch->owner->kube->resources.history;
    bool expired; // never: a watcher is told every turn, and one turn's changes are always there
    for (struct event *event = history_after(history, watch->kind, watch->version, &expired); event != NULL;
         event = event_next(event)) {
        watch->version = event->version;
        owner_enqueue(watch, event);
    }
}

void owner_watch_start(struct owner_watch *watch, struct controller *owner, struct kind *kind)
{
    *watch = (struct owner_watch){
        .watcher = { .on_events = on_events },
        .owner = owner,
        .kind = kind,
        .version = resources_version(&owner->kube->resources),
    };
    watcher_start(&watch->watcher, kind);
}

void owner_watch_stop(struct owner_watch *watch)
{
    if (watch->owner != NULL)
        watcher_stop(&watch->watcher);
}
