// SPDX-License-Identifier: Apache-2.0
// What clients set for the server itself, under Kafka's broker configuration names, while it runs (KIP-226): one set
// for all brokers, and one for this broker, which goes before it. Rows of the catalog, and a copy for each loop. What
// is a default of topics takes effect in all of them (topic_config_row.broker_name).
#pragma once

#include "base/err.h"
#include "io/loop.h"
#include "store/config_change.h"
#include "store/topic_config.h"

struct store;

enum settings_scope {
    SETTINGS_ALL_BROKERS,
    SETTINGS_THIS_BROKER,
    SETTINGS_SCOPES,
};

// What is set, in the copy of the loop that runs. Valid until the caller returns to its loop.
const struct config_list *settings_of(struct store *store, enum settings_scope scope);
// The number that is set under NAME, or FALLBACK.
int64_t settings_number(struct store *store, bytes_t name, int64_t fallback);
// What a topic has that sets nothing itself: the options of the start, and the settings over them.
void settings_topic_defaults(struct store *store, struct topic_config *ret_config);

// Durable and in effect on every loop, and in every topic, when on_done comes, on the loop that asked.
struct settings_op {
    struct message message; // private
    struct loop *from;      // private
    void *private_state;
    void (*on_done)(struct settings_op *op);
    // in; views stay valid until on_done
    enum settings_scope scope;
    const struct config_change *changes;
    size_t change_count;
    bool replace; // what is not named is not set any more
    bool validate_only;
    // out
    err_t err; // ERR_INVALID (a topic default that does not fit), ERR_NO_SPACE, ERR_IO, ERR_CLOSED
    diag_t diag;
};
void settings_change(struct store *store, struct settings_op *op);
