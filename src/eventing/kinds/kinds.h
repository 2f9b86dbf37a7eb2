// SPDX-License-Identifier: Apache-2.0
// The kinds of eventing; app/ lists them for the door (kube_options.kinds).
#pragma once

#include "kube/kind.h"

extern const struct kind_rules broker_rules, trigger_rules, ping_source_rules, kafka_sink_rules, kafka_source_rules;
extern const struct kind_rules in_memory_channel_rules, kafka_channel_rules, channel_rules, subscription_rules;
extern const struct kind_rules sequence_rules, parallel_rules, event_type_rules;
