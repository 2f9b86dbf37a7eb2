// SPDX-License-Identifier: Apache-2.0
// The rules for schemas of CustomResourceDefinitions, in the words of the Kubernetes API
// (k8s.io/apiextensions-apiserver). Private to schema/.
#pragma once

#include "kube/schema/schema_props.h"

// Whether something stands in it that a structural schema cannot have at all ($ref, definitions, items as a list ...),
// so that only schema_check_keywords has something to say.
bool schema_has_unsupported(const struct schema_props *props);

// What makes a schema structural: a type for everything, value validations only about what the structure names,
// metadata left alone. Compiles patterns, too.
void schema_check_structure(struct schema_props *props, const struct field_path *path, struct field_errors *errors);

// What the keywords mean together: list types and their keys, defaults in metadata, properties beside
// additionalProperties, keywords that are not supported.
void schema_check_keywords(const struct schema_props *props, const struct field_path *path,
                           struct field_errors *errors);
