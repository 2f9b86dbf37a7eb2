// SPDX-License-Identifier: Apache-2.0
// What `eddy get -o` prints as `kubectl get -o` does: name, jsonpath, jsonpath-as-json and custom-columns, of one
// object or of each item of a list. Nothing is written where an error is returned.
#pragma once

#include "base/json.h"
#include "base/writer.h"

struct custom_columns;

// SPEC: "NAME:.metadata.name,READY:{.status.ready}", at least one column; the path may lack its braces and the point in
// front. ERR_INVALID. Lives in ARENA.
err_t custom_columns_compile(bytes_t spec, struct arena *arena, const struct custom_columns **ret_columns,
                             diag_t *diag) MUST_CHECK;
// A column that finds nothing has <none>, one that finds several has them with commas between. ERR_INVALID, ERR_LIMIT
// as json_path_find.
err_t custom_columns_print(const struct custom_columns *columns, const struct json_value *value, bool no_headers,
                           struct writer *out, diag_t *diag) MUST_CHECK;

// -o jsonpath=TEMPLATE, and -o jsonpath-as-json=TEMPLATE: each action an indented array. A list is one value here: its
// items are .items. What is missing is left out.
err_t custom_jsonpath_print(bytes_t template, const struct json_value *value, bool as_json, struct writer *out,
                            diag_t *diag) MUST_CHECK;

// -o name: "trigger.eventing.knative.dev/t1", a line each. ERR_INVALID: an object without kind.
err_t custom_name_print(const struct json_value *value, struct writer *out, diag_t *diag) MUST_CHECK;
// "trigger.eventing.knative.dev", "pod": what is before the slash. BYTES_NULL: the object has no kind. In ARENA.
bytes_t custom_kind_name(const struct json_value *object, struct arena *arena);
