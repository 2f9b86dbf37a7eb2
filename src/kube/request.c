// SPDX-License-Identifier: Apache-2.0
#include "kube/request.h"

#include "base/assert.h"
#include "http/media.h"
#include "http/target.h"
#include "kube/api.h"

const char *verb_text(enum verb verb)
{
    static const char *const texts[] = {
        [VERB_GET] = "get",       [VERB_LIST] = "list",
        [VERB_WATCH] = "watch",   [VERB_CREATE] = "create",
        [VERB_UPDATE] = "update", [VERB_PATCH] = "patch",
        [VERB_DELETE] = "delete", [VERB_DELETE_COLLECTION] = "deletecollection",
    };
    return texts[verb];
}

void request_warn(struct request *request, bytes_t text)
{
    // Warnings are for people: a few are read. RFC 9110 5.6.4 for what a quoted string may hold.
    if (request->warnings.size > 4096)
        return;
    writer_text(&request->warnings, "Warning: 299 - \"");
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            writer_u8(&request->warnings, '\\');
        writer_u8(&request->warnings, text.data[i] < 0x20 || text.data[i] == 0x7f ? ' ' : text.data[i]);
    }
    writer_text(&request->warnings, "\"\r\n");
}

// --- the path

bool path_cut(struct request *request, struct path *ret_path)
{
    bytes_t path = request->exchange->request->path, segment;
    size_t count = 0;
    while (http_path_next(&path, &segment)) {
        if (segment.size == 0)
            continue; // "//", or the slash at the end
        bytes_t *text = &ret_path->segments[count];
        if (count == PATH_SEGMENTS_MAX || http_segment_decode(segment, &request->arena, text) != ERR_OK)
            return false;
        // An encoded slash or a path that climbs is never the name of anything.
        if (memchr(text->data, '/', text->size) != NULL || bytes_is(*text, "..") || bytes_is(*text, "."))
            return false;
        count++;
    }
    ret_path->count = count;
    return count > 0;
}

// "namespaces/NS/status" is about the namespace, "namespaces/NS/pods" about what is in it.
static bool is_namespace_subresource(bytes_t segment)
{
    return bytes_is(segment, "status") || bytes_is(segment, "finalize");
}

static bool path_read(struct request *request)
{
    struct path path;
    if (!path_cut(request, &path))
        return false;
    const bytes_t *segments = path.segments;
    size_t count = path.count, at = 1;
    bool is_core = bytes_is(segments[0], "api");
    if (count < 2)
        return false;
    request->group = is_core ? BYTES_LITERAL("") : segments[at++];
    if (at >= count)
        return false;
    request->version = segments[at++];
    if (count - at >= 3 && bytes_is(segments[at], "namespaces") &&
        !(count - at == 3 && is_core && is_namespace_subresource(segments[at + 2]))) {
        request->name_space = segments[at + 1];
        at += 2;
    }
    bytes_t *parts[] = { &request->plural, &request->name, &request->subresource };
    for (size_t i = 0; at < count; i++, at++) {
        if (i == ARRAY_COUNT(parts))
            return false;
        *parts[i] = segments[at];
    }
    return request->plural.size > 0;
}

static bool kind_find(struct request *request)
{
    struct kind *kind = kinds_find(&request->kube->resources.kinds, request->group, request->plural);
    const struct kind_version *version = kind == NULL ? NULL : kind_version_find(kind, request->version);
    if (version == NULL || (!kind->is_namespaced && request->name_space.size > 0))
        return false;
    request->kind = kind;
    request->kind_version = version;
    return true;
}

// --- the query

