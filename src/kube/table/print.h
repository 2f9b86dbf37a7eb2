// SPDX-License-Identifier: Apache-2.0
// Tables for people, as `kubectl get` prints them: one printer for each kind of resource that is shown, and for the
// whole of a watch, which keeps its columns and prints its headers once. (Between two kinds kubectl has an empty line.)
#pragma once

#include "base/json.h"
#include "kube/table/layout.h"

struct print_options {
    bool wide;           // -o wide: columns of any priority
    bool no_headers;     // --no-headers
    bool show_labels;    // --show-labels
    bool with_namespace; // -A
    const char *prefix;  // "trigger.eventing.knative.dev", before each name, where several kinds are shown; or NULL
    const char *const *labels; // -L: label keys
    size_t label_count;
};

struct table_print {
    struct print_options options;
    struct layout layout;
    struct arena arena;
    const struct json_value *columns; // columnDefinitions that were printed last; a copy
    bool has_headers;                 // they have been printed
};

// What OPTIONS points to outlives the printer.
void table_print_init(struct table_print *print, const struct print_options *options);
void table_print_deinit(struct table_print *print);
// TABLE is a meta.k8s.io Table; one without columns has those of the one before. EVENT: "ADDED" and so on in a watch
// that shows it, else NULL. Nothing is printed where there are no rows.
void table_print(struct table_print *print, const struct json_value *table, const char *event, struct writer *out);
