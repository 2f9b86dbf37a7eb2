// SPDX-License-Identifier: Apache-2.0
// Label selectors: "app=web,tier in (a,b),!old" of a query, and LabelSelector objects of resources. (docs of
// Kubernetes, "Labels and Selectors".) A selector lives in the arena that it was made in and is a view of its text.
#pragma once

#include "base/json.h"

enum label_test {
    LABEL_IN,     // =, ==, in, In; also matchLabels
    LABEL_NOT_IN, // !=, notin, NotIn: also where the label is not there
    LABEL_EXISTS,
    LABEL_NOT_EXISTS,
    LABEL_GREATER, // of integers
    LABEL_LESS,
};

struct label_requirement {
    bytes_t key;
    enum label_test test;
    const bytes_t *values; // sorted, each once
    size_t value_count;
    int64_t bound; // LABEL_GREATER, LABEL_LESS
};

struct label_selector {
    const struct label_requirement *requirements; // all of them must be met
    size_t count;                                 // 0: everything matches
};

// The text of the parameter labelSelector. ERR_INVALID: *RET_TEXT, in ARENA, is the sentence of kube-apiserver's 400.
err_t label_selector_parse(struct arena *arena, bytes_t text, struct label_selector *ret_selector,
                           const char **ret_text) MUST_CHECK;
// An object with matchLabels and matchExpressions. ERR_INVALID as above.
err_t label_selector_read(struct arena *arena, const struct json_value *object, struct label_selector *ret_selector,
                          const char **ret_text) MUST_CHECK;

// LABELS (metadata.labels) may be NULL: no label is there.
bool label_selector_matches(const struct label_selector *selector, const struct json_value *labels);
