// SPDX-License-Identifier: Apache-2.0
// Lists that are sets hold each item once, lists that are maps each key (x-kubernetes-list-type). Private to schema/.
#pragma once

#include "kube/schema/field_error.h"
#include "kube/schema/schema.h"

void schema_lists_check(const struct json_value *object, const struct schema *schema, struct field_errors *errors);
