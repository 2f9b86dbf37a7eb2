// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_openapi.h"

#include "base/assert.h"
#include "kube/schema/schema_definitions.h"

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

struct build {
    enum schema_openapi version;
    struct arena *arena;
};

// --- names

static bytes_t reversed(bytes_t group, struct arena *arena)
{
    uint8_t *text = arena_alloc(arena, group.size);
    size_t end = group.size, size = 0;
    for (size_t i = group.size; i > 0; i--) {
        if (i > 1 && group.data[i - 2] != '.')
            continue;
        size_t start = i - 1;
        memcpy(text + size, group.data + start, end - start);
        size += end - start;
        if (start > 0)
            text[size++] = '.';
        end = start > 0 ? start - 1 : 0;
    }
    return bytes_of(text, size);
}

bytes_t schema_openapi_name(bytes_t group, bytes_t version, bytes_t kind, struct arena *arena)
{
    bool has_dot = group.size > 0 && memchr(group.data, '.', group.size) != NULL;
    bytes_t name = has_dot ? reversed(group, arena) : group.size == 0 ? BYTES_LITERAL("core") : group;
    return bytes_of_text(arena_format(arena, "%s%.*s.%.*s.%.*s", has_dot ? "" : "io.k8s.api.", BYTES_ARG(name),
                                      BYTES_ARG(version), BYTES_ARG(kind)));
}

struct json_value *schema_openapi_ref(enum schema_openapi version, bytes_t name, struct arena *arena)
{
    const char *where = version == SCHEMA_OPENAPI_V3 ? "#/components/schemas/" : "#/definitions/";
    struct json_value *ref = json_new(arena, JSON_OBJECT);
    json_set_text(ref, arena, "$ref", arena_format(arena, "%s%.*s", where, BYTES_ARG(name)));
    return ref;
}

// With words of its own beside the reference: in version 3 nothing may stand beside $ref.
static struct json_value *described_ref(const struct build *build, const char *name, const char *description)
{
    bytes_t full = bytes_of_text(arena_format(build->arena, META "%s", name));
    struct json_value *ref = schema_openapi_ref(build->version, full, build->arena);
    struct json_value *outer = ref;
    if (build->version == SCHEMA_OPENAPI_V3) {
        struct json_value *all_of = json_new(build->arena, JSON_ARRAY);
        outer = json_new(build->arena, JSON_OBJECT);
        json_append(all_of, ref);
        json_set(outer, BYTES_LITERAL("allOf"), all_of);
    }
    json_set_text(outer, build->arena, "description", description);
    return outer;
}

static struct json_value *described_text(const struct build *build, const char *description)
{
    struct json_value *text = json_new(build->arena, JSON_OBJECT);
    json_set_text(text, build->arena, "description", description);
    json_set_text(text, build->arena, "type", "string");
    return text;
}

// --- the common types, from their tables

static struct json_value *type_tree(const struct build *build, bytes_t type)
{
    struct json_value *tree = json_new(build->arena, JSON_OBJECT);
    bytes_t inner = type.size > 2 ? bytes_of(type.data + 1, type.size - 2) : type;
    if (type.data[0] == '[') {
        json_set_text(tree, build->arena, "type", "array");
        json_set(tree, BYTES_LITERAL("items"), type_tree(build, inner));
    } else if (type.data[0] == '{') {
        json_set_text(tree, build->arena, "type", "object");
        json_set(tree, BYTES_LITERAL("additionalProperties"), type_tree(build, inner));
    } else if (bytes_is(type, "int32") || bytes_is(type, "int64")) {
        json_set_text(tree, build->arena, "type", "integer");
        json_set_bytes(tree, build->arena, "format", type);
    } else if (type.data[0] >= 'A' && type.data[0] <= 'Z') {
        bytes_t name = bytes_of_text(arena_format(build->arena, META "%.*s", BYTES_ARG(type)));
        return schema_openapi_ref(build->version, name, build->arena);
    } else {
        json_set_bytes(tree, build->arena, "type", type);
    }
    return tree;
}

// "map:uid": what is before the colon under NAME; what is behind it comes back, BYTES_NULL for nothing.
static bytes_t set_first(const struct build *build, struct json_value *tree, const char *name, const char *text)
{
    const char *colon = text == NULL ? NULL : strchr(text, ':');
    if (text != NULL)
        json_set_bytes(tree, build->arena, name, bytes_of(text, colon == NULL ? strlen(text) : (size_t)(colon - text)));
    return colon == NULL ? BYTES_NULL : bytes_of_text(colon + 1);
}

