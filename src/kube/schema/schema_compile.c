// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_compile.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/schema/go_value.h"
#include "kube/schema/schema_check.h"
#include "kube/schema/schema_default.h"
#include "kube/schema/schema_meta.h"
#include "kube/schema/schema_prune.h"
#include "kube/schema/schema_rules.h"
#include "kube/schema/schema_validate.h"

#include <stdlib.h>

#define CHILD(up, text) field_child(up, BYTES_LITERAL(text))

struct build {
    struct arena *arena;
    struct field_errors *errors;
    bool is_builtin;
};

static const struct schema *build_node(const struct build *build, const struct schema_props *props, bool is_resource);

// --- rules

static int64_t count_of(const struct json_value *value)
{
    int64_t count;
    return json_get_int(value, &count) ? count : -1;
}

static struct schema_branches build_branches(const struct build *build, const struct schema_props_list *list)
{
    const struct schema **items = arena_array(build->arena, list->count, sizeof(const struct schema *));
    for (size_t i = 0; i < list->count; i++)
        items[i] = build_node(build, list->items[i], false);
    return (struct schema_branches){ items, list->count };
}

static const bytes_t *build_texts(const struct build *build, const struct json_value *array, size_t *ret_count)
{
    *ret_count = 0;
    if (array == NULL)
        return NULL;
    bytes_t *texts = arena_array(build->arena, array->count, sizeof(bytes_t));
    for (const struct json_value *item = array->first; item != NULL; item = item->next)
        texts[(*ret_count)++] = item->text;
    return texts;
}

// What nothing but validation looks at, as members of the JSON text.
static bool has_rules(const struct schema_props *props)
{
    static const char *const others[] = { "type",
                                          "title",
                                          "description",
                                          "nullable",
                                          "default",
                                          "example",
                                          "externalDocs",
                                          "properties",
                                          "items",
                                          "x-kubernetes-embedded-resource",
                                          "x-kubernetes-int-or-string",
                                          "x-kubernetes-preserve-unknown-fields",
                                          "x-kubernetes-list-type",
                                          "x-kubernetes-list-map-keys",
                                          "x-kubernetes-map-type",
                                          "x-kubernetes-patch-strategy",
                                          "x-kubernetes-patch-merge-key" };
    return !schema_props_has_only(props, others, ARRAY_COUNT(others)) ||
           (props->has_additional && !props->additional_allows);
}

static const struct schema_rules *build_rules(const struct build *build, const struct schema_props *props)
{
    if (!has_rules(props))
        return NULL;
    struct schema_rules *rules = arena_alloc(build->arena, sizeof *rules);
    *rules = (struct schema_rules){ .check = schema_format_find(props->format),
                                    .pattern = props->compiled,
                                    .pattern_text = props->pattern,
                                    .enums = props->enums,
                                    .exclusive_minimum = props->exclusive_minimum,
                                    .exclusive_maximum = props->exclusive_maximum,
                                    .min_length = count_of(props->min_length),
                                    .max_length = count_of(props->max_length),
                                    .min_items = count_of(props->min_items),
                                    .max_items = count_of(props->max_items),
                                    .min_properties = count_of(props->min_properties),
                                    .max_properties = count_of(props->max_properties),
                                    .refuses_additional = props->has_additional && !props->additional_allows };
    rules->format = rules->check != NULL ? props->format : BYTES_NULL;
    rules->has_minimum = json_get_double(props->minimum, &rules->minimum);
    rules->has_maximum = json_get_double(props->maximum, &rules->maximum);
    rules->has_multiple_of = json_get_double(props->multiple_of, &rules->multiple_of);
    rules->required = build_texts(build, props->required, &rules->required_count);
    rules->all_of = build_branches(build, &props->all_of);
    rules->any_of = build_branches(build, &props->any_of);
    rules->one_of = build_branches(build, &props->one_of);
    rules->not_ = props->not_ == NULL ? NULL : build_node(build, props->not_, false);
    return rules;
}

// --- members

static int by_name(const void *a, const void *b)
{
    const struct schema_member *left = a, *right = b;
    return bytes_compare(left->name, right->name);
}

// Puts the member in, in place of one of that name.
static size_t put_member(struct schema_member *members, size_t count, bytes_t name, const struct schema *schema)
{
    size_t at = 0;
    while (at < count && !bytes_equal(members[at].name, name))
        at++;
    members[at] = (struct schema_member){ name, schema };
    return at == count ? count + 1 : count;
}

