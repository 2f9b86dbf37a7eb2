// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/builtin.h"

#include "base/assert.h"

const struct kind_rules *const builtin_kinds[] = {
    &namespace_rules,
    &config_map_rules,
    &secret_rules,
    &service_account_rules,
    &service_rules,
    &event_rules,
    &lease_rules,
    &pod_rules,
    &deployment_rules,
    &job_rules,
    &definition_rules,
    &self_subject_access_review_rules,
    &self_subject_rules_review_rules,
    &subject_access_review_rules,
    &local_subject_access_review_rules,
    &self_subject_review_rules,
};
const size_t builtin_kind_count = ARRAY_COUNT(builtin_kinds);
