// SPDX-License-Identifier: Apache-2.0
#include "kube/client.h"

#include "base/mem.h"
#include "io/clock.h"
#include "kube/api.h"
#include "kube/namespaces.h"

#include <stdlib.h>

struct client_op *client_op_new(struct kube *kube, struct kind *kind, bytes_t name_space, bytes_t name,
                                const char *manager)
{
    struct client_op *op = mem_zalloc(1, sizeof *op);
    op->kube = kube;
    op->kind = kind;
    op->name_space = arena_copy(&op->arena, name_space);
    op->name = arena_copy(&op->arena, name);
    op->manager = manager;
    return op;
}

static void on_written(struct write *write)
{
    struct client_op *op = CONTAINER_OF(write, struct client_op, write);
    op->reason = write->action == WRITE_REFUSE ? write->problem.reason : PROBLEM_NONE;
    op->message = write->problem.message;
    op->field = write->problem.field;
    op->is_new = !write->was_there;
    if (op->on_done != NULL)
        op->on_done(op);
    write_deinit(write);
    arena_free(&op->arena);
    free(op);
}

static void prepare(struct client_op *op)
{
    op->write = (struct write){
        .resources = &op->kube->resources,
        .kind = op->kind,
        .version = op->kind->storage,
        .name_space = op->name_space,
        .name = op->name,
        .arena = &op->arena,
        .on_done = on_written,
        .problem.arena = &op->arena,
    };
    op->admission = (struct admission){
        .kind = op->kind,
        .version = op->kind->storage,
        .name_space = op->name_space,
        .name = op->name,
        .subresource = op->subresource.data == NULL ? BYTES_LITERAL("") : op->subresource,
        .arena = &op->arena,
        .problem = &op->write.problem,
        .now_ms = clock_wall_ms(),
        .last_uid = &op->kube->last_uid,
        .manager = bytes_of_text(op->manager),
        .validation = FIELD_VALIDATION_IGNORE,
    };
}

// --- create

static enum write_action decide_create(struct write *write, struct json_value *live)
{
    struct client_op *op = CONTAINER_OF(write, struct client_op, write);
    if (live != NULL) {
        problem_already_exists(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    write->object = json_copy(write->arena, op->body);
    return admit_body(&op->admission, write->object) && admit_create(&op->admission, write->object) ? WRITE_PUT
                                                                                                    : WRITE_REFUSE;
}

void client_create(struct client_op *op, struct json_value *object)
{
    prepare(op);
    op->body = object;
    op->write.decide = decide_create;
    write_start(&op->write);
}

// --- update

static enum write_action decide_update(struct write *write, struct json_value *live)
{
    struct client_op *op = CONTAINER_OF(write, struct client_op, write);
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    struct json_value *object = json_copy(write->arena, live);
    if (!op->change(op, object))
        return WRITE_KEEP;
    return admit_update(&op->admission, live, object, &write->object);
}

void client_update(struct client_op *op)
{
    prepare(op);
    op->write.decide = decide_update;
    write_start(&op->write);
}

// --- apply

static enum write_action decide_apply(struct write *write, struct json_value *live)
{
    struct client_op *op = CONTAINER_OF(write, struct client_op, write);
    if (live == NULL && !namespace_takes(op->kube, &op->admission, op->name))
        return WRITE_REFUSE;
    return admit_apply(&op->admission, live, op->body, true, &write->object);
}

void client_apply(struct client_op *op, struct json_value *object)
{
    prepare(op);
    op->body = object;
    op->write.version = op->admission.version = op->version;
    op->admission.validation = FIELD_VALIDATION_STRICT;
    op->write.decide = decide_apply;
    if (admit_body(&op->admission, object))
        write_start(&op->write);
    else
        write_refuse(&op->write);
}

// --- delete

static enum write_action decide_delete(struct write *write, struct json_value *live)
{
    struct client_op *op = CONTAINER_OF(write, struct client_op, write);
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    write->object = live;
    return admit_delete(&op->admission, live, &op->deletion);
}

void client_delete(struct client_op *op)
{
    prepare(op);
    op->write.decide = decide_delete;
    write_start(&op->write);
}

static enum write_action decide_remove(struct write *write, struct json_value *live)
{
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    write->object = live;
    return WRITE_REMOVE;
}

void client_remove(struct client_op *op)
{
    prepare(op);
    op->write.decide = decide_remove;
    write_start(&op->write);
}

enum { DELETES_MAX = 500 }; // at once: the caller comes back

size_t client_delete_all(struct kube *kube, struct kind *kind, bytes_t name_space, const char *manager)
{
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    size_t count = 0;
    err_t err = resources_walk_start(&walk, &kube->resources, kind, name_space, 0, BYTES_NULL, &arena);
    while (err == ERR_OK && count < DELETES_MAX && resources_walk_next(&walk, &row)) {
        bytes_t in, name;
        key_names(bytes_of(row.key.data + kind->prefix.size, row.key.size - kind->prefix.size), &in, &name);
        client_delete(client_op_new(kube, kind, in, name, manager));
        count++;
    }
    arena_free(&arena);
    return count;
}

err_t client_get(struct kube *kube, const struct kind *kind, bytes_t name_space, bytes_t name, struct arena *arena,
                 struct json_value **ret_object)
{
    struct table_row row;
    int64_t marked;
    bytes_t key = resources_key(arena, kind, name_space, name);
    err_t err = resources_get(&kube->resources, key, &row, &marked);
    if (err != ERR_OK)
        return err;
    return object_decode(arena_copy(arena, row.value), kind, kind->storage, row.version, arena, ret_object);
}
