// SPDX-License-Identifier: Apache-2.0
// JSON merge patch (RFC 7386), application/merge-patch+json: what the patch has is set, what it has as null goes.
#pragma once

#include "base/json.h"

// OBJECT with PATCH applied is *RET_OBJECT, a tree of its own in ARENA that shares texts with both; neither is changed.
// Arrays are taken from the patch as they are (kube-apiserver drops nulls of objects inside of them, the RFC does
// not). The result is never deeper than the deeper of the two. ERR_MALFORMED: the patch is no object; *RET_TEXT is
// kube-apiserver's sentence, for a 400.
err_t merge_patch_apply(struct arena *arena, const struct json_value *object, const struct json_value *patch,
                        struct json_value **ret_object, const char **ret_text) MUST_CHECK;
