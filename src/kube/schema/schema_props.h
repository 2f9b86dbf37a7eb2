// SPDX-License-Identifier: Apache-2.0
// A schema as it is written (JSONSchemaProps of apiextensions.k8s.io/v1), read out of its JSON tree by one table of
// keywords: what the checks of schema_check.h and the compiler look at. Private to schema/. Lives in an arena, with
// views of the tree.
#pragma once

#include "base/arena.h"
#include "kube/schema/field_error.h"

struct schema_props_list {
    struct schema_props *const *items; // in the order of the text
    size_t count;
};

struct schema_pattern;

struct schema_props {
    bytes_t name; // of a property
    const struct json_value *source;
    // Texts that are absent or empty are BYTES_NULL, as Go sees no difference.
    bytes_t type, format, title, description, pattern, list_type, map_type, id, dialect, ref;
    bytes_t patch_strategy, patch_merge_key;
    bool nullable, unique_items, exclusive_minimum, exclusive_maximum, embedded, int_or_string, preserve_unknown;
    // Numbers; NULL: absent.
    const struct json_value *minimum, *maximum, *multiple_of, *min_length, *max_length, *min_items, *max_items,
        *min_properties, *max_properties;
    const struct json_value *required, *enums, *map_keys, *validations; // arrays; NULL: absent or empty
    const struct json_value *fallback;                                  // default; NULL: absent or null
    const struct json_value *preserve_flag;                             // as it was given
    // What no structural schema may have; NULL: absent.
    const struct json_value *pattern_properties, *definitions, *dependencies, *additional_items;
    const struct json_value *external_docs, *example;
    const struct schema_pattern *compiled; // of PATTERN, once schema_check.h has seen it

    struct schema_props_list properties, all_of, any_of, one_of;
    struct schema_props *items, *additional, *not_; // NULL: absent
    bool items_is_list;                             // items: [...]
    bool has_additional, additional_allows;         // additionalProperties, its truth when it is no schema
};

// A schema has at most so many nodes, all kinds together.
enum { SCHEMA_NODES_MAX = 10000 };

// Reads TREE, in which each name stands once. What has the wrong JSON type is an error at its place and absent in the
// result. NULL when it is no object, or larger than the limits.
struct schema_props *schema_props_read(const struct json_value *tree, const struct field_path *path,
                                       struct arena *arena, struct field_errors *errors);

// The property of that name; NULL: none.
const struct schema_props *schema_props_find(const struct schema_props_list *list, bytes_t name);
// Whether no other keyword than ALLOWED says anything (null, false, "" and what is empty do not).
bool schema_props_has_only(const struct schema_props *props, const char *const *allowed, size_t count);
