// SPDX-License-Identifier: Apache-2.0
// EventTypes that make themselves (Knative's feature eventtype-auto-create): one for each type and source of events
// that a broker, channel or KafkaSink takes, under the name that Knative's EventTypeAutoHandler gives it. On the API's
// loop.
#pragma once

#include "base/map.h"
#include "base/siphash.h"

struct cloudevent;
struct kube;

enum {
    // Whoever puts an id into the type or source of events would fill the API with them: as many as a list of kubectl
    // still shows at once. What was made before a start does not count.
    EVENT_TYPES_MADE_MAX = 10000,
    EVENT_TYPES_SEEN_MAX = 2 * EVENT_TYPES_MADE_MAX, // then all are forgotten, and looked up again: 1 MB
};

struct event_type_maker {
    struct kube *kube;
    struct siphash_secret secret;
    struct map seen; // what needs no look
    size_t made;     // that were not deleted since
    bool has_told;   // that there are too many
};

void event_type_maker_init(struct event_type_maker *maker, struct kube *kube);
void event_type_maker_deinit(struct event_type_maker *maker);
// As inboxes.on_event; OWNER is the maker. What was seen before costs a hash.
void event_type_maker_see(void *owner, bytes_t inbox_key, const struct cloudevent *event);
// An EventType was deleted: the next event of its kind makes it again.
void event_type_maker_forget(struct event_type_maker *maker);
