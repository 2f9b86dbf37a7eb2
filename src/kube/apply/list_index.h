// SPDX-License-Identifier: Apache-2.0
// The items of a granular list by what tells them apart.
#pragma once

#include "kube/apply/field_set.h"
#include "kube/apply/typed.h"

struct list_item {
    struct path_element element;
    const struct json_value *value;
    size_t place; // in items
    size_t twins; // how many have this element, this one included
    bool is_first;
};

struct list_index {
    struct list_item *items;   // in the list's order
    struct list_item **sorted; // by element, then by place
    size_t count;
    size_t unknown; // items that were left out
};

// LIST: an array, or anything else for an empty list. ERR_INVALID for an item without a key member that has no default,
// and for what is no item of such a list (null, a list in a set). DIAG says which item, not which list.
err_t list_index_make(struct typed type, const struct json_value *list, struct arena *arena,
                      struct list_index *ret_index, diag_t *diag) MUST_CHECK;
// The same without such items, which are counted: no list is wrong.
void list_index_make_known(struct typed type, const struct json_value *list, struct arena *arena,
                           struct list_index *ret_index);
// The first of those that have the element; NULL: none.
const struct list_item *list_index_find(const struct list_index *index, const struct path_element *element);
