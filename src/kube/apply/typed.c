// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/typed.h"

// --- metadata (meta/v1 ObjectMeta)

static const struct schema text_schema = { .type = SCHEMA_STRING };
static const struct schema integer_schema = { .type = SCHEMA_INTEGER };
static const struct schema boolean_schema = { .type = SCHEMA_BOOLEAN };
static const struct schema anything_schema = { .type = SCHEMA_OBJECT, .preserve_unknown = true };
static const struct schema any_list_schema = { .type = SCHEMA_ARRAY, .items = &anything_schema };
static const struct schema text_map_schema = { .type = SCHEMA_OBJECT, .additional = &text_schema };
static const struct schema text_set_schema = { .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_SET, .items = &text_schema };

#define MEMBER(name, schema)                                                                                           \
    {                                                                                                                  \
        { (const uint8_t *)(name), sizeof(name) - 1 }, &(schema)                                                       \
    }
#define MEMBERS(array) .members = (array), .member_count = sizeof(array) / sizeof(array)[0]

static const struct schema_member owner_members[] = {
    MEMBER("apiVersion", text_schema),    MEMBER("blockOwnerDeletion", boolean_schema),
    MEMBER("controller", boolean_schema), MEMBER("kind", text_schema),
    MEMBER("name", text_schema),          MEMBER("uid", text_schema),
};
static const struct schema owner_schema = { .type = SCHEMA_OBJECT, .map_atomic = true, MEMBERS(owner_members) };
static const bytes_t owner_keys[] = { { (const uint8_t *)"uid", 3 } };
static const struct schema owners_schema = {
    .type = SCHEMA_ARRAY,
    .list = SCHEMA_LIST_MAP,
    .keys = owner_keys,
    .key_count = 1,
    .items = &owner_schema,
};

static const struct schema_member meta_members[] = {
    MEMBER("annotations", text_map_schema),
    MEMBER("creationTimestamp", text_schema),
    MEMBER("deletionGracePeriodSeconds", integer_schema),
    MEMBER("deletionTimestamp", text_schema),
    MEMBER("finalizers", text_set_schema),
    MEMBER("generateName", text_schema),
    MEMBER("generation", integer_schema),
    MEMBER("labels", text_map_schema),
    MEMBER("managedFields", any_list_schema),
    MEMBER("name", text_schema),
    MEMBER("namespace", text_schema),
    MEMBER("ownerReferences", owners_schema),
    MEMBER("resourceVersion", text_schema),
    MEMBER("selfLink", text_schema),
    MEMBER("uid", text_schema),
};
static const struct schema meta_schema = { .type = SCHEMA_OBJECT, MEMBERS(meta_members) };

static const struct schema_member resource_members[] = {
    MEMBER("apiVersion", text_schema),
    MEMBER("kind", text_schema),
    MEMBER("metadata", meta_schema),
};
static const struct schema resource_schema = { .type = SCHEMA_OBJECT, MEMBERS(resource_members) };

// --- members and items

static const struct typed deduced = { .mode = TYPED_DEDUCED };
static const struct typed atomic = { .mode = TYPED_ATOMIC };

static struct typed typed_of(const struct schema *schema, bool preserve)
{
    return (struct typed){ .schema = schema,
                           .resource = schema->embedded,
                           .preserve = preserve || schema->preserve_unknown };
}

struct typed typed_root(const struct schema *schema)
{
    struct typed root = typed_of(schema == NULL ? &anything_schema : schema, false);
    root.resource = true;
    return root;
}

