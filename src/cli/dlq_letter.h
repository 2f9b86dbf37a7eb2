// SPDX-License-Identifier: Apache-2.0
// One dead letter as commands see it, and which of them are meant. Pure.
#pragma once

#include "base/batch.h"
#include "cli/cluster.h"
#include "cli/dlq_ledger.h"
#include "cloudevents/cloudevent.h"

struct dlq_letter {
    const struct cluster_topic *topic;
    struct mark_place place;
    bytes_t id;      // "TOPIC/PARTITION/OFFSET"
    int64_t time_ms; // when it became one
    struct cloudevent event;
    bytes_t from;             // "trigger/NAMESPACE/NAME"; BYTES_NULL: it does not say
    struct mark_place origin; // where it was delivered from; the topic is BYTES_NULL: it does not say
    bytes_t replay_of;        // of a record that is no dead letter: the one that it replays
    bytes_t error_data;       // knativeerrordata, decoded
    struct dlq_mark mark;     // the last word on it when it was read; DLQ_NEW: none
};

// The event of RECORD and what is said beside it; the letter's own bytes are on ARENA, its topic, place and time are
// the caller's. False: no event.
bool dlq_letter_read(const struct record *record, struct arena *arena, struct dlq_letter *ret_letter);
// Whether RECORD may be a dead letter: a look that costs a tenth of reading it, and leaves out nearly all other events.
bool dlq_letter_is_likely(const struct record *record);
// Whether that is a dead letter. An event of one that was replayed carries its errors too, but is none again.
bool dlq_letter_is_dead(const struct dlq_letter *letter);
// Whether KIND is what failed: "trigger", "subscription", "kafkasource".
bool dlq_letter_is_of(const struct dlq_letter *letter, const char *kind);
// How often it was replayed before it came here.
int64_t dlq_letter_replays_before(const struct dlq_letter *letter);
// Those, and how often it was since.
int64_t dlq_letter_replays(const struct dlq_letter *letter);

struct dlq_filter {
    const char *trigger;        // "NAME", "NAMESPACE/NAME", "KIND/NAMESPACE/NAME"; NULL: any
    const char *name_space;     // of whoever failed; NULL: any
    const char *error;          // a code, a part of what was said, or a word for why no answer came; NULL: any
    int64_t since_ms, until_ms; // INT64_MIN, INT64_MAX: any time
};
bool dlq_filter_matches(const struct dlq_filter *filter, const struct dlq_letter *letter);
// A time, or how long ago: "1h", "2026-01-31T12:00:00Z". ERR_INVALID with DIAG, which names FLAG.
err_t dlq_time_read(const char *flag, const char *text, int64_t now_ms, int64_t *ret_ms, diag_t *diag) MUST_CHECK;
// "10/s", "100/m", "10": a second. RET_PER_HOUR. ERR_INVALID with DIAG.
err_t dlq_rate_read(const char *text, int64_t *ret_per_hour, diag_t *diag) MUST_CHECK;
