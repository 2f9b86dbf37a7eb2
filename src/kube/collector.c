// SPDX-License-Identifier: Apache-2.0
#include "kube/collector.h"

#include "base/mem.h"
#include "kube/api.h"
#include "kube/client.h"

#include <stdlib.h>

#define MANAGER "garbage-collector"

// The dependents of one owner, by its uid: keys of their rows.
struct owner {
    struct map_node node;
    struct list_node links;
    size_t uid_size;
    char uid[];
};

struct dependent {
    struct map_node node;
    struct list_node links; // one for each owner
    size_t key_size;
    char key[];
};

struct link {
    struct list_node of_owner, of_dependent;
    struct owner *owner;
    struct dependent *dependent;
};

struct collector {
    struct controller controller; // its works are rows: the kind's key, and NAMESPACE/NAME
    struct map owners, dependents;
};

static bytes_t owner_key(const struct map_node *node)
{
    const struct owner *owner = CONTAINER_OF_CONST(node, struct owner, node);
    return bytes_of(owner->uid, owner->uid_size);
}

static bytes_t dependent_key(const struct map_node *node)
{
    const struct dependent *dependent = CONTAINER_OF_CONST(node, struct dependent, node);
    return bytes_of(dependent->key, dependent->key_size);
}

// --- who depends on whom

static struct owner *owner_find(const struct collector *collector, bytes_t uid)
{
    struct map_node *node = map_find(&collector->owners, uid);
    return node == NULL ? NULL : CONTAINER_OF(node, struct owner, node);
}

static struct owner *owner_get(struct collector *collector, bytes_t uid)
{
    struct owner *owner = owner_find(collector, uid);
    if (owner != NULL)
        return owner;
    owner = mem_zalloc(1, sizeof *owner + uid.size);
    owner->uid_size = uid.size;
    memcpy(owner->uid, uid.data, uid.size);
    list_init(&owner->links);
    map_insert(&collector->owners, &owner->node);
    return owner;
}

static void link_free(struct collector *collector, struct link *link)
{
    struct owner *owner = link->owner;
    list_remove(&link->of_owner);
    list_remove(&link->of_dependent);
    free(link);
    if (!list_empty(&owner->links))
        return;
    map_remove(&collector->owners, &owner->node);
    free(owner);
}

static void dependent_forget(struct collector *collector, bytes_t key)
{
    struct map_node *node = map_find(&collector->dependents, key);
    if (node == NULL)
        return;
    struct dependent *dependent = CONTAINER_OF(node, struct dependent, node);
    LIST_EACH(&dependent->links, link)
    link_free(collector, LIST_ITEM(link, struct link, of_dependent));
    map_remove(&collector->dependents, &dependent->node);
    free(dependent);
}

static void dependent_learn(struct collector *collector, bytes_t key, const struct json_value *references)
{
    struct dependent *dependent = mem_zalloc(1, sizeof *dependent + key.size);
    dependent->key_size = key.size;
    memcpy(dependent->key, key.data, key.size);
    list_init(&dependent->links);
    map_insert(&collector->dependents, &dependent->node);
    for (const struct json_value *item = references->first; item != NULL; item = item->next) {
        bytes_t uid;
        if (!json_get_text(json_get(item, "uid"), &uid))
            continue;
        struct link *link = mem_zalloc(1, sizeof *link);
        link->owner = owner_get(collector, uid);
        link->dependent = dependent;
        list_append(&link->owner->links, &link->of_owner);
        list_append(&dependent->links, &link->of_dependent);
    }
}

// --- what has to be looked at

static void enqueue_row(struct collector *collector, const struct kind *kind, bytes_t key)
{
    controller_enqueue(&collector->controller, kind->key,
                       bytes_of(key.data + kind->prefix.size, key.size - kind->prefix.size));
}

static void enqueue_key(struct collector *collector, bytes_t key)
{
    struct kind *kind = resources_kind_of(&collector->controller.kube->resources, key);
    if (kind != NULL)
        enqueue_row(collector, kind, key);
}

// The kind of the owner and the key of its row; NULL: nobody knows the kind, and its objects are left alone.
static struct kind *owner_place(const struct kube *kube, const struct json_value *reference, bytes_t name_space,
                                struct arena *arena, bytes_t *ret_key)
{
    bytes_t api_version = BYTES_LITERAL(""), name = BYTES_LITERAL(""), kind_name = BYTES_LITERAL("");
    (void)json_get_text(json_get(reference, "apiVersion"), &api_version);
    (void)json_get_text(json_get(reference, "kind"), &kind_name);
    (void)json_get_text(json_get(reference, "name"), &name);
    struct kind *kind = kinds_find_object(&kube->resources.kinds, api_version, kind_name, NULL);
    if (kind != NULL)
        *ret_key = resources_key(arena, kind, kind->is_namespaced ? name_space : BYTES_LITERAL(""), name);
    return kind;
}

