// SPDX-License-Identifier: Apache-2.0
// The fields that an object has.
#pragma once

#include "kube/apply/field_set.h"
#include "kube/apply/typed.h"

// Whether OBJECT, which somebody applies, can be owned field by field: types, members that the schema does not know,
// items without keys, items that stand twice. ERR_INVALID; DIAG says where (".spec.ports[name=\"a\"]").
err_t fields_check(struct typed type, const struct json_value *object, struct arena *arena, diag_t *diag) MUST_CHECK;
// Leaves, items of granular lists, keys of maps, and what is empty. Items that stand twice count as one field, unknown
// members as deduced; items that cannot be told apart (without a key) are together the index -1, so that it shows
// that the list is not empty. ERR_TOO_LARGE (more than FIELD_PATH_MAX steps).
err_t fields_extract(struct typed type, const struct json_value *object, struct arena *arena,
                     const struct field_set **ret_set, diag_t *diag) MUST_CHECK;
// SET and the members on the way that the schema names: who owns .spec.broker also holds on to .spec.
const struct field_set *fields_with_named(struct typed type, const struct field_set *set, struct arena *arena)
    __attribute__((returns_nonnull));
// SET, written when the schema was another one: fields inside what is atomic by now become the whole of it.
const struct field_set *fields_reconcile(struct typed type, const struct field_set *set, struct arena *arena)
    __attribute__((returns_nonnull));
