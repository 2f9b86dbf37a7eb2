// SPDX-License-Identifier: Apache-2.0
#include "kube/openapi.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/openapi_v2.h"
#include "kube/schema/schema_openapi.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

static bytes_t schema_name(struct arena *arena, const struct kind *kind, const struct kind_version *version,
                           bytes_t name)
{
    return schema_openapi_name(kind->group, version->name, name, arena);
}

static void reference_write(struct json_writer *json, struct arena *arena, bytes_t name)
{
    json_value_write(json, schema_openapi_ref(SCHEMA_OPENAPI_V3, name, arena));
}

static void group_version_kind_write(struct json_writer *json, const struct kind *kind,
                                     const struct kind_version *version)
{
    json_object_begin(json);
    json_field_bytes(json, "group", kind->group);
    json_field_bytes(json, "version", version->name);
    json_field_bytes(json, "kind", kind->name);
    json_object_end(json);
}

// --- paths

enum target { TARGET_COLLECTION, TARGET_ALL, TARGET_OBJECT, TARGET_SUBRESOURCE };

// What can be done at which path. Parameters are those that clients look for.
static const struct operation {
    enum target target;
    const char *method, *action;
    const char *parameters[5];
    bool answers_list, answers_status, takes_object, takes_patch;
} operations[] = {
    { TARGET_COLLECTION,
      "get",
      "list",
      { "labelSelector", "fieldSelector", "limit", "continue" },
      true,
      false,
      false,
      false },
    { TARGET_COLLECTION, "post", "post", { "dryRun", "fieldManager", "fieldValidation" }, false, false, true, false },
    { TARGET_COLLECTION,
      "delete",
      "deletecollection",
      { "labelSelector", "fieldSelector", "dryRun" },
      false,
      true,
      false,
      false },
    { TARGET_ALL, "get", "list", { "labelSelector", "fieldSelector", "limit", "continue" }, true, false, false, false },
    { TARGET_OBJECT, "get", "get", { "resourceVersion" }, false, false, false, false },
    { TARGET_OBJECT, "put", "put", { "dryRun", "fieldManager", "fieldValidation" }, false, false, true, false },
    { TARGET_OBJECT,
      "patch",
      "patch",
      { "dryRun", "fieldManager", "fieldValidation", "force" },
      false,
      false,
      false,
      true },
    { TARGET_OBJECT,
      "delete",
      "delete",
      { "dryRun", "gracePeriodSeconds", "propagationPolicy" },
      false,
      true,
      false,
      false },
    { TARGET_SUBRESOURCE, "get", "get", { "resourceVersion" }, false, false, false, false },
    { TARGET_SUBRESOURCE, "put", "put", { "dryRun", "fieldManager", "fieldValidation" }, false, false, true, false },
    { TARGET_SUBRESOURCE,
      "patch",
      "patch",
      { "dryRun", "fieldManager", "fieldValidation", "force" },
      false,
      false,
      false,
      true },
};

static void parameters_write(struct json_writer *json, const struct operation *operation)
{
    json_key(json, "parameters");
    json_array_begin(json);
    for (size_t i = 0; i < ARRAY_COUNT(operation->parameters) && operation->parameters[i] != NULL; i++) {
        json_object_begin(json);
        json_field_text(json, "name", operation->parameters[i]);
        json_field_text(json, "in", "query");
        json_key(json, "schema");
        json_object_begin(json);
        json_field_text(json, "type", strcmp(operation->parameters[i], "force") == 0 ? "boolean" : "string");
        json_field_bool(json, "uniqueItems", true);
        json_object_end(json);
        json_object_end(json);
    }
    json_array_end(json);
}

static void content_write(struct json_writer *json, struct arena *arena, const char *const *types, size_t count,
                          bytes_t schema)
{
    json_key(json, "content");
    json_object_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_key(json, types[i]);
        json_object_begin(json);
        json_key(json, "schema");
        reference_write(json, arena, schema);
        json_object_end(json);
    }
    json_object_end(json);
}

