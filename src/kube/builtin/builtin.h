// SPDX-License-Identifier: Apache-2.0
// The kinds that every Kubernetes API has. One file for each that has rules of its own; their schemas are the YAML
// files here.
#pragma once

#include "kube/kind.h"

extern const struct kind_rules *const builtin_kinds[];
extern const size_t builtin_kind_count;

extern const struct kind_rules namespace_rules;
extern const struct kind_rules config_map_rules;
extern const struct kind_rules secret_rules;
extern const struct kind_rules service_account_rules;
extern const struct kind_rules service_rules;
extern const struct kind_rules event_rules;
extern const struct kind_rules lease_rules;
extern const struct kind_rules pod_rules;
extern const struct kind_rules deployment_rules;
extern const struct kind_rules job_rules;
extern const struct kind_rules definition_rules; // CustomResourceDefinition
extern const struct kind_rules self_subject_access_review_rules;
extern const struct kind_rules self_subject_rules_review_rules;
extern const struct kind_rules subject_access_review_rules;
extern const struct kind_rules local_subject_access_review_rules;
extern const struct kind_rules self_subject_review_rules;
