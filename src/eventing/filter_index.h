// SPDX-License-Identifier: Apache-2.0
// The filters of everybody who wants events of one topic, as one: an event finds those that take it without asking the
// others. Filters that are the same are asked once; each is looked up by something that it needs (cesql/need.h) where
// there is such a thing, and asked in the end itself, so that the index decides about costs only. On one loop.
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "cloudevents/cloudevent.h"

struct filter;

struct filter_index {
    struct map rules;      // filters that differ
    struct map axes;       // attributes that are looked up
    struct list_node rest; // rules that need nothing
    uint64_t round;        // of events: no rule is asked twice in one
    struct arena texts;    // of one event
    struct arena scratch;  // of one filter
    bool is_matching;
};

// Of whoever wants events; embedded in it, zeroed before.
struct filter_entry {
    struct list_node node; // of its rule; private, as what follows
    struct filter_rule *rule;
    const struct filter *filter;
};

void filter_index_init(struct filter_index *index);
// Every entry was removed.
void filter_index_deinit(struct filter_index *index);

// FILTER, which lives until the entry is removed or put again, is that of the entry from now on.
void filter_index_put(struct filter_index *index, struct filter_entry *entry, const struct filter *filter);
void filter_index_remove(struct filter_index *index, struct filter_entry *entry); // safe when it is in none
// Calls ON_ENTRY for each entry whose filter takes the event, in no particular order. It does not change the index.
void filter_index_match(struct filter_index *index, const struct cloudevent *event,
                        void (*on_entry)(void *owner, struct filter_entry *entry), void *owner);
