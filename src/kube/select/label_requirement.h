// SPDX-License-Identifier: Apache-2.0
// One requirement of a label selector, for those who read selectors. Private to this folder.
#pragma once

#include "kube/select/label.h"

// Puts values into order, each once; how many are left.
size_t label_values_sort(bytes_t *values, size_t count);
// NULL: key and values are as the operator wants them (the bound is set then). Else kube-apiserver's sentence, in
// ARENA.
const char *label_requirement_check(struct arena *arena, struct label_requirement *requirement);
// Whether the labels meet it.
bool label_requirement_met(const struct label_requirement *requirement, const struct json_value *labels);
