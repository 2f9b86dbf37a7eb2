// SPDX-License-Identifier: Apache-2.0
// Lists of a strategic merge. The order of what comes out: elements that the patch names (or the order it asks for)
// stand as it has them, the others as they stood; where both are known from the original, an element of the others goes
// before one of the patch that stood behind it.
#include "base/json_edit.h"
#include "kube/patch/shown.h"
#include "kube/patch/strategic_internal.h"

#include <stdlib.h>

// Values in no tree; they go into the result.
struct list {
    struct json_value **items;
    size_t count;
};

static struct list list_of(struct strategic *s, size_t capacity)
{
    return (struct list){ arena_array(s->arena, capacity, sizeof(struct json_value *)), 0 };
}

static void list_add(struct list *list, struct json_value *value)
{
    list->items[list->count++] = value;
}

static struct json_value *list_array(struct strategic *s, const struct list *list)
{
    struct json_value *array = json_new(s->arena, JSON_ARRAY);
    for (size_t i = 0; i < list->count; i++)
        json_append(array, list->items[i]);
    return array;
}

static size_t count_of(const struct json_value *array)
{
    return array == NULL ? 0 : array->count;
}

static const struct json_value *first_of(const struct json_value *array)
{
    return array == NULL ? NULL : array->first;
}

// --- complaints

static const char *shown_list(struct strategic *s, const struct json_value *array)
{
    return array == NULL ? "[]" : shown_value(s->arena, array);
}

static bool fail_key(struct strategic *s, const struct json_value *element, bytes_t key)
{
    return strategic_fail(s, ERR_INVALID, "map: %s does not contain declared merge key: %.*s",
                          shown_value(s->arena, element), BYTES_ARG(key));
}

static bool fail_type(struct strategic *s, const char *expected, const struct json_value *value)
{
    return strategic_fail(s, ERR_INVALID, "expected a %s, but received a %s", expected, shown_type(value));
}

// --- elements

// In both lists all elements are of one type, and no lists.
static bool same_types(struct strategic *s, const struct json_value *a, const struct json_value *b,
                       const struct json_value **ret_one)
{
    const struct json_value *one = count_of(a) > 0 ? a->first : first_of(b);
    if (one == NULL)
        return strategic_fail(s, ERR_INVALID, "no elements in any of the given slices");
    if (one->type == JSON_ARRAY)
        return strategic_fail(s, ERR_INVALID, "lists of lists are not supported");
    const struct json_value *const lists[] = { a, b };
    for (size_t i = 0; i < 2; i++) {
        for (const struct json_value *element = first_of(lists[i]); element != NULL; element = element->next) {
            if (strcmp(shown_type(element), shown_type(one)) != 0)
                return strategic_fail(s, ERR_INVALID, "list element types are not identical: [%s %s]", shown_list(s, a),
                                      shown_list(s, b));
        }
    }
    *ret_one = one;
    return true;
}

// What tells an element of the list apart: itself, or the member KEY of an object. False: it has none.
static bool identity(struct strategic *s, const struct json_value *element, bytes_t key,
                     const struct json_value **ret_identity)
{
    *ret_identity = element;
    if (key.size == 0)
        return true;
    if (element->type != JSON_OBJECT)
        return fail_type(s, "map[string]interface {}", element);
    *ret_identity = json_find(element, key);
    return *ret_identity != NULL || fail_key(s, element, key);
}

// Where the elements of ARRAY (may be NULL) stand. All must have an identity.
static bool places_read(struct strategic *s, struct places *places, const struct json_value *array, bytes_t key)
{
    size_t index = 0;
    for (const struct json_value *element = first_of(array); element != NULL; element = element->next, index++) {
        const struct json_value *which;
        if (key.size > 0 && element->type != JSON_OBJECT)
            return strategic_fail(s, ERR_INVALID, "value for key %zu is not a map", index);
        if (!identity(s, element, key, &which))
            return false;
        places_add(places, which, index);
    }
    return true;
}

// --- order

struct ranked {
    struct json_value *value;
    size_t rank, position, original; // in the order asked for, in the list, in the original
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->position < right->position ? -1 : left->position > right->position;
}

struct order {
    bytes_t key;
    const struct places *asked;    // where the patch wants elements
    const struct places *original; // where they stood
};

