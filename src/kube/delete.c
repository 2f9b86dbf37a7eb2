// SPDX-License-Identifier: Apache-2.0
// delete and deletecollection.
#include "kube/rest.h"

#include "base/assert.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/body.h"
#include "kube/rest_change.h"
#include "kube/select.h"
#include "kube/shape.h"

// --- DeleteOptions: of the body, else of the query

static bool propagation_read(bytes_t text, enum propagation *ret_propagation)
{
    static const struct {
        const char *text;
        enum propagation propagation;
    } rows[] = { { "Background", PROPAGATION_BACKGROUND },
                 { "Foreground", PROPAGATION_FOREGROUND },
                 { "Orphan", PROPAGATION_ORPHAN } };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (bytes_is(text, rows[i].text)) {
            *ret_propagation = rows[i].propagation;
            return true;
        }
    }
    return text.size == 0;
}

static bool dry_run_read(struct request *request, const struct json_value *list)
{
    if (list == NULL || list->type != JSON_ARRAY)
        return true;
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (!bytes_is(item->text, "All")) {
            problem_set(&request->problem, PROBLEM_BAD_REQUEST, "dryRun has no use for the value \"%.*s\"",
                        BYTES_ARG(item->text));
            return false;
        }
        request->parameters.is_dry_run = true;
    }
    return true;
}

static bool deletion_read(struct request *request, struct deletion *ret_deletion)
{
    struct json_value *options = NULL;
    if (!body_read(request, &options))
        return false;
    const struct json_value *preconditions = json_get(options, "preconditions");
    bytes_t propagation = request->parameters.propagation;
    bool orphans = request->parameters.orphans;
    (void)json_get_text(json_get(options, "propagationPolicy"), &propagation);
    (void)json_get_bool(json_get(options, "orphanDependents"), &orphans);
    (void)json_get_text(json_get(preconditions, "uid"), &ret_deletion->uid);
    (void)json_get_text(json_get(preconditions, "resourceVersion"), &ret_deletion->resource_version);
    ret_deletion->propagation = orphans ? PROPAGATION_ORPHAN : PROPAGATION_BACKGROUND;
    if (!propagation_read(propagation, &ret_deletion->propagation)) {
        problem_set(&request->problem, PROBLEM_BAD_REQUEST,
                    "propagationPolicy has to be Background, Foreground or Orphan, not \"%.*s\"",
                    BYTES_ARG(propagation));
        return false;
    }
    return dry_run_read(request, json_get(options, "dryRun"));
}

static enum write_action decide_delete(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    write->object = live;
    return admit_delete(&change->admission, live, &change->deletion);
}

// --- one

static void on_deleted(struct write *write)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    struct request *request = change->request;
    if (write->action == WRITE_REFUSE) {
        change_refuse(change);
        return;
    }
    struct slice value = write->value;
    write->value = (struct slice){ 0 };
    if (write->action == WRITE_REMOVE)
        answer_success(request, object_name(write->object), object_meta_text(write->object, "uid"));
    else
        answer_object(request, 200, value.bytes, write->resource_version); // it waits for its finalizers
    slice_free(&value);
}

void rest_delete(struct request *request)
{
    struct deletion deletion = { 0 };
    if (!deletion_read(request, &deletion)) {
        answer_problem(request);
        return;
    }
    struct change_op *change = change_new(request); // after the options: they may ask for a dry run
    change->deletion = deletion;
    change->write.decide = decide_delete;
    change->write.on_done = on_deleted;
    change_start(change);
}

// --- many: one after the other, so that a large collection does not flood the table

struct collection {
    struct request *request;
    struct deletion deletion;
    struct writer list; // what was there, which is the answer
    bytes_t *keys;      // of the rows, in the request's arena
    size_t count, at;
    struct arena arena; // of the one that is under way
    struct change_op change;
    bool is_looping, is_done; // within collection_run; the one under way is answered
};

static void collection_run(struct collection *collection);

static void on_one_deleted(struct write *write)
{
    struct collection *collection = CONTAINER_OF(write, struct collection, change.write);
    if (write->action == WRITE_REFUSE && write->problem.reason != PROBLEM_NOT_FOUND) {
        problem_set(&collection->request->problem, write->problem.reason, "%.*s", BYTES_ARG(write->problem.message));
        collection->at = collection->count;
    }
    write_deinit(write);
    collection->is_done = true;
    if (!collection->is_looping)
        collection_run(collection);
}

static void one_start(struct collection *collection)
{
    struct request *request = collection->request;
    bytes_t key = collection->keys[collection->at++], name_space, name;
    size_t prefix = request->kind->prefix.size;
    key_names(bytes_of(key.data + prefix, key.size - prefix), &name_space, &name);
    arena_reset(&collection->arena);
    change_init(&collection->change, request, &collection->arena);
    struct change_op *change = &collection->change;
    change->deletion = collection->deletion;
    change->write.name_space = change->admission.name_space = name_space;
    change->write.name = change->admission.name = name;
    change->write.decide = decide_delete;
    change->write.on_done = on_one_deleted;
    change_start(change);
}

static void collection_run(struct collection *collection)
{
    collection->is_looping = true;
    for (collection->is_done = true; collection->is_done && collection->at < collection->count;) {
        collection->is_done = false;
        one_start(collection);
    }
    collection->is_looping = false;
    if (!collection->is_done)
        return;
    struct request *request = collection->request;
    struct writer list = collection->list;
    arena_free(&collection->arena);
    if (request->problem.reason == PROBLEM_NONE) {
        answer_text(request, 200, &list);
        return;
    }
    writer_free(&list);
    answer_problem(request);
}

// What is there now; what comes later is not meant.
static void collection_fill(struct collection *collection, struct selection *selection)
{
    struct request *request = collection->request;
    struct resources *resources = &request->kube->resources;
    struct resources_walk walk;
    struct table_row row;
    struct shape_page page = { .version = resources_version(resources) };
    err_t err =
        resources_walk_start(&walk, resources, request->kind, request->name_space, 0, BYTES_NULL, &request->arena);
    ASSERT(err == ERR_OK); // the present version is always there
    while (resources_walk_next(&walk, &row)) {
        if (selection_matches(selection, &row))
            shape_page_add(&page, &row);
    }
    shape_page_write(request, &page, &collection->list);
    collection->keys = arena_array(&request->arena, page.count, sizeof *collection->keys);
    for (size_t i = 0; i < page.count; i++)
        collection->keys[i] = arena_copy(&request->arena, page.rows[i].key);
    collection->count = page.count;
    shape_page_free(&page);
}

void rest_delete_collection(struct request *request)
{
    struct collection *collection = arena_alloc(&request->arena, sizeof *collection);
    struct selection selection;
    collection->request = request;
    if (!deletion_read(request, &collection->deletion) || !selection_read(&selection, request)) {
        answer_problem(request);
        return;
    }
    collection_fill(collection, &selection);
    collection_run(collection);
}