static void body_write(struct json_writer *json, struct arena *arena, const struct operation *operation, bool is_native,
                       bytes_t object)
{
    static const char *const objects[] = { "application/json", "application/yaml" };
    // The last one is for native kinds: kubectl sends what it finds here.
    static const char *const patches[] = { "application/apply-patch+yaml", "application/json-patch+json",
                                           "application/merge-patch+json", "application/strategic-merge-patch+json" };
    if (!operation->takes_object && !operation->takes_patch)
        return;
    json_key(json, "requestBody");
    json_object_begin(json);
    if (operation->takes_patch)
        content_write(json, arena, patches, ARRAY_COUNT(patches) - !is_native, BYTES_LITERAL(META "Patch"));
    else
        content_write(json, arena, objects, ARRAY_COUNT(objects), object);
    json_object_end(json);
}

static void operation_write(struct json_writer *json, struct arena *arena, const struct operation *operation,
                            const struct kind *kind, const struct kind_version *version)
{
    static const char *const types[] = { "application/json", "application/yaml" };
    bytes_t object = schema_name(arena, kind, version, kind->name);
    bytes_t answer = operation->answers_list     ? schema_name(arena, kind, version, kind->list_name)
                     : operation->answers_status ? BYTES_LITERAL(META "Status")
                                                 : object;
    json_key(json, operation->method);
    json_object_begin(json);
    json_field_text(json, "description", arena_format(arena, "%s of %.*s", operation->action, BYTES_ARG(kind->name)));
    parameters_write(json, operation);
    body_write(json, arena, operation, kind_is_native(kind), object);
    json_key(json, "responses");
    json_object_begin(json);
    json_key(json, "200");
    json_object_begin(json);
    json_field_text(json, "description", "OK");
    content_write(json, arena, types, ARRAY_COUNT(types), answer);
    json_object_end(json);
    json_object_end(json);
    json_field_text(json, "x-kubernetes-action", operation->action);
    json_key(json, "x-kubernetes-group-version-kind");
    group_version_kind_write(json, kind, version);
    json_object_end(json);
}

static void path_write(struct json_writer *json, struct arena *arena, enum target target, const char *path,
                       const struct kind *kind, const struct kind_version *version)
{
    bool is_question = kind_is_question(kind);
    json_key(json, path);
    json_object_begin(json);
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        if (operations[i].target == target && (!is_question || strcmp(operations[i].method, "post") == 0))
            operation_write(json, arena, &operations[i], kind, version);
    }
    json_object_end(json);
}

static void paths_of_kind_write(struct json_writer *json, struct arena *arena, const struct kind *kind,
                                const struct kind_version *version)
{
    const char *root =
        arena_format(arena, "/%s/%.*s", kind->group.size == 0 ? "api" : "apis", BYTES_ARG(version->api_version));
    const char *in = kind->is_namespaced ? "/namespaces/{namespace}" : "";
    bool is_question = kind_is_question(kind);
    const char *collection = arena_format(arena, "%s%s/%.*s", root, in, BYTES_ARG(kind->plural));
    path_write(json, arena, TARGET_COLLECTION, collection, kind, version);
    if (is_question)
        return;
    if (kind->is_namespaced)
        path_write(json, arena, TARGET_ALL, arena_format(arena, "%s/%.*s", root, BYTES_ARG(kind->plural)), kind,
                   version);
    path_write(json, arena, TARGET_OBJECT, arena_format(arena, "%s/{name}", collection), kind, version);
    if (version->has_status)
        path_write(json, arena, TARGET_SUBRESOURCE, arena_format(arena, "%s/{name}/status", collection), kind, version);
}

// --- documents

