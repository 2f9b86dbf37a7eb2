// SPDX-License-Identifier: Apache-2.0
// create, update and patch.
#include "kube/rest.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "kube/admission.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/body.h"
#include "kube/namespaces.h"
#include "kube/patch/json_patch.h"
#include "kube/patch/merge_patch.h"
#include "kube/patch/strategic.h"
#include "kube/rest_change.h"

#include <stdlib.h>

// --- what all changes share

static void on_warning(void *owner, bytes_t text)
{
    request_warn(owner, text);
}

// Who it is in managedFields, unless the client says so: the program's name (kube-apiserver: managerOrUserAgent).
static bytes_t manager_of(const struct request *request)
{
    bytes_t agent = http_header_find(request->exchange->request, "User-Agent");
    const uint8_t *slash = agent.data == NULL ? NULL : memchr(agent.data, '/', agent.size);
    if (request->parameters.field_manager.size > 0)
        return request->parameters.field_manager;
    if (agent.size == 0 || agent.size > 128 + 1024 || !bytes_is_utf8(agent))
        return BYTES_LITERAL("unknown");
    size_t size = slash == NULL ? agent.size : (size_t)(slash - agent.data);
    return bytes_of(agent.data, size > 128 ? 128 : size);
}

void change_init(struct change_op *change, struct request *request, struct arena *arena)
{
    struct kube *kube = request->kube;
    *change = (struct change_op){ .request = request };
    change->write = (struct write){
        .resources = &kube->resources,
        .kind = request->kind,
        .version = request->kind_version,
        .name_space = request->name_space,
        .name = request->name,
        .arena = arena,
        .is_dry_run = request->parameters.is_dry_run,
    };
    change->admission = (struct admission){
        .kind = request->kind,
        .version = request->kind_version,
        .name_space = request->name_space,
        .name = request->name,
        .subresource = request->subresource,
        .arena = arena,
        .problem = &change->write.problem,
        .now_ms = clock_wall_ms(),
        .last_uid = &kube->last_uid,
        .manager = manager_of(request),
        .validation = request->parameters.field_validation,
        .on_warning = on_warning,
        .owner = request,
    };
    change->write.problem.arena = arena;
}

struct change_op *change_new(struct request *request)
{
    struct change_op *change = arena_alloc(&request->arena, sizeof *change);
    change_init(change, request, &request->arena);
    return change;
}

void change_refuse(struct change_op *change)
{
    struct request *request = change->request;
    request->problem = change->write.problem;
    write_deinit(&change->write);
    answer_problem(request);
}

static void on_done(struct write *write)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    struct request *request = change->request;
    if (write->action == WRITE_REFUSE) {
        change_refuse(change);
        return;
    }
    bool is_new = !write->was_there;
    struct slice value = write->value;
    write->value = (struct slice){ 0 };
    answer_object(request, is_new ? 201 : 200, value.bytes, write->resource_version);
    slice_free(&value);
}

void change_start(struct change_op *change)
{
    change->write.on_done = change->write.on_done == NULL ? on_done : change->write.on_done;
    counter_add(&change->request->kube->metrics.writes, 1);
    write_start(&change->write);
}

bool change_namespace_fits(struct change_op *change)
{
    return namespace_takes(change->request->kube, &change->admission, change->write.name);
}

// --- create

