// SPDX-License-Identifier: Apache-2.0
// OpenAPI documents: what kubectl asks to validate and to explain (/openapi/v3), and what old ones ask (/openapi/v2).
#pragma once

#include "kube/request.h"

void openapi_handle(struct request *request);
