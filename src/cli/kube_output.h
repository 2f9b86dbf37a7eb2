// SPDX-License-Identifier: Apache-2.0
// The forms of -o, as `kubectl get` has them: a table for people, or objects as json, yaml, name, jsonpath=,
// jsonpath-as-json= and custom-columns=.
#pragma once

#include "base/json.h"
#include "base/writer.h"

enum kube_form {
    KUBE_TABLE,
    KUBE_WIDE, // a table, too
    KUBE_JSON,
    KUBE_YAML,
    KUBE_NAME,
    KUBE_JSONPATH,
    KUBE_JSONPATH_AS_JSON,
    KUBE_CUSTOM_COLUMNS,
};

struct custom_columns;

struct kube_output {
    enum kube_form form;
    bytes_t argument; // what follows the "="
    const struct custom_columns *columns;
    bool no_headers;
    bool with_managed; // json and yaml show managedFields
    size_t printed;    // values so far
};

// TEXT NULL: a table. What is compiled lives in ARENA. ERR_INVALID.
err_t kube_output_read(const char *text, struct arena *arena, struct kube_output *ret_output, diag_t *diag) MUST_CHECK;
bool kube_output_is_table(const struct kube_output *output);
// VALUE (an object, or a list of them) in a form that is no table; what it has too much is taken from it.
err_t kube_output_print(struct kube_output *output, struct json_value *value, struct writer *out,
                        diag_t *diag) MUST_CHECK;
