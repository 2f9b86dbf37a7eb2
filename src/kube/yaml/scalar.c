// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/scalar.h"

#include "base/civil.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

// The words that are not strings.
static const struct {
    const char *text;
    enum scalar_type type;
    bool is_true;
    const char *special;
} words[] = {
    { "", SCALAR_NULL, false, NULL },
    { "~", SCALAR_NULL, false, NULL },
    { "null", SCALAR_NULL, false, NULL },
    { "Null", SCALAR_NULL, false, NULL },
    { "NULL", SCALAR_NULL, false, NULL },
    { "true", SCALAR_BOOL, true, NULL },
    { "True", SCALAR_BOOL, true, NULL },
    { "TRUE", SCALAR_BOOL, true, NULL },
    { "false", SCALAR_BOOL, false, NULL },
    { "False", SCALAR_BOOL, false, NULL },
    { "FALSE", SCALAR_BOOL, false, NULL },
    { "y", SCALAR_BOOL, true, NULL },
    { "Y", SCALAR_BOOL, true, NULL },
    { "yes", SCALAR_BOOL, true, NULL },
    { "Yes", SCALAR_BOOL, true, NULL },
    { "YES", SCALAR_BOOL, true, NULL },
    { "n", SCALAR_BOOL, false, NULL },
    { "N", SCALAR_BOOL, false, NULL },
    { "no", SCALAR_BOOL, false, NULL },
    { "No", SCALAR_BOOL, false, NULL },
    { "NO", SCALAR_BOOL, false, NULL },
    { "on", SCALAR_BOOL, true, NULL },
    { "On", SCALAR_BOOL, true, NULL },
    { "ON", SCALAR_BOOL, true, NULL },
    { "off", SCALAR_BOOL, false, NULL },
    { "Off", SCALAR_BOOL, false, NULL },
    { "OFF", SCALAR_BOOL, false, NULL },
    { ".nan", SCALAR_SPECIAL, false, ".nan" },
    { ".NaN", SCALAR_SPECIAL, false, ".nan" },
    { ".NAN", SCALAR_SPECIAL, false, ".nan" },
    { ".inf", SCALAR_SPECIAL, false, ".inf" },
    { ".Inf", SCALAR_SPECIAL, false, ".inf" },
    { ".INF", SCALAR_SPECIAL, false, ".inf" },
    { "+.inf", SCALAR_SPECIAL, false, ".inf" },
    { "+.Inf", SCALAR_SPECIAL, false, ".inf" },
    { "+.INF", SCALAR_SPECIAL, false, ".inf" },
    { "-.inf", SCALAR_SPECIAL, false, "-.inf" },
    { "-.Inf", SCALAR_SPECIAL, false, "-.inf" },
    { "-.INF", SCALAR_SPECIAL, false, "-.inf" },
};

static bool take(bytes_t *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->data, prefix, size) != 0)
        return false;
    *text = bytes_of(text->data + size, text->size - size);
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

// At least FEWEST and at most MOST decimal digits.
static bool take_digits(bytes_t *text, size_t fewest, size_t most, int *ret_value)
{
    size_t size = 0;
    int value = 0;
    for (; size < most && size < text->size && is_digit(text->data[size]); size++)
        value = value * 10 + (text->data[size] - '0');
    *text = bytes_of(text->data + size, text->size - size);
    *ret_value = value;
    return size >= fewest;
}

static bool skip_digits(bytes_t *text)
{
    size_t size = 0;
    while (size < text->size && is_digit(text->data[size]))
        size++;
    *text = bytes_of(text->data + size, text->size - size);
    return size > 0;
}

// --- timestamps

// hour:minute:second with an optional fraction.
static bool take_clock(bytes_t *text)
{
    int hour, minute, second;
    if (!take_digits(text, 1, 2, &hour) || hour > 23 || !take(text, ":"))
        return false;
    if (!take_digits(text, 1, 2, &minute) || minute > 59 || !take(text, ":"))
        return false;
    if (!take_digits(text, 1, 2, &second) || second > 59)
        return false;
    bytes_t fraction = *text;
    if ((take(&fraction, ".") || take(&fraction, ",")) && skip_digits(&fraction))
        *text = fraction;
    return true;
}

static bool take_zone(bytes_t *text)
{
    int hours, minutes;
    if (take(text, "Z"))
        return true;
    if (!take(text, "+") && !take(text, "-"))
        return false;
    return take_digits(text, 2, 2, &hours) && hours <= 24 && take(text, ":") && take_digits(text, 2, 2, &minutes) &&
           minutes <= 60;
}

