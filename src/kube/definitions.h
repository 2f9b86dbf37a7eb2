// SPDX-License-Identifier: Apache-2.0
// Serves what CustomResourceDefinitions define: makes the kind, says so in the definition's status, and takes the
// kind's objects away before the definition goes.
#pragma once

#include "kube/controller.h"

// The kinds of the definitions that are stored, before anything else is read.
void definitions_load(struct kube *kube);
// The controller.
void definitions_start(struct controller *controller, struct kube *kube);
