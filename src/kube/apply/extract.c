// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/extract.h"

#include "kube/apply/list_index.h"

#include <stdio.h>

// --- check

struct check {
    struct arena *arena;
    diag_t *diag;
    struct path_element path[JSON_DEPTH_MAX + 1];
    size_t depth;
};

static err_t check_value(struct check *check, struct typed type, const struct json_value *value);

static void put_where(struct check *check)
{
    if (check->diag == NULL)
        return;
    bytes_t where = field_path_print(check->arena, check->path, check->depth);
    (void)snprintf(check->diag->where, sizeof check->diag->where, "%.*s", BYTES_ARG(where));
}

static err_t check_fail(struct check *check, const char *what)
{
    err_t err = diag_fail(check->diag, ERR_INVALID, "", "%s", what);
    put_where(check);
    return err;
}

static err_t check_expected(struct check *check, const char *expected, const struct json_value *value)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean", [JSON_NUMBER] = "a number",
        [JSON_STRING] = "a string", [JSON_ARRAY] = "a list",   [JSON_OBJECT] = "a map",
    };
    return check_fail(check, arena_format(check->arena, "expected %s, got %s", expected, names[value->type]));
}

static err_t check_below(struct check *check, struct path_element element, struct typed type,
                         const struct json_value *value)
{
    if (check->depth == JSON_DEPTH_MAX)
        return check_fail(check, "nested deeper than is allowed");
    check->path[check->depth++] = element;
    err_t err = check_value(check, type, value);
    check->depth--;
    return err;
}