// A date; behind it nothing, 'T' with a time and a zone, or spaces with a time.
static bool is_timestamp(bytes_t text)
{
    int year, month, day;
    if (!take_digits(&text, 4, 4, &year) || !take(&text, "-"))
        return false;
    if (!take_digits(&text, 1, 2, &month) || month < 1 || month > 12 || !take(&text, "-"))
        return false;
    if (!take_digits(&text, 1, 2, &day) || day < 1 || day > civil_days_in_month(year, month))
        return false;
    if (text.size == 0)
        return true;
    if (take(&text, "T") || take(&text, "t"))
        return take_clock(&text) && take_zone(&text) && text.size == 0;
    if (!take(&text, " "))
        return false;
    while (take(&text, " ")) {
    }
    return take_clock(&text) && text.size == 0;
}

// --- numbers

static bool take_radix(bytes_t *text, unsigned *ret_radix)
{
    static const struct {
        const char *prefix;
        unsigned radix;
    } rows[] = { { "0x", 16 }, { "0X", 16 }, { "0o", 8 }, { "0O", 8 }, { "0b", 2 }, { "0B", 2 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!take(text, rows[i].prefix))
            continue;
        *ret_radix = rows[i].radix;
        return true;
    }
    bool octal = text->size > 1 && text->data[0] == '0';
    *ret_radix = octal ? 8 : 10;
    return false;
}

static bool take_magnitude(bytes_t text, unsigned radix, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i], lower = c | 0x20;
        unsigned digit = is_digit(c) ? c - 48U : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10U : 16;
        if (digit >= radix || __builtin_mul_overflow(value, radix, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return text.size > 0;
}

// Without underscores. Beyond 2^63 only without a sign, as the two integer types of Go have it.
static bool int_of(bytes_t text, struct scalar *ret_scalar)
{
    bool negative = take(&text, "-"), has_sign = negative || take(&text, "+");
    unsigned radix;
    // "0b-1" is a number to go-yaml, which takes the prefix off itself.
    if (take_radix(&text, &radix) && radix == 2 && !has_sign) {
        negative = take(&text, "-");
        has_sign = negative || take(&text, "+");
    }
    uint64_t magnitude, most = has_sign ? (uint64_t)INT64_MAX + (negative ? 1 : 0) : UINT64_MAX;
    if (!take_magnitude(text, radix, &magnitude) || magnitude > most)
        return false;
    *ret_scalar =
        (struct scalar){ .type = SCALAR_INT, .is_negative = negative && magnitude > 0, .magnitude = magnitude };
    return true;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
static bool is_float(bytes_t text)
{
    if (!take(&text, "-"))
        (void)take(&text, "+");
    bool whole = skip_digits(&text);
    bool fraction = take(&text, ".") && skip_digits(&text);
    if (!whole && !fraction)
        return false;
    if (take(&text, "e") || take(&text, "E")) {
        if (!take(&text, "-"))
            (void)take(&text, "+");
        return skip_digits(&text) && text.size == 0;
    }
    return text.size == 0;
}

// TEXT is terminated.
static bool float_of(const char *text, struct scalar *ret_scalar)
{
    if (!is_float(bytes_of_text(text)))
        return false;
    double real = strtod(text, NULL);
    if (!isfinite(real))
        return false;
    *ret_scalar = (struct scalar){ .type = SCALAR_FLOAT, .real = real };
    return true;
}

// Whether the underscore at AT stands between digits.
static bool joins_digits(bytes_t text, size_t at)
{
    return at > 0 && at + 1 < text.size && is_digit(text.data[at - 1]) && is_digit(text.data[at + 1]);
}

// Underscores are left out: all of them, or, behind a point in front, those between digits.
static struct scalar number_of(bytes_t text)
{
    struct scalar scalar = { .type = SCALAR_STRING };
    if (is_timestamp(text))
        return (struct scalar){ .type = SCALAR_TIMESTAMP };
    bool from_point = text.data[0] == '.';
    char *plain = mem_alloc(text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '_' || (from_point && !joins_digits(text, i)))
            plain[size++] = (char)text.data[i];
    }
    plain[size] = '\0';
    if (strlen(plain) == size && !int_of(bytes_of(plain, size), &scalar))
        (void)float_of(plain, &scalar);
    free(plain);
    return scalar;
}

struct scalar scalar_of(bytes_t text)
{
    enum { WORD_MAX = 5 };
    if (text.size <= WORD_MAX) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (bytes_is(text, words[i].text))
                return (
                    struct scalar){ .type = words[i].type, .is_true = words[i].is_true, .special = words[i].special };
        }
    }
    uint8_t first = text.data[0];
    if (is_digit(first) || first == '+' || first == '-' || first == '.')
        return number_of(text);
    return (struct scalar){ .type = SCALAR_STRING };
}

const char *scalar_tag(enum scalar_type type)
{
    static const char *const names[] = {
        [SCALAR_STRING] = "str",  [SCALAR_NULL] = "null",     [SCALAR_BOOL] = "bool",           [SCALAR_INT] = "int",
        [SCALAR_FLOAT] = "float", [SCALAR_SPECIAL] = "float", [SCALAR_TIMESTAMP] = "timestamp",
    };
    return names[type];
}
