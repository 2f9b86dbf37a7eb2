// SPDX-License-Identifier: Apache-2.0
// What an event must have for an expression, or a filter, to take it: tests of one attribute that an index can look up.
// Necessary, never sufficient: what a filter needs and an event has not rules it out, the filter itself decides.
// For this folder, cloudevents/filter/ and whoever builds an index.
#pragma once

#include "cloudevents/cesql/cesql.h"

enum { NEED_TESTS_MAX = 64 };

// Of the attribute's value as a text (an Integer or Boolean cast to String).
enum need_kind { NEED_EXACT, NEED_PREFIX, NEED_SUFFIX, NEED_PRESENT };

struct need_test {
    enum need_kind kind;
    bytes_t name, value; // of the expression, or the filter
};

// One of the tests holds.
struct need {
    struct need_test *tests; // one at least
    size_t count;
    struct need *next;
};

// A list in which every need holds for each event that the expression, as a filter, takes; on ARENA. NULL: nothing that
// could be looked up.
struct need *cesql_needs(const struct cesql *cesql, struct arena *arena);

bool need_holds(const struct need *need, const struct cesql_event *event);
// One test. What every event has (type, id) needs not be there: NULL.
struct need *need_new(enum need_kind kind, bytes_t name, bytes_t value, struct arena *arena);
// Both lists hold.
struct need *need_both(struct need *a, struct need *b);
// One of the two lists holds; of each the best need is taken.
struct need *need_either(const struct need *a, const struct need *b, struct arena *arena);