// The elements of LIST that are asked for, or the others, in their order.
static bool part_sorted(struct strategic *s, const struct list *list, const struct order *order, bool asked,
                        struct ranked **ret_part, size_t *ret_count)
{
    struct ranked *part = arena_array(s->arena, list->count, sizeof *part);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct json_value *which;
        if (!identity(s, list->items[i], order->key, &which))
            return false;
        size_t wanted = places_find(order->asked, which), stood = places_find(order->original, which);
        if ((wanted != PLACES_NONE) == asked)
            part[count++] = (struct ranked){ list->items[i], asked ? wanted : stood, i, stood };
    }
    qsort(part, count, sizeof *part, by_rank);
    *ret_part = part;
    *ret_count = count;
    return true;
}

static bool put_in_order(struct strategic *s, struct list *list, const struct order *order)
{
    struct ranked *asked, *others;
    size_t asked_count, other_count, a = 0, o = 0;
    if (!part_sorted(s, list, order, true, &asked, &asked_count) ||
        !part_sorted(s, list, order, false, &others, &other_count))
        return false;
    list->count = 0;
    while (a < asked_count || o < other_count) {
        bool other_first =
            a == asked_count || (o < other_count && others[o].original != PLACES_NONE &&
                                 asked[a].original != PLACES_NONE && others[o].original < asked[a].original);
        list_add(list, other_first ? others[o++].value : asked[a++].value);
    }
    return true;
}

// --- scalars

static struct list scalars_without(struct strategic *s, const struct json_value *original,
                                   const struct json_value *deletion)
{
    struct list list = list_of(s, original->count);
    struct places gone = places_of(s->arena);
    size_t index = 0;
    for (const struct json_value *value = deletion->first; value != NULL; value = value->next)
        places_add(&gone, value, index++);
    for (const struct json_value *value = original->first; value != NULL; value = value->next) {
        if (places_find(&gone, value) == PLACES_NONE)
            list_add(&list, json_copy(s->arena, value));
    }
    places_free(&gone);
    return list;
}

static struct list scalars_united(struct strategic *s, const struct json_value *original,
                                  const struct json_value *patch)
{
    struct list list = list_of(s, original->count + patch->count);
    struct places there = places_of(s->arena);
    const struct json_value *const lists[] = { original, patch };
    for (size_t i = 0; i < 2; i++) {
        for (const struct json_value *value = lists[i]->first; value != NULL; value = value->next) {
            if (places_find(&there, value) != PLACES_NONE)
                continue;
            places_add(&there, value, list.count);
            list_add(&list, json_copy(s->arena, value));
        }
    }
    places_free(&there);
    return list;
}

// --- objects by their merge key

// A patch of such a list: what stays of it, and what its directives said.
struct selection {
    const struct json_value **elements;
    size_t count;
    struct places deleted;
    bool replaces;
};

static bool select_directive(struct strategic *s, const struct json_value *element, bytes_t key,
                             struct selection *selection)
{
    const struct json_value *directive = json_get(element, "$patch"), *which;
    bytes_t name = BYTES_LITERAL("");
    json_get_text(directive, &name);
    if (bytes_is(name, "delete")) {
        if (!identity(s, element, key, &which))
            return false;
        places_add(&selection->deleted, which, 0);
        return true;
    }
    if (bytes_is(name, "replace")) {
        selection->replaces = true;
        return true;
    }
    if (bytes_is(name, "merge"))
        return strategic_fail(s, ERR_INVALID, "merging lists cannot yet be specified in the patch");
    return strategic_fail(s, ERR_INVALID, "unknown patch type: %s in map: %s", shown_value(s->arena, directive),
                          shown_value(s->arena, element));
}

static bool select_elements(struct strategic *s, const struct json_value *patch, bytes_t key,
                            struct selection *selection)
{
    selection->elements = arena_array(s->arena, patch->count, sizeof *selection->elements);
    for (const struct json_value *element = patch->first; element != NULL; element = element->next) {
        if (json_get(element, "$patch") == NULL)
            selection->elements[selection->count++] = element;
        else if (!select_directive(s, element, key, selection))
            return false;
    }
    return true;
}

// A list while it is merged: what stays of the original, then what is new.
struct work {
    struct list list;
    size_t kept; // of the original
    struct places where;
};

static void work_add(struct work *work, struct json_value *element, bytes_t key)
{
    places_add(&work->where, json_find(element, key), work->list.count);
    list_add(&work->list, element);
}

static void keep_original(struct strategic *s, struct work *work, const struct json_value *original, bytes_t key,
                          const struct selection *selection)
{
    for (const struct json_value *element = original->first; element != NULL; element = element->next) {
        if (places_find(&selection->deleted, json_find(element, key)) == PLACES_NONE)
            work_add(work, json_copy(s->arena, element), key);
    }
}