static void enqueue_owners(struct collector *collector, const struct json_value *object, struct arena *arena)
{
    const struct json_value *references = json_get(object_metadata(object), "ownerReferences");
    for (const struct json_value *item = references == NULL ? NULL : references->first; item != NULL;
         item = item->next) {
        bytes_t key;
        struct kind *kind = owner_place(collector->controller.kube, item, object_namespace(object), arena, &key);
        if (kind != NULL)
            enqueue_row(collector, kind, key);
    }
}

static void enqueue_dependents(struct collector *collector, bytes_t uid)
{
    struct owner *owner = owner_find(collector, uid);
    if (owner == NULL)
        return;
    LIST_EACH(&owner->links, node)
    enqueue_key(collector, dependent_key(&LIST_ITEM(node, struct link, of_owner)->dependent->node));
}

// Most objects own nothing, belong to nobody and are not on their way out: a look at the text tells.
static bool is_of_interest(bytes_t value)
{
    return memmem(value.data, value.size, "\"ownerReferences\"", 17) != NULL ||
           memmem(value.data, value.size, "\"deletionTimestamp\"", 19) != NULL;
}

static void object_learn(struct collector *collector, struct kind *kind, bytes_t key, bytes_t value, bool is_gone)
{
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    dependent_forget(collector, key);
    if ((is_gone || is_of_interest(value)) && object_decode(value, kind, kind->storage, 0, &arena, &object) == ERR_OK) {
        const struct json_value *references = json_get(object_metadata(object), "ownerReferences");
        bool is_dependent = references != NULL && references->count > 0;
        if (is_dependent && !is_gone)
            dependent_learn(collector, key, references);
        if (is_gone)
            enqueue_dependents(collector, object_meta_text(object, "uid"));
        else
            enqueue_row(collector, kind, key);
        if (is_dependent)
            enqueue_owners(collector, object, &arena); // one of them may wait for it
    }
    arena_free(&arena);
}

static void on_event(void *owner, struct event *event)
{
    object_learn(owner, event->kind, event->key, event->value, event->change == CHANGE_DELETED);
}

// --- one object

static void on_step_done(struct client_op *op)
{
    bool is_fine = op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND || op->reason == PROBLEM_CONFLICT;
    work_end(op->owner, is_fine ? WORK_DONE : WORK_FAILED);
}

static bool drop_finalizers(struct client_op *op, struct json_value *object)
{
    (void)op;
    object_finalizer_remove(object, BYTES_LITERAL("foregroundDeletion"));
    object_finalizer_remove(object, BYTES_LITERAL("orphan"));
    return true;
}

static struct client_op *op_new(struct collector *collector, struct kind *kind, bytes_t key)
{
    bytes_t name_space, name;
    key_names(bytes_of(key.data + kind->prefix.size, key.size - kind->prefix.size), &name_space, &name);
    return client_op_new(collector->controller.kube, kind, name_space, name, MANAGER);
}

static bool drop_owner(struct client_op *op, struct json_value *object)
{
    struct json_value *list = json_find(object_metadata(object), BYTES_LITERAL("ownerReferences"));
    bytes_t uid;
    for (struct json_value *item = list == NULL ? NULL : list->first, *next; item != NULL; item = next) {
        next = item->next;
        if (json_get_text(json_get(item, "uid"), &uid) && bytes_equal(uid, op->deletion.uid))
            json_detach(item);
    }
    if (list != NULL && list->count == 0)
        json_detach(list);
    return true;
}

// Lets each dependent go: it is not theirs any more.
static size_t dependents_orphan(struct collector *collector, bytes_t uid)
{
    struct owner *owner = owner_find(collector, uid);
    size_t count = 0;
    if (owner == NULL)
        return 0;
    LIST_EACH(&owner->links, node)
    {
        bytes_t key = dependent_key(&LIST_ITEM(node, struct link, of_owner)->dependent->node);
        struct kind *kind = resources_kind_of(&collector->controller.kube->resources, key);
        if (kind == NULL)
            continue;
        struct client_op *op = op_new(collector, kind, key);
        op->deletion.uid = arena_copy(&op->arena, uid);
        op->change = drop_owner;
        client_update(op);
        count++;
    }
    return count;
}

