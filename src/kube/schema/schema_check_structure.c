// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_check.h"

#include "base/assert.h"
#include "kube/schema/schema_pattern.h"

enum level { ROOT, ITEM, FIELD };

#define CHILD(up, text) field_child(up, BYTES_LITERAL(text))

static bool is_type(const struct schema_props *props, const char *type)
{
    return bytes_is(props->type, type);
}

static bool has_unsupported(const struct schema_props *props)
{
    return props->id.data != NULL || props->dialect.data != NULL || props->ref.data != NULL || props->items_is_list ||
           props->pattern_properties != NULL || props->dependencies != NULL || props->additional_items != NULL ||
           props->definitions != NULL || (props->preserve_flag != NULL && !props->preserve_flag->is_true);
}

bool schema_has_unsupported(const struct schema_props *props)
{
    if (props == NULL)
        return false;
    const struct schema_props_list *lists[] = { &props->properties, &props->all_of, &props->any_of, &props->one_of };
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            if (schema_has_unsupported(lists[i]->items[k]))
                return true;
        }
    }
    return has_unsupported(props) || schema_has_unsupported(props->items) ||
           schema_has_unsupported(props->additional) || schema_has_unsupported(props->not_);
}

// --- value validations: allOf, anyOf, oneOf, not and what is inside

static void check_nested(struct schema_props *props, bool skip_any_of, const struct field_path *path,
                         struct field_errors *errors);

// anyOf: [{type: integer}, {type: string}], which int-or-string may have.
static bool is_int_or_string(const struct schema_props_list *any_of)
{
    static const char *const type[] = { "type" };
    return any_of->count == 2 && is_type(any_of->items[0], "integer") && is_type(any_of->items[1], "string") &&
           schema_props_has_only(any_of->items[0], type, 1) && schema_props_has_only(any_of->items[1], type, 1);
}

static void check_nested_list(const struct schema_props_list *list, const char *name, bool skip_first_any_of,
                              const struct field_path *path, struct field_errors *errors)
{
    struct field_path here = field_child(path, bytes_of_text(name));
    for (size_t i = 0; i < list->count; i++) {
        struct field_path item = field_index(&here, i);
        check_nested(list->items[i], skip_first_any_of && i == 0, &item, errors);
    }
}

static void check_pattern(struct schema_props *props, const struct field_path *path, struct field_errors *errors)
{
    bytes_t why;
    if (props->pattern.data == NULL ||
        schema_pattern_compile(props->pattern, errors->arena, &props->compiled, &why) == ERR_OK)
        return;
    struct field_path here = CHILD(path, "pattern");
    field_fail(errors, FIELD_INVALID, &here, field_quoted(errors->arena, props->pattern),
               "must be a valid regular expression, but isn't: error parsing regexp: %.*s", BYTES_ARG(why));
}

static void check_values(struct schema_props *props, bool skip_any_of, bool skip_first_all_of,
                         const struct field_path *path, struct field_errors *errors)
{
    struct field_path not_path = CHILD(path, "not");
    if (!skip_any_of)
        check_nested_list(&props->any_of, "anyOf", false, path, errors);
    check_nested_list(&props->all_of, "allOf", skip_first_all_of, path, errors);
    check_nested_list(&props->one_of, "oneOf", false, path, errors);
    if (props->not_ != NULL)
        check_nested(props->not_, false, &not_path, errors);
    check_pattern(props, path, errors);
}

static void forbid(struct field_errors *errors, bool is_there, const struct field_path *path, const char *name,
                   const char *why)
{
    struct field_path here = field_child(path, bytes_of_text(name));
    if (is_there)
        field_fail(errors, FIELD_FORBIDDEN, &here, BYTES_NULL, "%s", why);
}

