// SPDX-License-Identifier: Apache-2.0
// Several operations of the store for one call: the call is answered when all of them are. One loop.
#pragma once

#include "base/list.h"
#include "kafka/session.h"

struct map;

struct kafka_gather {
    struct kafka_call *call;
    struct list_node items; // struct kafka_gathered
    size_t pending;         // operations under way, and one for the handler that starts them
};

// Stands first in an item, which embeds its operation.
struct kafka_gathered {
    struct list_node node;
    struct kafka_gather *gather;
};

struct kafka_gather *kafka_gather_new(struct kafka_call *call);
// A zeroed item of SIZE bytes, which stays where it is until the call is answered; one more operation to wait for.
void *kafka_gather_add(struct kafka_gather *gather, size_t size);
// An operation was answered, or (once, at the end of the handler) all are started.
void kafka_gather_release(struct kafka_gather *gather);

// A request may name so many partitions (topics, resources), valid or not: an answer has a row for each of them.
enum { KAFKA_NAMED_MAX = 100000 };
// True, with the connection closed, when the call names more.
bool kafka_call_names_too_many(struct kafka_call *call, size_t count);

// Names that a request gives, and which of them it gives twice. In the arena of a call.
struct kafka_names {
    struct map *names;
    struct arena *arena;
};
struct kafka_names kafka_names_new(struct kafka_call *call);
// False if it was there.
bool kafka_names_add(struct kafka_names *names, bytes_t name);
bool kafka_names_twice(const struct kafka_names *names, bytes_t name);
void kafka_names_free(struct kafka_names *names);
