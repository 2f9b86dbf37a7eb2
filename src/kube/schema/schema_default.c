// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_default.h"

static bool is_wrong_null(const struct json_value *value, const struct schema *schema)
{
    return value->type == JSON_NULL && schema != NULL && !schema->nullable;
}

static const struct schema *schema_of(const struct json_value *value, const struct schema *schema)
{
    return value->up->type == JSON_OBJECT ? schema_member_find(schema, value->name) : schema->items;
}

static void drop_nulls(struct json_value *value, const struct schema *schema)
{
    for (struct json_value *inner = value->first, *next; inner != NULL; inner = next) {
        next = inner->next;
        const struct schema *known = schema_of(inner, schema);
        // An item stays: the others would move.
        if (is_wrong_null(inner, known) && known->fallback == NULL && value->type == JSON_OBJECT)
            json_detach(inner);
        else if (known != NULL)
            drop_nulls(inner, known);
    }
}

struct budget {
    struct arena *arena;
    size_t values_left;
    bool is_over;
};

static size_t size_of(const struct json_value *value)
{
    size_t size = 1;
    for (const struct json_value *inner = value->first; inner != NULL; inner = inner->next)
        size += size_of(inner);
    return size;
}

// NULL: there are too many.
static struct json_value *take_copy(struct budget *budget, const struct json_value *fallback)
{
    size_t size = size_of(fallback);
    if (budget->is_over || size > budget->values_left) {
        budget->is_over = true;
        return NULL;
    }
    budget->values_left -= size;
    return json_copy(budget->arena, fallback);
}

static void put_missing(struct json_value *object, const struct schema *schema, struct budget *budget)
{
    for (size_t i = 0; i < schema->member_count; i++) {
        const struct schema_member *member = &schema->members[i];
        if (member->schema->fallback == NULL || json_find(object, member->name) != NULL)
            continue;
        struct json_value *fresh = take_copy(budget, member->schema->fallback);
        if (fresh != NULL)
            json_set(object, member->name, fresh);
    }
}

static void put_defaults(struct json_value *value, const struct schema *schema, struct budget *budget)
{
    if (value->type == JSON_OBJECT)
        put_missing(value, schema, budget);
    for (struct json_value *inner = value->first; inner != NULL && !budget->is_over; inner = inner->next) {
        const struct schema *known = schema_of(inner, schema);
        if (is_wrong_null(inner, known) && known->fallback != NULL) {
            struct json_value *fresh = take_copy(budget, known->fallback);
            if (fresh == NULL)
                return;
            json_replace(inner, fresh);
            inner = fresh;
        }
        if (known != NULL)
            put_defaults(inner, known, budget);
    }
}

err_t schema_default(struct json_value *value, const struct schema *schema, struct arena *arena)
{
    struct budget budget = { .arena = arena, .values_left = SCHEMA_DEFAULTS_MAX };
    if (schema == NULL)
        return ERR_OK;
    drop_nulls(value, schema);
    put_defaults(value, schema, &budget);
    return budget.is_over ? ERR_TOO_LARGE : ERR_OK;
}
