// SPDX-License-Identifier: Apache-2.0
// What the ledger says of dead letters, mark by mark, and what follows from all marks of one letter. Pure.
//
// There are two kinds of marks. A beginning says that a command is about to replay a letter; what was done says that it
// was replayed or dropped. What was done is a fact, whoever tells it; but of two commands that begin only one may: a
// beginning counts if the mark that its command took for the last one is the last one. Each beginning has a key of its
// own in the compacted topic, so that one that does not count takes the place of no other mark.
#pragma once

#include "base/map.h"
#include "base/writer.h"
#include "eventing/mark.h"

enum dlq_state {
    DLQ_NEW,
    DLQ_REPLAYING, // somebody is at it, or was interrupted: it may have been sent
    DLQ_REPLAYED,
    DLQ_DROPPED,
};
// "new", "replaying", "replayed", "dropped".
const char *dlq_state_name(enum dlq_state state);

struct dlq_mark {
    enum dlq_state state; // DLQ_NEW: the beginning of RUN is taken back, or (no run) what was done is forgotten
    bytes_t letter;       // "TOPIC/PARTITION/OFFSET"
    bytes_t topic_id;     // of that topic: one that was made anew under its name has other letters
    bytes_t run;          // of a beginning: the command; BYTES_NULL: what was done
    bytes_t to;           // "trigger/NAMESPACE/NAME", "broker", "topic:NAME"
    // The record that it was replayed as; while it is replaying, where that record will be at the earliest.
    struct mark_place at;
    int64_t time_ms;
    int64_t replays; // of the letter so far; a beginning counts itself
    bool is_edited;
    // Places in the ledger: of this mark; of the last one before, as whoever begins knows it. -1: none.
    int64_t offset, over;
};

// "LETTER TOPIC_ID": whom a mark is about. In ARENA, as the next one.
bytes_t dlq_mark_about(bytes_t letter, bytes_t topic_id, struct arena *arena);
// Of the record: the same, with the run behind it for a beginning.
bytes_t dlq_mark_key(const struct dlq_mark *mark, struct arena *arena);
// Its value; "" for DLQ_NEW, which a record without a value says.
void dlq_mark_write(const struct dlq_mark *mark, struct writer *out);
// Of a record. Memory comes from ARENA. ERR_INVALID: what no eddy wrote.
err_t dlq_mark_read(bytes_t key, bytes_t value, struct arena *arena, struct dlq_mark *ret_mark) MUST_CHECK;

// How often the letter was replayed for sure.
int64_t dlq_mark_replays(const struct dlq_mark *mark);

// A beginning that was not taken back.
struct dlq_begun {
    struct dlq_begun *next;
    struct dlq_begun *before; // the one that counted before this one did; NULL: none
    struct dlq_mark mark;
};

// All that is said of one letter.
struct dlq_entry {
    struct map_node node;
    bytes_t about;            // its key
    struct mark_place place;  // where it is
    bytes_t topic_id;         // of that topic
    struct dlq_mark done;     // DLQ_NEW: nothing
    struct dlq_begun *begun;  // whether they count or not
    struct dlq_begun *counts; // of those, the one that does; NULL: none
};

// Marks come in the order of the ledger. Keeps MARK's memory, and takes more from ARENA.
void dlq_entry_take(struct dlq_entry *entry, const struct dlq_mark *mark, struct arena *arena);
// The last word on the letter; NULL: there is none, it is new.
struct dlq_mark *dlq_entry_last(struct dlq_entry *entry);
