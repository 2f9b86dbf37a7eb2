// SPDX-License-Identifier: Apache-2.0
// Records of one partition, read as events once for everybody who wants to see them. Counts references; immutable.
#pragma once

#include "base/arena.h"
#include "cloudevents/cloudevent.h"
#include "engine/engine.h"
#include "eventing/luggage.h"

struct record_maker;

// One record. One that is no event (a record that some Kafka client wrote) has no event, and nobody is shown it.
struct piece_event {
    int64_t offset;
    bool is_event;
    bytes_t only_for; // the one consumer who is to get it (mark.h); BYTES_NULL: whoever wants it
    struct cloudevent event;
    struct luggage luggage;
};

struct piece {
    struct buf *self; // counts references: of those who send the bytes of an event, too
    struct engine_records *records;
    struct arena arena;
    struct piece_event *events;
    size_t count;
    size_t size; // in memory, about
    int64_t next_offset;
};

// Holds a reference to RECORDS, which are of PARTITION, until the last one to the piece is gone. *RET_STRANGE: how many
// were no events. With a MAKER (NULL: none) there are no such: all become events of a source.
struct piece *piece_new(struct engine_records *records, int32_t partition, const struct record_maker *maker,
                        size_t *ret_strange);
// Of the first event at OFFSET or behind it; COUNT: there is none.
size_t piece_index(const struct piece *piece, int64_t offset);
struct piece *piece_ref(struct piece *piece);
void piece_unref(struct piece *piece); // accepts NULL
