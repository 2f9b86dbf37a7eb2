// SPDX-License-Identifier: Apache-2.0
// Schemas for OpenAPI documents, as JSON trees: what /openapi/v3/... has in components.schemas, and /openapi/v2 in
// definitions. kubectl validates, explains and merges with them.
#pragma once

#include "base/json_edit.h"
#include "kube/schema/schema.h"

enum schema_openapi {
    SCHEMA_OPENAPI_V3,
    SCHEMA_OPENAPI_V2, // knows no anyOf, oneOf, allOf, not, nullable; kubectl reads nothing inside of what keeps
                       // unknowns
};

struct schema_openapi_kind {
    bytes_t group; // empty: the core group
    bytes_t version, kind, list_kind, plural;
    const struct schema *schema;
};

// "dev.knative.eventing.v1.Broker", "io.k8s.api.core.v1.ConfigMap". In ARENA.
bytes_t schema_openapi_name(bytes_t group, bytes_t version, bytes_t kind, struct arena *arena);
// {"$ref": "#/components/schemas/NAME"}, of v2: "#/definitions/NAME".
struct json_value *schema_openapi_ref(enum schema_openapi version, bytes_t name, struct arena *arena);

// Puts the kind and the list of it into SCHEMAS, an object. Parts of the tree are views of the kind's source. The
// result is nowhere deeper than the source, or SCHEMA_OPENAPI_DEPTH, so that it can be written inside of a document.
void schema_openapi_add_kind(struct json_value *schemas, enum schema_openapi version,
                             const struct schema_openapi_kind *kind, struct arena *arena);
// Puts in what all kinds refer to: io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta, ListMeta, Status, DeleteOptions ...
void schema_openapi_add_common(struct json_value *schemas, enum schema_openapi version, struct arena *arena);

enum { SCHEMA_OPENAPI_DEPTH = 48 };
