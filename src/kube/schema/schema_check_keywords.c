// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_check.h"

#include "base/assert.h"
#include "kube/schema/go_value.h"

#define CHILD(up, text) field_child(up, BYTES_LITERAL(text))

struct context {
    struct field_errors *errors;
    bool in_metadata;            // of the object, or of one inside
    const char *forbids_default; // NULL: defaults are fine
    bytes_t root_member;         // "metadata" ... while below it
};

static void check(const struct context *context, const struct schema_props *props, bool is_root,
                  const struct field_path *path);

static bool is_type(const struct schema_props *props, const char *type)
{
    return bytes_is(props->type, type);
}

static void fail(const struct context *context, enum field_error_type type, const struct field_path *up,
                 const char *name, bytes_t value, const char *why)
{
    struct field_path here = field_child(up, bytes_of_text(name));
    field_fail(context->errors, type, &here, value, "%s", why);
}

static void forbid(const struct context *context, bool is_there, const struct field_path *up, const char *name,
                   const char *why)
{
    if (is_there)
        fail(context, FIELD_FORBIDDEN, up, name, BYTES_NULL, why);
}

static bytes_t quoted(const struct context *context, bytes_t text)
{
    return field_quoted(context->errors->arena, text);
}

// --- one schema by itself

static void not_supported(const struct context *context, const struct field_path *up, const char *name, bytes_t value,
                          const char *const *known, size_t count)
{
    bytes_t names[8];
    ASSERT(count <= ARRAY_COUNT(names));
    for (size_t i = 0; i < count; i++) {
        names[i] = bytes_of_text(known[i]);
        if (bytes_equal(names[i], value))
            return;
    }
    struct field_path here = field_child(up, bytes_of_text(name));
    bytes_t detail = field_supported(context->errors->arena, names, count);
    field_fail(context->errors, FIELD_NOT_SUPPORTED, &here, quoted(context, value), "%.*s", BYTES_ARG(detail));
}

static void check_default(const struct context *context, const struct schema_props *props,
                          const struct field_path *path)
{
    if (props->fallback == NULL || context->forbids_default == NULL)
        return;
    struct field_path here = CHILD(path, "default");
    field_fail(context->errors, FIELD_FORBIDDEN, &here, BYTES_NULL, "must not be set %s%.*s", context->forbids_default,
               BYTES_ARG(context->root_member));
}

static void check_support(const struct context *context, const struct schema_props *props,
                          const struct field_path *path)
{
    static const char *const types[] = { "array", "boolean", "integer", "number", "object", "string" };
    bool is_null = is_type(props, "null");
    if (props->type.data != NULL)
        not_supported(context, path, "type", props->type, types, ARRAY_COUNT(types));
    check_default(context, props, path);
    forbid(context, props->id.data != NULL, path, "id", "id is not supported");
    forbid(context, props->additional_items != NULL, path, "additionalItems", "additionalItems is not supported");
    forbid(context, props->pattern_properties != NULL && props->pattern_properties->count > 0, path,
           "patternProperties", "patternProperties is not supported");
    forbid(context, props->definitions != NULL && props->definitions->count > 0, path, "definitions",
           "definitions is not supported");
    forbid(context, props->dependencies != NULL, path, "dependencies", "dependencies is not supported");
    forbid(context, props->ref.data != NULL, path, "$ref", "$ref is not supported");
    forbid(context, props->dialect.data != NULL, path, "$schema", "$schema is not supported");
    forbid(context, is_null, path, "type", "type cannot be set to null, use nullable as an alternative");
    forbid(context, props->items_is_list, path, "items", "items must be a schema object and not an array");
    forbid(context, context->in_metadata && props->embedded, path, "x-kubernetes-embedded-resource",
           "must not be used inside of resource meta");
    forbid(context, props->unique_items, path, "uniqueItems",
           "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    forbid(context, props->validations != NULL, path, "x-kubernetes-validations",
           "rules in CEL are not evaluated here, so a schema that relies on them is not taken: leave them out, and say "
           "with pattern, enum, minimum, maximum, required or oneOf what they say, or check it where the objects are "
           "made");
    if (props->preserve_flag != NULL && !props->preserve_flag->is_true)
        fail(context, FIELD_INVALID, path, "x-kubernetes-preserve-unknown-fields", BYTES_LITERAL("false"),
             "must be true or undefined");
}

// --- lists and maps

