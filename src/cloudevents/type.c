// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/type.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/civil.h"
#include "cloudevents/uri.h"

#include <stdio.h>

static const char *string_problem(bytes_t text);
static const char *boolean_problem(bytes_t text);
static const char *integer_problem(bytes_t text);
static const char *binary_problem(bytes_t text);
static const char *uri_problem(bytes_t text);
static const char *uri_reference_problem(bytes_t text);
static const char *timestamp_problem(bytes_t text);

static const struct {
    const char *name;
    const char *(*problem)(bytes_t text);
} types[CLOUDEVENT_TYPE_COUNT] = {
    [CLOUDEVENT_TYPE_STRING] = { "String", string_problem },
    [CLOUDEVENT_TYPE_BOOLEAN] = { "Boolean", boolean_problem },
    [CLOUDEVENT_TYPE_INTEGER] = { "Integer", integer_problem },
    [CLOUDEVENT_TYPE_BINARY] = { "Binary", binary_problem },
    [CLOUDEVENT_TYPE_URI] = { "URI", uri_problem },
    [CLOUDEVENT_TYPE_URI_REFERENCE] = { "URI-reference", uri_reference_problem },
    [CLOUDEVENT_TYPE_TIMESTAMP] = { "Timestamp", timestamp_problem },
};

const char *cloudevent_type_name(enum cloudevent_type type)
{
    ASSERT(type < CLOUDEVENT_TYPE_COUNT);
    return types[type].name;
}

const char *cloudevent_type_problem(enum cloudevent_type type, bytes_t text)
{
    ASSERT(type < CLOUDEVENT_TYPE_COUNT);
    return types[type].problem(text);
}

bool cloudevent_is_name(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return name.size > 0 && !bytes_is(name, "data");
}

const char *cloudevent_name_shown(bytes_t name, char room[CLOUDEVENT_NAME_ROOM])
{
    enum { CUT = CLOUDEVENT_NAME_ROOM - sizeof "..." };
    size_t size = name.size < CUT ? name.size : CUT;
    for (size_t i = 0; i < size; i++)
        room[i] = (char)(name.data[i] >= 0x20 && name.data[i] < 0x7f ? name.data[i] : '?');
    (void)snprintf(room + size, CLOUDEVENT_NAME_ROOM - size, "%s",
                   name.size == 0     ? "\"\""
                   : name.size > size ? "..."
                                      : "");
    return room;
}

// A well-formed code point of two to four bytes.
static uint32_t code_point(const uint8_t *at, size_t size)
{
    static const uint8_t masks[] = { 0, 0, 0x1f, 0x0f, 0x07 };
    uint32_t c = at[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        c = c << 6 | (at[i] & 0x3f);
    return c;
}

static bool is_noncharacter(uint32_t c)
{
    return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static const char *string_problem(bytes_t text)
{
    static const char controls[] = "must not hold control characters (U+0000 to U+001F, U+007F to U+009F)";
    for (size_t i = bytes_printable_size(text); i < text.size;) {
        uint8_t c = text.data[i];
        if (c >= 0x20 && c < 0x7f) {
            i++;
            continue;
        }
        if (c < 0x80)
            return controls;
        size_t size = bytes_utf8_size(bytes_of(text.data + i, text.size - i));
        if (size == 0)
            return "must be well-formed UTF-8";
        uint32_t point = code_point(text.data + i, size);
        if (point < 0xa0)
            return controls;
        if (is_noncharacter(point))
            return "must not hold code points that Unicode calls noncharacters";
        i += size;
    }
    return NULL;
}

static const char *boolean_problem(bytes_t text)
{
    return bytes_is(text, "true") || bytes_is(text, "false") ? NULL : "must be true or false";
}

// The integer component of a JSON number: no leading zeros, no plus sign, no zero below zero.
static const char *integer_problem(bytes_t text)
{
    int64_t value;
    size_t first = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    bool has_zero_first = text.size > first && text.data[first] == '0' && text.size > 1;
    bool is_plain = text.size > first && text.data[first] >= '0' && text.data[first] <= '9' && !has_zero_first;
    if (!is_plain || !bytes_to_int64(text, &value) || value < INT32_MIN || value > INT32_MAX)
        return "must be an integer from -2147483648 to 2147483647";
    return NULL;
}

static const char *binary_problem(bytes_t text)
{
    size_t size;
    return base64_decode(BASE64_STANDARD, text, NULL, &size) ? NULL : "must be base64 (RFC 4648 4)";
}

static const char *uri_problem(bytes_t text)
{
    return uri_is_absolute(text) ? NULL : "must be an absolute URI (RFC 3986 4.3)";
}

static const char *uri_reference_problem(bytes_t text)
{
    return uri_reference_is_valid(text) ? NULL : "must be a URI-reference (RFC 3986 4.1)";
}

// civil_parse takes more than RFC 3339 5.6 has: a date alone, a space before the time.
static const char *timestamp_problem(bytes_t text)
{
    int64_t ms;
    bool has_time = text.size > 10 && (text.data[10] == 'T' || text.data[10] == 't');
    return has_time && civil_parse(text, &ms) == ERR_OK ? NULL : "must be a time as in 2026-01-02T03:04:05Z (RFC 3339)";
}
