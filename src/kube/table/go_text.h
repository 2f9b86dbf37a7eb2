// SPDX-License-Identifier: Apache-2.0
// JSON trees as text in the two ways of Go's libraries that kubectl's outputs consist of.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// encoding/json: names sorted, & < > and U+2028 escaped, numbers as in kube/yaml/number.h.
void go_json_write(struct writer *out, const struct json_value *value);
// The same over several lines, each level indented by four spaces more; LEVEL is that of VALUE itself.
void go_json_write_lines(struct writer *out, const struct json_value *value, unsigned level);
// fmt.Sprint: strings as they are, map[a:1 b:[x y]], <nil>.
void go_sprint(struct writer *out, const struct json_value *value);