static bool bool_read(bytes_t text, bool *ret_bool)
{
    static const char *const yes[] = { "", "1", "t", "T", "true", "TRUE", "True" };
    static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
    for (size_t i = 0; i < ARRAY_COUNT(yes); i++) {
        if (bytes_is(text, yes[i])) {
            *ret_bool = true;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(no); i++) {
        if (bytes_is(text, no[i])) {
            *ret_bool = false;
            return true;
        }
    }
    return false;
}

static bool dry_run_read(bytes_t text, bool *ret_bool)
{
    if (text.size > 0 && !bytes_is(text, "All"))
        return false;
    *ret_bool = text.size > 0;
    return true;
}

static bool validation_read(bytes_t text, enum field_validation *ret_validation)
{
    static const char *const names[] = {
        [FIELD_VALIDATION_STRICT] = "Strict", [FIELD_VALIDATION_WARN] = "Warn", [FIELD_VALIDATION_IGNORE] = "Ignore"
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (bytes_is(text, names[i])) {
            *ret_validation = (enum field_validation)i;
            return true;
        }
    }
    return text.size == 0;
}

static bool include_read(bytes_t text, enum include_object *ret_include)
{
    static const char *const names[] = {
        [INCLUDE_METADATA] = "Metadata", [INCLUDE_NONE] = "None", [INCLUDE_OBJECT] = "Object"
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (bytes_is(text, names[i])) {
            *ret_include = (enum include_object)i;
            return true;
        }
    }
    return text.size == 0;
}

enum parameter_type {
    PARAMETER_BOOL,
    PARAMETER_NUMBER,
    PARAMETER_TEXT,
    PARAMETER_DRY_RUN,
    PARAMETER_VALIDATION,
    PARAMETER_INCLUDE
};
#define AT(member) offsetof(struct parameters, member)
enum { NOWHERE = -1 };

// What is not here is ignored, as kube-apiserver does ("timeout", "hash"); gracePeriodSeconds too, as nothing here
// takes time to end.
static const struct parameter {
    const char *name;
    enum parameter_type type;
    size_t at;
    ptrdiff_t seen_at; // of a bool that says that it was there
} parameter_rows[] = {
    { "watch", PARAMETER_BOOL, AT(is_watch), NOWHERE },
    { "allowWatchBookmarks", PARAMETER_BOOL, AT(allows_bookmarks), NOWHERE },
    { "sendInitialEvents", PARAMETER_BOOL, AT(sends_initial_events), (ptrdiff_t)AT(has_initial_events) },
    { "dryRun", PARAMETER_DRY_RUN, AT(is_dry_run), NOWHERE },
    { "force", PARAMETER_BOOL, AT(is_forced), NOWHERE },
    { "limit", PARAMETER_NUMBER, AT(limit), NOWHERE },
    { "timeoutSeconds", PARAMETER_NUMBER, AT(timeout_s), NOWHERE },
    { "labelSelector", PARAMETER_TEXT, AT(label_selector), NOWHERE },
    { "fieldSelector", PARAMETER_TEXT, AT(field_selector), NOWHERE },
    { "continue", PARAMETER_TEXT, AT(continue_token), NOWHERE },
    { "resourceVersion", PARAMETER_TEXT, AT(resource_version), NOWHERE },
    { "resourceVersionMatch", PARAMETER_TEXT, AT(resource_version_match), NOWHERE },
    { "fieldManager", PARAMETER_TEXT, AT(field_manager), NOWHERE },
    { "propagationPolicy", PARAMETER_TEXT, AT(propagation), NOWHERE },
    { "orphanDependents", PARAMETER_BOOL, AT(orphans), NOWHERE },
    { "fieldValidation", PARAMETER_VALIDATION, AT(field_validation), NOWHERE },
    { "includeObject", PARAMETER_INCLUDE, AT(include_object), NOWHERE },
};

static bool parameter_read(const struct parameter *row, bytes_t value, struct parameters *parameters)
{
    void *at = (char *)parameters + row->at;
    if (row->seen_at != NOWHERE)
        *(bool *)(void *)((char *)parameters + row->seen_at) = true;
    switch (row->type) {
    case PARAMETER_BOOL:
        return bool_read(value, at);
    case PARAMETER_NUMBER:
        return value.size == 0 || (bytes_to_int64(value, at) && *(int64_t *)at >= 0);
    case PARAMETER_TEXT:
        *(bytes_t *)at = value;
        return true;
    case PARAMETER_DRY_RUN:
        return dry_run_read(value, at);
    case PARAMETER_VALIDATION:
        return validation_read(value, at);
    case PARAMETER_INCLUDE:
        return include_read(value, at);
    }
    return false;
}

static bool query_read(struct request *request)
{
    struct http_query query = http_query_of(request->exchange->request->query, &request->arena);
    struct http_parameter parameter;
    request->parameters.field_validation = FIELD_VALIDATION_WARN; // the default since Kubernetes 1.27
    while (http_query_next(&query, &parameter)) {
        bytes_t value = parameter.value.data == NULL ? BYTES_LITERAL("") : parameter.value;
        for (size_t i = 0; i < ARRAY_COUNT(parameter_rows); i++) {
            if (!bytes_is(parameter.name, parameter_rows[i].name) ||
                parameter_read(&parameter_rows[i], value, &request->parameters))
                continue;
            problem_set(&request->problem, PROBLEM_BAD_REQUEST, "the parameter %s has no use for the value \"%.*s\"",
                        parameter_rows[i].name, BYTES_ARG(value));
            return false;
        }
    }
    return true;
}

// --- the form of the answer

static bool form_take(struct request *request, const struct http_media *media)
{
    static const struct {
        const char *as;
        enum form form;
    } forms[] = { { "Table", FORM_TABLE },
                  { "PartialObjectMetadata", FORM_PARTIAL },
                  { "PartialObjectMetadataList", FORM_PARTIAL } };
    bytes_t as = http_media_parameter(media, "as"), version = http_media_parameter(media, "v");
    if (!http_media_covers(media, "application/json"))
        return false;
    if (as.data == NULL) {
        request->form = FORM_OBJECT;
        return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        bool fits = bytes_is(as, forms[i].as) && bytes_is(http_media_parameter(media, "g"), "meta.k8s.io") &&
                    (bytes_is(version, "v1") || bytes_is(version, "v1beta1"));
        if (!fits)
            continue;
        request->form = forms[i].form;
        request->form_version = version;
        return true;
    }
    return false;
}

static bool accept_read(struct request *request)
{
    struct http_accept accept;
    if (http_accept_of(request->exchange->request, &request->arena, &accept) != ERR_OK) {
        problem_set(&request->problem, PROBLEM_BAD_REQUEST, "the Accept field cannot be understood");
        return false;
    }
    for (size_t i = 0; i < accept.count && accept.items[i].weight > 0; i++) {
        if (form_take(request, &accept.items[i]))
            return true;
    }
    if (accept.count == 0)
        return true;
    problem_set(
        &request->problem, PROBLEM_NOT_ACCEPTABLE,
        "only the following media types are accepted: application/json, "
        "application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
    return false;
}

// --- together

static enum verb verb_of(const struct request *request)
{
    static const struct {
        enum http_method method;
        enum verb of_one, of_all;
    } rows[] = { { HTTP_POST, VERB_CREATE, VERB_CREATE },
                 { HTTP_PUT, VERB_UPDATE, VERB_UPDATE },
                 { HTTP_PATCH, VERB_PATCH, VERB_PATCH },
                 { HTTP_DELETE, VERB_DELETE, VERB_DELETE_COLLECTION } };
    bool is_named = request->name.size > 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (rows[i].method == request->exchange->request->method)
            return is_named ? rows[i].of_one : rows[i].of_all;
    }
    return request->parameters.is_watch ? VERB_WATCH : is_named ? VERB_GET : VERB_LIST;
}

bool request_read(struct request *request)
{
    if (!path_read(request) || !kind_find(request)) {
        problem_not_found(&request->problem, NULL, BYTES_NULL);
        return false;
    }
    if (!query_read(request) || !accept_read(request))
        return false;
    request->verb = verb_of(request);
    return true;
}
