// SPDX-License-Identifier: Apache-2.0
// What was done with dead letters: a compacted topic with a mark for each that was replayed or dropped, so that nothing
// is replayed twice by accident. A replay is marked before it is sent and again behind it; the order of the marks in
// the log decides who of two that run at the same time may.
#pragma once

#include "base/map.h"
#include "cli/cluster.h"
#include "eventing/mark.h"

#define DLQ_LEDGER_TOPIC "eddy-dlq"

enum dlq_state {
    DLQ_NEW,
    DLQ_REPLAYING, // somebody is at it, or was interrupted: it may have been sent
    DLQ_REPLAYED,
    DLQ_DROPPED,
};
// "new", "replaying", "replayed", "dropped".
const char *dlq_state_name(enum dlq_state state);

// The last word on one dead letter.
struct dlq_mark {
    struct map_node node;
    bytes_t key; // "TOPIC/PARTITION/OFFSET" of the dead letter
    enum dlq_state state;
    bytes_t topic_id; // of that topic: one that was made anew under its name has other records
    bytes_t run;      // of the command that wrote it
    bytes_t to;       // "trigger/NAMESPACE/NAME", "broker", "topic"
    // The record that it was replayed as; while it is replaying, where that record will be at the earliest.
    struct mark_place at;
    int64_t time_ms;
    bool is_edited;
    // Places in the ledger: of this mark, and of the one that whoever began saw as the last; -1: none.
    int64_t offset, over;
};

// What MARK is as the value of a record; "" for DLQ_NEW, which a record without a value says.
void dlq_mark_write(const struct dlq_mark *mark, struct writer *out);
// Of a record. Memory comes from ARENA. ERR_INVALID: a value that no eddy wrote.
err_t dlq_mark_read(bytes_t key, bytes_t value, struct arena *arena, struct dlq_mark *ret_mark) MUST_CHECK;
// Whether NEXT, which comes later in the ledger, takes the place of MARK. What is done is a fact, whoever tells it. But
// of two who begin only the first one may: a beginning counts if it saw the last mark.
bool dlq_mark_counts(const struct dlq_mark *mark, const struct dlq_mark *next);

struct dlq_ledger {
    struct cluster *cluster;
    const struct cluster_topic *topic; // NULL: nothing was ever marked
    int64_t position;                  // of the topic's only partition
    struct map marks;
    struct arena arena;
    bytes_t run; // names this command's marks
};

void dlq_ledger_init(struct dlq_ledger *ledger, struct cluster *cluster);
void dlq_ledger_free(struct dlq_ledger *ledger);
// What was marked since the last look.
err_t dlq_ledger_read(struct dlq_ledger *ledger, diag_t *diag) MUST_CHECK;
// Of a letter in TOPIC; NULL: nothing was done with it.
struct dlq_mark *dlq_ledger_find(const struct dlq_ledger *ledger, bytes_t key, const struct cluster_topic *topic);
// Appends marks, all at once; makes the topic if it is missing. They are durable, and not seen before the next look.
err_t dlq_ledger_append(struct dlq_ledger *ledger, const struct dlq_mark *marks, size_t count, diag_t *diag) MUST_CHECK;
// Looks into those of TOPICS where interrupted replays were to go. Those whose record is there are replayed from here
// on, in memory.
err_t dlq_ledger_settle(struct dlq_ledger *ledger, const struct cluster_topic *topics, size_t count,
                        diag_t *diag) MUST_CHECK;

// How marks name a topic: its id as hexadecimal digits, on ARENA.
bytes_t dlq_topic_id(const struct cluster_topic *topic, struct arena *arena);
