// SPDX-License-Identifier: Apache-2.0
// Validation of one value without what is inside: type, format, limits, enum. Private to schema/. RULES may be NULL.
// Each adds to RESULT what is wrong, and counts what went well as kube-openapi does.
#pragma once

#include "kube/schema/schema_result.h"
#include "kube/schema/schema_rules.h"

// "spec.a[0]", in the arena; "" for the value itself.
bytes_t schema_values_path(const struct schema_results *results, const struct field_path *path);

void schema_values_type(const struct schema_results *results, struct schema_result *result,
                        const struct json_value *value, const struct schema *schema, const struct field_path *path);
void schema_values_enum(const struct schema_results *results, struct schema_result *result,
                        const struct json_value *value, const struct schema_rules *rules,
                        const struct field_path *path);
// Length, pattern and format.
void schema_values_string(const struct schema_results *results, struct schema_result *result,
                          const struct json_value *value, const struct schema_rules *rules,
                          const struct field_path *path);
void schema_values_number(const struct schema_results *results, struct schema_result *result,
                          const struct json_value *value, const struct schema_rules *rules,
                          const struct field_path *path);
