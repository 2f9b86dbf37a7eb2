// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_props.h"

#include "base/assert.h"

#include <stddef.h>

enum { DEPTH_MAX = JSON_DEPTH_MAX };

struct read {
    struct arena *arena;
    struct field_errors *errors;
    size_t nodes;
    unsigned depth;
    bool is_too_large;
};

enum keyword_type { TEXT, FLAG, NUMBER, COUNT, LIST, ANY, OBJECT, SCHEMA, SCHEMAS, SCHEMA_MAP, ITEMS, ADDITIONAL };

// What a person may be told; of TEXT to SCHEMA_MAP.
static const char *const expected[] = { "a string",
                                        "a boolean",
                                        "a number",
                                        "a whole number from 0 on",
                                        "an array",
                                        "anything",
                                        "an object",
                                        "a schema (an object)",
                                        "an array",
                                        "an object",
                                        "a schema (an object)",
                                        "a schema or a boolean" };

#define AT(member) offsetof(struct schema_props, member)

static const struct keyword {
    const char *name;
    enum keyword_type type;
    size_t at;
} keywords[] = {
    { "type", TEXT, AT(type) },
    { "format", TEXT, AT(format) },
    { "title", TEXT, AT(title) },
    { "description", TEXT, AT(description) },
    { "pattern", TEXT, AT(pattern) },
    { "id", TEXT, AT(id) },
    { "$schema", TEXT, AT(dialect) },
    { "$ref", TEXT, AT(ref) },
    { "nullable", FLAG, AT(nullable) },
    { "uniqueItems", FLAG, AT(unique_items) },
    { "exclusiveMinimum", FLAG, AT(exclusive_minimum) },
    { "exclusiveMaximum", FLAG, AT(exclusive_maximum) },
    { "minimum", NUMBER, AT(minimum) },
    { "maximum", NUMBER, AT(maximum) },
    { "multipleOf", NUMBER, AT(multiple_of) },
    { "minLength", COUNT, AT(min_length) },
    { "maxLength", COUNT, AT(max_length) },
    { "minItems", COUNT, AT(min_items) },
    { "maxItems", COUNT, AT(max_items) },
    { "minProperties", COUNT, AT(min_properties) },
    { "maxProperties", COUNT, AT(max_properties) },
    { "required", LIST, AT(required) },
    { "enum", LIST, AT(enums) },
    { "default", ANY, AT(fallback) },
    { "example", ANY, AT(example) },
    { "externalDocs", OBJECT, AT(external_docs) },
    { "patternProperties", OBJECT, AT(pattern_properties) },
    { "definitions", OBJECT, AT(definitions) },
    { "dependencies", OBJECT, AT(dependencies) },
    { "additionalItems", ANY, AT(additional_items) },
    { "properties", SCHEMA_MAP, AT(properties) },
    { "additionalProperties", ADDITIONAL, AT(additional) },
    { "items", ITEMS, AT(items) },
    { "not", SCHEMA, AT(not_) },
    { "allOf", SCHEMAS, AT(all_of) },
    { "anyOf", SCHEMAS, AT(any_of) },
    { "oneOf", SCHEMAS, AT(one_of) },
    { "x-kubernetes-embedded-resource", FLAG, AT(embedded) },
    { "x-kubernetes-int-or-string", FLAG, AT(int_or_string) },
    { "x-kubernetes-preserve-unknown-fields", FLAG, AT(preserve_unknown) },
    { "x-kubernetes-list-type", TEXT, AT(list_type) },
    { "x-kubernetes-list-map-keys", LIST, AT(map_keys) },
    { "x-kubernetes-map-type", TEXT, AT(map_type) },
    { "x-kubernetes-validations", LIST, AT(validations) },
    { "x-kubernetes-patch-strategy", TEXT, AT(patch_strategy) },
    { "x-kubernetes-patch-merge-key", TEXT, AT(patch_merge_key) },
};

#undef AT

static struct schema_props *read_node(struct read *read, const struct json_value *tree, const struct field_path *path);

static bool wrong_type(struct read *read, const struct keyword *keyword, const struct field_path *path)
{
    field_fail(read->errors, FIELD_INVALID, path, BYTES_NULL, "must be %s", expected[keyword->type]);
    return false;
}

static void too_large(struct read *read, const struct field_path *path)
{
    if (!read->is_too_large)
        field_fail(read->errors, FIELD_INVALID, path, BYTES_NULL,
                   "a schema has at most %d parts, nested at most %d deep: split the kind", SCHEMA_NODES_MAX,
                   DEPTH_MAX);
    read->is_too_large = true;
}

static struct schema_props_list read_list(struct read *read, const struct json_value *array,
                                          const struct field_path *path)
{
    if (array->count > SCHEMA_NODES_MAX) {
        too_large(read, path);
        return (struct schema_props_list){ 0 };
    }
    struct schema_props **items = arena_array(read->arena, array->count, sizeof(struct schema_props *));
    struct schema_props_list list = { items, 0 };
    bool is_map = array->type == JSON_OBJECT;
    size_t index = 0;
    for (const struct json_value *value = array->first; value != NULL; value = value->next) {
        struct field_path here = is_map ? field_key(path, value->name) : field_index(path, index++);
        struct schema_props *props = read_node(read, value, &here);
        if (props == NULL)
            continue;
        props->name = is_map ? value->name : BYTES_NULL;
        items[list.count++] = props;
    }
    return list;
}

static bool is_count(const struct json_value *value)
{
    int64_t count;
    return json_get_int(value, &count) && count >= 0;
}

