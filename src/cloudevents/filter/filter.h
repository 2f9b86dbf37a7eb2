// SPDX-License-Identifier: Apache-2.0
// Which events a Trigger wants: spec.filters with the dialects of the Subscriptions API (exact, prefix, suffix, all,
// any, not, cesql), or the older spec.filter.attributes. Compiled once into an arena, then asked for each event.
#pragma once

#include "base/json.h"
#include "cloudevents/cesql/need.h"

enum {
    FILTER_NODES_MAX = 1024, // dialects, and entries of exact, prefix, suffix and attributes
    FILTER_DEPTH_MAX = 32,   // of all, any and not in each other
};

struct filter {
    const struct filter_node *root; // NULL: every event passes
    // NULL, or the doubt of an expression (cesql.h), with the path of the expression.
    const diag_t *doubt;
};

// SPEC is a Trigger's spec, or NULL; nothing of it is referred to afterwards. filter is ignored beside a filters that
// is not empty. ERR_INVALID, ERR_MALFORMED (an expression), ERR_TOO_LARGE: DIAG has a path such as
// "spec.filters[1].not.exact.type" and a sentence.
err_t filter_compile(const struct json_value *spec, struct arena *arena, struct filter *ret_filter,
                     diag_t *diag) MUST_CHECK;

// SCRATCH as in cesql_evaluate.
bool filter_matches(const struct filter *filter, const struct cesql_event *event, struct arena *scratch);

// Writes which tests decided and the values that they saw, as a text of one line: "type is 'y', not 'x'".
void filter_explain(const struct filter *filter, const struct cesql_event *event, struct writer *out);

// What an event must have to pass, as a list on ARENA; NULL: nothing that could be looked up. For an index.
struct need *filter_needs(const struct filter *filter, struct arena *arena);
// Writes bytes that are the same for filters that are the same, and for no others.
void filter_write(const struct filter *filter, struct writer *out);
