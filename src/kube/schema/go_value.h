// SPDX-License-Identifier: Apache-2.0
// Values as Go's fmt and strconv write them, because the sentences of the Kubernetes API hold them so:
// `spec.data: Invalid value: map[string]interface {}{"a":1}`.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// strconv.Quote: in double quotes, with Go's escapes for what cannot be printed. TEXT is UTF-8.
void go_quote(struct writer *out, bytes_t text);
// %v of a number of a tree: whole numbers that fit 64 bits as they are, the rest as float64 (1e+06).
void go_number(struct writer *out, const struct json_value *number);
void go_double(struct writer *out, double number);
// %#v of what encoding/json makes of the value: map[string]interface {}{...} with sorted names, []interface {}{...}.
void go_value(struct writer *out, const struct json_value *value);