static enum write_action decide_create(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    if (live != NULL) {
        problem_already_exists(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    write->object = change->body;
    return WRITE_PUT;
}

void rest_create(struct request *request)
{
    struct change_op *change = change_new(request);
    if (!body_read(request, &change->body)) {
        answer_problem(request);
        return;
    }
    if (change->body == NULL) {
        problem_set(&request->problem, PROBLEM_BAD_REQUEST,
                    "the body is empty: the object to be created belongs there");
        answer_problem(request);
        return;
    }
    if (!admit_body(&change->admission, change->body)) {
        change_refuse(change);
        return;
    }
    change->write.name = object_name(change->body);
    if (!change_namespace_fits(change) || !admit_create(&change->admission, change->body)) {
        change_refuse(change);
        return;
    }
    change->write.name = object_name(change->body);
    change->write.decide = decide_create;
    change_start(change);
}

// --- update

static enum write_action decide_update(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    return admit_update(&change->admission, live, json_copy(write->arena, change->body), &write->object);
}

void rest_update(struct request *request)
{
    struct change_op *change = change_new(request);
    if (!body_read(request, &change->body)) {
        answer_problem(request);
        return;
    }
    if (change->body == NULL) {
        problem_set(&request->problem, PROBLEM_BAD_REQUEST, "the body is empty: the object belongs there");
        answer_problem(request);
        return;
    }
    if (!admit_body(&change->admission, change->body)) {
        change_refuse(change);
        return;
    }
    change->write.decide = decide_update;
    change_start(change);
}

// --- patch

typedef err_t patch_fn(const struct change_op *change, const struct json_value *live, struct json_value **ret_object,
                       const char **ret_text);

static err_t patch_json(const struct change_op *change, const struct json_value *live, struct json_value **ret_object,
                        const char **ret_text)
{
    return json_patch_apply(change->write.arena, live, change->body, ret_object, ret_text);
}

static err_t patch_merge(const struct change_op *change, const struct json_value *live, struct json_value **ret_object,
                         const char **ret_text)
{
    return merge_patch_apply(change->write.arena, live, change->body, ret_object, ret_text);
}

static err_t patch_strategic(const struct change_op *change, const struct json_value *live,
                             struct json_value **ret_object, const char **ret_text)
{
    return strategic_patch_apply(change->write.arena, live, change->body, kind_version_schema(change->write.version),
                                 ret_object, ret_text);
}

static const struct patch_type {
    const char *type;
    patch_fn *apply; // NULL: server-side apply
    bool is_for_custom;
} patch_types[] = {
    { "application/json-patch+json", patch_json, true },
    { "application/merge-patch+json", patch_merge, true },
    { "application/strategic-merge-patch+json", patch_strategic, false },
    { "application/apply-patch+yaml", NULL, true },
};

static enum write_action patch_failed(struct write *write, err_t err, const char *text)
{
    static const struct {
        err_t err;
        enum problem_reason reason;
    } reasons[] = { { ERR_TOO_LARGE, PROBLEM_TOO_LARGE }, { ERR_INVALID, PROBLEM_INVALID } };
    enum problem_reason reason = PROBLEM_BAD_REQUEST;
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++)
        reason = reasons[i].err == err ? reasons[i].reason : reason;
    problem_set(&write->problem, reason, "%s", text);
    return WRITE_REFUSE;
}

// A patch is of what its client sees.
static const struct json_value *shown(const struct change_op *change, const struct json_value *live)
{
    const struct kind_rules *rules = change->write.kind->rules;
    if (rules == NULL || rules->show == NULL)
        return live;
    struct json_value *copy = json_copy(change->write.arena, live);
    rules->show(copy, change->write.version->name);
    return copy;
}

static enum write_action decide_patch(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    struct json_value *object;
    const char *text = "";
    if (live == NULL) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    err_t err = change->patch->apply(change, shown(change, live), &object, &text);
    if (err != ERR_OK)
        return patch_failed(write, err, text);
    if (!admit_body(&change->admission, object))
        return WRITE_REFUSE;
    return admit_update(&change->admission, live, object, &write->object);
}

// --- server-side apply

static enum write_action decide_apply(struct write *write, struct json_value *live)
{
    struct change_op *change = CONTAINER_OF(write, struct change_op, write);
    const struct request *request = change->request;
    if (live == NULL && request->subresource.size > 0) {
        problem_not_found(&write->problem, write->kind, write->name);
        return WRITE_REFUSE;
    }
    if (live == NULL && !change_namespace_fits(change))
        return WRITE_REFUSE;
    return admit_apply(&change->admission, live, change->body, request->parameters.is_forced, &write->object);
}

static bool apply_fits(struct change_op *change)
{
    struct request *request = change->request;
    if (request->parameters.field_manager.size == 0) {
        problem_set(
            &change->write.problem, PROBLEM_BAD_REQUEST,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        return false;
    }
    return admit_body(&change->admission, change->body);
}

static bool patch_type_find(struct change_op *change, bytes_t type)
{
    const struct request *request = change->request;
    for (size_t i = 0; i < ARRAY_COUNT(patch_types); i++) {
        bool is_served = patch_types[i].is_for_custom || kind_is_native(request->kind);
        if (is_served && bytes_is(type, patch_types[i].type)) {
            change->patch = &patch_types[i];
            return true;
        }
    }
    problem_set(&change->write.problem, PROBLEM_UNSUPPORTED_MEDIA,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, %sapplication/apply-patch+yaml",
                kind_is_native(request->kind) ? "application/strategic-merge-patch+json, " : "");
    return false;
}

void rest_patch(struct request *request)
{
    struct change_op *change = change_new(request);
    bytes_t type;
    if (!body_read_patch(request, &type, &change->body)) {
        answer_problem(request);
        return;
    }
    if (!patch_type_find(change, type) || (change->patch->apply == NULL && !apply_fits(change))) {
        change_refuse(change);
        return;
    }
    change->write.decide = change->patch->apply == NULL ? decide_apply : decide_patch;
    change_start(change);
}
