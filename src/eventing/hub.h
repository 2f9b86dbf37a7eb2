// SPDX-License-Identifier: Apache-2.0
// A topic and everybody to whom its events are delivered: the triggers of a broker, the subscriptions of a channel.
// Knows where each consumer is, commits that, and feeds them. On one loop.
#pragma once

#include "eventing/consumer.h"
#include "eventing/feed.h"

enum {
    HUB_COMMIT_MS = 500,        // between commits of cursors that have done something
    HUB_COMMIT_IDLE_MS = 10000, // and of those that only moved on over what nobody wanted
    // After a start groups come back in their thousands: those that are about where the others are read together.
    HUB_GATHER_MS = 100, // after the last one came
    HUB_GATHER_MAX_MS = 2000,
    HUB_GATHER_SPAN = 100000, // events; who is farther behind reads for itself
};

struct hub {
    struct engine *engine;
    struct loop *loop;
    bytes_t topic; // of the heap
    char topic_id[HELD_TOPIC_ID_SIZE + 1];
    int32_t partition_count;
    struct feed *feeds;  // by partition; started when the first consumers have come
    struct timer gather; // until then
    int64_t gather_until_ms;
    struct filter_index index; // of the members that have joined
    struct list_node members;
    struct list_node progress; // members that have done something since their last commit
    struct timer commit;
    struct hub_commit *committing; // under way
    int64_t idle_since_ms;
    // The topic is gone, or cannot be read any more. May be NULL.
    void (*on_end)(struct hub *hub, err_t err);
    void *owner;
};

// A consumer in a hub; embedded in its owner. Set CONSUMER's fields, GROUP and what follows, then join.
struct hub_member {
    struct list_node node; // private
    struct hub *hub;
    struct consumer consumer;
    bytes_t group;   // lives as long as the member
    int64_t from;    // ENGINE_EARLIEST, ENGINE_LATEST or ENGINE_AT_TIME: where a group begins that has no offsets
    int64_t from_ms; // of ENGINE_AT_TIME
    // Its offsets are known, and durable: from here on no event passes it by. Or why it cannot be. Once.
    void (*on_joined)(struct hub_member *member, err_t err);
    struct hub_join *joining;  // private, as what follows
    struct list_node progress; // of the hub
};

// The topic of that name and id (ENGINE_TOPIC_ID_SIZE bytes), as it was found.
void hub_open(struct hub *hub, struct engine *engine, bytes_t topic, const uint8_t *topic_id, int32_t partition_count);
// Its name may be another topic's by now.
bool hub_is_of(const struct hub *hub, const uint8_t *topic_id);
// Before the first one joins: records that are no events become some, as MAKER says, which outlives the hub.
void hub_make_events(struct hub *hub, const struct record_maker *maker);
// Every member has left.
void hub_close(struct hub *hub);

void hub_join(struct hub *hub, struct hub_member *member);
// The consumer's filter, before or after it has joined. The one before may go then.
void hub_filter_set(struct hub_member *member, const struct filter *filter);
// Commits what is done and gives up what is under way; FORGETS: the group's offsets go, as when their topic is gone.
// The member may be freed at once.
void hub_leave(struct hub_member *member, bool forgets);
