// SPDX-License-Identifier: Apache-2.0
// Tests only: an engine with one table in memory, on one loop. A put is visible and answered in a later turn, in the
// order in which puts were asked for.
#pragma once

#include "engine/engine.h"

struct fake_row {
    bytes_t key, value;
    int64_t version;
};

struct fake_engine {
    struct engine engine;
    struct engine_table table;
    struct loop *loop;
    struct fake_row *rows; // in the order of their keys
    size_t count, capacity;
    int64_t version;
    struct list_node watches;
    err_t put_error; // of every put from now on
    size_t pending;  // puts
};

void fake_engine_init(struct fake_engine *fake, struct loop *loop);
// What was open is gone, the rows stay.
void fake_engine_restart(struct fake_engine *fake);
void fake_engine_deinit(struct fake_engine *fake);
