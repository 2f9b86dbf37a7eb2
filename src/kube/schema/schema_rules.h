// SPDX-License-Identifier: Apache-2.0
// The part of a compiled schema that only validation looks at. Private to schema/.
#pragma once

#include "kube/schema/schema.h"
#include "kube/schema/schema_format.h"
#include "kube/schema/schema_pattern.h"

struct schema_branches {
    const struct schema *const *items;
    size_t count;
};

struct schema_rules {
    bytes_t format; // BYTES_NULL unless it is checked
    schema_format_check *check;
    const struct schema_pattern *pattern; // NULL: none
    bytes_t pattern_text;
    const struct json_value *enums; // an array; NULL: none
    bool has_minimum, has_maximum, has_multiple_of, exclusive_minimum, exclusive_maximum;
    double minimum, maximum, multiple_of;
    int64_t min_length, max_length, min_items, max_items, min_properties, max_properties; // -1: none
    const bytes_t *required;
    size_t required_count;
    bool refuses_additional; // additionalProperties: false
    struct schema_branches all_of, any_of, one_of;
    const struct schema *not_; // NULL: none
};
