// SPDX-License-Identifier: Apache-2.0
// What every object has, and what no schema says: ObjectMeta of meta.k8s.io/v1. Its definition for OpenAPI documents is
// in schema_definitions.c; a test compares the two.
#pragma once

#include "kube/schema/schema.h"

// Fields, types and list types (ownerReferences a map by uid, finalizers a set, managedFields atomic). Has no source.
extern const struct schema schema_object_meta;
// A text without rules: apiVersion, kind.
extern const struct schema schema_text;
// Of additionalProperties: true, where nothing is known of what is inside. Members of it are pruned, as Kubernetes
// does.
extern const struct schema schema_unknown;
