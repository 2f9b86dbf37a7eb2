// SPDX-License-Identifier: Apache-2.0
#include "kube/write.h"

#include "base/assert.h"

// So that a change that always loses ends. kube-apiserver gives up after five; here a turn of a busy loop may hold many
// changes of one object, of which each but the first meets a conflict.
enum { TRIES_MAX = 100 };

static void decide(struct write *write);

void write_deinit(struct write *write)
{
    slice_free(&write->value);
}

static void finish(struct write *write, enum write_action action)
{
    write->action = action;
    write->on_done(write);
}

static void put_failed(struct write *write, err_t err)
{
    struct problem *problem = &write->problem;
    if (err == ERR_TOO_LARGE) {
        problem_set(problem, PROBLEM_TOO_LARGE, "the object is larger than a record of the log may be (%zu bytes)",
                    write->value.bytes.size);
    } else if (err == ERR_NO_SPACE) {
        problem_set(problem, PROBLEM_UNAVAILABLE,
                    "the disk is full: nothing was changed. Free some space and try again");
    } else if (err == ERR_CLOSED) {
        problem_set(problem, PROBLEM_UNAVAILABLE, "eddy is stopping");
        problem->retry_after_s = 1;
    } else { // the store has failed, and the process will end
        problem_set(problem, PROBLEM_INTERNAL, "the change could not be stored: %s", err_text(err));
    }
    finish(write, WRITE_REFUSE);
}

static void on_put(struct engine_put_op *op)
{
    struct write *write = CONTAINER_OF(op, struct write, op);
    if (op->err == ERR_CONFLICT || op->err == ERR_NOT_FOUND) {
        if (++write->tries < TRIES_MAX) {
            decide(write);
            return;
        }
        problem_conflict(&write->problem, write->kind, write->name, PROBLEM_TEXT_MODIFIED);
        finish(write, WRITE_REFUSE);
        return;
    }
    if (op->err != ERR_OK) {
        put_failed(write, op->err);
        return;
    }
    write->resource_version = op->version;
    finish(write, write->action);
}

static void encode(struct write *write, enum change change)
{
    struct writer out = WRITER_INIT;
    slice_free(&write->value);
    object_encode(&out, change, write->object);
    write->value = writer_finish(&out);
}

static void put(struct write *write, enum write_action action)
{
    encode(write, action == WRITE_REMOVE ? CHANGE_DELETED : write->was_there ? CHANGE_MODIFIED : CHANGE_ADDED);
    write->action = action;
    if (write->is_dry_run) {
        write->resource_version = write->was_there ? write->live_version : 0;
        finish(write, action);
        return;
    }
    write->op = (struct engine_put_op){
        .on_done = on_put,
        .table = write->resources->table,
        .key = write->key,
        .value = write->value.bytes,
        .expected_version = write->live_version,
    };
    write->resources->engine->driver->table_put(&write->op);
}

static void decide(struct write *write)
{
    struct table_row row;
    struct json_value *live = NULL;
    int64_t marked;
    err_t err = resources_get(write->resources, write->key, &row, &marked);
    write->was_there = err == ERR_OK;
    write->live_version = write->was_there ? row.version : marked;
    if (write->was_there) {
        // The row may be gone when the put is done; the tree's texts are views of this copy.
        bytes_t value = arena_copy(write->arena, row.value);
        if (object_decode(value, write->kind, write->version, row.version, write->arena, &live) != ERR_OK) {
            problem_set(&write->problem, PROBLEM_INTERNAL, "the stored object cannot be read");
            finish(write, WRITE_REFUSE);
            return;
        }
    }
    write->object = NULL;
    enum write_action action = write->decide(write, live);
    switch (action) {
    case WRITE_REFUSE:
        ASSERT(write->problem.reason != PROBLEM_NONE);
        finish(write, action);
        return;
    case WRITE_KEEP:
        slice_free(&write->value);
        if (write->was_there) {
            struct buf *copy = buf_copy(row.value);
            write->value = (struct slice){ copy, bytes_of(copy->data, row.value.size) };
        }
        write->resource_version = write->live_version;
        finish(write, action);
        return;
    case WRITE_PUT:
    case WRITE_REMOVE:
        put(write, action);
        return;
    }
}

void write_start(struct write *write)
{
    write->problem.arena = write->arena;
    write->key = resources_key(write->arena, write->kind, write->name_space, write->name);
    write->tries = 0;
    decide(write);
}

void write_refuse(struct write *write)
{
    ASSERT(write->problem.reason != PROBLEM_NONE);
    finish(write, WRITE_REFUSE);
}
