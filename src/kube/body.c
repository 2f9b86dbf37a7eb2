// SPDX-License-Identifier: Apache-2.0
#include "kube/body.h"

#include "http/media.h"
#include "kube/api.h"
#include "kube/proto/proto.h"
#include "kube/yaml/yaml_read.h"

// A value takes about 110 bytes: at most 66 MB for a body of 3 MB that is nothing but brackets.
static const struct json_limits limits = { .size = SIZE_MAX, .values = 600000 }; // the size is http's

static bool refuse(struct request *request, const char *what, const diag_t *diag)
{
    problem_set(&request->problem, PROBLEM_BAD_REQUEST, "%s: %s%s%s", what, diag->where,
                diag->where[0] == '\0' ? "" : ": ", diag->text);
    return false;
}

static bool json_read(struct request *request, bytes_t body, struct json_value **ret_tree)
{
    diag_t diag = { 0 };
    return json_parse(body, &limits, &request->arena, ret_tree, &diag) == ERR_OK ||
           refuse(request, "the body is not JSON", &diag);
}

static bool yaml_read_one(struct request *request, bytes_t body, struct json_value **ret_tree)
{
    static const struct yaml_limits yaml_limits = { SIZE_MAX, 600000, 10000, 1 };
    struct yaml_stream stream;
    diag_t diag = { 0 };
    if (yaml_read(body, &yaml_limits, &request->arena, &stream, &diag) != ERR_OK)
        return refuse(request, "the body is not YAML", &diag);
    if (stream.count == 1)
        *ret_tree = stream.documents[0];
    return true;
}

// Who describes the message: of a deletion it is its options, of a subresource its own kind. NULL: nobody.
static const struct json_value *proto_schema_of(struct request *request)
{
    const struct kind_rules *rules = request->kind->rules;
    if (request->verb == VERB_DELETE || request->verb == VERB_DELETE_COLLECTION)
        return proto_delete_options(&request->arena);
    for (size_t i = 0; rules != NULL && i < rules->subresource_count; i++) {
        if (bytes_is(request->subresource, rules->subresources[i].name))
            return proto_schema(rules->subresources[i].schema, &request->arena);
    }
    return bytes_is(request->subresource, "scale") ? NULL : kind_version_schema_source(request->kind_version);
}

static bool proto_read_one(struct request *request, bytes_t body, struct json_value **ret_tree)
{
    diag_t diag = { 0 };
    err_t err = proto_read(body, proto_schema_of(request), &request->arena, ret_tree, &diag);
    if (err == ERR_OK)
        return true;
    if (err != ERR_UNSUPPORTED)
        return refuse(request, "the body cannot be read as protocol buffers", &diag);
    problem_set(&request->problem, PROBLEM_UNSUPPORTED_MEDIA, "%s", diag.text);
    return false;
}

static const struct body_type {
    const char *type;
    bool (*read)(struct request *request, bytes_t body, struct json_value **ret_tree);
} body_types[] = {
    { "application/json", json_read },
    { "application/yaml", yaml_read_one },
    { PROTO_MEDIA_TYPE, proto_read_one },
};

static const struct body_type patch_types[] = {
    { "application/json-patch+json", json_read },
    { "application/merge-patch+json", json_read },
    { "application/strategic-merge-patch+json", json_read },
    { "application/apply-patch+yaml", yaml_read_one },
};

static bool read_by(struct request *request, const struct body_type *types, size_t count,
                    const struct body_type **ret_type, struct json_value **ret_tree)
{
    bytes_t body = request->exchange->request->body;
    bytes_t text = http_header_find(request->exchange->request, "Content-Type");
    struct http_media media;
    if (text.size == 0)
        text = BYTES_LITERAL("application/json");
    for (size_t i = 0; i < count && http_media_parse(text, &request->arena, &media) == ERR_OK; i++) {
        if (!http_media_is(&media, types[i].type))
            continue;
        *ret_type = &types[i];
        return types[i].read(request, body, ret_tree);
    }
    problem_set(&request->problem, PROBLEM_UNSUPPORTED_MEDIA,
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                "application/yaml, application/vnd.kubernetes.protobuf");
    return false;
}

bool body_read(struct request *request, struct json_value **ret_tree)
{
    const struct body_type *type;
    *ret_tree = NULL;
    return request->exchange->request->body.size == 0 ||
           read_by(request, body_types, ARRAY_COUNT(body_types), &type, ret_tree);
}

bool body_read_patch(struct request *request, bytes_t *ret_type, struct json_value **ret_tree)
{
    const struct body_type *type = NULL;
    if (!read_by(request, patch_types, ARRAY_COUNT(patch_types), &type, ret_tree))
        return false;
    *ret_type = bytes_of_text(type->type);
    return true;
}
