// SPDX-License-Identifier: Apache-2.0
// What a kind's objects look like: an OpenAPI v3 schema as a CustomResourceDefinition carries it (a structural schema),
// compiled into nodes. Immutable once made; all of it lives in one arena. Built-in kinds are described the same way,
// with the extensions that only they have (patch strategies). schema_compile.h makes it.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum schema_type {
    SCHEMA_ANY, // no type is named: x-kubernetes-preserve-unknown-fields or x-kubernetes-int-or-string
    SCHEMA_OBJECT,
    SCHEMA_ARRAY,
    SCHEMA_STRING,
    SCHEMA_INTEGER,
    SCHEMA_NUMBER,
    SCHEMA_BOOLEAN,
};

// x-kubernetes-list-type: what server-side apply takes as one thing.
enum schema_list {
    SCHEMA_LIST_ATOMIC, // the list as a whole
    SCHEMA_LIST_SET,    // each scalar
    SCHEMA_LIST_MAP,    // each object, told apart by the members in KEYS
};

struct schema_member {
    bytes_t name;
    const struct schema *schema;
};

struct schema {
    enum schema_type type;
    bool nullable;
    bool int_or_string;    // x-kubernetes-int-or-string
    bool preserve_unknown; // x-kubernetes-preserve-unknown-fields: members that are not named stay
    bool embedded;         // x-kubernetes-embedded-resource: apiVersion, kind and metadata are there as well
    bool map_atomic;       // x-kubernetes-map-type: atomic
    enum schema_list list;
    const bytes_t *keys; // x-kubernetes-list-map-keys
    size_t key_count;
    // Strategic merge of built-in kinds (x-kubernetes-patch-strategy, x-kubernetes-patch-merge-key).
    bool patch_merge, patch_retain_keys, patch_replace;
    bytes_t patch_merge_key; // BYTES_NULL: a list of scalars, or none

    const struct schema_member *members; // properties, sorted by name
    size_t member_count;
    const struct schema *additional;   // additionalProperties: the schema of what is not named; NULL: none
    const struct schema *items;        // of an array
    const struct json_value *fallback; // default; NULL: none
    const struct schema_rules *rules;  // what validation looks at besides; private to schema/
    const struct json_value *source;   // the schema as it was written, for OpenAPI documents
};

// What stands at the member NAME of a value that SCHEMA describes: a property, or what additionalProperties says. NULL:
// it is not known (SCHEMA may be NULL, too: nothing is known).
const struct schema *schema_member_find(const struct schema *schema, bytes_t name);
