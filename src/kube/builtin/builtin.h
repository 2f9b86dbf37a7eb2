// SPDX-License-Identifier: Apache-2.0
// The kinds that every Kubernetes API has. One file for each that has rules of its own; their schemas are the YAML
// files here.
#pragma once

#include "kube/kind.h"

extern const struct kind_rules *const builtin_kinds[];
extern const size_t builtin_kind_count;

extern const struct kind_rules namespace_rules;
extern const struct kind_rules config_map_rules;
extern const struct kind_rules definition_rules; // CustomResourceDefinition
