// SPDX-License-Identifier: Apache-2.0
#include "kube/scale.h"

#include "kube/answer.h"
#include "kube/api.h"
#include "kube/body.h"
#include "kube/patch/json_patch.h"
#include "kube/patch/merge_patch.h"
#include "kube/rest_change.h"

// --- paths such as ".spec.replicas": names with dots between

static bool step_next(bytes_t *path, bytes_t *ret_name)
{
    if (path->size == 0 || path->data[0] != '.')
        return false;
    const uint8_t *begin = path->data + 1, *dot = memchr(begin, '.', path->size - 1);
    size_t size = dot == NULL ? path->size - 1 : (size_t)(dot - begin);
    *ret_name = bytes_of(begin, size);
    *path = bytes_of(begin + size, path->size - 1 - size);
    return size > 0;
}

static const struct json_value *value_at(const struct json_value *object, bytes_t path)
{
    bytes_t name = BYTES_NULL;
    while (object != NULL && step_next(&path, &name))
        object = json_find(object, name);
    return object;
}

static void number_put(struct json_value *object, struct arena *arena, bytes_t path, int64_t number)
{
    bytes_t name = BYTES_NULL;
    while (step_next(&path, &name) && path.size > 0)
        object = json_set_object(object, arena, arena_text(arena, name));
    json_set(object, name, json_new_int(arena, number));
}

// --- the Scale of an object

static int64_t number_at(const struct json_value *object, bytes_t path)
{
    int64_t number = 0;
    (void)json_get_int(value_at(object, path), &number);
    return number;
}

static struct json_value *scale_of(const struct request *request, const struct json_value *object, struct arena *arena)
{
    static const char *const kept[] = { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" };
    const struct kind_version *version = request->kind_version;
    struct json_value *scale = json_new(arena, JSON_OBJECT);
    json_set_text(scale, arena, "kind", "Scale");
    json_set_text(scale, arena, "apiVersion", "autoscaling/v1");
    struct json_value *metadata = json_set_object(scale, arena, "metadata");
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        bytes_t text = object_meta_text(object, kept[i]);
        if (text.size > 0)
            json_set_bytes(metadata, arena, kept[i], text);
    }
    json_set_int(json_set_object(scale, arena, "spec"), arena, "replicas", number_at(object, version->scale_spec_path));
    struct json_value *status = json_set_object(scale, arena, "status");
    json_set_int(status, arena, "replicas", number_at(object, version->scale_status_path));
    bytes_t selector;
    if (version->scale_selector_path.size > 0 &&
        json_get_text(value_at(object, version->scale_selector_path), &selector))
        json_set_bytes(status, arena, "selector", selector);
    return scale;
}

void scale_get(struct request *request)
{
    struct table_row row;
    int64_t marked;
    struct json_value *object;
    bytes_t key = resources_key(&request->arena, request->kind, request->name_space, request->name);
    if (resources_get(&request->kube->resources, key, &row, &marked) != ERR_OK ||
        object_decode(row.value, request->kind, request->kind_version, row.version, &request->arena, &object) !=
            ERR_OK) {
        problem_not_found(&request->problem, request->kind, request->name);
        answer_problem(request);
        return;
    }
    answer_tree(request, 200, scale_of(request, object, &request->arena));
}

// --- changes: of the number that is wanted, nothing else

static bool replicas_read(struct write *write, const struct json_value *scale, int64_t *ret_replicas)
{
    const struct json_value *spec = json_get(scale, "spec"), *replicas = json_get(spec, "replicas");
    *ret_replicas = 0; // absent is zero, as in autoscaling/v1
    bool is_number = replicas == NULL || json_get_int(replicas, ret_replicas);
    if (is_number && *ret_replicas >= 0 && *ret_replicas <= INT32_MAX)
        return true;
    problem_set(
        &write->problem, PROBLEM_INVALID,
        "Scale.autoscaling \"%.*s\" is invalid: spec.replicas: Invalid value: must be greater than or equal to 0",
        BYTES_ARG(write->name));
    return false;
}

static enum write_action scale_put(struct change_op *change, struct json_value *live, const struct json_value *scale)
{
    struct write *write = &change->write;
    int64_t replicas;
    if (!replicas_read(write, scale, &replicas))
        return WRITE_REFUSE;
    struct json_value *object = json_copy(write->arena, live);
    bytes_t version = object_meta_text(scale, "resourceVersion");
    if (version.size > 0)
        json_set_bytes(object_metadata(object), write->arena, "resourceVersion", version);
    number_put(object, write->arena, write->version->scale_spec_path, replicas);
    return admit_update(&change->admission, live, object, &write->object);
}

static enum write_action decide_update(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    if (live != NULL)
        return scale_put(change, live, change->body);
    problem_not_found(&write->problem, write->kind, write->name);
    return WRITE_REFUSE;
}

static enum write_action decide_patch(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    const char *text = "";
    struct json_value *scale;
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    const struct json_value *before = scale_of(change->request, live, write->arena);
    err_t err = change->body->type == JSON_ARRAY ? json_patch_apply(write->arena, before, change->body, &scale, &text)
                                                 : merge_patch_apply(write->arena, before, change->body, &scale, &text);
    if (err == ERR_OK)
        return scale_put(change, live, scale);
    problem_set(&write->problem, err == ERR_INVALID ? PROBLEM_INVALID : PROBLEM_BAD_REQUEST, "%s", text);
    return WRITE_REFUSE;
}

static void on_done(struct write *write)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    struct request *request = change->request;
    struct json_value *object;
    if (write->action == WRITE_REFUSE) {
        change_refuse(change);
        return;
    }
    struct slice value = write->value;
    write->value = (struct slice){ 0 };
    err_t err = object_decode(value.bytes, request->kind, request->kind_version, write->resource_version, write->arena,
                              &object);
    if (err == ERR_OK)
        answer_tree(request, 200, scale_of(request, object, write->arena));
    else
        answer_object(request, 200, value.bytes, write->resource_version);
    slice_free(&value);
}

static void start(struct request *request, struct json_value *body,
                  enum write_action (*decide)(struct write *write, struct json_value *live))
{
    struct change_op *change = change_new(request);
    change->body = body;
    change->admission.subresource = BYTES_LITERAL(""); // what changes is the object's spec
    change->write.decide = decide;
    change->write.on_done = on_done;
    change_start(change);
}

static void refuse_empty(struct request *request)
{
    if (request->problem.reason == PROBLEM_NONE)
        problem_set(&request->problem, PROBLEM_BAD_REQUEST, "the body is empty: a Scale belongs there");
    answer_problem(request);
}

void scale_update(struct request *request)
{
    struct json_value *body;
    if (!body_read(request, &body) || body == NULL || body->type != JSON_OBJECT)
        refuse_empty(request);
    else
        start(request, body, decide_update);
}

void scale_patch(struct request *request)
{
    struct json_value *body = NULL;
    bytes_t type;
    if (!body_read_patch(request, &type, &body) || body == NULL)
        refuse_empty(request);
    else
        start(request, body, decide_patch);
}
