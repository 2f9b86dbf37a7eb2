// SPDX-License-Identifier: Apache-2.0
// What the API has: groups, versions, resources (Kubernetes API concepts, "API discovery"), as single documents and as
// the aggregated one (apidiscovery.k8s.io/v2).
#pragma once

#include "kube/request.h"

// Answers GET of /api, /apis, /api/v1, /apis/GROUP and /apis/GROUP/VERSION; false: the path is none of these.
bool discovery_handle(struct request *request);
