// SPDX-License-Identifier: Apache-2.0
// The columns of Pods, as kubectl shows those of kube-apiserver.
#pragma once

#include "base/writer.h"

struct json_value;

// struct kind_rules, cell.
bool pod_cell(const struct json_value *object, bytes_t column, int64_t now_ms, struct writer *to);
