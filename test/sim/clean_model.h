// SPDX-License-Identifier: Apache-2.0
// What must be true of the store after any fault, written down next to the operations as they are asked for and
// acknowledged. A check that fails says why in model->why and returns false.
//
// Values are numbered: every value that is ever written has its own serial, so that a value in the wrong place is seen.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_KEYS = 16, MODEL_ASKED_MAX = 512, MODEL_ABSENT = 0 };

// The state of a key is the serial of its value, or MODEL_ABSENT.
struct model_change {
    int64_t serial;
    int64_t state; // that the key has afterwards
};

// One key: the last acknowledged state, and the changes that were asked for since. Any of those may have happened.
struct model_key {
    int64_t acked;
    struct model_change asked[MODEL_ASKED_MAX];
    size_t asked_count;
};

void model_key_ask(struct model_key *key, int64_t serial, bool is_delete);
void model_key_ack(struct model_key *key, int64_t serial);
// A change that was asked for in a transaction, which is committed now: later changes may have been acknowledged
// before.
void model_key_commit(struct model_key *key, int64_t serial);
// It was refused for good: it did not happen and never will.
void model_key_refuse(struct model_key *key, int64_t serial);
bool model_key_allows(const struct model_key *key, int64_t state);
// After a start: what is not there now never comes.
void model_key_settle(struct model_key *key, int64_t state);

// One log: which serial stands at which offset.
struct model_log {
    int64_t *serials; // by offset; 0: not known
    size_t capacity;
    int64_t end;       // behind the last offset that was acknowledged or seen
    int64_t log_start; // never below this again
    bool gaps;         // compacted: offsets may be missing
};

void model_log_free(struct model_log *log);
// SERIAL is at OFFSET: acknowledged, or read. False when something else was there.
bool model_log_note(struct model_log *log, int64_t offset, int64_t serial);
// The serial that must be at OFFSET; 0 when any may.
int64_t model_log_at(const struct model_log *log, int64_t offset);
