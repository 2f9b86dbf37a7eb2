// SPDX-License-Identifier: Apache-2.0
// Tests only: an engine with one table and topics without records in memory, on one loop. A put is visible and answered
// in a later turn, in the order in which puts were asked for. Readers see the records of all puts.
#pragma once

#include "kube/testing/fake_topics.h"

struct fake_row {
    bytes_t key, value;
    int64_t version;
};

struct fake_record {
    bytes_t key, value; // BYTES_NULL, both: compacted away
};

struct fake_engine {
    struct engine engine;
    struct engine_table table;
    struct loop *loop;
    struct fake_row *rows; // in the order of their keys
    size_t count, capacity;
    int64_t version;
    struct fake_record *log; // by offset
    size_t log_count, log_capacity;
    size_t log_start;   // what is before was deleted
    err_t reader_error; // of every reader from now on
    struct list_node watches;
    err_t put_error; // of every put from now on
    struct fake_topics topics;
    size_t pending; // puts, and operations on topics
};

// What a compaction does with the record of VERSION.
void fake_engine_compact(struct fake_engine *fake, int64_t version);
void fake_engine_init(struct fake_engine *fake, struct loop *loop);
// What was open is gone, the rows stay.
void fake_engine_restart(struct fake_engine *fake);
void fake_engine_deinit(struct fake_engine *fake);
