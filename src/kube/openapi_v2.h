// SPDX-License-Identifier: Apache-2.0
// The OpenAPI v2 document, which kubectl up to 1.28 asks for: it validates, explains and merges with the definitions,
// and looks at the paths for what patches take.
#pragma once

#include "kube/request.h"

// In the one form that kubectl knows (kube/proto/openapi_v2.h).
void openapi_v2_answer(struct request *request);