static void set_members(struct schema *schema, struct schema_member *members, size_t count)
{
    qsort(members, count, sizeof members[0], by_name);
    schema->members = members;
    schema->member_count = count;
}

// ObjectMeta, with what the text says about fields that it names. (At the root those are name and generateName.)
static const struct schema *build_object_meta(const struct build *build, const struct schema_props *props)
{
    if (props == NULL)
        return &schema_object_meta;
    struct schema *schema = arena_alloc(build->arena, sizeof *schema);
    *schema = schema_object_meta;
    size_t count = schema->member_count;
    struct schema_member *members =
        arena_array(build->arena, count + props->properties.count, sizeof(struct schema_member));
    memcpy(members, schema->members, count * sizeof members[0]);
    for (size_t i = 0; i < props->properties.count; i++) {
        const struct schema_props *property = props->properties.items[i];
        if (schema_member_find(&schema_object_meta, property->name) != NULL)
            count = put_member(members, count, property->name, build_node(build, property, false));
    }
    set_members(schema, members, count);
    schema->rules = build_rules(build, props);
    schema->source = props->source;
    return schema;
}

static void build_members(const struct build *build, struct schema *schema, const struct schema_props *props)
{
    size_t count = 0;
    struct schema_member *members =
        arena_array(build->arena, props->properties.count + 3, sizeof(struct schema_member));
    for (size_t i = 0; i < props->properties.count; i++) {
        const struct schema_props *property = props->properties.items[i];
        bool is_metadata = schema->embedded && bytes_is(property->name, "metadata");
        members[count++] = (struct schema_member){ property->name, is_metadata ? build_object_meta(build, property)
                                                                               : build_node(build, property, false) };
    }
    static const struct {
        bytes_t name;
        const struct schema *schema;
    } implied[] = { { { (const uint8_t *)"apiVersion", 10 }, &schema_text },
                    { { (const uint8_t *)"kind", 4 }, &schema_text },
                    { { (const uint8_t *)"metadata", 8 }, &schema_object_meta } };
    for (size_t i = 0; schema->embedded && i < ARRAY_COUNT(implied); i++) {
        if (schema_props_find(&props->properties, implied[i].name) == NULL)
            members[count++] = (struct schema_member){ implied[i].name, implied[i].schema };
    }
    set_members(schema, members, count);
}

// --- nodes

static enum schema_type type_of(const struct schema_props *props)
{
    static const struct {
        const char *name;
        enum schema_type type;
    } types[] = { { "object", SCHEMA_OBJECT },   { "array", SCHEMA_ARRAY },   { "string", SCHEMA_STRING },
                  { "integer", SCHEMA_INTEGER }, { "number", SCHEMA_NUMBER }, { "boolean", SCHEMA_BOOLEAN } };
    for (size_t i = 0; i < ARRAY_COUNT(types) && !props->int_or_string; i++) {
        if (bytes_is(props->type, types[i].name))
            return types[i].type;
    }
    return SCHEMA_ANY;
}

// "merge", "replace", "retainKeys", "merge,retainKeys".
static bool has_strategy(const struct build *build, const struct schema_props *props, const char *name)
{
    bytes_t rest = build->is_builtin ? props->patch_strategy : BYTES_NULL;
    while (rest.size > 0) {
        const uint8_t *comma = memchr(rest.data, ',', rest.size);
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        if (bytes_is(bytes_of(rest.data, size), name))
            return true;
        size += comma == NULL ? 0 : 1;
        rest = bytes_of(rest.data + size, rest.size - size);
    }
    return false;
}

static void build_list(const struct build *build, struct schema *schema, const struct schema_props *props)
{
    if (bytes_is(props->list_type, "set"))
        schema->list = SCHEMA_LIST_SET;
    if (bytes_is(props->list_type, "map"))
        schema->list = SCHEMA_LIST_MAP;
    schema->keys = build_texts(build, props->map_keys, &schema->key_count);
    schema->patch_merge = has_strategy(build, props, "merge");
    schema->patch_replace = has_strategy(build, props, "replace");
    schema->patch_retain_keys = has_strategy(build, props, "retainKeys");
    schema->patch_merge_key = build->is_builtin ? props->patch_merge_key : BYTES_NULL;
}

