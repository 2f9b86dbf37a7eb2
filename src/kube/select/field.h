// SPDX-License-Identifier: Apache-2.0
// Field selectors, "metadata.name=web,type!=Normal": the parameter fieldSelector. Which fields can be asked for is a
// table of each kind; metadata.name and metadata.namespace of all of them.
#pragma once

#include "base/json.h"

struct field_label {
    const char *label;     // as the selector has it; NULL ends a table
    const char *path;      // where the object has it: names with dots between
    const char *otherwise; // where it looks when that is empty; NULL: nowhere
};

// The table of a kind besides what all have; NULL: there is none. GROUP "" is the core group.
const struct field_label *field_labels_of(bytes_t group, bytes_t kind);

struct field_requirement {
    struct field_label field;
    bytes_t value; // without escapes
    bool differs;  // !=
};

struct field_selector {
    const struct field_requirement *requirements; // all of them must be met
    size_t count;                                 // 0: everything matches
};

// LABELS (may be NULL) comes from field_labels_of, or is made from the selectableFields of a CustomResourceDefinition.
// The selector is a view of TEXT and of LABELS. ERR_INVALID: *RET_TEXT, in ARENA, is the sentence of kube-apiserver's
// 400.
err_t field_selector_parse(struct arena *arena, bytes_t text, const struct field_label *labels,
                           struct field_selector *ret_selector, const char **ret_text) MUST_CHECK;

// A field that is not there is the empty text; a number is as it was written, a boolean "true" or "false".
bool field_selector_matches(const struct field_selector *selector, const struct json_value *object);

// The value that LABEL must have ("metadata.name": a list of one object needs no walk). False: it is not said.
bool field_selector_exact(const struct field_selector *selector, const char *label, bytes_t *ret_value);
