// SPDX-License-Identifier: Apache-2.0
// Records of a topic as events of a source, as Knative's KafkaSource has them (InvalidCloudEventInterceptor and
// CloudEventOverridesMutator of its Kafka dispatcher): a record that is no event becomes one, and each event says where
// it was and what the source adds. Pure.
#pragma once

#include "base/arena.h"
#include "cloudevents/cloudevent.h"
#include "engine/engine.h"

// What the keys of records are. Numbers are big-endian, as Kafka's serializers write them.
enum record_key {
    RECORD_KEY_STRING,
    RECORD_KEY_INT,   // of 4 or 8 bytes
    RECORD_KEY_FLOAT, // of 4 or 8 bytes
    RECORD_KEY_BYTES, // shown in base64
};

// How records become events. What it points to belongs to whoever made it; events have copies.
struct record_maker {
    bytes_t source;                               // of events that are made
    enum record_key key;                          // of records that are no events
    const struct cloudevent_extension *overrides; // of every event; valid by cloudevent_check
    size_t override_count;
};

// The value of the label kafkasources.sources.knative.dev/key-type; empty: a string. False: none of the four.
bool record_key_read(bytes_t label, enum record_key *ret_key);

// Of a record that is no event. The event lives as long as the record and the arena. Headers that an event has no room
// for (CLOUDEVENT_EXTENSIONS_MAX, CLOUDEVENT_ATTRIBUTES_SIZE_MAX) are left out; a key or header that is no text
// is there in base64.
void record_event_make(const struct record_maker *maker, int32_t partition, const struct engine_record *record,
                       struct arena *arena, struct cloudevent *ret_event);
// knativekafkapartition and knativekafkaoffset, then the overrides.
void record_event_mark(const struct record_maker *maker, int32_t partition, int64_t offset, struct arena *arena,
                       struct cloudevent *event);
