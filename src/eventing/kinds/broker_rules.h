// SPDX-License-Identifier: Apache-2.0
// Broker: what Knative's webhook does (kind_rules.fill and check).
#pragma once

#include "eventing/kinds/rules.h"

// The class, which is MTChannelBasedBroker, and how events are delivered where nothing is said of it: ten retries,
// waiting 0.2 s, 0.4 s and so on, and the ConfigMap of Knative's own class (Knative's config-br-defaults). The
// namespace of references.
void broker_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void broker_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
// Of a class that is run here? Knative leaves a Broker alone whose class none of its controllers has.
bool broker_is_ours(const struct json_value *object);
// kind_rules.warning: its class is of somebody else.
const char *broker_warning(struct arena *arena, const struct json_value *object);
// Of one of the two classes of Knative's Kafka broker?
bool broker_is_kafkas(const struct json_value *object);