static struct json_value *field_tree(const struct build *build, const struct schema_definition_field *field)
{
    bool is_ref = field->type[0] >= 'A' && field->type[0] <= 'Z';
    if (is_ref)
        return described_ref(build, field->type, field->description);
    struct json_value *tree = type_tree(build, bytes_of_text(field->type));
    json_set_text(tree, build->arena, "description", field->description);
    bytes_t key = set_first(build, tree, "x-kubernetes-list-type", field->list);
    if (key.data != NULL) {
        struct json_value *keys = json_new(build->arena, JSON_ARRAY);
        json_append(keys, json_new_bytes(build->arena, key));
        json_set(tree, BYTES_LITERAL("x-kubernetes-list-map-keys"), keys);
    }
    key = set_first(build, tree, "x-kubernetes-patch-strategy", field->patch);
    if (key.data != NULL)
        json_set_bytes(tree, build->arena, "x-kubernetes-patch-merge-key", key);
    return tree;
}

static struct json_value *definition_tree(const struct build *build, const struct schema_definition *definition)
{
    struct json_value *tree = json_new(build->arena, JSON_OBJECT), *required = json_new(build->arena, JSON_ARRAY);
    json_set_text(tree, build->arena, "description", definition->description);
    json_set_text(tree, build->arena, "type", definition->type);
    if (definition->format != NULL)
        json_set_text(tree, build->arena, "format", definition->format);
    if (definition->map_type != NULL)
        json_set_text(tree, build->arena, "x-kubernetes-map-type", definition->map_type);
    for (size_t i = 0; i < schema_definition_field_count; i++) {
        const struct schema_definition_field *field = &schema_definition_fields[i];
        if (strcmp(field->definition, definition->name) != 0)
            continue;
        struct json_value *properties = json_set_object(tree, build->arena, "properties");
        json_set(properties, bytes_of_text(field->name), field_tree(build, field));
        if (field->required)
            json_append(required, json_new_text(build->arena, field->name));
    }
    if (required->count > 0)
        json_set(tree, BYTES_LITERAL("required"), required);
    return tree;
}

void schema_openapi_add_common(struct json_value *schemas, enum schema_openapi version, struct arena *arena)
{
    const struct build build = { version, arena };
    for (size_t i = 0; i < schema_definition_count; i++) {
        const char *name = arena_format(arena, META "%s", schema_definitions[i].name);
        json_set(schemas, bytes_of_text(name), definition_tree(&build, &schema_definitions[i]));
    }
}

// --- a kind

static bool flag(const struct json_value *tree, const char *name)
{
    bool is_set = false;
    return json_get_bool(json_get(tree, name), &is_set) && is_set;
}

static void put_object_meta(const struct build *build, struct json_value *tree)
{
    struct json_value *properties = json_set_object(tree, build->arena, "properties");
    json_set(properties, BYTES_LITERAL("apiVersion"), described_text(build, schema_api_version_text));
    json_set(properties, BYTES_LITERAL("kind"), described_text(build, schema_kind_text));
    json_set(properties, BYTES_LITERAL("metadata"), described_ref(build, "ObjectMeta", schema_metadata_text));
}

static void drop(struct json_value *tree, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)json_unset(tree, bytes_of_text(names[i]));
}

// A member that may be null is none that is asked for: kubectl knows no null.
static void drop_required_nullables(struct json_value *tree, const struct json_value *source)
{
    struct json_value *required = json_find(tree, BYTES_LITERAL("required"));
    const struct json_value *properties = json_get(source, "properties");
    if (required == NULL || required->type != JSON_ARRAY)
        return;
    for (struct json_value *name = required->first, *next; name != NULL; name = next) {
        next = name->next;
        if (flag(json_find(properties, name->text), "nullable"))
            json_detach(name);
    }
    if (required->count == 0 || flag(json_get(source, "additionalProperties"), "nullable"))
        (void)json_unset(tree, BYTES_LITERAL("required"));
}

// What OpenAPI 2 and old kubectls can do nothing with.
static void reduce_to_v2(struct json_value *tree, const struct json_value *source)
{
    static const char *const branches[] = { "allOf", "anyOf", "oneOf", "not" };
    static const char *const inside[] = { "items", "properties" };
    bool is_nullable = flag(source, "nullable"), preserves = flag(source, "x-kubernetes-preserve-unknown-fields");
    bytes_t type = BYTES_NULL;
    (void)json_get_text(json_get(tree, "type"), &type);
    drop(tree, branches, ARRAY_COUNT(branches));
    drop_required_nullables(tree, source);
    if (is_nullable || preserves)
        drop(tree, inside, ARRAY_COUNT(inside));
    bool is_bare_list = bytes_is(type, "array") && json_get(tree, "items") == NULL;
    if (is_nullable || is_bare_list || (preserves && bytes_is(type, "object")))
        (void)json_unset(tree, BYTES_LITERAL("type"));
    (void)json_unset(tree, BYTES_LITERAL("nullable"));
}

