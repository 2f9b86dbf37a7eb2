// SPDX-License-Identifier: Apache-2.0
// What the API is made of when it starts: its kinds, the namespaces that are always there, its own controllers.
#pragma once

struct kube;

// Before the loops run.
void bootstrap_kinds(struct kube *kube);
// The rest happens on the loop, then kube_ready.
void bootstrap_start(struct kube *kube);
void bootstrap_stop(struct kube *kube);
void bootstrap_free(struct kube *kube);