static const struct schema *named_member(const struct schema *schema, bytes_t name)
{
    size_t low = 0, high = schema->member_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(name, schema->members[middle].name);
        if (order == 0)
            return schema->members[middle].schema;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static struct typed unnamed_member(struct typed type, bool *ret_declared)
{
    const struct schema *schema = type.schema;
    if (schema->additional != NULL)
        return typed_of(schema->additional, type.preserve);
    *ret_declared = type.preserve || (schema->member_count == 0 && !type.resource);
    return deduced;
}

struct typed typed_member(struct typed type, bytes_t name, bool *ret_declared, bool *ret_named)
{
    bool declared = true, named = false;
    struct typed member = type.mode == TYPED_ATOMIC ? atomic : deduced;
    if (type.mode == TYPED_SCHEMA) {
        const struct schema *of_resource = type.resource ? named_member(&resource_schema, name) : NULL;
        const struct schema *schema = of_resource == NULL ? named_member(type.schema, name) : of_resource;
        named = schema != NULL;
        member = named ? typed_of(schema, of_resource == NULL && type.preserve) : unnamed_member(type, &declared);
    }
    if (ret_declared != NULL)
        *ret_declared = declared;
    if (ret_named != NULL)
        *ret_named = named;
    return member;
}

struct typed typed_item(struct typed type)
{
    if (type.mode != TYPED_SCHEMA || type.schema->items == NULL)
        return atomic;
    return typed_of(type.schema->items, type.preserve);
}

// --- shapes

static bool is_open(struct typed type)
{
    return type.mode != TYPED_SCHEMA || type.schema->type == SCHEMA_ANY || type.schema->int_or_string;
}

static enum shape shape_of_value(const struct json_value *value)
{
    if (value == NULL || value->type == JSON_NULL)
        return SHAPE_OPEN;
    return value->type == JSON_OBJECT ? SHAPE_MAP : value->type == JSON_ARRAY ? SHAPE_LIST : SHAPE_SCALAR;
}

enum shape typed_shape(struct typed type, const struct json_value *value)
{
    if (is_open(type))
        return shape_of_value(value);
    return type.schema->type == SCHEMA_OBJECT  ? SHAPE_MAP
           : type.schema->type == SCHEMA_ARRAY ? SHAPE_LIST
                                               : SHAPE_SCALAR;
}

bool typed_map_is_atomic(struct typed type)
{
    return type.mode == TYPED_ATOMIC || (type.mode == TYPED_SCHEMA && type.schema->map_atomic);
}

// Built-in kinds that only say how a list is patched mean the same by it.
struct typed_list typed_list_of(struct typed type)
{
    const struct schema *schema = type.schema;
    if (type.mode != TYPED_SCHEMA)
        return (struct typed_list){ .atomic = true };
    if (schema->list == SCHEMA_LIST_SET)
        return (struct typed_list){ 0 };
    if (schema->list == SCHEMA_LIST_MAP)
        return (struct typed_list){ .keys = schema->keys, .key_count = schema->key_count };
    if (!schema->patch_merge)
        return (struct typed_list){ .atomic = true };
    bool keyed = schema->patch_merge_key.data != NULL;
    return (struct typed_list){ .keys = keyed ? &schema->patch_merge_key : NULL, .key_count = keyed };
}

const struct json_value *typed_key_fallback(struct typed type, bytes_t key)
{
    struct typed item = typed_item(type);
    if (item.mode != TYPED_SCHEMA)
        return NULL;
    const struct schema *member = named_member(item.schema, key);
    return member == NULL ? NULL : member->fallback;
}

const char *typed_scalar_expected(struct typed type, const struct json_value *value)
{
    static const struct {
        enum json_type type;
        const char *name;
    } wanted[] = {
        [SCHEMA_STRING] = { JSON_STRING, "string" },
        [SCHEMA_INTEGER] = { JSON_NUMBER, "numeric (int or float)" },
        [SCHEMA_NUMBER] = { JSON_NUMBER, "numeric (int or float)" },
        [SCHEMA_BOOLEAN] = { JSON_BOOL, "boolean" },
    };
    if (value->type == JSON_NULL)
        return NULL;
    if (is_open(type))
        return shape_of_value(value) == SHAPE_SCALAR ? NULL : "any scalar";
    return value->type == wanted[type.schema->type].type ? NULL : wanted[type.schema->type].name;
}
