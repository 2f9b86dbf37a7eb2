// SPDX-License-Identifier: Apache-2.0
#include "kube/openapi_v2.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/proto/openapi_v2.h"
#include "kube/schema/schema_openapi.h"

static struct json_value *parameters_of(struct arena *arena, const char *const *names, size_t count)
{
    struct json_value *list = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < count; i++) {
        struct json_value *parameter = json_new(arena, JSON_OBJECT);
        json_set_text(parameter, arena, "name", names[i]);
        json_set_text(parameter, arena, "in", "query");
        json_set_text(parameter, arena, "type", "string");
        json_append(list, parameter);
    }
    return list;
}

static struct json_value *group_version_kind(struct arena *arena, const struct kind *kind,
                                             const struct kind_version *version)
{
    struct json_value *object = json_new(arena, JSON_OBJECT);
    json_set_bytes(object, arena, "group", kind->group);
    json_set_bytes(object, arena, "version", version->name);
    json_set_bytes(object, arena, "kind", kind->name);
    return object;
}

// Clients look here whether an object of the kind can be changed as a trial, and checked for unknown fields.
static void path_add(struct arena *arena, struct json_value *paths, const struct kind *kind,
                     const struct kind_version *version)
{
    static const char *const taken[] = { "dryRun", "fieldManager", "fieldValidation", "force" };
    const char *path = arena_format(arena, "/%s/%.*s%s/%.*s/{name}", kind->group.size == 0 ? "api" : "apis",
                                    BYTES_ARG(version->api_version),
                                    kind->is_namespaced ? "/namespaces/{namespace}" : "", BYTES_ARG(kind->plural));
    struct json_value *patch = json_set_object(json_set_object(paths, arena, path), arena, "patch");
    json_set(patch, BYTES_LITERAL("parameters"), parameters_of(arena, taken, ARRAY_COUNT(taken)));
    struct json_value *good = json_set_object(json_set_object(patch, arena, "responses"), arena, "200");
    json_set_text(good, arena, "description", "OK");
    json_set_text(patch, arena, "x-kubernetes-action", "patch");
    json_set(patch, BYTES_LITERAL("x-kubernetes-group-version-kind"), group_version_kind(arena, kind, version));
}

static void kind_add(struct arena *arena, struct json_value *document, const struct kind *kind,
                     const struct kind_version *version)
{
    struct json_value *definitions = json_set_object(document, arena, "definitions");
    bool is_question = kind_is_question(kind);
    if (!is_question)
        path_add(arena, json_set_object(document, arena, "paths"), kind, version);
    if (kind_version_schema(version) == NULL)
        return;
    struct schema_openapi_kind shown = { kind->group,     version->name, kind->name,
                                         kind->list_name, kind->plural,  kind_version_schema(version) };
    schema_openapi_add_kind(definitions, SCHEMA_OPENAPI_V2, &shown, arena);
}

void openapi_v2_answer(struct request *request)
{
    struct arena *arena = &request->arena;
    struct writer text = WRITER_INIT;
    struct json_value *document = json_new(arena, JSON_OBJECT);
    json_set_text(document, arena, "swagger", "2.0");
    struct json_value *info = json_set_object(document, arena, "info");
    json_set_text(info, arena, "title", "eddy");
    json_set_text(info, arena, "version", "v1." KUBE_MINOR ".0");
    LIST_EACH(&request->kube->resources.kinds.list, node)
    {
        const struct kind *kind = LIST_ITEM(node, struct kind, list);
        for (size_t i = 0; i < kind->version_count; i++) {
            if (kind->versions[i].served)
                kind_add(arena, document, kind, &kind->versions[i]);
        }
    }
    schema_openapi_add_common(json_set_object(document, arena, "definitions"), SCHEMA_OPENAPI_V2, arena);
    openapi_v2_write(&text, document);
    answer_typed(request, 200, &text, "application/octet-stream");
}
