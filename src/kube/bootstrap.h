// SPDX-License-Identifier: Apache-2.0
// What the API is made of when it starts: its kinds, the namespaces that are always there, its own controllers.
#pragma once

#include "base/err.h"

struct kube;

// Before the loops run. DIAG names the definition that is wrong.
err_t bootstrap_kinds(struct kube *kube, diag_t *diag) MUST_CHECK;
// The rest happens on the loop, then kube_ready.
void bootstrap_start(struct kube *kube);
void bootstrap_stop(struct kube *kube);
void bootstrap_free(struct kube *kube);
