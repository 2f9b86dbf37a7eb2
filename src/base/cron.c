// SPDX-License-Identifier: Apache-2.0
#include "base/cron.h"

#include "base/assert.h"
#include "base/civil.h"

#include <ctype.h>
#include <stddef.h>
#include <strings.h>

enum { TEXT_SIZE_MAX = 1024, FIELDS = 6, YEARS_MAX = 5 };

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

static const struct field {
    const char *name;
    size_t at;
    uint32_t min, max;
    const char *const *names; // of MIN and what follows
    size_t name_count;
} fields[FIELDS] = {
    { "second", offsetof(struct cron, seconds), 0, 59, NULL, 0 },
    { "minute", offsetof(struct cron, minutes), 0, 59, NULL, 0 },
    { "hour", offsetof(struct cron, hours), 0, 23, NULL, 0 },
    { "day of the month", offsetof(struct cron, days), 1, 31, NULL, 0 },
    { "month", offsetof(struct cron, months), 1, 12, month_names, ARRAY_COUNT(month_names) },
    { "day of the week", offsetof(struct cron, weekdays), 0, 6, weekday_names, ARRAY_COUNT(weekday_names) },
};

static const struct {
    const char *name, *text;
} descriptors[] = {
    { "@yearly", "0 0 0 1 1 *" }, { "@annually", "0 0 0 1 1 *" }, { "@monthly", "0 0 0 1 * *" },
    { "@weekly", "0 0 0 * * 0" }, { "@daily", "0 0 0 * * *" },    { "@midnight", "0 0 0 * * *" },
    { "@hourly", "0 0 * * * *" },
};

// --- one field

static uint64_t bits(uint32_t from, uint32_t to, uint32_t step)
{
    uint64_t set = 0;
    for (uint32_t i = from; i <= to; i += step)
        set |= UINT64_C(1) << i;
    return set;
}

// Cuts the part before the first END off *TEXT; false when there is none.
static bool cut(bytes_t *text, char end, bytes_t *ret_part)
{
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, end, text->size);
    if (at == NULL)
        return false;
    *ret_part = bytes_of(text->data, (size_t)(at - text->data));
    *text = bytes_of(at + 1, text->size - ret_part->size - 1);
    return true;
}

// A number or a name.
static err_t value_read(const struct field *field, bytes_t text, uint32_t *ret_value, diag_t *diag)
{
    int64_t value;
    for (size_t i = 0; i < field->name_count; i++) {
        if (text.size == 3 && strncasecmp((const char *)text.data, field->names[i], 3) == 0) {
            *ret_value = field->min + (uint32_t)i;
            return ERR_OK;
        }
    }
    if (text.size > 0 && text.size <= 9 && isdigit(text.data[0]) && bytes_to_int64(text, &value)) {
        *ret_value = (uint32_t)value;
        return ERR_OK;
    }
    return diag_fail(diag, ERR_MALFORMED, "schedule", "%s: \"%.*s\" is no number%s", field->name, BYTES_ARG(text),
                     field->name_count > 0 ? " and no name" : "");
}

// "*", "5", "1-5", each with "/STEP". *IS_ANY: there was a star that leaves nothing out.
static err_t range_read(const struct field *field, bytes_t text, uint64_t *set, bool *is_any, diag_t *diag)
{
    bytes_t whole = text, part = text, first;
    uint32_t from = field->min, to = field->max, step = 1;
    err_t err = ERR_OK;
    bool has_step = cut(&text, '/', &part);
    bytes_t rest = has_step ? part : text;
    bool is_star = bytes_is(rest, "*") || bytes_is(rest, "?");
    if (!is_star) {
        bool is_range = cut(&rest, '-', &first);
        err = value_read(field, is_range ? first : rest, &from, diag);
        if (err == ERR_OK && is_range)
            err = value_read(field, rest, &to, diag);
        else if (err == ERR_OK && !has_step) // "5/15" goes on to the end of the field
            to = from;
    }
    if (err == ERR_OK && has_step)
        err = value_read(&(struct field){ .name = field->name }, text, &step, diag);
    if (err != ERR_OK)
        return err;
    if (from < field->min || to > field->max || from > to || step == 0)
        return diag_fail(diag, ERR_MALFORMED, "schedule",
                         "%s: \"%.*s\" is not within %u to %u, or runs backwards, or has a step of 0", field->name,
                         BYTES_ARG(whole), field->min, field->max);
    *set |= bits(from, to, step);
    *is_any = *is_any || (is_star && step == 1);
    return ERR_OK;
}

