// SPDX-License-Identifier: Apache-2.0
// Defaults of a schema, as the Kubernetes API puts them in whenever it reads an object.
#pragma once

#include "base/err.h"
#include "base/json_edit.h"
#include "kube/schema/schema.h"

// All defaults of one object together have at most so many values: they are copied for each item of a list.
enum { SCHEMA_DEFAULTS_MAX = 100000 };

// Takes away null where it may not be and where no default stands in for it, then puts copies of the defaults (in
// ARENA) where a member is missing, or null and may not be: also in members of defaults, in items, and in what
// additionalProperties describes. Each name stands once in every object. ERR_TOO_LARGE: more than SCHEMA_DEFAULTS_MAX;
// VALUE has some of them then.
MUST_CHECK err_t schema_default(struct json_value *value, const struct schema *schema, struct arena *arena);
