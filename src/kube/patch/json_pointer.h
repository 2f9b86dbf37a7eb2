// SPDX-License-Identifier: Apache-2.0
// JSON pointers (RFC 6901): "/spec/steps/0" in steps.
#pragma once

#include "base/json.h"

struct json_pointer {
    bytes_t keys[JSON_DEPTH_MAX]; // unescaped
    size_t count;                 // 0: the whole document
};

// Keys are views of TEXT, or in ARENA where '~' had to be replaced. ERR_MALFORMED: it does not begin with '/', or has a
// '~' before something else than '0' and '1'. ERR_TOO_LARGE: deeper than any document is.
err_t json_pointer_parse(struct arena *arena, bytes_t text, struct json_pointer *ret_pointer) MUST_CHECK;

// An index of an array: "0", or digits that do not begin with 0 (RFC 6901 4). ERR_OUT_OF_RANGE: a number that no array
// has as an index, a negative one among them; ERR_MALFORMED: anything else.
err_t json_pointer_index(bytes_t key, size_t *ret_index) MUST_CHECK;