static bool read_scalar(const struct keyword *keyword, void *at, const struct json_value *value)
{
    const struct json_value **tree = at;
    switch (keyword->type) {
    case TEXT:
        if (value->type == JSON_STRING && value->text.size > 0)
            *(bytes_t *)at = value->text;
        return value->type == JSON_STRING;
    case FLAG:
        return json_get_bool(value, at);
    case NUMBER:
        *tree = value->type == JSON_NUMBER ? value : NULL;
        return *tree != NULL;
    case COUNT:
        *tree = is_count(value) ? value : NULL;
        return *tree != NULL;
    case LIST:
        *tree = value->type == JSON_ARRAY && value->count > 0 ? value : NULL;
        return value->type == JSON_ARRAY;
    case OBJECT:
        *tree = value->type == JSON_OBJECT ? value : NULL;
        return *tree != NULL;
    case ANY:
        *tree = value;
        return true;
    case SCHEMA:
    case SCHEMAS:
    case SCHEMA_MAP:
    case ITEMS:
    case ADDITIONAL:
        break;
    }
    return false;
}

static bool read_schemas(struct read *read, const struct keyword *keyword, struct schema_props *props,
                         const struct json_value *value, const struct field_path *path)
{
    void *at = (char *)props + keyword->at;
    bool wants_array = keyword->type == SCHEMAS;
    if (keyword->type == ADDITIONAL) {
        props->has_additional = true;
        props->additional_allows = value->type != JSON_BOOL || value->is_true;
        if (value->type == JSON_BOOL)
            return true;
    }
    if (keyword->type == ITEMS && value->type == JSON_ARRAY) {
        props->items_is_list = true;
        return true;
    }
    if (value->type != (wants_array ? JSON_ARRAY : JSON_OBJECT))
        return wrong_type(read, keyword, path);
    if (wants_array || keyword->type == SCHEMA_MAP)
        *(struct schema_props_list *)at = read_list(read, value, path);
    else
        *(struct schema_props **)at = read_node(read, value, path);
    return true;
}

static void read_member(struct read *read, struct schema_props *props, const struct json_value *member,
                        const struct field_path *up)
{
    if (member->type == JSON_NULL)
        return; // Go leaves what is null as it was
    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
        if (!bytes_is(member->name, keywords[i].name))
            continue;
        struct field_path path = field_child(up, member->name);
        if (keywords[i].type >= SCHEMA)
            (void)read_schemas(read, &keywords[i], props, member, &path);
        else if (!read_scalar(&keywords[i], (char *)props + keywords[i].at, member))
            (void)wrong_type(read, &keywords[i], &path);
        return;
    }
}

static bool says_something(const struct json_value *value)
{
    return value->type == JSON_NUMBER || (value->type == JSON_BOOL && value->is_true) || value->text.size > 0 ||
           value->count > 0;
}

static bool is_keyword(bytes_t name)
{
    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
        if (bytes_is(name, keywords[i].name))
            return true;
    }
    return false;
}

bool schema_props_has_only(const struct schema_props *props, const char *const *allowed, size_t count)
{
    for (const struct json_value *member = props->source->first; member != NULL; member = member->next) {
        bool is_allowed = !says_something(member) || !is_keyword(member->name);
        for (size_t i = 0; i < count && !is_allowed; i++)
            is_allowed = bytes_is(member->name, allowed[i]);
        if (!is_allowed)
            return false;
    }
    return true;
}

static bool texts_only(const struct json_value *array)
{
    for (const struct json_value *item = array == NULL ? NULL : array->first; item != NULL; item = item->next) {
        if (item->type != JSON_STRING)
            return false;
    }
    return true;
}

static struct schema_props *read_node(struct read *read, const struct json_value *tree, const struct field_path *path)
{
    if (read->nodes == SCHEMA_NODES_MAX || read->depth == DEPTH_MAX) {
        too_large(read, path);
        return NULL;
    }
    if (tree->type != JSON_OBJECT) {
        field_fail(read->errors, FIELD_INVALID, path, BYTES_NULL, "must be %s", expected[SCHEMA]);
        return NULL;
    }
    read->nodes++;
    read->depth++;
    struct schema_props *props = arena_alloc(read->arena, sizeof *props);
    props->source = tree;
    for (const struct json_value *member = tree->first; member != NULL; member = member->next) {
        read_member(read, props, member, path);
        if (bytes_is(member->name, "x-kubernetes-preserve-unknown-fields") && member->type == JSON_BOOL)
            props->preserve_flag = member;
    }
    const struct json_value **lists[] = { &props->required, &props->map_keys };
    static const char *const names[] = { "required", "x-kubernetes-list-map-keys" };
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        struct field_path here = field_child(path, bytes_of_text(names[i]));
        if (texts_only(*lists[i]))
            continue;
        field_fail(read->errors, FIELD_INVALID, &here, BYTES_NULL, "must be an array of strings");
        *lists[i] = NULL;
    }
    read->depth--;
    return props;
}

struct schema_props *schema_props_read(const struct json_value *tree, const struct field_path *path,
                                       struct arena *arena, struct field_errors *errors)
{
    struct read read = { .arena = arena, .errors = errors };
    struct schema_props *props = read_node(&read, tree, path);
    return read.is_too_large ? NULL : props;
}

const struct schema_props *schema_props_find(const struct schema_props_list *list, bytes_t name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (bytes_equal(list->items[i]->name, name))
            return list->items[i];
    }
    return NULL;
}
