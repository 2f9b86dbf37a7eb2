// SPDX-License-Identifier: Apache-2.0
// The filters of a Trigger (Knative's Subscriptions API): what a schema, which cannot contain itself,
// does not see, and what it says in words of its own.
#pragma once

#include "base/json.h"
#include "kube/schema/field_error.h"

// FILTERS: an array of filters, each with one dialect, to any depth. NULL is none, and what is no array is left to the
// schema. PATH: of the array.
void filters_inspect(struct field_errors *errors, const struct json_value *filters, const struct field_path *path);
// The names of ATTRIBUTES, an object. NULL is none.
void attribute_names_inspect(struct field_errors *errors, const struct json_value *attributes,
                             const struct field_path *path);
