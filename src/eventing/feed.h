// SPDX-License-Identifier: Apache-2.0
// The events of one partition for all consumers of it: read once, as fast as they come, and shown to those who keep up.
// A cursor without room goes its own way with a reader of its own, from where it is, and comes back when it has caught
// up; so a slow sink holds up nobody, and nobody's memory grows. On one loop.
#pragma once

#include "eventing/consumer.h"

struct feed {
    struct engine *engine;
    bytes_t topic;
    int32_t partition;
    struct engine_reader *reader;
    int64_t position;         // of the next event; -1: not known yet
    struct list_node cursors; // that keep up
    // The topic is gone, or cannot be read; nothing comes any more. May stop the feed.
    void (*on_end)(struct feed *feed, err_t err);
    void *owner;
};

// TOPIC lives as long as the feed. FROM: an offset, ENGINE_EARLIEST or ENGINE_LATEST.
void feed_start(struct feed *feed, int64_t from);
void feed_stop(struct feed *feed); // every cursor has left

// From the cursor's position on.
void feed_join(struct feed *feed, struct cursor *cursor);
void feed_leave(struct cursor *cursor); // safe when it has not joined
// Where the cursor is.
int64_t feed_position(const struct cursor *cursor);
// It has room again.
void feed_resume(struct cursor *cursor);
