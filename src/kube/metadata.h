// SPDX-License-Identifier: Apache-2.0
// What every object's metadata has to look like, whatever kind it is (apimachinery: ValidateObjectMeta).
#pragma once

#include "kube/schema/field_error.h"
#include "kube/select/name.h"

void metadata_check(struct field_errors *errors, const struct json_value *object, enum name_rule rule);
