// SPDX-License-Identifier: Apache-2.0
// The scale subresource (autoscaling/v1 Scale): how many replicas are wanted, and how many there are, at the paths that
// the kind names.
#pragma once

#include "kube/request.h"

void scale_get(struct request *request);
void scale_update(struct request *request);
void scale_patch(struct request *request);
