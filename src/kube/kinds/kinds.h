// SPDX-License-Identifier: Apache-2.0
// Kinds that eddy has beyond those of every Kubernetes API; app/ lists them for the door (kube_options.kinds).
#pragma once

#include "kube/kind.h"

extern const struct kind_rules kafka_topic_rules;