static err_t field_read(const struct field *field, bytes_t text, struct cron *cron, bool *is_any, diag_t *diag)
{
    uint64_t set = 0;
    bytes_t part;
    err_t err = ERR_OK;
    while (err == ERR_OK && cut(&text, ',', &part))
        err = part.size == 0 ? ERR_OK : range_read(field, part, &set, is_any, diag);
    if (err == ERR_OK && (text.size > 0 || set == 0))
        err = range_read(field, text, &set, is_any, diag);
    if (err == ERR_OK)
        memcpy((char *)cron + field->at, &set, sizeof set);
    return err;
}

// --- the whole

// The fields between blanks; how many, FIELDS + 1 for more than there can be.
static size_t split(bytes_t text, bytes_t parts[FIELDS])
{
    size_t count = 0, i = 0;
    while (i < text.size) {
        size_t start = i;
        while (i < text.size && text.data[i] != ' ' && text.data[i] != '\t')
            i++;
        if (i > start && count == FIELDS)
            return FIELDS + 1;
        if (i > start)
            parts[count++] = bytes_of(text.data + start, i - start);
        else
            i++;
    }
    return count;
}

static err_t descriptor_read(bytes_t text, struct cron *ret_cron, diag_t *diag)
{
    for (size_t i = 0; i < ARRAY_COUNT(descriptors); i++) {
        if (bytes_is(text, descriptors[i].name))
            return cron_parse(bytes_of_text(descriptors[i].text), ret_cron, diag);
    }
    return diag_fail(diag, ERR_MALFORMED, "schedule",
                     "\"%.*s\" is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly",
                     text.size > 40 ? 40 : (int)text.size, (const char *)text.data);
}

err_t cron_parse(bytes_t text, struct cron *ret_cron, diag_t *diag)
{
    bytes_t parts[FIELDS];
    struct cron cron = { 0 };
    bool is_any[FIELDS] = { false };
    if (text.size > 0 && text.data[0] == '@')
        return descriptor_read(text, ret_cron, diag);
    size_t count = text.size > TEXT_SIZE_MAX ? 0 : split(text, parts), skip = FIELDS - count;
    if (count < FIELDS - 1 || count > FIELDS)
        return diag_fail(
            diag, ERR_MALFORMED, "schedule",
            "has %zu fields: a schedule has 5 (minute, hour, day, month, day of the week), or 6 with the second first",
            count);
    cron.seconds = 1;
    for (size_t i = 0; i < count; i++) {
        err_t err = field_read(&fields[i + skip], parts[i], &cron, &is_any[i + skip], diag);
        if (err != ERR_OK)
            return err;
    }
    cron.any_day = is_any[3];
    cron.any_weekday = is_any[5];
    *ret_cron = cron;
    return ERR_OK;
}

static bool has(uint64_t set, int32_t value)
{
    return (set >> value & 1) != 0;
}

static bool day_matches(const struct cron *cron, const struct civil *civil)
{
    bool day = has(cron->days, civil->day), weekday = has(cron->weekdays, civil->weekday);
    return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

// The start of a day on the wall, or of what the clock leaps to.
static int64_t day_start(const struct zone *zone, int32_t year, int32_t month, int32_t day)
{
    struct civil civil = { .year = year, .month = month, .day = day };
    return zone_time_of(zone, civil_to_ms(&civil) / 1000);
}

// Whether the second AT matches; if not, *RET_NEXT is where the coarsest field that does not has its next value.
static bool matches(const struct cron *cron, const struct zone *zone, int64_t at, const struct civil *wall,
                    int64_t *ret_next)
{
    int64_t next;
    if (!has(cron->months, wall->month))
        next =
            wall->month == 12 ? day_start(zone, wall->year + 1, 1, 1) : day_start(zone, wall->year, wall->month + 1, 1);
    else if (!day_matches(cron, wall))
        next = day_start(zone, wall->year, wall->month, wall->day + 1);
    else if (!has(cron->hours, wall->hour))
        next = at + 3600 - wall->minute * 60 - wall->second;
    else if (!has(cron->minutes, wall->minute))
        next = at + 60 - wall->second;
    else if (!has(cron->seconds, wall->second))
        next = at + 1;
    else
        return true;
    *ret_next = next > at ? next : at + 1; // a clock that was set back over midnight has that day's start behind it
    return false;
}

bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_s, int64_t *ret_s)
{
    int64_t at = after_s + 1;
    int32_t year_max = civil_of_ms(at * 1000).year + YEARS_MAX;
    for (;;) {
        struct civil wall = civil_of_ms((at + zone_offset_at(zone, at)) * 1000);
        if (wall.year > year_max)
            return false;
        if (matches(cron, zone, at, &wall, &at)) {
            *ret_s = at;
            return true;
        }
    }
}
