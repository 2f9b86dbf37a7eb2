// SPDX-License-Identifier: Apache-2.0
// The annotation in which client-side apply keeps what it applied (kubectl.kubernetes.io/last-applied-configuration).
// Server-side apply by "kubectl" takes such fields over without a conflict, and keeps the annotation true for those
// who go back.
#pragma once

#include "kube/apply/managed.h"

// The fields of the annotation that LIVE still has as it says. Empty: there is no annotation, or it cannot be used.
const struct field_set *last_applied_fields(const struct apply_scope *scope, const struct json_value *live,
                                            struct arena *arena) __attribute__((returns_nonnull));
// The annotation of OBJECT, if it has one, says CONFIG; it goes when annotations become too large by it.
void last_applied_sync(struct json_value *object, const struct json_value *config, struct arena *arena);
