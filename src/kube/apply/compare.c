// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/compare.h"

#include "kube/apply/list_index.h"
#include "kube/apply/zip.h"

struct compare {
    struct arena *arena;
    diag_t *diag;
    size_t depth;
};

// What is said about one path: whether it is removed, modified, added itself, and what is below it.
enum { REMOVED, MODIFIED, ADDED, CHANGES };

struct verdict {
    bool member[CHANGES];
    const struct field_set *below[CHANGES];
};

struct verdicts {
    struct field_builder sets[CHANGES];
};

static const struct verdict verdict_same = {
    .below = { &field_set_none, &field_set_none, &field_set_none },
};

static err_t compare_value(struct compare *compare, struct typed type, const struct json_value *old,
                           const struct json_value *fresh, struct verdict *ret_verdict);

static struct verdicts verdicts_begin(struct arena *arena)
{
    return (struct verdicts){ { { .arena = arena }, { .arena = arena }, { .arena = arena } } };
}

static void verdicts_add(struct verdicts *verdicts, const struct path_element *element, const struct verdict *verdict)
{
    for (size_t i = 0; i < CHANGES; i++)
        field_builder_add(&verdicts->sets[i], element, verdict->member[i], verdict->below[i]);
}

static void verdicts_end(struct verdicts *verdicts, struct verdict *ret_verdict)
{
    for (size_t i = 0; i < CHANGES; i++)
        ret_verdict->below[i] = field_builder_end(&verdicts->sets[i]);
}

// --- maps

static err_t compare_maps(struct compare *compare, struct typed type, const struct json_value *old,
                          const struct json_value *fresh, struct verdict *ret_verdict)
{
    struct verdicts verdicts = verdicts_begin(compare->arena);
    struct zip zip = zip_of(compare->arena, old, fresh);
    for (struct zip_pair pair; zip_next(&zip, &pair);) {
        struct verdict verdict = verdict_same;
        struct path_element element = path_field(pair.name);
        err_t err = compare_value(compare, typed_member(type, pair.name, NULL, NULL), pair.left, pair.right, &verdict);
        if (err != ERR_OK)
            return err;
        verdicts_add(&verdicts, &element, &verdict);
    }
    verdicts_end(&verdicts, ret_verdict);
    return ERR_OK;
}

// --- lists

// BEFORE and AFTER: the first of them among the sorted items.
static bool twins_equal(struct list_item *const *before, struct list_item *const *after)
{
    if (before[0]->twins != after[0]->twins)
        return false;
    for (size_t i = 0; i < before[0]->twins; i++) {
        if (!json_equal(before[i]->value, after[i]->value))
            return false;
    }
    return true;
}

// Items that stand twice on one side are one thing there; what they lose or gain on becoming one item is told field by
// field. BEFORE or AFTER is NULL: there is no such item.
static err_t compare_items(struct compare *compare, struct typed type, struct list_item *const *before,
                           struct list_item *const *after, struct verdict *ret_verdict)
{
    bool was_twins = before != NULL && before[0]->twins > 1, is_twins = after != NULL && after[0]->twins > 1;
    if (was_twins && is_twins) {
        ret_verdict->member[MODIFIED] = !twins_equal(before, after);
        return ERR_OK;
    }
    const struct json_value *left = before == NULL || was_twins ? NULL : before[0]->value;
    const struct json_value *right = after == NULL || is_twins ? NULL : after[0]->value;
    err_t err =
        left == NULL && right == NULL ? ERR_OK : compare_value(compare, typed_item(type), left, right, ret_verdict);
    ret_verdict->member[REMOVED] = ret_verdict->member[REMOVED] || was_twins;
    ret_verdict->member[ADDED] = ret_verdict->member[ADDED] || is_twins;
    return err;
}