static void check_nested(struct schema_props *props, bool skip_any_of, const struct field_path *path,
                         struct field_errors *errors)
{
    struct field_path items = CHILD(path, "items"), properties = CHILD(path, "properties");
    check_values(props, skip_any_of, false, path, errors);
    if (props->items != NULL)
        check_nested(props->items, false, &items, errors);
    for (size_t i = 0; i < props->properties.count; i++) {
        struct schema_props *property = props->properties.items[i];
        struct field_path here = field_key(&properties, property->name);
        check_nested(property, false, &here, errors);
        if (bytes_is(property->name, "metadata"))
            field_fail(errors, FIELD_FORBIDDEN, &here, BYTES_NULL, "must not be specified in a nested context");
    }
    static const char *const empty = "must be empty to be structural",
                             *const undefined = "must be undefined to be structural",
                             *const is_false = "must be false to be structural";
    bool has_additional = props->has_additional && props->additional_allows;
    forbid(errors, props->type.data != NULL, path, "type", empty);
    forbid(errors, has_additional, path, "additionalProperties", undefined);
    forbid(errors, props->fallback != NULL, path, "default", undefined);
    forbid(errors, props->title.data != NULL, path, "title", empty);
    forbid(errors, props->description.data != NULL, path, "description", empty);
    forbid(errors, props->nullable, path, "nullable", is_false);
    forbid(errors, props->preserve_unknown, path, "x-kubernetes-preserve-unknown-fields", is_false);
    forbid(errors, props->embedded, path, "x-kubernetes-embedded-resource", is_false);
    forbid(errors, props->int_or_string, path, "x-kubernetes-int-or-string", is_false);
    forbid(errors, props->map_keys != NULL, path, "x-kubernetes-list-map-keys", empty);
    forbid(errors, props->list_type.data != NULL, path, "x-kubernetes-list-type", undefined);
    forbid(errors, props->map_type.data != NULL, path, "x-kubernetes-map-type", undefined);
    forbid(errors, props->validations != NULL, path, "x-kubernetes-validations", empty);
}

// --- the structure

static void invalid_type(struct field_errors *errors, const struct field_path *path, const struct schema_props *props,
                         const char *why)
{
    struct field_path here = CHILD(path, "type");
    field_fail(errors, FIELD_INVALID, &here, field_quoted(errors->arena, props->type), "%s", why);
}

static void check_type(const struct schema_props *props, enum level level, const struct field_path *path,
                       struct field_errors *errors)
{
    static const char *const empty[] = { "must not be empty at the root", "must not be empty for specified array items",
                                         "must not be empty for specified object fields" };
    static const char must_be_object[] = "must be object if x-kubernetes-embedded-resource is true";
    struct field_path here = CHILD(path, "type");
    if (props->embedded && props->type.data != NULL && !is_type(props, "object"))
        invalid_type(errors, path, props, must_be_object);
    else if (props->embedded && props->type.data == NULL)
        field_fail(errors, FIELD_REQUIRED, &here, BYTES_NULL, "%s", must_be_object);
    else if (props->type.data == NULL && !props->int_or_string && !props->preserve_unknown)
        field_fail(errors, FIELD_REQUIRED, &here, BYTES_NULL, "%s", empty[level]);
    if (level == ROOT && props->type.data != NULL && !is_type(props, "object"))
        invalid_type(errors, path, props, "must be object at the root");
}

static void check_metadata(const struct schema_props *metadata, enum level level, bool is_object_meta,
                           const struct field_path *path, struct field_errors *errors)
{
    static const char *const allowed[] = { "type", "default", "properties", "example", "externalDocs" };
    if (is_object_meta && !is_type(metadata, "object"))
        invalid_type(errors, path, metadata, "must be object");
    if (level != ROOT)
        return;
    bool ok = schema_props_has_only(metadata, allowed, ARRAY_COUNT(allowed));
    for (size_t i = 0; i < metadata->properties.count; i++) {
        bytes_t name = metadata->properties.items[i]->name;
        ok = ok && (bytes_is(name, "name") || bytes_is(name, "generateName"));
    }
    if (!ok)
        field_fail(errors, FIELD_FORBIDDEN, path, BYTES_NULL,
                   "must not specify anything other than name and generateName, but metadata is implicitly specified");
}

static void check_object_meta(const struct schema_props *props, enum level level, const struct field_path *path,
                              struct field_errors *errors)
{
    static const char *const texts[] = { "kind", "apiVersion" };
    bool is_object_meta = level == ROOT || props->embedded;
    struct field_path properties = CHILD(path, "properties");
    for (size_t i = 0; i < ARRAY_COUNT(texts) && is_object_meta; i++) {
        const struct schema_props *property = schema_props_find(&props->properties, bytes_of_text(texts[i]));
        struct field_path here = field_key(&properties, bytes_of_text(texts[i]));
        if (property != NULL && !is_type(property, "string"))
            invalid_type(errors, &here, property, "must be string");
    }
    const struct schema_props *metadata = schema_props_find(&props->properties, BYTES_LITERAL("metadata"));
    struct field_path here = field_key(&properties, BYTES_LITERAL("metadata"));
    if (metadata != NULL)
        check_metadata(metadata, level, is_object_meta, &here, errors);
    if (props->embedded && !props->preserve_unknown && props->properties.count == 0)
        field_fail(errors, FIELD_REQUIRED, &properties, BYTES_NULL,
                   "must not be empty if x-kubernetes-embedded-resource is true without "
                   "x-kubernetes-preserve-unknown-fields");
}

