// SPDX-License-Identifier: Apache-2.0
// Writes JSON trees as YAML, as `kubectl get -o yaml` prints them (sigs.k8s.io/yaml over go-yaml 2): keys sorted,
// numbers in their order (a2 before a10), two spaces for each level, lists not indented under their key, block literals
// for texts of several lines, quotes where a text would be read as something else, long lines folded behind 80 columns.
#pragma once

#include "base/json.h"
#include "base/writer.h"

// One document, with a line break at its end and no separator. Bytes that are not UTF-8 become U+FFFD.
void yaml_write(struct writer *out, const struct json_value *value);
