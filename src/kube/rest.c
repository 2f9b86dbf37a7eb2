// SPDX-License-Identifier: Apache-2.0
// Which function answers a request about objects.
#include "kube/rest.h"

#include "base/assert.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/scale.h"

// By subresource and verb.
static const struct verb_row {
    const char *subresource;
    enum verb verb;
    void (*handle)(struct request *request);
} verb_rows[] = {
    { "", VERB_GET, rest_get },
    { "", VERB_LIST, rest_list },
    { "", VERB_WATCH, rest_watch },
    { "", VERB_CREATE, rest_create },
    { "", VERB_UPDATE, rest_update },
    { "", VERB_PATCH, rest_patch },
    { "", VERB_DELETE, rest_delete },
    { "", VERB_DELETE_COLLECTION, rest_delete_collection },
    { "status", VERB_GET, rest_get },
    { "status", VERB_UPDATE, rest_update },
    { "status", VERB_PATCH, rest_patch },
    { "scale", VERB_GET, scale_get },
    { "scale", VERB_UPDATE, scale_update },
    { "scale", VERB_PATCH, scale_patch },
};

static bool has_subresource(const struct request *request)
{
    bytes_t name = request->subresource;
    const struct kind_version *version = request->kind_version;
    return name.size == 0 || (bytes_is(name, "status") && version->has_status) ||
           (bytes_is(name, "scale") && version->has_scale);
}

static void refuse_method(struct request *request)
{
    problem_set(&request->problem, PROBLEM_METHOD_NOT_ALLOWED,
                "the server does not allow this method on the requested resource");
    answer_problem(request);
}

// Objects of namespaces are made and named in one; a list may be of all.
static bool namespace_fits(const struct request *request)
{
    return !request->kind->is_namespaced || request->name_space.size > 0 ||
           (request->name.size == 0 && request->verb != VERB_CREATE && request->verb != VERB_DELETE_COLLECTION);
}

static bool name_fits(const struct request *request)
{
    bool wants = request->verb == VERB_GET || request->verb == VERB_UPDATE || request->verb == VERB_PATCH ||
                 request->verb == VERB_DELETE;
    return request->verb == VERB_WATCH || wants == (request->name.size > 0);
}

// What the kind itself knows: questions, and subresources of its own.
static void (*own_handler(const struct request *request))(struct request *request)
{
    const struct kind_rules *rules = request->kind->rules;
    if (rules == NULL || request->verb != VERB_CREATE)
        return NULL;
    for (size_t i = 0; i < rules->subresource_count; i++) {
        if (bytes_is(request->subresource, rules->subresources[i].name) && request->name.size > 0)
            return rules->subresources[i].handle;
    }
    return request->subresource.size == 0 && request->name.size == 0 ? rules->answer : NULL;
}

void rest_handle(struct request *request)
{
    void (*handle)(struct request *) = own_handler(request);
    if (handle != NULL) {
        handle(request);
        return;
    }
    if (!has_subresource(request)) {
        problem_not_found(&request->problem, NULL, BYTES_NULL);
        answer_problem(request);
        return;
    }
    if (kind_is_question(request->kind) || !namespace_fits(request) || !name_fits(request)) {
        refuse_method(request);
        return;
    }
    if (request->kind_version->deprecation.size > 0)
        request_warn(request, request->kind_version->deprecation);
    for (size_t i = 0; i < ARRAY_COUNT(verb_rows); i++) {
        if (verb_rows[i].verb == request->verb && bytes_is(request->subresource, verb_rows[i].subresource)) {
            verb_rows[i].handle(request);
            return;
        }
    }
    refuse_method(request);
}
