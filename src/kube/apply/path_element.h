// SPDX-License-Identifier: Apache-2.0
// One step of a field path as Kubernetes' managedFields know it (FieldsV1): the member of an object, the item of a list
// told apart by its key members, the item of a set, the item at an index. Values inside are views of JSON trees that
// outlive the element.
#pragma once

#include "base/json_edit.h"
#include "base/writer.h"

// In the order in which steps of different kinds are sorted.
enum path_kind { PATH_FIELD, PATH_KEY, PATH_VALUE, PATH_INDEX };

struct path_key {
    bytes_t name;
    const struct json_value *value;
};

struct path_element {
    enum path_kind kind;
    bytes_t field;                  // PATH_FIELD
    const struct path_key *keys;    // PATH_KEY, sorted by name
    size_t key_count;               // PATH_KEY
    const struct json_value *value; // PATH_VALUE
    int64_t index;                  // PATH_INDEX
};

// Deeper than any object that people write; what a tree of FieldsV1 may add to the depth of an object in a list in a
// watch stays below JSON_WRITE_DEPTH_MAX.
enum { FIELD_PATH_MAX = 48 };

static inline struct path_element path_field(bytes_t name)
{
    return (struct path_element){ .kind = PATH_FIELD, .field = name };
}

// The total order of FieldsV1. Numbers are compared by value, so 80 and 80.0 are the same.
int path_element_compare(const struct path_element *a, const struct path_element *b);
// The order of JSON values that it is made of: numbers, texts, booleans, arrays, objects, null.
int path_value_compare(const struct json_value *a, const struct json_value *b);
// By name, as PATH_KEY has them.
void path_keys_sort(struct path_key *keys, size_t count);

// "f:name", "k:{...}", "v:...", "i:0". TEXT outlives the element. A kind that is not known gives ERR_OK and false in
// RET_KNOWN: a later version of Kubernetes may have one. ERR_MALFORMED, ERR_TOO_LARGE.
err_t path_element_decode(bytes_t text, struct arena *arena, struct path_element *ret_element, bool *ret_known,
                          diag_t *diag) MUST_CHECK;
bytes_t path_element_encode(const struct path_element *element, struct arena *arena);
// As messages have it: .spec, [name="a",port=80], [="x"], [0].
void path_element_print(const struct path_element *element, struct writer *out);
// Quoted: "a".
void path_text_print(bytes_t text, struct writer *out);
// JSON as Kubernetes writes it: what HTML would take for its own is escaped.
void path_html_safe(struct writer *out, bytes_t json);
