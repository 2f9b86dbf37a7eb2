// SPDX-License-Identifier: Apache-2.0
// The built-in functions (CESQL 1.0.0 3.5), a table. Inside the folder.
#pragma once

#include "cloudevents/cesql/cesql.h"

struct evaluation;

enum { FUNCTION_ANY_COUNT = INT32_MAX };

struct function {
    const char *name;
    enum cesql_type result;
    // Of the first arguments; the last one is that of all that follow.
    enum cesql_type arguments[3];
    uint32_t least, most; // how many arguments
    bool takes_any;       // arguments are not cast
    // ARGUMENTS are cast. Sets RET_VALUE, also with an error.
    enum cesql_error (*run)(struct evaluation *evaluation, const struct cesql_value *arguments, size_t count,
                            struct cesql_value *ret_value);
};

// NAME in any case. NULL: there is none of that name that takes COUNT arguments.
const struct function *function_find(bytes_t name, size_t count);
enum cesql_type function_argument(const struct function *function, size_t index);
// Writes why function_find found nothing, as a sentence.
void function_explain(bytes_t name, size_t count, diag_t *diag, const char *where);
