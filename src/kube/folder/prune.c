// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/prune.h"

#include "base/log.h"
#include "kube/client.h"
#include "kube/folder/mark.h"

enum { DELETES_MAX = 500 }; // at once

// They are always there, whoever applied something to them.
static bool is_kept(const struct kube *kube, const struct kind *kind, const struct json_value *object)
{
    static const char *const names[] = { "default", "kube-public", "kube-system" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (kind == kube->namespaces && bytes_is(object_name(object), names[i]))
            return true;
    }
    return false;
}

static bool is_left_over(const struct folder *folder, const struct kind *kind, const struct json_value *object,
                         struct arena *arena)
{
    if (!mark_is(object, folder->name) || object_is_deleting(object) || is_kept(folder->kube, kind, object))
        return false;
    bytes_t name_space = kind->is_namespaced ? object_namespace(object) : BYTES_LITERAL("");
    bytes_t key = manifest_key(arena, kind->storage->api_version, kind->name, name_space, object_name(object));
    return map_find(&folder->targets, key) == NULL;
}

static void on_deleted(struct client_op *op)
{
    struct folder *folder = op->owner;
    folder->pruning--;
    folder->has_news = true;
    if (op->reason == PROBLEM_NONE) {
        folder->pruned++;
        log_line(LOG_INFO, "no manifest names this object any more: it was deleted",
                 LOG_FIELDS(log_bytes("kind", op->kind->name), log_bytes("namespace", op->name_space),
                            log_bytes("name", op->name)));
    } else if (op->reason != PROBLEM_NOT_FOUND) {
        folder->wants_prune = true; // it changed, or the store is busy: looked at again
    }
    folder_step(folder);
}

static void object_delete(struct folder *folder, struct kind *kind, const struct json_value *object)
{
    bytes_t name_space = kind->is_namespaced ? object_namespace(object) : BYTES_LITERAL("");
    struct client_op *op = client_op_new(folder->kube, kind, name_space, object_name(object), MARK_MANAGER);
    op->deletion.uid = arena_copy(&op->arena, object_meta_text(object, "uid"));
    op->on_done = on_deleted;
    op->owner = folder;
    folder->pruning++;
    client_delete(op);
}

static void prune_kind(struct folder *folder, struct kind *kind)
{
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    err_t err = resources_walk_start(&walk, &folder->kube->resources, kind, BYTES_LITERAL(""), 0, BYTES_NULL, &arena);
    while (err == ERR_OK && folder->pruning < DELETES_MAX && resources_walk_next(&walk, &row)) {
        if (!mark_is_likely(row.value))
            continue;
        if (object_decode(row.value, kind, kind->storage, row.version, &arena, &object) == ERR_OK &&
            is_left_over(folder, kind, object, &arena))
            object_delete(folder, kind, object);
    }
    arena_free(&arena);
}

void prune_start(struct folder *folder)
{
    folder->wants_prune = false;
    LIST_EACH(&folder->kube->resources.kinds.list, node)
    prune_kind(folder, LIST_ITEM(node, struct kind, list));
    if (folder->pruning >= DELETES_MAX)
        folder->wants_prune = true;
}
