// SPDX-License-Identifier: Apache-2.0
#include "kube/builtin/builtin.h"

#include "base/assert.h"

const struct kind_rules *const builtin_kinds[] = {
    &namespace_rules,
    &config_map_rules,
    &definition_rules,
};
const size_t builtin_kind_count = ARRAY_COUNT(builtin_kinds);
