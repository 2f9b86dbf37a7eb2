// SPDX-License-Identifier: Apache-2.0
// The events of one partition for all consumers of it: read once and shown to those who keep up. A cursor without room
// goes its own way, from where it is, and comes back when it has caught up; so a slow sink holds up nobody, and
// nobody's memory grows. Who is only a little behind is shown what the feed read last, which is kept as long as
// somebody is behind; who is further behind has a reader of its own. The feed goes as fast as the fastest of them: it
// waits while nobody keeps up. An event touches those only whose filters take it. On one loop.
#pragma once

#include "eventing/consumer.h"

enum { FEED_RECENT_MAX = 16 };

struct feed {
    struct engine *engine;
    bytes_t topic;
    int32_t partition;
    const struct record_maker *maker; // of what is no event; NULL: that is passed over
    struct engine_reader *reader;
    int64_t position;           // of the next event; -1: not known yet
    struct filter_index *index; // has the entry of every consumer whose cursors join
    int64_t end;                // of the partition, as it was found last (figures.h)
    struct feed **finder;       // who looks for it now, and is told by NULL when the feed stops; or NULL
    bool is_waiting;            // for a cursor that keeps up
    size_t attached, behind;    // cursors that keep up, and those that do not
    struct feed_recent {
        int64_t from; // the offset where it begins; it ends at the piece's
        struct piece *piece;
    } recent[FEED_RECENT_MAX]; // what was read last, the oldest first
    size_t recent_count, recent_size;
    // The consumer of that name (mark.h) whose cursors have joined; NULL: there is none.
    struct consumer *(*named)(struct feed *feed, bytes_t who);
    // Records from FROM to before TO were deleted before those that are attached saw them.
    void (*on_missed)(struct feed *feed, int64_t from, int64_t to);
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
