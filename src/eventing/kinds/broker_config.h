// SPDX-License-Identifier: Apache-2.0
// What the ConfigMap in spec.config of a Broker says of its topic, as Knative's Kafka broker reads it: keys
// default.topic.partitions and default.topic.config.*. What it says of a Kafka cluster (servers, copies, secrets) is
// not looked at: there is one log.
#pragma once

#include "eventing/kinds/backing.h"

// Into PLAN: partitions, configurations, or why none can be made.
void broker_config_plan(struct look *look, struct backing_plan *plan);
