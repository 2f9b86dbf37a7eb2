// SPDX-License-Identifier: Apache-2.0
// Strategic merge patch, application/strategic-merge-patch+json: what kubectl apply and kubectl patch send for built-in
// kinds. Objects are merged as by a merge patch; lists are replaced, or merged where the schema says so: objects by
// their merge key, scalars as a set. Directives in the patch:
//   $patch: delete | replace            the object, or in a list the element with that key, or the list
//   $retainKeys: [names]                all other members of the object go
//   $setElementOrder/NAME: [elements]   the order of the list NAME, as scalars or as objects with the merge key
//   $deleteFromPrimitiveList/NAME: [..] values that leave the list NAME
// (k8s.io/apimachinery, util/strategicpatch; design proposal "preserve order in strategic merge patch".)
#pragma once

#include "base/json.h"
#include "kube/schema/schema.h"

// OBJECT with PATCH applied is *RET_OBJECT, a tree of its own in ARENA that shares texts with both; neither is changed,
// and the result is never deeper than the deeper of the two. Nulls and directives do not stay in it. What SCHEMA (of
// the kind; may be NULL) does not know is merged as by a merge patch.
//   ERR_MALFORMED  the patch is no object, or a directive has the wrong form: a 400
//   ERR_INVALID    it does not fit the object: a 422 (kube-apiserver answers some of these with a 500)
// *RET_TEXT is the sentence that kube-apiserver answers.
//
// Where kube-apiserver's answer depends on chance (the order of a Go map), this is fixed: of one list, its order comes
// first, then what leaves it, then what is set.
err_t strategic_patch_apply(struct arena *arena, const struct json_value *object, const struct json_value *patch,
                            const struct schema *schema, struct json_value **ret_object,
                            const char **ret_text) MUST_CHECK;
