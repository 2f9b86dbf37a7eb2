// SPDX-License-Identifier: Apache-2.0
// Reads JSON (RFC 8259) into a tree on an arena. Strict: nothing but the grammar, UTF-8 only, no half surrogates, one
// value. Strings without escapes are views of the text, so the text outlives the tree. (json_edit.h changes such a
// tree, json_write.h writes text.)
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_type type;
    bool is_true;             // JSON_BOOL
    bytes_t name;             // of a member of an object, unescaped
    bytes_t text;             // JSON_STRING: unescaped, may hold zero bytes; JSON_NUMBER: as it was written
    struct json_value *first; // JSON_ARRAY, JSON_OBJECT: what is inside, in order; NULL: nothing
    struct json_value *last;
    size_t count;
    struct json_value *next; // the one behind it in the same array or object
    struct json_value *up;   // what it is inside of
};

// Deeper than anything that people write by hand; more than a stack of brackets that somebody sends.
enum { JSON_DEPTH_MAX = 64 };

// A value takes about 110 bytes, at least two of the text: whoever reads a peer's text says how many there may be.
struct json_limits {
    size_t size;   // of the text
    size_t values; // all together
};

// ERR_MALFORMED, ERR_TOO_LARGE (text, values, depth); DIAG (may be NULL) says where and what was expected.
err_t json_parse(bytes_t text, const struct json_limits *limits, struct arena *arena, struct json_value **ret_value,
                 diag_t *diag) MUST_CHECK;

// The member of that name, the last one if there are several, as most readers have it. NULL if there is none, or if
// OBJECT is NULL or no object, so that look-ups can be nested.
const struct json_value *json_get(const struct json_value *object, const char *name);

// The member's text; empty when there is no such member or it is no text.
bytes_t json_text_at(const struct json_value *object, const char *name);

// False when the value is NULL or of another type, or does not fit; nothing is touched then. Integers are written
// without fraction and exponent.
bool json_get_text(const struct json_value *value, bytes_t *ret_text);
bool json_get_bool(const struct json_value *value, bool *ret_bool);
bool json_get_int(const struct json_value *value, int64_t *ret_int);
bool json_get_double(const struct json_value *value, double *ret_double);