static bool blocks(const struct json_value *object, bytes_t owner_uid)
{
    const struct json_value *list = json_get(object_metadata(object), "ownerReferences");
    for (const struct json_value *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        bytes_t uid;
        bool is_blocking = false;
        (void)json_get_bool(json_get(item, "blockOwnerDeletion"), &is_blocking);
        if (is_blocking && json_get_text(json_get(item, "uid"), &uid) && bytes_equal(uid, owner_uid))
            return true;
    }
    return false;
}

// The owner that REFERENCE names, of ARENA; NULL: it is gone. *RET_IS_KNOWN: somebody knows its kind.
static struct json_value *owner_find_object(const struct kube *kube, const struct json_value *reference,
                                            bytes_t name_space, struct arena *arena, bool *ret_is_known)
{
    bytes_t key, uid = BYTES_LITERAL("");
    struct table_row row;
    int64_t marked;
    struct json_value *owner;
    (void)json_get_text(json_get(reference, "uid"), &uid);
    struct kind *kind = owner_place(kube, reference, name_space, arena, &key);
    *ret_is_known = kind != NULL;
    bool is_there = kind != NULL && resources_get(&kube->resources, key, &row, &marked) == ERR_OK &&
                    object_decode(row.value, kind, kind->storage, row.version, arena, &owner) == ERR_OK &&
                    bytes_equal(object_meta_text(owner, "uid"), uid);
    return is_there ? owner : NULL;
}

// Whether it has an owner besides that one, which does not wait for its own dependents to go. An owner of an unknown
// kind counts as there.
static bool has_other_owner(const struct kube *kube, const struct json_value *object, bytes_t uid, struct arena *arena)
{
    const struct json_value *references = json_get(object_metadata(object), "ownerReferences");
    for (const struct json_value *item = references == NULL ? NULL : references->first; item != NULL;
         item = item->next) {
        bool is_known;
        if (bytes_equal(json_text_at(item, "uid"), uid))
            continue;
        const struct json_value *owner = owner_find_object(kube, item, object_namespace(object), arena, &is_known);
        if (!is_known || (owner != NULL && !(object_is_deleting(owner) &&
                                             object_has_finalizer(owner, BYTES_LITERAL("foregroundDeletion")))))
            return true;
    }
    return false;
}

static void dependent_end(struct collector *collector, struct kind *kind, bytes_t key, const struct json_value *object,
                          bytes_t uid, struct arena *arena)
{
    struct client_op *op = op_new(collector, kind, key);
    if (has_other_owner(collector->controller.kube, object, uid, arena)) {
        op->deletion.uid = arena_copy(&op->arena, uid);
        op->change = drop_owner;
        client_update(op);
        return;
    }
    op->deletion.propagation = blocks(object, uid) ? PROPAGATION_FOREGROUND : PROPAGATION_BACKGROUND;
    client_delete(op);
}

// Asks each dependent to go, or to forget this owner where it has another one; how many of them the owner has to wait
// for.
static size_t dependents_delete(struct collector *collector, bytes_t uid)
{
    struct kube *kube = collector->controller.kube;
    struct owner *owner = owner_find(collector, uid);
    size_t count = 0;
    if (owner == NULL)
        return 0;
    LIST_EACH(&owner->links, node)
    {
        struct arena arena = ARENA_INIT;
        struct json_value *object;
        struct table_row row;
        int64_t marked;
        bytes_t key = dependent_key(&LIST_ITEM(node, struct link, of_owner)->dependent->node);
        struct kind *kind = resources_kind_of(&kube->resources, key);
        if (kind != NULL && resources_get(&kube->resources, key, &row, &marked) == ERR_OK &&
            object_decode(row.value, kind, kind->storage, row.version, &arena, &object) == ERR_OK) {
            count += blocks(object, uid);
            if (!object_is_deleting(object))
                dependent_end(collector, kind, key, object, uid, &arena);
        }
        arena_free(&arena);
    }
    return count;
}

// How many of the owners are there, and how many have gone. An owner of an unknown kind counts as there.
static void owners_count(const struct kube *kube, const struct json_value *object, struct arena *arena,
                         size_t *ret_here, size_t *ret_gone, bytes_t *ret_gone_uid)
{
    const struct json_value *references = json_get(object_metadata(object), "ownerReferences");
    *ret_here = *ret_gone = 0;
    for (const struct json_value *item = references == NULL ? NULL : references->first; item != NULL;
         item = item->next) {
        bool is_known;
        bool is_gone = owner_find_object(kube, item, object_namespace(object), arena, &is_known) == NULL && is_known;
        *(is_gone ? ret_gone : ret_here) += 1;
        if (is_gone)
            *ret_gone_uid = json_text_at(item, "uid");
    }
}

