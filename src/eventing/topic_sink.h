// SPDX-License-Identifier: Apache-2.0
// A topic as a sink: an event is a record of it in the Kafka binding, taken (202) when it is durable, refused (503)
// when the log cannot take it. Brokers, channels, KafkaSinks and dead letters are such topics.
#pragma once

#include "cloudevents/binding.h"
#include "engine/engine.h"
#include "eventing/inbox.h"
#include "eventing/luggage.h"
#include "eventing/sink.h"

enum topic_sink_way {
    TOPIC_SINK_PLAIN,
    TOPIC_SINK_BROKER, // into a broker: it costs a hop (hops.h), and one without any left is refused (400)
};

// URI is what statuses and dead letters show of it. TOPIC and URI are copied. One reference is the caller's.
struct sink *topic_sink_new(struct engine *engine, bytes_t topic, enum cloudevent_mode mode, enum topic_sink_way way,
                            const char *uri);

// Whoever watches INBOXES hears of its events as of those that come to the door; KEY is copied.
void topic_sink_tell(struct sink *sink, const struct inboxes *inboxes, bytes_t key);

// One append of an event, for those who are no sink. Views are copied by the call, which takes what it needs meanwhile
// from ARENA; never answered before it returns.
struct topic_append {
    struct engine_append_op op;
    struct message refused;                       // private
    void (*on_done)(struct topic_append *append); // op.err tells
    void *owner;
    const struct mark_origin *origin; // of a dead letter; NULL: it is none
    struct luggage luggage;
};
void topic_append(struct topic_append *append, struct engine *engine, bytes_t topic, enum cloudevent_mode mode,
                  const struct cloudevent *event, struct arena *arena);
// The HTTP status that says it: 202, 404, 413, 503.
int topic_append_status(err_t err);
