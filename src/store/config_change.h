// SPDX-License-Identifier: Apache-2.0
// Incremental changes of a set of configurations (KIP-339), of a topic or of the server: what was set, and what shall
// be set after them. Pure.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

// Kafka's AlterConfigOp.OpType.
enum config_change_kind {
    CONFIG_SET = 0,
    CONFIG_DELETE = 1,   // back to the default
    CONFIG_APPEND = 2,   // to a list
    CONFIG_SUBTRACT = 3, // from a list
};

struct config_change {
    bytes_t name, value;
    enum config_change_kind kind;
    bytes_t fallback; // APPEND, SUBTRACT: the list that counts while none is set
};

// Names with their values, each name once.
struct config_list {
    const bytes_t *names, *values;
    size_t count;
};

// What BEFORE becomes. Arrays and new texts live in ARENA, the rest in what was given.
struct config_list config_list_change(const struct config_list *before, const struct config_change *changes,
                                      size_t count, struct arena *arena);
// NULL when NAME is not set.
const bytes_t *config_list_find(const struct config_list *list, bytes_t name);
bool config_list_equal(const struct config_list *a, const struct config_list *b);
