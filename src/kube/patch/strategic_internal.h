// SPDX-License-Identifier: Apache-2.0
// Between the two halves of a strategic merge: strategic.c does objects, strategic_list.c lists.
#pragma once

#include "kube/patch/places.h"
#include "kube/patch/strategic.h"

struct strategic {
    struct arena *arena;
    err_t err; // of the first thing that is wrong; TEXT says what
    const char *text;
};

// Always false.
bool strategic_fail(struct strategic *s, err_t err, const char *format, ...) __attribute__((format(printf, 3, 4)));

// ORIGINAL (may be NULL) with PATCH, both objects; a new value. NULL: failed.
struct json_value *strategic_object(struct strategic *s, const struct json_value *original,
                                    const struct json_value *patch, const struct schema *schema);
// A copy without nulls in objects and without members that are directives, as the typed object would have it.
struct json_value *strategic_clean(struct strategic *s, const struct json_value *value);
// The same for what is new: objects that carry $patch are left out. NULL: VALUE is such an object itself.
struct json_value *strategic_clean_new(struct strategic *s, const struct json_value *value);

// A list and what a patch says about it. ORIGINAL and PATCH may be NULL.
struct list_change {
    const struct json_value *original, *patch, *order;
};

// ORIGINAL with PATCH (or with what leaves it: IS_DELETION), both arrays; FIELD describes the list and may be NULL.
struct json_value *strategic_list(struct strategic *s, const struct json_value *original,
                                  const struct json_value *patch, const struct schema *field, bool is_deletion);
// The list NAME with $setElementOrder. *RET_LIST is NULL when there is nothing to order. False: failed.
bool strategic_ordered_list(struct strategic *s, bytes_t name, const struct list_change *change,
                            const struct schema *field, struct json_value **ret_list);
