// SPDX-License-Identifier: Apache-2.0
// Which objects of a list or a watch are wanted: its label selector, its field selector, and the name in its path.
#pragma once

#include "kube/request.h"
#include "kube/select/field.h"
#include "kube/select/label.h"

struct selection {
    const struct kind *kind;
    const struct kind_version *version;
    struct label_selector labels;
    struct field_selector fields;
    bytes_t name; // of the only one; empty: any
};

// False: problem. The selection lives as long as the request.
bool selection_read(struct selection *selection, struct request *request);
// It leaves some out.
bool selection_is_some(const struct selection *selection);
bool selection_matches(const struct selection *selection, const struct table_row *row);
