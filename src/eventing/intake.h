// SPDX-License-Identifier: Apache-2.0
// A topic that a source reads: a hub with one member, in the group of the source. Whatever is in the topic becomes
// events (record_event.h). On the API's loop.
#pragma once

#include "base/map.h"
#include "eventing/hub.h"
#include "eventing/record_event.h"

struct intake {
    struct list_node node; // the owner's
    // Who reads which topic in which group: two who did would both get everything and overwrite each other's place.
    struct map *readers;
    struct map_node reader; // by key, while open
    char *key;              // "TOPIC/GROUP"
    bytes_t topic, group;
    struct engine *engine;
    struct hub hub; // while open
    struct hub_member member;
    bool is_open, is_joined;
    bool is_late; // its topic was not there: what is in it when it comes is new, from the first record on
    err_t err;    // why it has not joined; tried again from time to time
    struct timer again;
    struct arena arena; // of MAKER
    struct record_maker maker;
    // It has joined or could not, or its topic is gone: then it is closed. In a later turn than the call.
    void (*on_change)(struct intake *intake);
    void *owner;
};

// By intake_key.
bytes_t intake_key(const struct map_node *node);
// Not open. READERS outlives it; the other fields of the owner are set afterwards.
struct intake *intake_new(struct engine *engine, struct map *readers, bytes_t topic, bytes_t group);
void intake_free(struct intake *intake);
// How records become events, from the next one that is read on. Copied.
void intake_make(struct intake *intake, const struct record_maker *maker);
// Reads the topic, as it was found, from where the group is, or FROM (as hub_member's). The consumer's fields are set.
// False: another intake reads this topic in this group.
bool intake_open(struct intake *intake, const uint8_t *topic_id, int32_t partition_count, int64_t from,
                 int64_t from_ms);
// What is done is committed. Nothing happens when it is not open.
void intake_close(struct intake *intake);
// The topic is not there.
void intake_miss(struct intake *intake);
