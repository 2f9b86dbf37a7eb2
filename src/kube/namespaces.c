// SPDX-License-Identifier: Apache-2.0
#include "kube/namespaces.h"

#include "kube/api.h"
#include "kube/client.h"

#define MANAGER "eddy"

static void on_removed(struct client_op *op)
{
    work_end(op->owner, op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND ? WORK_DONE : WORK_FAILED);
}

static void on_account_made(struct client_op *op)
{
    work_end(op->owner, op->reason == PROBLEM_NONE || op->reason == PROBLEM_ALREADY_EXISTS ? WORK_DONE : WORK_FAILED);
}

static void namespace_empty(struct controller *controller, struct work *work)
{
    struct kube *kube = controller->kube;
    size_t left = 0;
    LIST_EACH(&kube->resources.kinds.list, node)
    {
        struct kind *kind = LIST_ITEM(node, struct kind, list);
        if (kind->is_namespaced)
            left += client_delete_all(kube, kind, work->name, MANAGER);
    }
    if (left > 0) {
        work_end(work, WORK_FAILED); // looked at again soon
        return;
    }
    struct client_op *op = client_op_new(kube, controller->kind, BYTES_LITERAL(""), work->name, MANAGER);
    op->on_done = on_removed;
    op->owner = work;
    client_remove(op);
}

static void account_make(struct controller *controller, struct work *work)
{
    struct kube *kube = controller->kube;
    struct kind *accounts = kinds_find(&kube->resources.kinds, BYTES_LITERAL(""), BYTES_LITERAL("serviceaccounts"));
    if (accounts == NULL || resources_has(&kube->resources, accounts, work->name, BYTES_LITERAL("default"))) {
        work_end(work, WORK_DONE);
        return;
    }
    struct client_op *op = client_op_new(kube, accounts, work->name, BYTES_LITERAL("default"), MANAGER);
    op->on_done = on_account_made;
    op->owner = work;
    client_create(op, json_new(&op->arena, JSON_OBJECT));
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    err_t err = client_get(controller->kube, controller->kind, BYTES_LITERAL(""), work->name, &arena, &object);
    bool is_deleting = err == ERR_OK && object_is_deleting(object);
    arena_free(&arena);
    if (err != ERR_OK)
        work_end(work, WORK_DONE);
    else if (is_deleting)
        namespace_empty(controller, work);
    else
        account_make(controller, work);
}

void namespaces_start(struct controller *controller, struct kube *kube)
{
    *controller = (struct controller){ .kube = kube, .kind = kube->namespaces, .reconcile = reconcile };
    controller_start(controller);
}

// --- what may be made in one

bool namespace_takes(struct kube *kube, const struct admission *admission, bytes_t name)
{
    struct arena *arena = admission->arena;
    struct json_value *object;
    if (!admission->kind->is_namespaced)
        return true;
    if (client_get(kube, kube->namespaces, BYTES_LITERAL(""), admission->name_space, arena, &object) != ERR_OK) {
        problem_not_found(admission->problem, kube->namespaces, admission->name_space);
        return false;
    }
    if (!object_is_deleting(object))
        return true;
    problem_forbidden(admission->problem, admission->kind, name,
                      arena_format(arena,
                                   "unable to create new content in namespace %.*s because it is being terminated",
                                   BYTES_ARG(admission->name_space)));
    problem_cause(admission->problem, "NamespaceTerminating", BYTES_LITERAL("metadata.namespace"),
                  "namespace %.*s is being terminated", BYTES_ARG(admission->name_space));
    return false;
}
