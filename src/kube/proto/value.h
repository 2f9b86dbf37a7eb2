// SPDX-License-Identifier: Apache-2.0
// One value of a field as a JSON value: numbers and texts, and the small messages of Kubernetes that are one value in
// JSON (Time, Quantity, IntOrString).
#pragma once

#include "kube/proto/wire.h"

#include "base/arena.h"
#include "base/json.h"

struct value_kind {
    enum wire_type type; // that it comes in
    // RET_VALUE is NULL for what is nothing in JSON. WHY is a sentence.
    err_t (*read)(const struct wire_field *field, const struct json_value *schema, struct arena *arena,
                  struct json_value **ret_value, const char **ret_why);
    bool (*is_zero)(const struct wire_field *field); // what Kubernetes leaves out unless the field is optional
};

// What SCHEMA describes; NULL: a message, an array or a map, which read.c reads.
const struct value_kind *value_kind_of(const struct json_value *schema);
