// SPDX-License-Identifier: Apache-2.0
// From openAPIV3Schema (apiextensions.k8s.io/v1), a JSON tree, to struct schema. What the Kubernetes API refuses in a
// CustomResourceDefinition is refused here, at the same field paths, in the same words; and rules in CEL are, with a
// sentence.
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "kube/schema/field_error.h"
#include "kube/schema/schema.h"

struct schema_compile {
    bytes_t where;   // the path before all others: "spec.versions[0].schema.openAPIV3Schema"
    bool has_status; // the status subresource is on, so that the root may say less
    bool is_builtin; // our own text of a kind that is not custom: patch strategies are read, defaults in metadata are
                     // fine
};

// SOURCE has each name once (json_unique) and outlives the schema; ARENA holds it, and stays as long. ERR_INVALID:
// ERRORS has at least one more. The root is like an embedded resource: apiVersion, kind and metadata are members of it,
// whatever the text says, and metadata has the fields of ObjectMeta (schema_meta.h) with what the text says about name
// and generateName.
MUST_CHECK err_t schema_compile(const struct json_value *source, const struct schema_compile *how, struct arena *arena,
                                const struct schema **ret_schema, struct field_errors *errors);