static void object_collect(struct collector *collector, struct kind *kind, bytes_t key, const struct json_value *object,
                           struct work *work, struct arena *arena)
{
    size_t here, gone;
    bytes_t gone_uid = BYTES_LITERAL("");
    owners_count(collector->controller.kube, object, arena, &here, &gone, &gone_uid);
    if (gone == 0 || object_is_deleting(object)) {
        work_end(work, WORK_DONE);
        return;
    }
    struct client_op *op = op_new(collector, kind, key);
    op->on_done = on_step_done;
    op->owner = work;
    if (here > 0) {
        op->deletion.uid = arena_copy(&op->arena, gone_uid);
        op->change = drop_owner;
        client_update(op);
        return;
    }
    // The name may belong to another object by then.
    op->deletion.uid = arena_copy(&op->arena, object_meta_text(object, "uid"));
    client_delete(op);
}

static void owner_end(struct collector *collector, struct kind *kind, bytes_t key, const struct json_value *object,
                      struct work *work)
{
    bytes_t uid = object_meta_text(object, "uid");
    size_t left = object_has_finalizer(object, BYTES_LITERAL("orphan")) ? dependents_orphan(collector, uid)
                                                                        : dependents_delete(collector, uid);
    if (left > 0) {
        // Each that goes brings the owner back here; one that only forgets its owner, or whose write failed, does not.
        work_end(work, WORK_FAILED);
        return;
    }
    struct client_op *op = op_new(collector, kind, key);
    op->on_done = on_step_done;
    op->owner = work;
    op->change = drop_finalizers;
    client_update(op);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct collector *collector = CONTAINER_OF(controller, struct collector, controller);
    struct resources *resources = &controller->kube->resources;
    struct arena arena = ARENA_INIT;
    struct table_row row;
    int64_t marked;
    struct json_value *object = NULL;
    bytes_t key = work->key;
    struct kind *kind = resources_kind_of(resources, key);
    if (kind == NULL || resources_get(resources, key, &row, &marked) != ERR_OK ||
        object_decode(arena_copy(&arena, row.value), kind, kind->storage, row.version, &arena, &object) != ERR_OK) {
        arena_free(&arena);
        work_end(work, WORK_DONE);
        return;
    }
    bool waits = object_is_deleting(object) && (object_has_finalizer(object, BYTES_LITERAL("orphan")) ||
                                                object_has_finalizer(object, BYTES_LITERAL("foregroundDeletion")));
    if (waits)
        owner_end(collector, kind, key, object, work);
    else
        object_collect(collector, kind, key, object, work, &arena);
    arena_free(&arena);
}

// --- start and stop

struct collector *collector_start(struct kube *kube)
{
    struct collector *collector = mem_zalloc(1, sizeof *collector);
    struct resources *resources = &kube->resources;
    collector->owners = MAP_INIT(owner_key);
    collector->dependents = MAP_INIT(dependent_key);
    collector->controller = (struct controller){ .kube = kube, .reconcile = reconcile };
    controller_start(&collector->controller);
    LIST_EACH(&resources->kinds.list, node)
    {
        struct kind *kind = LIST_ITEM(node, struct kind, list);
        struct resources_walk walk;
        struct table_row row;
        struct arena arena = ARENA_INIT;
        err_t err = resources_walk_start(&walk, resources, kind, BYTES_LITERAL(""), 0, BYTES_NULL, &arena);
        while (err == ERR_OK && resources_walk_next(&walk, &row))
            object_learn(collector, kind, row.key, row.value, false);
        arena_free(&arena);
    }
    resources->owner = collector;
    resources->on_event = on_event;
    return collector;
}

void collector_stop(struct collector *collector)
{
    if (collector == NULL)
        return;
    collector->controller.kube->resources.on_event = NULL;
    controller_stop(&collector->controller);
}

void collector_free(struct collector *collector)
{
    if (collector == NULL)
        return;
    for (struct map_node *node = map_next(&collector->dependents, NULL), *next; node != NULL; node = next) {
        next = map_next(&collector->dependents, node);
        dependent_forget(collector, dependent_key(node));
    }
    map_free(&collector->owners);
    map_free(&collector->dependents);
    controller_deinit(&collector->controller);
    free(collector);
}
