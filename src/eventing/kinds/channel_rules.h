// SPDX-License-Identifier: Apache-2.0
// Channel, InMemoryChannel, KafkaChannel and Subscription: what Knative's webhook does (kind_rules.fill, inspect and
// check).
#pragma once

#include "eventing/kinds/rules.h"

// Of all three kinds: the namespace of the dead letter sink.
void log_channel_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Of Channel, too: the template of what is behind it, an InMemoryChannel (Knative's default-ch-webhook).
void channel_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
// Of InMemoryChannel: the annotation eventing.knative.dev/scope.
void in_memory_channel_check(struct field_errors *errors, const struct json_value *object,
                             const struct json_value *live);
// Of KafkaChannel: the retention, and what the topic is made with stays.
void kafka_channel_inspect(struct field_errors *errors, const struct json_value *object);
void kafka_channel_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
// Of Channel: channelTemplate stays.
void channel_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);

// The namespace of references, but for the channel, which has none.
void subscription_fill(struct arena *arena, struct json_value *object, const struct json_value *live);
void subscription_inspect(struct field_errors *errors, const struct json_value *object);
// The channel stays; there is a subscriber or a reply.
void subscription_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