static void check_kind_of(const struct context *context, const struct schema_props *props, const char *type,
                          const char *why, const struct field_path *path)
{
    if (props->type.data == NULL)
        fail(context, FIELD_REQUIRED, path, "type", BYTES_NULL, why);
    else if (!is_type(props, type))
        fail(context, FIELD_INVALID, path, "type", quoted(context, props->type), why);
}

// Items of a set are told apart as a whole.
static void check_set(const struct context *context, const struct schema_props *items, const struct field_path *path)
{
    static const char why[] = "must be atomic as item of a list with x-kubernetes-list-type=set";
    struct field_path here = CHILD(path, "items");
    bytes_t list_type = items->list_type.data == NULL ? BYTES_LITERAL("null") : items->list_type;
    if (is_type(items, "array") && items->list_type.data != NULL && !bytes_is(items->list_type, "atomic"))
        fail(context, FIELD_INVALID, &here, "x-kubernetes-list-type", quoted(context, list_type), why);
    if (is_type(items, "object") && !bytes_is(items->map_type, "atomic"))
        fail(context, FIELD_INVALID, &here, "x-kubernetes-map-type", quoted(context, list_type), why);
}

// []string{"a", "b"}, as Go shows the keys.
static bytes_t keys_text(const struct context *context, const struct json_value *keys)
{
    struct writer out = WRITER_INIT;
    writer_text(&out, "[]string{");
    for (const struct json_value *key = keys->first; key != NULL; key = key->next) {
        writer_text(&out, key == keys->first ? "" : ", ");
        go_quote(&out, key->text);
    }
    writer_text(&out, "}");
    bytes_t text = arena_copy(context->errors->arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static bool holds_text(const struct json_value *array, const struct json_value *end, bytes_t text)
{
    for (const struct json_value *item = array == NULL ? NULL : array->first; item != end; item = item->next) {
        if (bytes_equal(item->text, text))
            return true;
    }
    return false;
}

static void check_key(const struct context *context, const struct schema_props *props, const struct json_value *key,
                      const struct field_path *path)
{
    const struct schema_props *items = props->items, *property = schema_props_find(&items->properties, key->text);
    struct field_path items_path = CHILD(path, "items"), properties = CHILD(&items_path, "properties"),
                      here = field_key(&properties, key->text);
    if (property == NULL) {
        fail(context, FIELD_INVALID, path, "x-kubernetes-list-map-keys", keys_text(context, props->map_keys),
             "entries must all be names of item properties");
        return;
    }
    if (is_type(property, "array") || is_type(property, "object"))
        fail(context, FIELD_INVALID, &here, "type", quoted(context, items->type),
             "must be a scalar type if parent array's x-kubernetes-list-type is map");
    if (property->fallback == NULL && !holds_text(items->required, NULL, key->text))
        fail(context, FIELD_REQUIRED, &here, "default", BYTES_NULL,
             "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
    forbid(context, property->nullable, &here, "nullable",
           "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
}

static void check_map(const struct context *context, const struct schema_props *props, const struct field_path *path)
{
    struct field_path items = CHILD(path, "items");
    if (props->map_keys == NULL)
        fail(context, FIELD_REQUIRED, path, "x-kubernetes-list-map-keys", BYTES_NULL,
             "must not be empty if x-kubernetes-list-type is map");
    if (props->items == NULL && !props->items_is_list)
        fail(context, FIELD_REQUIRED, path, "items", BYTES_NULL, "must have a schema if x-kubernetes-list-type is map");
    if (props->items == NULL)
        return;
    if (!is_type(props->items, "object")) {
        fail(context, FIELD_INVALID, &items, "type", quoted(context, props->items->type),
             "must be object if parent array's x-kubernetes-list-type is map");
        return;
    }
    const struct json_value *key = props->map_keys == NULL ? NULL : props->map_keys->first;
    for (; key != NULL; key = key->next) {
        check_key(context, props, key, path);
        if (holds_text(props->map_keys, key, key->text))
            fail(context, FIELD_INVALID, path, "x-kubernetes-list-map-keys", keys_text(context, props->map_keys),
                 "must not contain duplicate entries");
    }
}

static void check_list_type(const struct context *context, const struct schema_props *props,
                            const struct field_path *path)
{
    static const char *const list_types[] = { "atomic", "set", "map" };
    bool is_map = bytes_is(props->list_type, "map"), is_set = bytes_is(props->list_type, "set");
    if (props->map_keys != NULL && props->list_type.data == NULL)
        fail(context, FIELD_REQUIRED, path, "x-kubernetes-list-type", BYTES_NULL,
             "must be map if x-kubernetes-list-map-keys is non-empty");
    if (props->list_type.data == NULL)
        return;
    check_kind_of(context, props, "array", "must be array if x-kubernetes-list-type is specified", path);
    if (is_set && is_type(props, "array") && props->items != NULL)
        check_set(context, props->items, path);
    not_supported(context, path, "x-kubernetes-list-type", props->list_type, list_types, ARRAY_COUNT(list_types));
    if (props->map_keys != NULL && !is_map)
        fail(context, FIELD_INVALID, path, "x-kubernetes-list-type", quoted(context, props->list_type),
             "must be map if x-kubernetes-list-map-keys is non-empty");
    if (is_map)
        check_map(context, props, path);
    struct field_path items = CHILD(path, "items");
    if (props->items != NULL && (is_map || is_set))
        forbid(context, props->items->nullable, &items, "nullable",
               is_map ? "cannot be nullable when x-kubernetes-list-type is map"
                      : "cannot be nullable when x-kubernetes-list-type is set");
}

static void check_map_type(const struct context *context, const struct schema_props *props,
                           const struct field_path *path)
{
    static const char *const map_types[] = { "atomic", "granular" };
    if (props->map_type.data == NULL)
        return;
    check_kind_of(context, props, "object", "must be object if x-kubernetes-map-type is specified", path);
    not_supported(context, path, "x-kubernetes-map-type", props->map_type, map_types, ARRAY_COUNT(map_types));
}

// --- what is inside

static void check_additional(const struct context *context, const struct schema_props *props,
                             const struct field_path *path)
{
    struct context inner = *context;
    struct field_path here = CHILD(path, "additionalProperties");
    forbid(context,
           props->has_additional && props->properties.count > 0 &&
               (!props->additional_allows || props->additional != NULL),
           path, "additionalProperties", "additionalProperties and properties are mutual exclusive");
    // Without a value nobody knows what pruning would leave of a default there.
    if (context->in_metadata) {
        inner.forbids_default = "inside additionalProperties applying to object metadata";
        inner.root_member = BYTES_NULL;
    }
    if (props->additional != NULL)
        check(&inner, props->additional, false, &here);
}

static void check_properties(const struct context *context, const struct schema_props *props, bool is_root,
                             const struct field_path *path)
{
    struct field_path properties = CHILD(path, "properties");
    for (size_t i = 0; i < props->properties.count; i++) {
        const struct schema_props *property = props->properties.items[i];
        struct field_path here = field_key(&properties, property->name);
        struct context inner = *context;
        bool is_meta = bytes_is(property->name, "metadata") || bytes_is(property->name, "kind") ||
                       bytes_is(property->name, "apiVersion");
        if (is_meta && (is_root || props->embedded)) {
            inner.in_metadata = true;
            inner.forbids_default = is_root ? "in top-level " : context->forbids_default;
            inner.root_member = is_root ? property->name : context->root_member;
        }
        check(&inner, property, false, &here);
    }
}

static void check_list(const struct context *context, const struct schema_props_list *list, const char *name,
                       const struct field_path *path)
{
    struct field_path here = field_child(path, bytes_of_text(name));
    for (size_t i = 0; i < list->count; i++) {
        struct field_path item = field_index(&here, i);
        check(context, list->items[i], false, &item);
    }
}

static void check(const struct context *context, const struct schema_props *props, bool is_root,
                  const struct field_path *path)
{
    struct field_path not_path = CHILD(path, "not"), items = CHILD(path, "items");
    check_support(context, props, path);
    check_additional(context, props, path);
    check_properties(context, props, is_root, path);
    if (props->not_ != NULL)
        check(context, props->not_, false, &not_path);
    check_list(context, &props->all_of, "allOf", path);
    check_list(context, &props->one_of, "oneOf", path);
    check_list(context, &props->any_of, "anyOf", path);
    if (props->items != NULL)
        check(context, props->items, false, &items);
    check_map_type(context, props, path);
    check_list_type(context, props, path);
}

void schema_check_keywords(const struct schema_props *props, const struct field_path *path, struct field_errors *errors)
{
    struct context context = { .errors = errors };
    check(&context, props, true, path);
}
