// SPDX-License-Identifier: Apache-2.0
// Whether an object is what its schema says, in the words of the Kubernetes API server (k8s.io/kube-openapi, as
// of 1.33). Where Go's order of maps is by chance, errors come in the order of the object here. Stricter than there: an
// array is no string, even if the string has a format; multipleOf of a fraction is taken as it is for whole numbers,
// too.
#pragma once

#include "base/json.h"
#include "kube/schema/field_error.h"
#include "kube/schema/schema.h"

// The whole object: types, values, embedded resources, and lists that are sets or maps. ERRORS gets what is wrong, up
// to its limit; its arena holds some scratch, too. Before this come schema_prune and schema_default.
void schema_validate(const struct json_value *object, const struct schema *schema, struct field_errors *errors);

// A value inside of something else: paths begin with AT. Without the lists.
void schema_validate_at(const struct json_value *value, const struct schema *schema, const struct field_path *at,
                        struct field_errors *errors);
