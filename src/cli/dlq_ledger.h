// SPDX-License-Identifier: Apache-2.0
// What was done with dead letters: a compacted topic with marks (dlq_mark.h) of each that was replayed or dropped, so
// that nothing is replayed twice by accident. A replay is marked before it is sent and again behind it; the order of
// the marks in the log decides who of two that run at the same time may. What is written makes room: marks of letters
// that are gone from their topics are removed, so the ledger has no more of them than there are letters.
#pragma once

#include "cli/cluster.h"
#include "cli/dlq_mark.h"

#define DLQ_LEDGER_TOPIC "eddy-dlq"

struct dlq_ledger {
    struct cluster *cluster;
    const struct cluster_topic *topic; // NULL: nothing was ever marked
    int64_t position;                  // of the topic's only partition
    struct map entries;                // struct dlq_entry
    struct arena arena;
    bytes_t run;   // names this command's beginnings
    bool is_swept; // what is gone was removed
};

void dlq_ledger_init(struct dlq_ledger *ledger, struct cluster *cluster);
void dlq_ledger_free(struct dlq_ledger *ledger);
// What was marked since the last look.
err_t dlq_ledger_read(struct dlq_ledger *ledger, diag_t *diag) MUST_CHECK;
// All that is said of a letter ("TOPIC/PARTITION/OFFSET") in TOPIC; NULL: nothing.
struct dlq_entry *dlq_ledger_find(const struct dlq_ledger *ledger, bytes_t letter, const struct cluster_topic *topic);
// Appends marks; makes the topic if it is missing. They are durable, and not seen before the next look.
err_t dlq_ledger_append(struct dlq_ledger *ledger, const struct dlq_mark *marks, size_t count, diag_t *diag) MUST_CHECK;
// Looks into those of TOPICS where interrupted replays were to go. Those whose record is there are replayed from here
// on, in memory. (dlq_settle.c)
err_t dlq_ledger_settle(struct dlq_ledger *ledger, const struct cluster_topic *topics, size_t count,
                        diag_t *diag) MUST_CHECK;
// What dlq_ledger_append is to append first, in ARENA: marks that forget letters which are not in their topics any
// more. (dlq_sweep.c)
err_t dlq_ledger_gone(const struct dlq_ledger *ledger, struct arena *arena, struct dlq_mark **ret_marks,
                      size_t *ret_count, diag_t *diag) MUST_CHECK;

// How marks name a topic: its id as hexadecimal digits, on ARENA.
bytes_t dlq_topic_id(const struct cluster_topic *topic, struct arena *arena);