static bool merge_elements(struct strategic *s, struct work *work, const struct selection *selection, bytes_t key,
                           const struct schema *items)
{
    for (size_t i = 0; i < selection->count; i++) {
        const struct json_value *element = selection->elements[i], *which;
        if (!identity(s, element, key, &which))
            return false;
        size_t index = places_find(&work->where, which);
        if (index == PLACES_NONE || selection->replaces) {
            work_add(work, strategic_clean(s, element), key);
            continue;
        }
        struct json_value *merged = strategic_object(s, work->list.items[index], element, items);
        if (merged == NULL)
            return false;
        work->list.items[index] = merged;
    }
    return true;
}

// Where elements stand for an order that comes later: the original's list is changed in its place by kube-apiserver's
// library, so that what is new stands where something was deleted.
static bool stood_read(struct strategic *s, struct places *stood, const struct work *work,
                       const struct json_value *original, const struct selection *selection, bytes_t key)
{
    if (selection->replaces)
        return places_read(s, stood, original, key);
    for (size_t i = 0; i < work->list.count && i < original->count; i++)
        places_add(stood, json_find(work->list.items[i], key), i);
    return true;
}

// The list in the order that the elements of the patch have, which may ask for their places.
static bool order_elements(struct strategic *s, struct work *work, const struct selection *selection, bytes_t key)
{
    struct places asked = places_of(s->arena), stood = places_of(s->arena);
    for (size_t i = 0; !selection->replaces && i < selection->count; i++)
        places_add(&asked, json_find(selection->elements[i], key), i);
    for (size_t i = 0; i < work->kept; i++)
        places_add(&stood, json_find(work->list.items[i], key), i);
    const struct order order = { key, &asked, &stood };
    bool done = put_in_order(s, &work->list, &order);
    places_free(&asked);
    places_free(&stood);
    return done;
}

static bool merge_selected(struct strategic *s, struct work *work, const struct json_value *original,
                           const struct selection *selection, const struct schema *field, struct places *stood)
{
    bytes_t key = field->patch_merge_key;
    if (!selection->replaces)
        keep_original(s, work, original, key, selection);
    work->kept = work->list.count;
    if (!merge_elements(s, work, selection, key, field->items))
        return false;
    if (selection->replaces)
        work->kept = work->list.count;
    return (stood == NULL || stood_read(s, stood, work, original, selection, key)) &&
           order_elements(s, work, selection, key);
}

static bool objects_merged(struct strategic *s, const struct json_value *original, const struct json_value *patch,
                           const struct schema *field, struct places *stood, struct list *ret_list)
{
    if (field == NULL || field->patch_merge_key.size == 0)
        return strategic_fail(s, ERR_INVALID, "cannot merge lists without merge key for struct");
    struct selection selection = { .deleted = places_of(s->arena) };
    struct work work = { .list = list_of(s, original->count + patch->count), .where = places_of(s->arena) };
    bool done = select_elements(s, patch, field->patch_merge_key, &selection) &&
                merge_selected(s, &work, original, &selection, field, stood);
    places_free(&selection.deleted);
    places_free(&work.where);
    *ret_list = work.list;
    return done;
}

// --- lists

static bool scalars_merged(struct strategic *s, const struct json_value *original, const struct json_value *patch,
                           bytes_t key, struct places *stood, struct list *ret_list)
{
    struct places asked = places_of(s->arena), there = places_of(s->arena);
    struct list list = scalars_united(s, original, patch);
    bool done = places_read(s, &asked, patch, key) && places_read(s, &there, original, key) &&
                (stood == NULL || places_read(s, stood, original, key));
    const struct order order = { key, &asked, &there };
    done = done && put_in_order(s, &list, &order);
    places_free(&asked);
    places_free(&there);
    *ret_list = list;
    return done;
}

// All elements of a list that takes the place of another one.
static struct list elements_of(struct strategic *s, const struct json_value *array, bool is_new)
{
    struct list list = list_of(s, array->count);
    for (const struct json_value *element = array->first; element != NULL; element = element->next) {
        struct json_value *copy = is_new ? strategic_clean_new(s, element) : strategic_clean(s, element);
        if (copy != NULL)
            list_add(&list, copy);
    }
    return list;
}

