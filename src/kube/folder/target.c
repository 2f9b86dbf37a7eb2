// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/target.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "kube/client.h"
#include "kube/folder/mark.h"
#include "kube/folder/plan.h"

#include <stdlib.h>

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 30 * 1000,
    KIND_WAIT_MS = 2000, // from a definition that is applied to its kind that is served
    KIND_LOOK_MS = 20,
};

static bytes_t target_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct target, node)->key);
}

struct map target_map(void)
{
    return MAP_INIT(target_key);
}

struct target *target_name(struct folder *folder, const struct manifest *manifest)
{
    struct map_node *node = map_find(&folder->targets, manifest->key);
    struct target *target = node == NULL ? NULL : CONTAINER_OF(node, struct target, node);
    if (target == NULL) {
        target = mem_zalloc(1, sizeof *target);
        target->folder = folder;
        target->key = bytes_to_text(manifest->key);
        map_insert(&folder->targets, &target->node);
    }
    target->is_named = true;
    if (target->manifest == manifest)
        return target;
    (void)manifests_ref(manifest->file);
    if (target->manifest != NULL)
        manifests_unref(target->manifest->file);
    target->manifest = manifest;
    target->is_newer = target->state == TARGET_RUNNING;
    if (target->state != TARGET_RUNNING)
        target->state = TARGET_WANTED;
    target->due_ms = 0;
    target->failures = 0;
    return target;
}

void target_free(struct target *target)
{
    map_remove(&target->folder->targets, &target->node);
    manifests_unref(target->in_use);
    manifests_unref(target->manifest->file);
    free(target->said);
    free(target->key);
    free(target);
}

void target_drop(struct target *target)
{
    target->is_named = false;
    if (target->state != TARGET_RUNNING)
        target_free(target);
}

// --- what comes of it

static void complain(struct target *target, bytes_t field, bytes_t message)
{
    struct arena arena = ARENA_INIT;
    const struct manifest *manifest = target->manifest;
    const char *place = manifest_place(manifest, field, &arena);
    if (folder_says(&target->said, arena_format(&arena, "%s %.*s", place, BYTES_ARG(message))))
        log_line(LOG_ERROR, "a manifest was not applied",
                 LOG_FIELDS(log_text("at", place), log_bytes("kind", manifest->kind), log_bytes("name", manifest->name),
                            log_bytes("why", message)));
    arena_free(&arena);
}

static void fail(struct target *target, bytes_t field, bytes_t message)
{
    int64_t delay = RETRY_FIRST_MS;
    for (unsigned i = 0; i < target->failures && delay < RETRY_MAX_MS; i++)
        delay *= 2;
    target->failures++;
    target->state = TARGET_FAILED;
    target->due_ms = loop_now_ms(target->folder->kube->loop) + (delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS);
    complain(target, field, message);
}

// A namespace or a definition is new: what belongs into it may have gone with the old one.
static void apply_again(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        struct target *target = folder->order[i];
        if (target->state == TARGET_DONE && !plan_is_base(target->manifest))
            target->state = TARGET_WANTED;
    }
}

static void succeed(struct target *target, bool is_new)
{
    struct folder *folder = target->folder;
    target->state = TARGET_DONE;
    target->failures = 0;
    (void)folder_says(&target->said, NULL);
    folder->has_news = true;
    if (!plan_is_base(target->manifest))
        return;
    folder->kinds_until_ms = loop_now_ms(folder->kube->loop) + KIND_WAIT_MS;
    if (is_new)
        apply_again(folder);
}

static void on_applied(struct client_op *op)
{
    struct target *target = op->owner;
    struct folder *folder = target->folder;
    manifests_unref(target->in_use);
    target->in_use = NULL;
    folder->running--;
    folder_step(folder);
    if (target->is_newer || !target->is_named || folder->is_stopping)
        target->state = TARGET_WANTED;
    else if (op->reason == PROBLEM_NONE)
        succeed(target, op->is_new);
    else
        fail(target, op->field, op->message);
    target->is_newer = false;
    if (!target->is_named)
        target_free(target);
}

// --- apply

static struct kind *kind_of(struct target *target, const struct kind_version **ret_version)
{
    struct folder *folder = target->folder;
    const struct manifest *manifest = target->manifest;
    struct kind *kind =
        kinds_find_object(&folder->kube->resources.kinds, manifest->api_version, manifest->kind, ret_version);
    int64_t now_ms = loop_now_ms(folder->kube->loop);
    target->lacks_kind = kind == NULL;
    if (kind == NULL && now_ms < folder->kinds_until_ms) {
        target->state = TARGET_WANTED;
        target->due_ms = now_ms + KIND_LOOK_MS;
    } else if (kind == NULL) {
        struct arena arena = ARENA_INIT;
        fail(target, BYTES_LITERAL("kind"),
             bytes_of_text(arena_format(&arena, "there is no kind %.*s in %.*s; it comes with its definition",
                                        BYTES_ARG(manifest->kind), BYTES_ARG(manifest->api_version))));
        arena_free(&arena);
    } else if (kind_is_question(kind)) {
        fail(target, BYTES_LITERAL("kind"), BYTES_LITERAL("this kind is a question: it is asked, not kept"));
        kind = NULL;
    }
    return kind;
}

// What is on its way out takes changes, but would not be there afterwards.
static bool is_going(struct target *target, const struct kind *kind, bytes_t name_space)
{
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    bool is_going =
        client_get(target->folder->kube, kind, name_space, target->manifest->name, &arena, &object) == ERR_OK &&
        object_is_deleting(object);
    arena_free(&arena);
    if (is_going)
        fail(target, BYTES_LITERAL(""), BYTES_LITERAL("the object is being deleted: it is made again when it is gone"));
    return is_going;
}

void target_start(struct target *target)
{
    struct folder *folder = target->folder;
    const struct manifest *manifest = target->manifest;
    const struct kind_version *version = NULL;
    ASSERT(target->state == TARGET_WANTED || target->state == TARGET_FAILED);
    struct kind *kind = kind_of(target, &version);
    bytes_t name_space = kind == NULL || !kind->is_namespaced ? BYTES_LITERAL("") : manifest->name_space;
    if (kind == NULL || is_going(target, kind, name_space))
        return;
    struct client_op *op = client_op_new(folder->kube, kind, name_space, manifest->name, MARK_MANAGER);
    op->version = version;
    op->on_done = on_applied;
    op->owner = target;
    target->state = TARGET_RUNNING;
    target->in_use = manifests_ref(manifest->file);
    folder->running++;
    client_apply(op, mark_set(&op->arena, manifest->object, folder->name));
}
