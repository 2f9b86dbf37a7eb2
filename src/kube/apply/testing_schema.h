// SPDX-License-Identifier: Apache-2.0
// Tests only: struct schema from the JSON of a structural schema, as far as this folder looks at it.
#pragma once

#include "kube/apply/testing.h"
#include "kube/schema/schema.h"

static inline const struct schema *schema_of(struct arena *arena, const struct json_value *source);

static inline bool schema_flag(const struct json_value *source, const char *name)
{
    bool flag = false;
    (void)json_get_bool(json_get(source, name), &flag);
    return flag;
}

static inline bool schema_says(const struct json_value *source, const char *name, const char *value)
{
    bytes_t text;
    return json_get_text(json_get(source, name), &text) && bytes_is(text, value);
}

static inline enum schema_type schema_type_of(const struct json_value *source)
{
    static const char *const names[] = { "", "object", "array", "string", "integer", "number", "boolean" };
    for (unsigned i = SCHEMA_OBJECT; i <= SCHEMA_BOOLEAN; i++) {
        if (schema_says(source, "type", names[i]))
            return (enum schema_type)i;
    }
    return SCHEMA_ANY;
}

static inline int schema_by_name(const void *a, const void *b)
{
    const struct schema_member *left = a, *right = b;
    return bytes_compare(left->name, right->name);
}

static inline void schema_members(struct arena *arena, struct schema *schema, const struct json_value *properties)
{
    struct schema_member *members = arena_array(arena, properties->count, sizeof *members);
    for (const struct json_value *property = properties->first; property != NULL; property = property->next)
        members[schema->member_count++] = (struct schema_member){ property->name, schema_of(arena, property) };
    qsort(members, schema->member_count, sizeof *members, schema_by_name);
    schema->members = members;
}

static inline void schema_keys(struct arena *arena, struct schema *schema, const struct json_value *names)
{
    bytes_t *keys = arena_array(arena, names->count, sizeof *keys);
    for (const struct json_value *name = names->first; name != NULL; name = name->next)
        keys[schema->key_count++] = name->text;
    schema->keys = keys;
}

static inline const struct schema *schema_of(struct arena *arena, const struct json_value *source)
{
    struct schema *schema = arena_alloc(arena, sizeof *schema);
    const struct json_value *part;
    schema->type = schema_type_of(source);
    schema->nullable = schema_flag(source, "nullable");
    schema->int_or_string = schema_flag(source, "x-kubernetes-int-or-string");
    schema->preserve_unknown = schema_flag(source, "x-kubernetes-preserve-unknown-fields");
    schema->embedded = schema_flag(source, "x-kubernetes-embedded-resource");
    schema->map_atomic = schema_says(source, "x-kubernetes-map-type", "atomic");
    schema->list = schema_says(source, "x-kubernetes-list-type", "set")   ? SCHEMA_LIST_SET
                   : schema_says(source, "x-kubernetes-list-type", "map") ? SCHEMA_LIST_MAP
                                                                          : SCHEMA_LIST_ATOMIC;
    if ((part = json_get(source, "x-kubernetes-list-map-keys")) != NULL)
        schema_keys(arena, schema, part);
    if ((part = json_get(source, "properties")) != NULL)
        schema_members(arena, schema, part);
    if ((part = json_get(source, "additionalProperties")) != NULL)
        schema->additional = schema_of(arena, part);
    if ((part = json_get(source, "items")) != NULL)
        schema->items = schema_of(arena, part);
    schema->fallback = json_get(source, "default");
    schema->source = source;
    return schema;
}
