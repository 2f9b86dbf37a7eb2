// SPDX-License-Identifier: Apache-2.0
// What became of the events of one object, in numbers that only grow as long as the object is there: whoever delivers
// for it comes and goes. figures.h shows them. On the API's loop.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/metric.h"

struct consumer;

struct tally_counts {
    uint64_t matched, delivered, retried, failed, dead, replies;
    uint64_t missed; // records that were deleted before they were looked at
};

// What there is to show; what else it has stays 0.
enum tally_parts {
    TALLY_ATTEMPTS = 1, // delivered, retried, failed
    TALLY_EVENTS = 2,   // the other counts, and what its consumers hold, and have before them
    TALLY_LATENCY = 4,
};

struct tally {
    struct map_node node; // by tally_key
    char *key;            // "KIND/NAMESPACE/NAME"
    const char *kind;
    bytes_t name_space, name; // views of the key
    unsigned parts;
    struct tally_counts counts;
    struct histogram *latency; // of attempts, in nanoseconds; NULL: it is no part
    struct list_node consumers;
};

bytes_t tally_key(const struct map_node *node);
// Makes it, or finds it. KIND is static; TALLIES is by tally_key.
struct tally *tally_get(struct map *tallies, const char *kind, bytes_t name_space, bytes_t name, unsigned parts);
struct tally *tally_find(const struct map *tallies, const char *kind, bytes_t name_space, bytes_t name);
// The object is gone, and so are its consumers. NULL is fine.
void tally_drop(struct map *tallies, struct tally *tally);
void tallies_free(struct map *tallies);
// CONSUMER counts here from now on; list_remove of its tallied ends that.
void tally_add(struct tally *tally, struct consumer *consumer);
