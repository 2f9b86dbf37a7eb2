// SPDX-License-Identifier: Apache-2.0
// The three-way merge of client-side apply, as `kubectl apply` makes it for kinds of users (k8s.io/apimachinery,
// util/jsonmergepatch): what the manifest says is set, what an earlier one said and this one does not goes, what others
// wrote stays. Lists are one value each. Pure: trees in, a JSON merge patch out.
#pragma once

#include "base/json_edit.h"

// The annotation in which an object carries the manifest that was applied last.
#define KUBE_LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

// The patch that makes of LIVE what WANTED says; ORIGINAL (NULL: none) was wanted before. Without members: nothing is
// to change. A null in WANTED is as if nothing stood there. Shares texts with all three.
struct json_value *kube_merge_patch(struct arena *arena, const struct json_value *original,
                                    const struct json_value *wanted, const struct json_value *live)
    __attribute__((returns_nonnull));

// OBJECT with itself in its annotation KUBE_LAST_APPLIED, as kubectl writes it. A copy.
struct json_value *kube_merge_annotate(struct arena *arena, const struct json_value *object)
    __attribute__((returns_nonnull));
// What the annotation of LIVE says; NULL: it has none that can be read.
struct json_value *kube_merge_original(struct arena *arena, const struct json_value *live);
