// SPDX-License-Identifier: Apache-2.0
// The types of meta.k8s.io/v1 that documents refer to, as tables. Private to schema/.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct schema_definition {
    const char *name; // "ObjectMeta"
    const char *type; // "object", "string"
    const char *format, *map_type;
    const char *description;
};

struct schema_definition_field {
    const char *definition, *name;
    // "string", "boolean", "int32", "int64"; "Name" is another definition, "[x]" a list of x, "{x}" a map of x.
    const char *type;
    const char *list;  // x-kubernetes-list-type, keys behind a colon: "map:uid"
    const char *patch; // strategy, merge key behind a colon: "merge:uid"
    bool required;
    const char *description;
};

extern const struct schema_definition schema_definitions[];
extern const size_t schema_definition_count;
extern const struct schema_definition_field schema_definition_fields[]; // by definition
extern const size_t schema_definition_field_count;

// Of every object.
extern const char schema_api_version_text[], schema_kind_text[], schema_metadata_text[];
