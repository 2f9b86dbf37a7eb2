// SPDX-License-Identifier: Apache-2.0
// Which fields differ between two objects.
#pragma once

#include "kube/apply/field_set.h"
#include "kube/apply/typed.h"

// No path is in two of them.
struct comparison {
    const struct field_set *removed;
    const struct field_set *modified;
    const struct field_set *added;
};

// Items of a granular list that stand twice, before and after, are compared together. ERR_INVALID (items without keys),
// ERR_TOO_LARGE (more than FIELD_PATH_MAX steps).
err_t fields_compare(struct typed type, const struct json_value *old, const struct json_value *fresh,
                     struct arena *arena, struct comparison *ret_comparison, diag_t *diag) MUST_CHECK;
