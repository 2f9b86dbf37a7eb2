// SPDX-License-Identifier: Apache-2.0
// Writes JSON (RFC 8259), compact, onto a struct writer, whose sticky error is the only one. Calls out of order (a
// value where a key belongs) are programmer errors and assert.
#pragma once

#include "base/bytes.h"
#include "base/writer.h"

enum { JSON_WRITE_DEPTH_MAX = 64 };

struct json_writer {
    struct writer *out;
    uint64_t arrays; // bit per depth: an array (else an object)
    uint64_t filled; // bit per depth: has an item already
    unsigned depth;
    bool after_key;
};

static inline struct json_writer json_writer_of(struct writer *out)
{
    return (struct json_writer){ .out = out };
}

void json_object_begin(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array_begin(struct json_writer *json);
void json_array_end(struct json_writer *json);

// Inside an object, before each value.
void json_key(struct json_writer *json, const char *key);
void json_key_bytes(struct json_writer *json, bytes_t key);

// Each byte that is not UTF-8 becomes U+FFFD; control characters, DEL, U+2028, U+2029, the quote and the backslash are
// escaped. BYTES_NULL is written as "".
void json_bytes(struct json_writer *json, bytes_t text);
void json_text(struct json_writer *json, const char *text);
void json_int(struct json_writer *json, int64_t value);
void json_uint(struct json_writer *json, uint64_t value);
// The shortest form that reads back as the same double; NaN and infinities, which JSON lacks, as null.
void json_double(struct json_writer *json, double value);
void json_bool(struct json_writer *json, bool value);
void json_null(struct json_writer *json);
// As a string in base64 (RFC 4648 4).
void json_base64(struct json_writer *json, bytes_t data);
// A value that is JSON already.
void json_raw(struct json_writer *json, bytes_t value);

// Key and value in one call.
void json_field_text(struct json_writer *json, const char *key, const char *value);
void json_field_bytes(struct json_writer *json, const char *key, bytes_t value);
void json_field_int(struct json_writer *json, const char *key, int64_t value);
void json_field_bool(struct json_writer *json, const char *key, bool value);
// Bytes of somebody else, without loss: "KEY":"text" where they are UTF-8, "KEY":null for BYTES_NULL, else
// "KEY_base64":"...". KEY has at most 32 characters.
void json_field_data(struct json_writer *json, const char *key, bytes_t data);
