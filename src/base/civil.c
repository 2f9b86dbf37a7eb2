// SPDX-License-Identifier: Apache-2.0
#include "base/civil.h"

#include "base/assert.h"
#include "base/reader.h"

#include <stdio.h>

#define DAYS_PER_400_YEARS 146097
// Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the leap day is the last of its year.
#define DAYS_TO_1970 719468

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int32_t civil_days_in_month(int32_t year, int32_t month)
{
    static const int32_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    ASSERT(month >= 1 && month <= 12);
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// Days since 1970-01-01.
static int64_t days_of(int32_t year, int32_t month, int32_t day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t leaps = floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400);
    // (153 m + 2) / 5 counts the days before month m: 31, 30, 31, 30, 31 and again.
    return 365 * y + leaps + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

static void date_of_days(int64_t days, struct civil *ret)
{
    int64_t since = days + DAYS_TO_1970;
    int64_t era = floor_div(since, DAYS_PER_400_YEARS);
    int64_t in_era = since - era * DAYS_PER_400_YEARS;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    ret->day = (int32_t)(in_year - (153 * month + 2) / 5 + 1);
    ret->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    ret->year = (int32_t)(year + era * 400 + (ret->month <= 2 ? 1 : 0));
    ret->weekday = (int32_t)(((days + 4) % 7 + 7) % 7);
}

struct civil civil_of_ms(int64_t unix_ms)
{
    if (unix_ms < CIVIL_MS_MIN)
        unix_ms = CIVIL_MS_MIN;
    if (unix_ms > CIVIL_MS_MAX)
        unix_ms = CIVIL_MS_MAX;
    struct civil civil = { 0 };
    int64_t days = floor_div(unix_ms, CIVIL_MS_PER_DAY);
    int32_t ms = (int32_t)(unix_ms - days * CIVIL_MS_PER_DAY);
    date_of_days(days, &civil);
    civil.hour = ms / 3600000;
    civil.minute = ms / 60000 % 60;
    civil.second = ms / 1000 % 60;
    civil.millisecond = ms % 1000;
    return civil;
}

int64_t civil_to_ms(const struct civil *civil)
{
    int64_t seconds = (int64_t)civil->hour * 3600 + civil->minute * 60 + civil->second;
    return days_of(civil->year, civil->month, civil->day) * CIVIL_MS_PER_DAY + seconds * 1000 + civil->millisecond;
}

const char *civil_format(int64_t unix_ms, char ret_text[CIVIL_TEXT_SIZE])
{
    struct civil c = civil_of_ms(unix_ms);
    // Digits by hand: every log line needs a time, and snprintf is most of its cost.
    static const char form[CIVIL_TEXT_SIZE] = "0000-00-00T00:00:00.000Z";
    const struct {
        int32_t value;
        int32_t last; // index of the last digit
    } parts[] = { { c.year, 3 },    { c.month, 6 },   { c.day, 9 },         { c.hour, 12 },
                  { c.minute, 15 }, { c.second, 18 }, { c.millisecond, 22 } };
    memcpy(ret_text, form, sizeof form);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        int32_t at = parts[i].last;
        for (int32_t value = parts[i].value; value > 0; value /= 10)
            ret_text[at--] = (char)('0' + value % 10);
    }
    return ret_text;
}

const char *civil_format_seconds(int64_t unix_ms, char ret_text[CIVIL_TEXT_SIZE])
{
    (void)civil_format(unix_ms, ret_text);
    memcpy(ret_text + 19, "Z", 2);
    return ret_text;
}

static int32_t read_digits(struct reader *r, size_t count)
{
    int32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t c = reader_u8(r);
        if (c < '0' || c > '9')
            reader_fail(r, ERR_MALFORMED);
        value = value * 10 + (c - '0');
    }
    return r->err == ERR_OK ? value : 0;
}

static uint8_t read_one_of(struct reader *r, const char *allowed)
{
    uint8_t c = reader_u8(r);
    if (c == '\0' || strchr(allowed, c) == NULL)
        reader_fail(r, ERR_MALFORMED);
    return c;
}

static bool next_is_digit(const struct reader *r)
{
    return reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9';
}

static int32_t read_fraction(struct reader *r)
{
    if (reader_left(r) == 0 || *r->at != '.')
        return 0;
    reader_skip(r, 1);
    int32_t ms = 0, weight = 100;
    if (!next_is_digit(r))
        reader_fail(r, ERR_MALFORMED);
    for (; next_is_digit(r); weight /= 10)
        ms += (reader_u8(r) - '0') * weight;
    return ms;
}

// Milliseconds that local time is ahead of UTC.
static int64_t read_zone(struct reader *r)
{
    uint8_t sign = read_one_of(r, "Zz+-");
    if (sign == 'Z' || sign == 'z')
        return 0;
    int32_t hours = read_digits(r, 2);
    (void)read_one_of(r, ":");
    int32_t minutes = read_digits(r, 2);
    if (hours > 23 || minutes > 59)
        reader_fail(r, ERR_MALFORMED);
    int64_t ms = (hours * 60 + minutes) * INT64_C(60000);
    return sign == '-' ? -ms : ms;
}

static bool in_range(const struct civil *c)
{
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->day > civil_days_in_month(c->year, c->month))
        return false;
    return c->hour <= 23 && c->minute <= 59 && c->second <= 60; // 60: a leap second
}

err_t civil_parse(bytes_t text, int64_t *ret_unix_ms)
{
    struct reader r = reader_of(text);
    struct civil c = { .year = read_digits(&r, 4) };
    int64_t ahead_ms = 0;
    (void)read_one_of(&r, "-");
    c.month = read_digits(&r, 2);
    (void)read_one_of(&r, "-");
    c.day = read_digits(&r, 2);
    if (reader_left(&r) > 0) {
        (void)read_one_of(&r, "Tt ");
        c.hour = read_digits(&r, 2);
        (void)read_one_of(&r, ":");
        c.minute = read_digits(&r, 2);
        (void)read_one_of(&r, ":");
        c.second = read_digits(&r, 2);
        c.millisecond = read_fraction(&r);
        ahead_ms = read_zone(&r);
    }
    if (r.err != ERR_OK || reader_left(&r) != 0 || !in_range(&c))
        return ERR_MALFORMED;
    *ret_unix_ms = civil_to_ms(&c) - ahead_ms;
    return ERR_OK;
}