static const struct schema *build_node(const struct build *build, const struct schema_props *props, bool is_resource)
{
    struct schema *schema = arena_alloc(build->arena, sizeof *schema);
    *schema = (struct schema){ .type = type_of(props),
                               .nullable = props->nullable,
                               .int_or_string = props->int_or_string,
                               .preserve_unknown = props->preserve_unknown,
                               .embedded = props->embedded || is_resource,
                               .map_atomic = bytes_is(props->map_type, "atomic"),
                               .fallback = props->fallback,
                               .source = props->source };
    build_list(build, schema, props);
    build_members(build, schema, props);
    if (props->items != NULL)
        schema->items = build_node(build, props->items, false);
    if (props->additional != NULL)
        schema->additional = build_node(build, props->additional, false);
    else if (props->has_additional)
        schema->additional = &schema_unknown;
    schema->rules = build_rules(build, props);
    return schema;
}

// --- defaults must be valid themselves

static bytes_t value_text(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    go_value(&out, value);
    bytes_t text = arena_copy(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void check_default(const struct build *build, const struct schema *schema, const struct field_path *path)
{
    struct field_path here = CHILD(path, "default");
    size_t before = build->errors->count;
    struct json_value *pruned = json_copy(build->arena, schema->fallback);
    struct schema_unknowns unknowns = schema_unknowns_in(build->arena);
    schema_prune(pruned, schema, &unknowns);
    if (unknowns.count > 0)
        field_fail(build->errors, FIELD_INVALID, &here, value_text(build->arena, schema->fallback),
                   "must not have unknown fields");
    if (build->errors->count == before)
        schema_validate_at(schema->fallback, schema, &here, build->errors);
}

// Not below additionalProperties: what is there has no default of its own in Kubernetes, either.
static void check_defaults(const struct build *build, const struct schema *schema, const struct field_path *path)
{
    struct field_path items = CHILD(path, "items"), properties = CHILD(path, "properties");
    if (schema->source == NULL)
        return;
    if (schema->fallback != NULL)
        check_default(build, schema, path);
    if (schema->items != NULL)
        check_defaults(build, schema->items, &items);
    for (size_t i = 0; i < schema->member_count; i++) {
        struct field_path here = field_key(&properties, schema->members[i].name);
        check_defaults(build, schema->members[i].schema, &here);
    }
}

// --- the whole

static void check_root(const struct schema_props *props, const struct schema_compile *how,
                       const struct field_path *path, struct field_errors *errors)
{
    static const char *const allowed[] = {
        "description",
        "type",
        "format",
        "title",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "minLength",
        "maxLength",
        "pattern",
        "maxItems",
        "minItems",
        "exclusiveMinimum",
        "uniqueItems",
        "multipleOf",
        "required",
        "items",
        "properties",
        "example",
        "externalDocs",
        "x-kubernetes-validations",
        "x-kubernetes-preserve-unknown-fields",
    };
    struct field_path type = CHILD(path, "type"), nullable = CHILD(path, "nullable");
    if (how->has_status && props->type.data != NULL && !bytes_is(props->type, "object"))
        field_fail(errors, FIELD_INVALID, &type, field_quoted(errors->arena, props->type),
                   "only \"object\" is allowed as the type at the root of the schema if the status subresource is "
                   "enabled");
    else if (how->has_status && !schema_props_has_only(props, allowed, ARRAY_COUNT(allowed)))
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL,
                   "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength "
                   "MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs "
                   "Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the "
                   "status subresource is enabled");
    if (props->nullable)
        field_fail(errors, FIELD_FORBIDDEN, &nullable, BYTES_NULL, "nullable cannot be true at the root");
}

err_t schema_compile(const struct json_value *source, const struct schema_compile *how, struct arena *arena,
                     const struct schema **ret_schema, struct field_errors *errors)
{
    struct field_path path = field_child(NULL, how->where);
    struct build build = { arena, errors, how->is_builtin };
    // A list of its own, whose structural errors are sorted without those of the caller.
    struct field_errors found = field_errors_in(arena);
    const struct schema *schema = NULL;
    build.errors = &found;
    struct schema_props *props = schema_props_read(source, &path, arena, &found);
    if (props != NULL && found.count == 0) {
        if (!schema_has_unsupported(props))
            schema_check_structure(props, &path, &found);
        if (found.count == 0 && !schema_has_unsupported(props)) {
            schema = build_node(&build, props, true);
            check_defaults(&build, schema, &path);
        }
        check_root(props, how, &path, &found);
        schema_check_keywords(props, &path, &found);
    }
    field_errors_append(errors, &found);
    if (props == NULL || found.count > 0)
        return ERR_INVALID;
    *ret_schema = schema;
    return ERR_OK;
}
