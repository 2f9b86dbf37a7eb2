// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/list_index.h"

#include <stdlib.h>

static err_t keyed_element(struct typed type, const struct typed_list *list, const struct json_value *item,
                           struct arena *arena, struct path_element *ret_element, diag_t *diag)
{
    if (item->type != JSON_OBJECT)
        return diag_fail(diag, ERR_INVALID, "", "associative list with keys may not have %s element",
                         item->type == JSON_NULL ? "a null" : "non-map");
    struct path_key *keys = arena_array(arena, list->key_count, sizeof *keys);
    for (size_t i = 0; i < list->key_count; i++) {
        const struct json_value *value = json_find(item, list->keys[i]);
        if (value == NULL)
            value = typed_key_fallback(type, list->keys[i]);
        if (value == NULL)
            return diag_fail(
                diag, ERR_INVALID, "",
                "associative list with keys has an element that omits key field \"%.*s\" (and doesn't have "
                "default value)",
                BYTES_ARG(list->keys[i]));
        keys[i] = (struct path_key){ list->keys[i], value };
    }
    path_keys_sort(keys, list->key_count);
    *ret_element = (struct path_element){ .kind = PATH_KEY, .keys = keys, .key_count = list->key_count };
    return ERR_OK;
}

static err_t set_element(const struct json_value *item, struct path_element *ret_element, diag_t *diag)
{
    if (item->type == JSON_OBJECT || item->type == JSON_ARRAY || item->type == JSON_NULL)
        return diag_fail(diag, ERR_INVALID, "", "associative list without keys has an element that's %s",
                         item->type == JSON_OBJECT  ? "a map type"
                         : item->type == JSON_ARRAY ? "a list"
                                                    : "an explicit null");
    *ret_element = (struct path_element){ .kind = PATH_VALUE, .value = item };
    return ERR_OK;
}

static int by_element(const void *a, const void *b)
{
    const struct list_item *left = *(struct list_item *const *)a, *right = *(struct list_item *const *)b;
    int order = path_element_compare(&left->element, &right->element);
    return order != 0 ? order : left->place < right->place ? -1 : 1;
}

static void count_twins(struct list_index *index)
{
    for (size_t from = 0, to; from < index->count; from = to) {
        for (to = from + 1; to < index->count; to++) {
            if (path_element_compare(&index->sorted[from]->element, &index->sorted[to]->element) != 0)
                break;
        }
        for (size_t i = from; i < to; i++) {
            index->sorted[i]->twins = to - from;
            index->sorted[i]->is_first = i == from;
        }
    }
}

static err_t item_element(struct typed type, const struct json_value *item, struct arena *arena,
                          struct path_element *ret_element, diag_t *diag)
{
    struct typed_list list = typed_list_of(type);
    if (list.key_count > 0)
        return keyed_element(type, &list, item, arena, ret_element, diag);
    return set_element(item, ret_element, diag);
}

static err_t index_make(struct typed type, const struct json_value *list, struct arena *arena, bool skip,
                        struct list_index *ret_index, diag_t *diag)
{
    *ret_index = (struct list_index){ 0 };
    if (list == NULL || list->type != JSON_ARRAY || list->count == 0)
        return ERR_OK;
    struct list_index index = { .items = arena_array(arena, list->count, sizeof *index.items),
                                .sorted = arena_array(arena, list->count, sizeof(struct list_item *)) };
    for (const struct json_value *value = list->first; value != NULL; value = value->next) {
        struct list_item *item = &index.items[index.count];
        err_t err = item_element(type, value, arena, &item->element, diag);
        if (err != ERR_OK && skip) {
            index.unknown++;
            continue;
        }
        if (err != ERR_OK)
            return err;
        item->value = value;
        item->place = index.count;
        index.sorted[index.count++] = item;
    }
    qsort(index.sorted, index.count, sizeof(struct list_item *), by_element);
    count_twins(&index);
    *ret_index = index;
    return ERR_OK;
}

err_t list_index_make(struct typed type, const struct json_value *list, struct arena *arena,
                      struct list_index *ret_index, diag_t *diag)
{
    return index_make(type, list, arena, false, ret_index, diag);
}

void list_index_make_known(struct typed type, const struct json_value *list, struct arena *arena,
                           struct list_index *ret_index)
{
    (void)index_make(type, list, arena, true, ret_index, NULL);
}

const struct list_item *list_index_find(const struct list_index *index, const struct path_element *element)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (path_element_compare(&index->sorted[middle]->element, element) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == index->count || path_element_compare(&index->sorted[low]->element, element) != 0)
        return NULL;
    return index->sorted[low];
}