static const struct json_value *schemas_of(const struct kinds *kinds, bytes_t api_version, struct arena *arena)
{
    struct json_value *schemas = json_new(arena, JSON_OBJECT);
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        const struct kind_version *version = kind_version_of(kind, api_version);
        if (version == NULL || kind_version_schema(version) == NULL)
            continue;
        struct schema_openapi_kind shown = { kind->group,     version->name, kind->name,
                                             kind->list_name, kind->plural,  kind_version_schema(version) };
        schema_openapi_add_kind(schemas, SCHEMA_OPENAPI_V3, &shown, arena);
    }
    schema_openapi_add_common(schemas, SCHEMA_OPENAPI_V3, arena);
    return schemas;
}

static void document_write(struct json_writer *json, struct arena *arena, const struct kinds *kinds,
                           bytes_t api_version)
{
    json_object_begin(json);
    json_field_text(json, "openapi", "3.0.0");
    json_key(json, "info");
    json_object_begin(json);
    json_field_text(json, "title", "Kubernetes");
    json_field_text(json, "version", "v1." KUBE_MINOR ".0");
    json_object_end(json);
    json_key(json, "paths");
    json_object_begin(json);
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        const struct kind_version *version = kind_version_of(kind, api_version);
        if (version != NULL)
            paths_of_kind_write(json, arena, kind, version);
    }
    json_object_end(json);
    json_key(json, "components");
    json_object_begin(json);
    json_key(json, "schemas");
    json_value_write(json, schemas_of(kinds, api_version, arena));
    json_object_end(json);
    json_object_end(json);
}

static bool is_written(const struct kinds *kinds, const struct kind *last, bytes_t api_version)
{
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        if (kind == last)
            return false;
        if (kind_version_of(kind, api_version) != NULL)
            return true;
    }
    return false;
}

// The paths of the documents. The hash changes with the kinds: clients keep what they have until then.
static void index_write(struct json_writer *json, struct arena *arena, const struct kinds *kinds)
{
    json_object_begin(json);
    json_key(json, "paths");
    json_object_begin(json);
    LIST_EACH(&kinds->list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        for (size_t i = 0; i < kind->version_count; i++) {
            bytes_t api_version = kind->versions[i].api_version;
            if (!kind->versions[i].served || is_written(kinds, kind, api_version))
                continue;
            const char *path =
                arena_format(arena, "%s/%.*s", kind->group.size == 0 ? "api" : "apis", BYTES_ARG(api_version));
            json_key(json, path);
            json_object_begin(json);
            json_field_text(json, "serverRelativeURL",
                            arena_format(arena, "/openapi/v3/%s?hash=%016llX", path,
                                         (unsigned long long)kinds_hash(kinds, api_version)));
            json_object_end(json);
        }
    }
    json_object_end(json);
    json_object_end(json);
}

void openapi_handle(struct request *request)
{
    const struct kinds *kinds = &request->kube->resources.kinds;
    struct arena *arena = &request->arena;
    struct writer text = WRITER_INIT;
    struct json_writer json = json_writer_of(&text);
    struct path path;
    bool is_cut = path_cut(request, &path) && path.count >= 2;
    if (is_cut && path.count == 2 && bytes_is(path.segments[1], "v2")) {
        openapi_v2_answer(request);
        return;
    }
    bool is_v3 = is_cut && bytes_is(path.segments[1], "v3");
    if (is_v3 && path.count == 2) {
        index_write(&json, arena, kinds);
        answer_text(request, 200, &text);
        return;
    }
    bytes_t api_version = BYTES_NULL;
    if (is_v3 && path.count == 4 && bytes_is(path.segments[2], "api"))
        api_version = path.segments[3];
    else if (is_v3 && path.count == 5 && bytes_is(path.segments[2], "apis"))
        api_version =
            bytes_of_text(arena_format(arena, "%.*s/%.*s", BYTES_ARG(path.segments[3]), BYTES_ARG(path.segments[4])));
    if (api_version.data == NULL || !is_written(kinds, NULL, api_version)) {
        problem_not_found(&request->problem, NULL, BYTES_NULL);
        answer_problem(request);
        return;
    }
    document_write(&json, arena, kinds, api_version);
    answer_text(request, 200, &text);
}
