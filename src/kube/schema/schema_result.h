// SPDX-License-Identifier: Apache-2.0
// What validation found at one place: errors, and how many checks went well, by which the best of the branches of anyOf
// and oneOf is chosen (kube-openapi's validate.Result). Private to schema/.
#pragma once

#include "kube/schema/field_error.h"

struct schema_found {
    enum field_error_type type;
    bytes_t field, value, detail;
    bytes_t message; // the same is told once
    struct schema_found *next;
};

struct schema_result {
    struct schema_found *first, *last;
    size_t count;   // in the list
    size_t hidden;  // beyond the limit
    size_t matches; // checks that went well
};

struct schema_results {
    struct arena *arena;
    size_t limit;  // of each result
    bool is_part;  // the value is inside of something else, so that it cannot be the object of a request
    bool is_quiet; // only whether it is valid matters: nobody will read the words
};

static inline bool schema_result_is_valid(const struct schema_result *result)
{
    return result->count + result->hidden == 0;
}

// PATH is relative to the base. VALUE as in field_error_add. The format is the detail and the message.
void schema_result_fail(const struct schema_results *results, struct schema_result *result, enum field_error_type type,
                        bytes_t path, bytes_t value, const char *format, ...) __attribute__((format(printf, 6, 7)));
// The same with a detail of its own.
void schema_result_add(const struct schema_results *results, struct schema_result *result, struct schema_found found);
// FROM is empty afterwards.
void schema_result_merge(const struct schema_results *results, struct schema_result *into, struct schema_result *from);
