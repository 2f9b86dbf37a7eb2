// SPDX-License-Identifier: Apache-2.0
// JSON patch (RFC 6902, pointers: RFC 6901), application/json-patch+json: a list of operations, all or none.
#pragma once

#include "base/json.h"

// As in kube-apiserver: operations of one patch, and bytes of text that its copies may add.
enum { JSON_PATCH_OPERATIONS_MAX = 10000, JSON_PATCH_COPY_MAX = 3 * 1024 * 1024 };
// Values that copies may add: a tree takes more memory than its text.
enum { JSON_PATCH_COPY_VALUES_MAX = 100000 };
// Values that all operations together may pass by on their ways: a few tenths of a second.
enum { JSON_PATCH_STEPS_MAX = 50 * 1000 * 1000 };

// DOCUMENT with PATCH applied is *RET_DOCUMENT, a tree of its own in ARENA that shares texts with both; neither is
// changed. It may be of any type, when the patch replaces the whole, and is never deeper than JSON_DEPTH_MAX.
//   ERR_MALFORMED  the patch is no list of operations: a 400
//   ERR_TOO_LARGE  a limit above: a 413
//   ERR_INVALID    an operation does not apply, a test failed: a 422
// *RET_TEXT is the sentence that kube-apiserver answers.
//
// Where kube-apiserver's library is laxer than the RFC, the RFC is followed: no negative indexes or leading zeros,
// a pointer begins with '/', add, replace and test need a value, what is replaced or copied is there. One laxness stays
// because clients guard patches with it: a member that is not there passes a test for null.
err_t json_patch_apply(struct arena *arena, const struct json_value *document, const struct json_value *patch,
                       struct json_value **ret_document, const char **ret_text) MUST_CHECK;