// STOOD (may be NULL) gets the places for an order that comes later.
static bool lists_merged(struct strategic *s, const struct json_value *original, const struct json_value *patch,
                         const struct schema *field, bool is_deletion, struct places *stood, struct list *ret_list)
{
    bytes_t key = field == NULL ? BYTES_NULL : field->patch_merge_key;
    const struct json_value *one;
    if (!is_deletion && (field == NULL || !field->patch_merge)) {
        *ret_list = elements_of(s, patch, false);
        return stood == NULL || places_read(s, stood, original, key);
    }
    *ret_list = list_of(s, 0);
    if (original->count == 0 && patch->count == 0)
        return true;
    if (!same_types(s, original, patch, &one))
        return false;
    if (one->type == JSON_OBJECT)
        return objects_merged(s, original, patch, field, stood, ret_list);
    if (!is_deletion)
        return scalars_merged(s, original, patch, key, stood, ret_list);
    *ret_list = scalars_without(s, original, patch);
    return true;
}

struct json_value *strategic_list(struct strategic *s, const struct json_value *original,
                                  const struct json_value *patch, const struct schema *field, bool is_deletion)
{
    struct list list;
    return lists_merged(s, original, patch, field, is_deletion, NULL, &list) ? list_array(s, &list) : NULL;
}

// --- $setElementOrder

static bool is_same(const struct json_value *a, const struct json_value *b)
{
    return a->type == b->type && a->is_true == b->is_true && a->type != JSON_OBJECT && a->type != JSON_ARRAY &&
           bytes_equal(a->text, b->text);
}

// Whether the element counts when the patch is compared with its order: what it deletes does not.
static bool is_ordered(const struct json_value *element, bytes_t key)
{
    bytes_t directive;
    return key.size == 0 || !json_get_text(json_get(element, "$patch"), &directive) || !bytes_is(directive, "delete");
}

// The elements of the patch stand in the order that it asks for, and all of them are named there.
static bool check_order(struct strategic *s, const struct json_value *patch, const struct json_value *order,
                        bytes_t key)
{
    if (count_of(patch) == 0 || order->count == 0)
        return true;
    const struct json_value *element = patch->first, *wanted = order->first;
    while (element != NULL && (wanted != NULL || !is_ordered(element, key))) {
        const struct json_value *left, *right;
        if (key.size > 0 && element->type != JSON_OBJECT)
            return fail_type(s, "map[string]interface {}", element);
        if (!is_ordered(element, key) || json_get(element, "$patch") != NULL) {
            element = element->next;
            continue;
        }
        if (!identity(s, element, key, &left) || !identity(s, wanted, key, &right))
            return false;
        if (is_same(left, right))
            element = element->next;
        wanted = wanted->next;
    }
    return element == NULL ||
           strategic_fail(s, ERR_INVALID, "The order in patch list:\n%s\n doesn't match $setElementOrder list:\n%s\n",
                          shown_value(s->arena, patch), shown_value(s->arena, order));
}

static bool merge_before_order(struct strategic *s, const struct list_change *change, const struct schema *field,
                               struct places *stood, struct list *ret_list)
{
    if (change->original != NULL && change->patch != NULL)
        return lists_merged(s, change->original, change->patch, field, false, stood, ret_list);
    *ret_list = elements_of(s, change->original != NULL ? change->original : change->patch, change->original == NULL);
    return places_read(s, stood, change->original, field->patch_merge_key);
}

static bool check_lists(struct strategic *s, bytes_t name, const struct list_change *change, const struct schema *field)
{
    const struct json_value *const lists[] = { change->order, change->original, change->patch };
    for (size_t i = 0; i < 3; i++) {
        if (lists[i] != NULL && lists[i]->type != JSON_ARRAY)
            return fail_type(s, "[]interface {}", lists[i]);
    }
    if (field == NULL)
        return strategic_fail(s, ERR_INVALID, "unable to find api field \"%.*s\"", BYTES_ARG(name));
    return check_order(s, change->patch, change->order, field->patch_merge_key);
}

bool strategic_ordered_list(struct strategic *s, bytes_t name, const struct list_change *change,
                            const struct schema *field, struct json_value **ret_list)
{
    if (!check_lists(s, name, change, field))
        return false;
    *ret_list = NULL;
    if (change->original == NULL && change->patch == NULL)
        return true;
    const struct json_value *one;
    struct list list;
    struct places asked = places_of(s->arena), stood = places_of(s->arena);
    const struct order order = { field->patch_merge_key, &asked, &stood };
    bool done = merge_before_order(s, change, field, &stood, &list) &&
                same_types(s, change->original, change->patch, &one) &&
                places_read(s, &asked, change->order, field->patch_merge_key) && put_in_order(s, &list, &order);
    places_free(&asked);
    places_free(&stood);
    if (done)
        *ret_list = list_array(s, &list);
    return done;
}
