// SPDX-License-Identifier: Apache-2.0
// Server-side apply: what somebody wants of an object is merged into it, field by field; what others own is a conflict
// unless it is the same or forced, and what the same manager wanted before and leaves out now goes, unless others want
// it.
#pragma once

#include "kube/apply/managed.h"

struct apply_conflict {
    bytes_t manager; // as messages have it: "kubectl-client-side-apply" using eventing.knative.dev/v1
    bytes_t field;   // .spec.broker
};

struct apply_conflicts {
    struct apply_conflict *items; // by manager, then by field
    size_t count;
    bytes_t message; // of the Status: Apply failed with 1 conflict: ...
};

// LIVE (NULL: none yet) and CONFIG stay as they are; RET_OBJECT is a new tree with its managedFields, equal to LIVE
// when nothing changed. CONFIG has the scope's apiVersion. What the store owns in metadata (uid, resourceVersion...) is
// the caller's business, before and after. The manager "kubectl" also takes over what the annotation of client-side
// apply says, and keeps that annotation up to date. ERR_CONFLICT: only RET_CONFLICTS is filled, all on the arena.
// ERR_INVALID: CONFIG (DIAG says which field) or LIVE's lists are not as the schema wants them; CONFIG has
// managedFields. ERR_MALFORMED, ERR_TOO_LARGE: LIVE's managedFields, or fields that are nested too deep. ERR_LIMIT: too
// many managers.
err_t server_side_apply(const struct apply_scope *scope, const struct json_value *live, const struct json_value *config,
                        bytes_t manager, bool force, struct arena *arena, struct json_value **ret_object,
                        struct apply_conflicts *ret_conflicts, diag_t *diag) MUST_CHECK;
// details.causes of the Status.
struct json_value *apply_conflict_causes(const struct apply_conflicts *conflicts, struct arena *arena)
    __attribute__((returns_nonnull));