static void check_extensions(const struct schema_props *props, const struct field_path *path,
                             struct field_errors *errors)
{
    static const char must_be_false[] = "must be false if x-kubernetes-int-or-string is true";
    struct field_path preserve = CHILD(path, "x-kubernetes-preserve-unknown-fields"),
                      embedded = CHILD(path, "x-kubernetes-embedded-resource");
    if (props->int_or_string && props->preserve_unknown)
        field_fail(errors, FIELD_INVALID, &preserve, BYTES_LITERAL("true"), "%s", must_be_false);
    if (props->int_or_string && props->embedded)
        field_fail(errors, FIELD_INVALID, &embedded, BYTES_LITERAL("true"), "%s", must_be_false);
}

static void check_structure(struct schema_props *props, enum level level, const struct field_path *path,
                            struct field_errors *errors)
{
    struct field_path items = CHILD(path, "items"), properties = CHILD(path, "properties"),
                      additional = CHILD(path, "additionalProperties");
    if (is_type(props, "array") && props->items == NULL)
        field_fail(errors, FIELD_REQUIRED, &items, BYTES_NULL, "must be specified");
    if (props->items != NULL)
        check_structure(props->items, ITEM, &items, errors);
    for (size_t i = 0; i < props->properties.count; i++) {
        struct field_path here = field_key(&properties, props->properties.items[i]->name);
        check_structure(props->properties.items[i], FIELD, &here, errors);
    }
    forbid(errors, props->has_additional && level == ROOT, path, "additionalProperties",
           "must not be used at the root");
    if (props->additional != NULL)
        check_structure(props->additional, FIELD, &additional, errors);
    forbid(errors, props->has_additional && props->embedded, path, "additionalProperties",
           "must not be used if x-kubernetes-embedded-resource is set");
    check_extensions(props, path, errors);
    bool skip_all_of = props->all_of.count > 0 && is_int_or_string(&props->all_of.items[0]->any_of);
    check_values(props, is_int_or_string(&props->any_of), skip_all_of, path, errors);
    check_type(props, level, path, errors);
    check_object_meta(props, level, path, errors);
}

// --- completeness: value validations speak of what the structure has

static void check_complete(const struct schema_props *values, const struct schema_props *structure,
                           const struct field_path *structure_path, const struct field_path *path,
                           struct field_errors *errors);

static void check_complete_list(const struct schema_props_list *list, const char *name,
                                const struct schema_props *structure, const struct field_path *structure_path,
                                const struct field_path *path, struct field_errors *errors)
{
    struct field_path here = field_child(path, bytes_of_text(name));
    for (size_t i = 0; i < list->count; i++) {
        struct field_path item = field_index(&here, i);
        check_complete(list->items[i], structure, structure_path, &item, errors);
    }
}

static void check_complete_values(const struct schema_props *values, const struct schema_props *structure,
                                  const struct field_path *structure_path, const struct field_path *path,
                                  struct field_errors *errors)
{
    struct field_path not_path = CHILD(path, "not");
    if (values->not_ != NULL)
        check_complete(values->not_, structure, structure_path, &not_path, errors);
    check_complete_list(&values->all_of, "allOf", structure, structure_path, path, errors);
    check_complete_list(&values->any_of, "anyOf", structure, structure_path, path, errors);
    check_complete_list(&values->one_of, "oneOf", structure, structure_path, path, errors);
}

static void check_complete(const struct schema_props *values, const struct schema_props *structure,
                           const struct field_path *structure_path, const struct field_path *path,
                           struct field_errors *errors)
{
    if (structure == NULL) {
        bytes_t defined = field_path_text(errors->arena, path);
        field_fail(errors, FIELD_REQUIRED, structure_path, BYTES_NULL, "because it is defined in %.*s",
                   BYTES_ARG(defined));
        return;
    }
    check_complete_values(values, structure, structure_path, path, errors);
    struct field_path items[] = { CHILD(structure_path, "items"), CHILD(path, "items") };
    if (values->items != NULL)
        check_complete(values->items, structure->items, &items[0], &items[1], errors);
    struct field_path properties[] = { CHILD(structure_path, "properties"), CHILD(path, "properties") };
    for (size_t i = 0; i < values->properties.count; i++) {
        const struct schema_props *property = values->properties.items[i];
        struct field_path here[] = { field_key(&properties[0], property->name),
                                     field_key(&properties[1], property->name) };
        check_complete(property, schema_props_find(&structure->properties, property->name), &here[0], &here[1], errors);
    }
}

void schema_check_structure(struct schema_props *props, const struct field_path *path, struct field_errors *errors)
{
    check_structure(props, ROOT, path, errors);
    check_complete_values(props, props, path, path, errors);
    field_errors_sort(errors);
}
