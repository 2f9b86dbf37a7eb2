// SPDX-License-Identifier: Apache-2.0
// The bodies of requests as trees: JSON, YAML, and the protobuf that kubectl sends for built-in kinds.
#pragma once

#include "kube/request.h"

// By Content-Type; absent is JSON. *RET_TREE is NULL for an empty body. False: problem.
bool body_read(struct request *request, struct json_value **ret_tree);
// A patch, whose Content-Type is its own; *RET_TYPE is without parameters.
bool body_read_patch(struct request *request, bytes_t *ret_type, struct json_value **ret_tree);
