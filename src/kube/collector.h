// SPDX-License-Identifier: Apache-2.0
// Owners and dependents (metadata.ownerReferences; docs of Kubernetes, "Garbage Collection"): what no owner wants any
// more is deleted; an owner that is deleted in the foreground waits for its dependents, one that orphans them lets them
// go first. On the API's loop.
#pragma once

#include "kube/controller.h"

struct collector;

struct collector *collector_start(struct kube *kube);
void collector_stop(struct collector *collector);
// Accepts NULL.
void collector_free(struct collector *collector);
