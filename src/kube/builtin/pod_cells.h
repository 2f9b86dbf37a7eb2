// SPDX-License-Identifier: Apache-2.0
// The columns of Pods, as kubectl shows those of kube-apiserver.
#pragma once

#include "kube/table/table.h"

extern const struct table_cell pod_cells[];