static err_t check_map(struct check *check, struct typed type, const struct json_value *map)
{
    if (map->type == JSON_NULL)
        return ERR_OK;
    if (map->type != JSON_OBJECT)
        return check_expected(check, "map", map);
    for (const struct json_value *member = map->first; member != NULL; member = member->next) {
        bool declared;
        struct typed below = typed_member(type, member->name, &declared, NULL);
        if (!declared) {
            check->path[check->depth++] = path_field(member->name);
            return check_fail(check, "field not declared in schema");
        }
        err_t err = check_below(check, path_field(member->name), below, member);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static err_t check_list(struct check *check, struct typed type, const struct json_value *list)
{
    if (list->type == JSON_NULL)
        return ERR_OK;
    if (list->type != JSON_ARRAY)
        return check_expected(check, "list", list);
    struct list_index index = { 0 };
    bool is_atomic = typed_list_of(type).atomic;
    err_t err = is_atomic ? ERR_OK : list_index_make(type, list, check->arena, &index, check->diag);
    if (err != ERR_OK) {
        put_where(check);
        return err;
    }
    int64_t place = 0;
    for (const struct json_value *item = list->first; item != NULL; item = item->next, place++) {
        struct path_element element = { .kind = PATH_INDEX, .index = place };
        if (!is_atomic)
            element = index.items[place].element;
        if (!is_atomic && index.items[place].twins > 1) {
            bytes_t key = field_path_print(check->arena, &element, 1);
            return check_fail(check, arena_format(check->arena, "duplicate entries for key %.*s", BYTES_ARG(key)));
        }
        err = check_below(check, element, typed_item(type), item);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static err_t check_value(struct check *check, struct typed type, const struct json_value *value)
{
    switch (typed_shape(type, value)) {
    case SHAPE_MAP:
    case SHAPE_OPEN:
        return check_map(check, type, value);
    case SHAPE_LIST:
        return check_list(check, type, value);
    case SHAPE_SCALAR:
        break;
    }
    const char *expected = typed_scalar_expected(type, value);
    return expected == NULL ? ERR_OK : check_expected(check, expected, value);
}

err_t fields_check(struct typed type, const struct json_value *object, struct arena *arena, diag_t *diag)
{
    struct check check = { .arena = arena, .diag = diag };
    return check_value(&check, type, object);
}

// --- extract

struct extract {
    struct arena *arena;
    diag_t *diag;
    size_t depth;
};

// What is below a value, and whether the path to it is a field of its own.
static err_t extract_value(struct extract *extract, struct typed type, const struct json_value *value,
                           const struct field_set **ret_below, bool *ret_member);

static bool is_empty_map(const struct json_value *value)
{
    return value->type == JSON_NULL || (value->type == JSON_OBJECT && value->count == 0);
}

static err_t extract_map(struct extract *extract, struct typed type, const struct json_value *map,
                         const struct field_set **ret_below)
{
    struct field_builder set = { .arena = extract->arena };
    const struct json_value *first = map->type == JSON_OBJECT ? map->first : NULL;
    for (const struct json_value *member = first; member != NULL; member = member->next) {
        bool named, is_member;
        const struct field_set *below;
        struct path_element element = path_field(member->name);
        err_t err = extract_value(extract, typed_member(type, member->name, NULL, &named), member, &below, &is_member);
        if (err != ERR_OK)
            return err;
        field_builder_add(&set, &element, is_member || !named || is_empty_map(member), below);
    }
    *ret_below = field_builder_end(&set);
    return ERR_OK;
}

static err_t extract_list(struct extract *extract, struct typed type, const struct json_value *list,
                          const struct field_set **ret_below)
{
    struct list_index index;
    struct field_builder set = { .arena = extract->arena };
    err_t err = ERR_OK;
    list_index_make_known(type, list, extract->arena, &index);
    for (size_t i = 0; err == ERR_OK && i < index.count; i++) {
        const struct list_item *item = &index.items[i];
        const struct field_set *below = NULL;
        bool is_member;
        if (item->twins == 1)
            err = extract_value(extract, typed_item(type), item->value, &below, &is_member);
        if (err == ERR_OK && item->is_first)
            field_builder_add(&set, &item->element, true, below);
    }
    const struct path_element unknown = { .kind = PATH_INDEX, .index = -1 };
    field_builder_add(&set, &unknown, index.unknown > 0, NULL);
    if (err == ERR_OK)
        *ret_below = field_builder_end(&set);
    return err;
}

static err_t extract_value(struct extract *extract, struct typed type, const struct json_value *value,
                           const struct field_set **ret_below, bool *ret_member)
{
    enum shape shape = typed_shape(type, value);
    bool is_list = shape == SHAPE_LIST;
    *ret_below = &field_set_none;
    *ret_member = shape == SHAPE_SCALAR || (is_list ? typed_list_of(type).atomic : typed_map_is_atomic(type));
    if (*ret_member || value->first == NULL)
        return ERR_OK;
    if (extract->depth == FIELD_PATH_MAX)
        return diag_fail(extract->diag, ERR_TOO_LARGE, "", "fields are nested deeper than %d steps", FIELD_PATH_MAX);
    extract->depth++;
    err_t err = is_list ? extract_list(extract, type, value, ret_below) : extract_map(extract, type, value, ret_below);
    extract->depth--;
    return err;
}

err_t fields_extract(struct typed type, const struct json_value *object, struct arena *arena,
                     const struct field_set **ret_set, diag_t *diag)
{
    struct extract extract = { .arena = arena, .diag = diag };
    bool member;
    const struct field_set *set;
    err_t err = extract_value(&extract, type, object, &set, &member);
    if (err == ERR_OK)
        *ret_set = set;
    return err;
}

// --- named members

const struct field_set *fields_with_named(struct typed type, const struct field_set *set, struct arena *arena)
{
    struct field_builder out = { .arena = arena };
    for (size_t i = 0; i < set->count; i++) {
        const struct field_node *node = &set->nodes[i];
        struct typed below = { .mode = TYPED_ATOMIC };
        bool named = false;
        if (node->element.kind == PATH_FIELD)
            below = typed_member(type, node->element.field, NULL, &named);
        else if (node->element.kind == PATH_KEY)
            below = typed_item(type);
        bool has_more = node->below != NULL;
        field_builder_add(&out, &node->element, node->member || (named && has_more),
                          has_more ? fields_with_named(below, node->below, arena) : NULL);
    }
    return field_builder_end(&out);
}

// --- schemas that changed

// What can be said about the members and items of TYPE: nothing where it is deduced.
static bool is_described(struct typed type)
{
    if (type.mode != TYPED_SCHEMA)
        return false;
    const struct schema *schema = type.schema;
    return typed_shape(type, NULL) == SHAPE_LIST || schema->member_count > 0 || schema->additional != NULL ||
           type.resource;
}

static bool is_atomic(struct typed type)
{
    return typed_shape(type, NULL) == SHAPE_LIST ? typed_list_of(type).atomic : typed_map_is_atomic(type);
}

const struct field_set *fields_reconcile(struct typed type, const struct field_set *set, struct arena *arena)
{
    struct field_builder out = { .arena = arena };
    bool is_list = typed_shape(type, NULL) == SHAPE_LIST;
    if (!is_described(type))
        return set;
    for (size_t i = 0; i < set->count; i++) {
        const struct field_node *node = &set->nodes[i];
        bool declared = node->element.kind == PATH_FIELD;
        struct typed below = is_list    ? typed_item(type)
                             : declared ? typed_member(type, node->element.field, &declared, NULL)
                                        : type;
        if (node->below == NULL || (!is_list && !declared))
            field_builder_add(&out, &node->element, node->member, node->below);
        else if (is_described(below) && is_atomic(below))
            field_builder_add(&out, &node->element, true, NULL);
        else
            field_builder_add(&out, &node->element, node->member, fields_reconcile(below, node->below, arena));
    }
    return field_builder_end(&out);
}
