// SPDX-License-Identifier: Apache-2.0
// Gives every namespace its default ServiceAccount, and empties one that is deleted before it goes.
#pragma once

#include "kube/controller.h"

void namespaces_start(struct controller *controller, struct kube *kube);
