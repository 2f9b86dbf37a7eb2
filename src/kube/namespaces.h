// SPDX-License-Identifier: Apache-2.0
// Gives every namespace its default ServiceAccount, and empties one that is deleted before it goes.
#pragma once

#include "kube/admission.h"
#include "kube/controller.h"

void namespaces_start(struct controller *controller, struct kube *kube);

// Objects are made in namespaces that are there and stay: that of the admission is such a one, or its kind is of the
// cluster. NAME is the new object's, for the problem. False: problem.
bool namespace_takes(struct kube *kube, const struct admission *admission, bytes_t name);
