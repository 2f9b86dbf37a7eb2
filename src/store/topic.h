// SPDX-License-Identifier: Apache-2.0
// Topics: the catalog of names, ids, configurations and partitions. It is a table on the internal topic __eddy_topics;
// each loop has a copy that is changed by messages, so that look-ups are local. A struct topic is immutable and
// reference-counted; a change makes a new one that shares the partitions.
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "io/loop.h"
#include "store/config_change.h"
#include "store/topic_config.h"

#include <stdbool.h>

struct store;
struct partition;

enum { TOPIC_ID_SIZE = 16 };

// The internal topic that holds the catalog.
#define TOPIC_CATALOG "__eddy_topics"

struct topic_id {
    uint8_t bytes[TOPIC_ID_SIZE];
};

struct topic {
    bytes_t name;
    struct topic_id id;
    bool internal; // Kafka's is_internal: hidden from plain listings
    int32_t partition_count;
    struct partition *const *partitions;
    struct topic_config config;
    // The configuration as it was set, name and value by turns; what is not here is a default.
    const bytes_t *set_names, *set_values;
    size_t set_count;
};

// Look-ups in the copy of the loop that runs. Borrowed: valid until the end of the turn; topic_ref to keep it.
const struct topic *topic_find(struct store *store, bytes_t name);
const struct topic *topic_find_id(struct store *store, const struct topic_id *id);
// All topics in the order of their names: start with NULL, ends with NULL.
const struct topic *topic_next(struct store *store, const struct topic *topic);
size_t topic_count(struct store *store);
const struct topic *topic_ref(const struct topic *topic);
void topic_unref(const struct topic *topic);

// Creates, changes or deletes a topic; durable and seen by every loop when on_done comes, on the loop that asked.
struct topic_op {
    struct message message; // private
    struct loop *from;      // private
    void *private_state;
    void (*on_done)(struct topic_op *op);
    // in; views stay valid until on_done
    bytes_t name;
    int32_t partition_count; // create: > 0
    bool internal;
    const bytes_t *config_names, *config_values;
    size_t config_count;
    const struct config_change *changes; // topic_reconfigure
    size_t change_count;
    bool validate_only; // everything is checked, nothing is changed (create: no topic comes back)
    // out
    err_t err; // ERR_EXISTS, ERR_CONFLICT (create: a name that differs in '.' and '_' only), ERR_NOT_FOUND,
               // ERR_INVALID, ERR_LIMIT, ERR_NO_SPACE, ERR_IO, ERR_CLOSED
    diag_t diag;
    const struct topic *topic; // create, alter: one reference, the caller's
};
void topic_create(struct store *store, struct topic_op *op);
// Adds partitions (partition_count larger than now) or keeps the number (0).
void topic_grow(struct store *store, struct topic_op *op);
// Replaces the set configuration.
void topic_configure(struct store *store, struct topic_op *op);
// Changes what is set by op->changes, whatever others change meanwhile. Without any: reads the server's defaults anew.
void topic_reconfigure(struct store *store, struct topic_op *op);
void topic_delete(struct store *store, struct topic_op *op);

// A block of producer ids nobody had before, durable.
struct producer_id_op {
    struct message message;
    struct loop *from;
    void *private_state;
    void (*on_done)(struct producer_id_op *op);
    err_t err;
    int64_t producer_id;
};
void producer_id_allocate(struct store *store, struct producer_id_op *op);
