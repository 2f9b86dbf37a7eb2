// SPDX-License-Identifier: Apache-2.0
// Objects put together, and fields taken out of them. What comes back is a new tree, in no other; texts are shared.
#pragma once

#include "kube/apply/field_set.h"
#include "kube/apply/typed.h"

// What CONFIG says laid over LIVE: nothing goes away, leaves are CONFIG's, atomic maps and lists are replaced. Items of
// a granular list stand as CONFIG has them, those that only LIVE has keep their place between them; items that stand
// twice in LIVE stay unless CONFIG has one. CONFIG has passed fields_check. ERR_INVALID (items of LIVE without keys).
err_t fields_merge(struct typed type, const struct json_value *live, const struct json_value *config,
                   struct arena *arena, struct json_value **ret_object, diag_t *diag) MUST_CHECK;
// VALUE without the members and items of SET; what is inside an atomic map or list goes with all of it. A map or list
// that loses everything becomes null, as Kubernetes has it.
struct json_value *fields_remove(struct typed type, const struct json_value *value, const struct field_set *set,
                                 struct arena *arena) __attribute__((returns_nonnull));
