// SPDX-License-Identifier: Apache-2.0
// FieldsV1: each step of a path is the name of a member, "." inside says that the path also ends there, and so does an
// empty object.
#include "kube/apply/field_set.h"

static err_t decode_level(const struct json_value *fields, struct arena *arena, size_t depth,
                          const struct field_set **ret_set, bool *ret_member, diag_t *diag);

static err_t decode_node(const struct json_value *field, size_t depth, struct field_builder *set, diag_t *diag)
{
    struct path_element element;
    bool known;
    err_t err = path_element_decode(field->name, set->arena, &element, &known, diag);
    if (err != ERR_OK || !known)
        return err;
    if (depth == FIELD_PATH_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "managedFields", "a path has more than %d steps", FIELD_PATH_MAX);
    const struct field_set *below = NULL;
    bool member = false;
    err = decode_level(field, set->arena, depth + 1, &below, &member, diag);
    if (err == ERR_OK)
        field_builder_add(set, &element, member, below);
    return err;
}

static err_t decode_level(const struct json_value *fields, struct arena *arena, size_t depth,
                          const struct field_set **ret_set, bool *ret_member, diag_t *diag)
{
    if (fields->type != JSON_OBJECT && fields->type != JSON_NULL)
        return diag_fail(diag, ERR_MALFORMED, "managedFields", "an object is expected in fieldsV1");
    struct field_builder set = { .arena = arena };
    bool member = false;
    for (const struct json_value *field = fields->first; field != NULL; field = field->next) {
        if (bytes_is(field->name, ".")) {
            member = true;
            continue;
        }
        err_t err = decode_node(field, depth, &set, diag);
        if (err != ERR_OK)
            return err;
    }
    *ret_set = field_builder_end(&set);
    *ret_member = member || field_set_is_empty(*ret_set);
    return ERR_OK;
}

err_t field_set_decode(const struct json_value *fields, struct arena *arena, const struct field_set **ret_set,
                       diag_t *diag)
{
    bool member;
    return decode_level(fields, arena, 0, ret_set, &member, diag);
}

static struct json_value *encode_level(struct arena *arena, const struct field_set *set, bool member)
{
    struct json_value *fields = json_new(arena, JSON_OBJECT);
    if (member && !field_set_is_empty(set))
        json_set(fields, BYTES_LITERAL("."), json_new(arena, JSON_OBJECT));
    for (size_t i = 0; i < set->count; i++) {
        const struct field_node *node = &set->nodes[i];
        struct json_value *field =
            encode_level(arena, node->below == NULL ? &field_set_none : node->below, node->member);
        field->name = path_element_encode(&node->element, arena);
        json_append(fields, field);
    }
    return fields;
}

struct json_value *field_set_encode(struct arena *arena, const struct field_set *set)
{
    return encode_level(arena, set, false);
}
