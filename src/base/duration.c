// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include "base/assert.h"

#define MAX_MS (INT64_C(100) * 365 * 86400 * 1000)

enum { DIGITS_MAX = 12, FRACTION_MAX = 9 };

// In the order in which they may follow each other.
static const struct {
    char unit;
    bool is_time; // behind the T
    int64_t ms;
} parts[] = {
    { 'Y', false, 0 }, // of no fixed length
    { 'M', false, 0 },
    { 'W', false, INT64_C(604800000) },
    { 'D', false, INT64_C(86400000) },
    { 'H', true, 3600000 },
    { 'M', true, 60000 },
    { 'S', true, 1000 },
};

struct number {
    int64_t whole;
    int64_t fraction; // in billionths
};

static bool number_read(bytes_t text, size_t *at, struct number *ret_number)
{
    struct number number = { 0 };
    size_t start = *at, digits = 0;
    for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at)
        number.whole = number.whole * 10 + (text.data[*at] - '0');
    digits = *at - start;
    if (*at < text.size && digits > 0 && (text.data[*at] == '.' || text.data[*at] == ',')) {
        int64_t scale = 1000000000;
        for (++*at, start = *at; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at)
            number.fraction += (scale /= 10) * (text.data[*at] - '0');
        if (*at == start || *at - start > FRACTION_MAX)
            return false;
    }
    *ret_number = number;
    return digits > 0 && digits <= DIGITS_MAX;
}

static err_t parse(bytes_t text, int64_t *ret_ms)
{
    size_t at = 1, part = 0, count = 0;
    bool is_time = false, is_last = false, has_length = true;
    int64_t sum = 0;
    if (text.size < 3 || text.size > 64 || text.data[0] != 'P')
        return ERR_MALFORMED;
    while (at < text.size) {
        struct number number;
        if (text.data[at] == 'T') {
            if (is_time || is_last || ++at == text.size)
                return ERR_MALFORMED;
            is_time = true;
        }
        if (is_last || !number_read(text, &at, &number) || at == text.size)
            return ERR_MALFORMED;
        while (part < ARRAY_COUNT(parts) && (parts[part].unit != text.data[at] || parts[part].is_time != is_time))
            part++;
        if (part == ARRAY_COUNT(parts))
            return ERR_MALFORMED;
        has_length = has_length && parts[part].ms > 0;
        if (has_length && number.whole > MAX_MS / parts[part].ms)
            return ERR_TOO_LARGE;
        int64_t billionths = number.fraction * (parts[part].ms / 1000); // of a thousandth of the unit's milliseconds
        sum += number.whole * parts[part].ms + (billionths + 999999) / 1000000;
        is_last = number.fraction > 0; // only the smallest may have a fraction
        part++;
        at++;
        count++;
    }
    if (count == 0)
        return ERR_MALFORMED;
    if (!has_length)
        return ERR_UNSUPPORTED;
    if (sum > MAX_MS)
        return ERR_TOO_LARGE;
    *ret_ms = sum;
    return ERR_OK;
}

err_t duration_parse(bytes_t text, int64_t *ret_ms, diag_t *diag)
{
    err_t err = parse(text, ret_ms);
    const char *why = err == ERR_UNSUPPORTED
                          ? "has years or months, which have no fixed length: write weeks, days or hours"
                      : err == ERR_TOO_LARGE ? "is longer than 100 years"
                                             : "is no duration of ISO 8601, such as PT0.2S or PT1M";
    return err == ERR_OK ? ERR_OK : diag_fail(diag, err, "", "\"%.*s\" %s", BYTES_ARG(text), why);
}