static err_t compare_lists(struct compare *compare, struct typed type, const struct json_value *old,
                           const struct json_value *fresh, struct verdict *ret_verdict)
{
    struct list_index left, right;
    err_t err = list_index_make(type, old, compare->arena, &left, compare->diag);
    if (err == ERR_OK)
        err = list_index_make(type, fresh, compare->arena, &right, compare->diag);
    if (err != ERR_OK)
        return err;
    struct verdicts verdicts = verdicts_begin(compare->arena);
    for (size_t i = 0, j = 0; err == ERR_OK && (i < left.count || j < right.count);) {
        int order = i == left.count    ? 1
                    : j == right.count ? -1
                                       : path_element_compare(&left.sorted[i]->element, &right.sorted[j]->element);
        struct list_item *const *before = order <= 0 ? &left.sorted[i] : NULL;
        struct list_item *const *after = order >= 0 ? &right.sorted[j] : NULL;
        struct verdict verdict = verdict_same;
        err = compare_items(compare, type, before, after, &verdict);
        verdicts_add(&verdicts, before == NULL ? &after[0]->element : &before[0]->element, &verdict);
        i += before == NULL ? 0 : before[0]->twins;
        j += after == NULL ? 0 : after[0]->twins;
    }
    verdicts_end(&verdicts, ret_verdict);
    return err;
}

// --- values

static void compare_leaf(const struct json_value *old, const struct json_value *fresh, struct verdict *ret_verdict)
{
    if (old == NULL)
        ret_verdict->member[ADDED] = true;
    else if (fresh == NULL)
        ret_verdict->member[REMOVED] = true;
    else
        ret_verdict->member[MODIFIED] = ret_verdict->member[MODIFIED] || !json_equal(old, fresh);
}

static bool has_inside(const struct json_value *value, enum json_type type)
{
    return value != NULL && value->type == type && value->first != NULL;
}

// As SHAPE says. Maps and lists that are empty on both sides are leaves: it makes a difference whether they are there.
static err_t compare_as(struct compare *compare, struct typed type, enum shape shape, const struct json_value *old,
                        const struct json_value *fresh, struct verdict *ret_verdict, bool *ret_leaf)
{
    bool is_list = shape == SHAPE_LIST;
    enum json_type inside = is_list ? JSON_ARRAY : JSON_OBJECT;
    *ret_leaf = shape == SHAPE_SCALAR || (is_list ? typed_list_of(type).atomic : typed_map_is_atomic(type)) ||
                (!has_inside(old, inside) && !has_inside(fresh, inside));
    if (*ret_leaf) {
        compare_leaf(old, fresh, ret_verdict);
        return ERR_OK;
    }
    if (compare->depth == FIELD_PATH_MAX)
        return diag_fail(compare->diag, ERR_TOO_LARGE, "", "fields are nested deeper than %d steps", FIELD_PATH_MAX);
    compare->depth++;
    struct verdict inner = verdict_same;
    err_t err =
        is_list ? compare_lists(compare, type, old, fresh, &inner) : compare_maps(compare, type, old, fresh, &inner);
    compare->depth--;
    for (size_t i = 0; err == ERR_OK && i < CHANGES; i++)
        ret_verdict->below[i] = field_set_union(compare->arena, ret_verdict->below[i], inner.below[i]);
    return err;
}

// A value that changed from one shape to another is looked at both ways.
static err_t compare_value(struct compare *compare, struct typed type, const struct json_value *old,
                           const struct json_value *fresh, struct verdict *ret_verdict)
{
    enum shape was = typed_shape(type, old), is = typed_shape(type, fresh);
    bool is_leaf;
    err_t err = ERR_OK;
    if (old != NULL && fresh != NULL && was != is)
        err = compare_as(compare, type, was, old, fresh, ret_verdict, &is_leaf);
    if (err == ERR_OK)
        err = compare_as(compare, type, fresh == NULL ? was : is, old, fresh, ret_verdict, &is_leaf);
    if (err != ERR_OK || is_leaf)
        return err;
    ret_verdict->member[ADDED] = ret_verdict->member[ADDED] || old == NULL;
    ret_verdict->member[REMOVED] = ret_verdict->member[REMOVED] || fresh == NULL;
    return ERR_OK;
}

err_t fields_compare(struct typed type, const struct json_value *old, const struct json_value *fresh,
                     struct arena *arena, struct comparison *ret_comparison, diag_t *diag)
{
    struct compare compare = { .arena = arena, .diag = diag };
    struct verdict verdict = verdict_same;
    err_t err = compare_value(&compare, type, old, fresh, &verdict);
    if (err == ERR_OK)
        *ret_comparison = (struct comparison){ .removed = verdict.below[REMOVED],
                                               .modified = verdict.below[MODIFIED],
                                               .added = verdict.below[ADDED] };
    return err;
}
