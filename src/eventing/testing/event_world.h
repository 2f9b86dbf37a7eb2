// SPDX-License-Identifier: Apache-2.0
// Tests only: the real engine on one loop, with the topic "events" of one partition, and sinks that answer what the
// test wants. Globals: a test has one world.
#pragma once

#include "cloudevents/cloudevent.h"
#include "cloudevents/filter/filter.h"
#include "engine/engine.h"
#include "eventing/sink.h"
#include "store/testing/bench.h"

#include "base/test.h"

enum { SEEN_MAX = 16384, HELD_MAX = 256 };

// A sink that answers by the id of the event.
struct scripted {
    struct sink sink;
    int (*answer)(const char *id, int nth); // the status; -1: never. NTH: how often that id was there, from 1 on
    char seen[SEEN_MAX];                    // ids, in the order in which they came, with a space behind each
    size_t size;
    int at_once, at_once_max; // handovers that were not answered yet
    int64_t delay_ms;
    const struct cloudevent *reply;
    const char *body;
    struct mark_origin origin;       // of the last handover; FROM is BYTES_NULL when it had none
    struct handover *held[HELD_MAX]; // that are never answered
    size_t held_count;
};

extern struct bench bench;
extern struct engine *engine;
// For hubs of the topic: what they write with it they read with it.
extern const uint8_t topic_id[ENGINE_TOPIC_ID_SIZE];

int world_begin(void **state);
int world_end(void **state);
// A stop and a start, on the same folder.
void world_restart(void);

struct scripted scripted_new(const char *uri);
// How often that event came.
int scripted_count(const struct scripted *scripted, const char *id);
// All that are held are answered 202; not held any more.
void scripted_let_go(struct scripted *scripted);

// "a b c": one event for each word is in the topic. Those that begin with an o are of the type "other", else "wanted".
void append(const char *ids);
// The same, marked for one consumer alone (mark.h).
void append_for(const char *who, const char *ids);
// What a trigger with that spec wants, until the world ends; ' stands for ".
const struct filter *filter_of(const char *spec);
// All but "other".
#define NOT_OTHER "{'filters': [{'not': {'exact': {'type': 'other'}}}]}"
// Runs the loop until CONDITION, or fails the test after ten seconds.
void wait_until(bool (*condition)(void));
// Runs FN on the loop.
void run(void (*fn)(void));