static void finish(const struct build *build, struct json_value *tree, const struct json_value *source, unsigned depth);

static void finish_members(const struct build *build, struct json_value *map, const struct json_value *source,
                           unsigned depth)
{
    for (struct json_value *member = map == NULL ? NULL : map->first; member != NULL; member = member->next)
        finish(build, member, json_find(source, member->name), depth + 2);
}

// TREE is a copy of SOURCE that becomes part of a document.
static void finish(const struct build *build, struct json_value *tree, const struct json_value *source, unsigned depth)
{
    static const char *const inside[] = { "items", "additionalProperties" };
    if (tree->type != JSON_OBJECT || source == NULL)
        return;
    if (build->version == SCHEMA_OPENAPI_V2)
        reduce_to_v2(tree, source);
    finish_members(build, json_find(tree, BYTES_LITERAL("properties")), json_get(source, "properties"), depth);
    for (size_t i = 0; i < ARRAY_COUNT(inside); i++) {
        struct json_value *inner = json_find(tree, bytes_of_text(inside[i]));
        if (inner != NULL)
            finish(build, inner, json_get(source, inside[i]), depth + 1);
    }
    bool is_open = build->version == SCHEMA_OPENAPI_V2 && flag(source, "x-kubernetes-preserve-unknown-fields");
    if (flag(source, "x-kubernetes-embedded-resource") && !is_open && depth < SCHEMA_OPENAPI_DEPTH)
        put_object_meta(build, tree);
}

static void put_kind(const struct build *build, struct json_value *tree, const struct schema_openapi_kind *kind,
                     bytes_t name)
{
    struct json_value *kinds = json_new(build->arena, JSON_ARRAY), *one = json_new(build->arena, JSON_OBJECT);
    json_set_bytes(one, build->arena, "group", kind->group.data == NULL ? bytes_of("", 0) : kind->group);
    json_set_bytes(one, build->arena, "kind", name);
    json_set_bytes(one, build->arena, "version", kind->version);
    json_append(kinds, one);
    json_set(tree, BYTES_LITERAL("x-kubernetes-group-version-kind"), kinds);
}

static struct json_value *list_tree(const struct build *build, const struct schema_openapi_kind *kind, bytes_t item)
{
    struct json_value *tree = json_new(build->arena, JSON_OBJECT), *required = json_new(build->arena, JSON_ARRAY);
    json_set_text(
        tree, build->arena, "description",
        arena_format(build->arena, "%.*s is a list of %.*s.", BYTES_ARG(kind->list_kind), BYTES_ARG(kind->plural)));
    json_set_text(tree, build->arena, "type", "object");
    json_append(required, json_new_text(build->arena, "items"));
    json_set(tree, BYTES_LITERAL("required"), required);
    put_object_meta(build, tree);
    struct json_value *properties = json_set_object(tree, build->arena, "properties");
    struct json_value *items = json_set_object(properties, build->arena, "items");
    json_set_text(items, build->arena, "description", "The objects.");
    json_set_text(items, build->arena, "type", "array");
    json_set(items, BYTES_LITERAL("items"), schema_openapi_ref(build->version, item, build->arena));
    json_set(properties, BYTES_LITERAL("metadata"),
             described_ref(build, "ListMeta", "The version of the list, and where its next part begins."));
    put_kind(build, tree, kind, kind->list_kind);
    return tree;
}

void schema_openapi_add_kind(struct json_value *schemas, enum schema_openapi version,
                             const struct schema_openapi_kind *kind, struct arena *arena)
{
    const struct build build = { version, arena };
    const struct json_value *source = kind->schema->source;
    bytes_t name = schema_openapi_name(kind->group, kind->version, kind->kind, arena);
    struct json_value *tree = json_copy(arena, source);
    finish(&build, tree, source, 4);
    // A kind that keeps everything still has metadata, and says what it is.
    put_object_meta(&build, tree);
    if (json_get(tree, "type") == NULL)
        json_set_text(tree, arena, "type", "object");
    put_kind(&build, tree, kind, kind->kind);
    json_set(schemas, name, tree);
    bytes_t list_name = schema_openapi_name(kind->group, kind->version, kind->list_kind, arena);
    json_set(schemas, list_name, list_tree(&build, kind, name));
}
