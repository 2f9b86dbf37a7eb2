// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/value.h"

#include <stdio.h>
#include <strings.h>

enum { SHOWN_MAX = 100 }; // bytes of a String that are shown

struct cesql_value value_zero(enum cesql_type type)
{
    return (struct cesql_value){ .type = type, .text = BYTES_LITERAL("") };
}

const char *value_type_name(enum cesql_type type)
{
    static const char *const names[] = {
        [CESQL_BOOLEAN] = "Boolean", [CESQL_INTEGER] = "Integer", [CESQL_STRING] = "String"
    };
    return names[type];
}

bool value_equal(const struct cesql_value *a, const struct cesql_value *b)
{
    switch (a->type) {
    case CESQL_BOOLEAN:
        return a->boolean == b->boolean;
    case CESQL_INTEGER:
        return a->integer == b->integer;
    case CESQL_STRING:
        return bytes_equal(a->text, b->text);
    }
    return false;
}

static bool text_to_integer(bytes_t text, int32_t *ret_integer)
{
    int64_t integer = 0;
    bool has_sign = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+');
    if (text.size == (has_sign ? 1 : 0))
        return false;
    for (size_t i = has_sign ? 1 : 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        integer = integer * 10 + (text.data[i] - '0');
        if (integer > (int64_t)INT32_MAX + 1)
            return false;
    }
    if (has_sign && text.data[0] == '-')
        integer = -integer;
    if (integer > INT32_MAX)
        return false;
    *ret_integer = (int32_t)integer;
    return true;
}

static bool text_to_boolean(bytes_t text, bool *ret_boolean)
{
    bool is_true = text.size == 4 && strncasecmp((const char *)text.data, "true", 4) == 0;
    if (!is_true && !(text.size == 5 && strncasecmp((const char *)text.data, "false", 5) == 0))
        return false;
    *ret_boolean = is_true;
    return true;
}

static bool cast_to_integer(const struct cesql_value *value, struct cesql_value *integer)
{
    if (value->type == CESQL_STRING)
        return text_to_integer(value->text, &integer->integer);
    integer->integer = value->boolean ? 1 : 0;
    return true;
}

static bool cast_to_boolean(const struct cesql_value *value, struct cesql_value *boolean)
{
    if (value->type == CESQL_STRING)
        return text_to_boolean(value->text, &boolean->boolean);
    boolean->boolean = value->integer != 0;
    return true;
}

static void cast_to_string(const struct cesql_value *value, char text[INTEGER_TEXT_SIZE], struct cesql_value *string)
{
    if (value->type == CESQL_BOOLEAN) {
        string->text = value->boolean ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
        return;
    }
    int size = snprintf(text, INTEGER_TEXT_SIZE, "%d", value->integer);
    string->text = bytes_of(text, (size_t)size);
}

bool value_cast(const struct cesql_value *value, enum cesql_type type, char text[INTEGER_TEXT_SIZE],
                struct cesql_value *ret_value)
{
    if (value->type == type) {
        *ret_value = *value;
        return true;
    }
    struct cesql_value cast = value_zero(type);
    bool fits = true;
    switch (type) {
    case CESQL_BOOLEAN:
        fits = cast_to_boolean(value, &cast);
        break;
    case CESQL_INTEGER:
        fits = cast_to_integer(value, &cast);
        break;
    case CESQL_STRING:
        cast_to_string(value, text, &cast);
        break;
    }
    *ret_value = cast;
    return fits;
}

// Whole characters, and none that would break a line.
static void text_write(bytes_t text, struct writer *out)
{
    size_t at = 0;
    writer_u8(out, '\'');
    while (at < text.size && at < SHOWN_MAX) {
        size_t size = bytes_utf8_size(bytes_of(text.data + at, text.size - at));
        if (size == 0 || text.data[at] < 0x20 || text.data[at] == 0x7f)
            writer_format(out, "\\x%02x", text.data[at]);
        else
            writer_bytes(out, bytes_of(text.data + at, size));
        at += size == 0 ? 1 : size;
    }
    writer_text(out, at < text.size ? "...'" : "'");
}

void value_write(const struct cesql_value *value, struct writer *out)
{
    switch (value->type) {
    case CESQL_BOOLEAN:
        writer_text(out, value->boolean ? "true" : "false");
        break;
    case CESQL_INTEGER:
        writer_format(out, "%d", value->integer);
        break;
    case CESQL_STRING:
        text_write(value->text, out);
        break;
    }
}
