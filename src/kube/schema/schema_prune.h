// SPDX-License-Identifier: Apache-2.0
// Takes away what a schema does not know, as the Kubernetes API does before it stores an object, and tells where it was
// (fieldValidation=Strict and Warn).
#pragma once

#include "base/json_edit.h"
#include "base/writer.h"
#include "kube/schema/schema.h"

struct schema_unknown {
    bytes_t path;    // "spec.filters[0].exat"
    bytes_t nearest; // the path of a field that is known and not there yet; BYTES_NULL: none is near
    struct schema_unknown *next;
};

// A list in the arena; what is beyond the limit is only counted.
struct schema_unknowns {
    struct arena *arena;
    struct schema_unknown *first, *last; // by path
    size_t count, hidden;
};

enum { SCHEMA_UNKNOWNS_MAX = 64 };

static inline struct schema_unknowns schema_unknowns_in(struct arena *arena)
{
    return (struct schema_unknowns){ .arena = arena };
}

// UNKNOWNS may be NULL. Removed values keep their contents. Each name stands once in every object (json_unique). SCHEMA
// NULL: nothing is known, so no member stays.
void schema_prune(struct json_value *value, const struct schema *schema, struct schema_unknowns *unknowns);

// `unknown field "spec.brokr"`, and behind it `, did you mean "spec.broker"`.
void schema_unknown_write(struct writer *out, const struct schema_unknown *unknown);
// All of them, joined by ", ": what follows "strict decoding error: ".
void schema_unknowns_write(struct writer *out, const struct schema_unknowns *unknowns);
