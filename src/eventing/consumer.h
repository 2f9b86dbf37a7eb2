// SPDX-License-Identifier: Apache-2.0
// One consumer group's way through a topic: each event that it wants is delivered to a sink, again and again as its
// options say, then to the dead letter sink; what it holds is bounded, and its offsets are committed behind what is
// done. A trigger, a subscription or a source is one consumer. On one loop; feed.h brings the events.
//
// For each partition (struct cursor): everything before the FLOOR is done; events between the floor and the POSITION
// are held, done or were not wanted. The floor is committed, and with it what is held (held.h): a start goes on at the
// floor, and passes over what was done behind it. Delivered at least once: what was done since the last commit comes
// again.
#pragma once

#include "eventing/delivery.h"
#include "eventing/filter_index.h"
#include "eventing/held.h"
#include "eventing/limiter.h"
#include "eventing/piece.h"
#include "eventing/sink.h"
#include "eventing/tally.h"
#include "io/loop.h"

struct consumer;
struct feed;

enum {
    CONSUMER_WINDOW = 50, // events that are held for each partition, as Kafka's max.poll.records of Knative
};

// An event that is being delivered.
struct parcel {
    struct list_node node; // of the cursor, by offset
    struct cursor *cursor;
    int64_t offset;
    struct piece *piece; // NULL: the event is a copy on ARENA
    const struct cloudevent *event;
    struct cloudevent shown; // as the sink sees it
    struct luggage luggage;  // views as the event's
    struct arena arena;      // a copy, and the event that goes to the dead letters
    struct handover handover;
    struct mark_origin origin; // once it is a dead letter
    struct sink *sink;         // of the last attempt; away: it has not answered yet
    bool is_away;
    int64_t sent_ns;  // by the monotonic clock; of the last attempt
    bool is_for_last; // a dead letter that the sink which was asked for does not take
    struct timer retry;
    int64_t attempt; // 1: the first
    enum {
        PARCEL_WAITS, // for its turn
        PARCEL_SENT,  // to the sink
        PARCEL_RESTS, // until its next attempt
        PARCEL_REPLY, // the sink's answer is on its way
        PARCEL_DEAD,  // on its way to the dead letters
    } state;
};

struct cursor {
    struct consumer *consumer;
    int32_t partition;
    struct list_node parcels;
    size_t count;      // of them
    size_t waiting;    // of them, for their turn
    int64_t position;  // the next offset to look at; while attached the feed's, unless it is behind that
    int64_t committed; // the floor; -1: nothing yet
    bool is_ahead;     // something was done since then, before the floor or behind it
    // What was held when it joined; all else below that position was done before. NULL: there is no such, or it is
    // past.
    struct held *before;
    struct feed *feed;
    bool is_attached; // to the feed, which brings what comes
    // while it goes its own way, because it had no room
    struct engine_reader *reader;
    struct piece *piece; // what was read, of which the first AT events are done with
    size_t at;
    bool is_reading;
};

enum { CONSUMER_FAILURES = 5 }; // attempts in a row that are no accident any more

// A sink that fails, whatever event it is asked to take; as it was when that was noticed.
struct circuit {
    int status; // of the last attempt; 0: there was no answer, and ERROR says why
    char error[HANDOVER_ERROR_SIZE];
};

struct consumer {
    struct loop *loop; // in, as all until COUNTS
    bytes_t name_space;
    bytes_t who;                 // "trigger/NAMESPACE/NAME", as marks name it (mark.h)
    const struct filter *filter; // which events it wants; not changed while it has cursors, but by hub_filter_set
    void *owner;
    struct delivery delivery;
    bool is_ordered;      // one event at a time for each partition
    bool has_hops;        // sinks see events without their hops, and their answers get them back (hops.h)
    bool is_lenient;      // an answer that is no event is none, not a failure
    struct sink *sink;    // NULL: events wait until there is one
    struct sink *replies; // where answers go; NULL: they are dropped
    // Where events go that could not be delivered: the sink that was asked for, then LAST, which always takes them.
    struct sink *dead_letters, *last;
    // Something was done: it can be committed. May be NULL.
    void (*on_progress)(struct consumer *consumer);
    // The circuit opened, or closed. May be NULL.
    void (*on_circuit)(struct consumer *consumer);
    struct limiter limiter;    // of attempts on the sink
    struct histogram *latency; // of attempts, in nanoseconds; may be NULL
    struct tally_counts *counts;
    struct list_node tallied;  // of its tally, which may be nowhere
    int64_t failures_in_a_row; // attempts, over all events
    struct circuit *circuit;   // NULL: the sink does not fail all the time
    int64_t quiet_until_ms;    // private, as what follows: until then dead letters are not told in the log
    struct timer paced;        // until the rate lets the next attempt go
    int32_t turn;              // the partition that is asked first then
    struct filter_entry entry; // in the index of its feeds
    struct cursor *cursors;    // by partition
    int32_t partition_count;
    bool is_stopping;
};

// The fields above are set; cursors start at the offsets of POSITIONS.
void consumer_init(struct consumer *consumer, int32_t partition_count, const int64_t *positions);
// Before it joins a feed, at the floor of BEFORE (copied): what was done then is passed over.
void cursor_resume(struct cursor *cursor, const struct held *before);
// No attempt begins any more. How many are under way.
size_t consumer_quiesce(struct consumer *consumer);
// What is under way is given up: it was not committed, and comes again after a start.
void consumer_deinit(struct consumer *consumer);
// Sinks or options changed: what rests is tried at once.
void consumer_nudge(struct consumer *consumer);

// Whether the cursors of CONSUMER are to take that event.
bool consumer_wants(const struct consumer *consumer, const struct piece_event *event);
// False: there is no room, and the cursor has to come again for this event. The event is sent in a later turn at the
// earliest; one that was done before the cursor joined is not.
bool cursor_take(struct cursor *cursor, struct piece *piece, size_t index);
// Records from FROM to before TO are not there any more; those before its position it had looked at, and those that
// were done before it joined it had no need to.
void cursor_missed(struct cursor *cursor, int64_t from, int64_t to);
bool cursor_has_room(const struct cursor *cursor);
// Everything before it is done.
int64_t cursor_floor(const struct cursor *cursor);
// While it is not attached: the next offset at its position or behind it that was not done before it joined.
int64_t cursor_next(const struct cursor *cursor);
// Where it is new ground.
int64_t cursor_front(const struct cursor *cursor);
// What the caller commits now. False: that is what was committed last.
bool cursor_commit(struct cursor *cursor, struct held *ret_held);
// It did not become durable, or may not have: the next time there is something to commit.
void cursor_take_back(struct cursor *cursor);
