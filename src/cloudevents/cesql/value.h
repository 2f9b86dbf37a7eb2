// SPDX-License-Identifier: Apache-2.0
// Values and their casts (CESQL 1.0.0 3.7). For this folder and for cloudevents/filter/.
#pragma once

#include "cloudevents/cesql/cesql.h"

enum { INTEGER_TEXT_SIZE = 12 }; // "-2147483648"

static inline struct cesql_value value_boolean(bool boolean)
{
    return (struct cesql_value){ .type = CESQL_BOOLEAN, .boolean = boolean };
}

static inline struct cesql_value value_integer(int32_t integer)
{
    return (struct cesql_value){ .type = CESQL_INTEGER, .integer = integer };
}

static inline struct cesql_value value_string(bytes_t text)
{
    return (struct cesql_value){ .type = CESQL_STRING, .text = text };
}

// false, 0 or "".
struct cesql_value value_zero(enum cesql_type type);
const char *value_type_name(enum cesql_type type);
// Of one type.
bool value_equal(const struct cesql_value *a, const struct cesql_value *b);
// False when VALUE cannot be cast; RET_VALUE is the zero value then. A text that a cast makes is in TEXT.
bool value_cast(const struct cesql_value *value, enum cesql_type type, char text[INTEGER_TEXT_SIZE],
                struct cesql_value *ret_value);
// With quotes around a String; long ones are cut.
void value_write(const struct cesql_value *value, struct writer *out);
