// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include "base/civil.h"
#include "base/reader.h"

enum {
    TRANSITIONS_MAX = 10000, // of a file; those of tzdata have a few hundred
    TYPES_MAX = 256,         // RFC 9636 3.1: an index is one byte
    OFFSET_MAX = 26 * 3600,  // RFC 9636 3.2: between -25 and +26 hours
    DAY_S = 86400,
    HEADER_SIZE = 44,
};

// When a footer's rule changes the clock, in the days of one year.
struct zone_change {
    enum { BY_JULIAN_DAY, BY_DAY, BY_WEEKDAY } how; // "J60", "59", "M3.5.0"
    int32_t month, week, day;
    int32_t second; // of the day, on the wall clock before the change; may be negative, or behind the day
};

struct zone_rule {
    int32_t standard, summer; // seconds east
    bool has_summer;
    struct zone_change to_summer, to_standard;
};

struct zone {
    size_t count;
    const int64_t *times;   // of the transitions, rising
    const int32_t *offsets; // behind each
    int32_t first_offset;   // before all of them
    bool has_rule;          // for what is behind the last
    struct zone_rule rule;
};

const struct zone zone_utc = { .first_offset = 0 };

bool zone_name_is_valid(bytes_t name)
{
    bool at_start = true;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
        if (c == '/' ? at_start : !is_letter && !is_other)
            return false;
        at_start = c == '/';
    }
    return name.size > 0 && name.size <= 64 && !at_start;
}

// --- the footer (POSIX.1-2017 8.3 with RFC 9636 3.3)

static bool take(bytes_t *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    *text = bytes_of(text->data + 1, text->size - 1);
    return true;
}

static bool take_number(bytes_t *text, int32_t max, int32_t *ret_number)
{
    size_t i = 0;
    int32_t number = 0;
    for (; i < text->size && text->data[i] >= '0' && text->data[i] <= '9'; i++) {
        number = number * 10 + (text->data[i] - '0');
        if (number > max)
            return false;
    }
    *text = bytes_of(text->data + i, text->size - i);
    *ret_number = number;
    return i > 0;
}

// "CET", "<+03>".
static bool take_name(bytes_t *text)
{
    size_t i = 0;
    if (take(text, '<')) {
        while (i < text->size && text->data[i] != '>')
            i++;
        *text = bytes_of(text->data + i, text->size - i);
        return take(text, '>');
    }
    while (i < text->size && ((text->data[i] | 0x20) >= 'a' && (text->data[i] | 0x20) <= 'z'))
        i++;
    *text = bytes_of(text->data + i, text->size - i);
    return i >= 3;
}

// "[+-]hh[:mm[:ss]]" in seconds.
static bool take_time(bytes_t *text, int32_t hours_max, int32_t *ret_seconds)
{
    int32_t hours, minutes = 0, seconds = 0;
    bool is_negative = take(text, '-');
    if (!is_negative)
        (void)take(text, '+');
    if (!take_number(text, hours_max, &hours) || (take(text, ':') && !take_number(text, 59, &minutes)) ||
        (take(text, ':') && !take_number(text, 59, &seconds)))
        return false;
    int32_t sum = hours * 3600 + minutes * 60 + seconds;
    *ret_seconds = is_negative ? -sum : sum;
    return true;
}

static bool take_change(bytes_t *text, struct zone_change *ret_change)
{
    struct zone_change change = { .how = BY_DAY, .second = 2 * 3600 };
    bool good;
    if (take(text, 'M')) {
        change.how = BY_WEEKDAY;
        good = take_number(text, 12, &change.month) && change.month >= 1 && take(text, '.') &&
               take_number(text, 5, &change.week) && change.week >= 1 && take(text, '.') &&
               take_number(text, 6, &change.day);
    } else if (take(text, 'J')) {
        change.how = BY_JULIAN_DAY;
        good = take_number(text, 365, &change.day) && change.day >= 1;
    } else {
        good = take_number(text, 365, &change.day);
    }
    if (good && take(text, '/'))
        good = take_time(text, 167, &change.second);
    *ret_change = change;
    return good;
}

static bool rule_parse(bytes_t text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = { 0 };
    if (!take_name(&text) || !take_time(&text, 24, &rule.standard))
        return false;
    rule.standard = -rule.standard; // POSIX counts to the west
    if (text.size > 0) {
        rule.has_summer = true;
        rule.summer = rule.standard + 3600;
        if (!take_name(&text))
            return false;
        if (text.size > 0 && text.data[0] != ',') {
            if (!take_time(&text, 24, &rule.summer))
                return false;
            rule.summer = -rule.summer;
        }
        if (!take(&text, ',') || !take_change(&text, &rule.to_summer) || !take(&text, ',') ||
            !take_change(&text, &rule.to_standard))
            return false;
    }
    *ret_rule = rule;
    return text.size == 0;
}

// Seconds since 1970 of a midnight, as if the wall were in UTC.
static int64_t midnight(int32_t year, int32_t month, int32_t day)
{
    struct civil civil = { .year = year, .month = month, .day = day };
    return civil_to_ms(&civil) / 1000;
}

static int64_t change_time(const struct zone_change *change, int32_t year, int32_t offset_before)
{
    int64_t start;
    if (change->how == BY_WEEKDAY) {
        start = midnight(year, change->month, 1);
        int32_t weekday = civil_of_ms(start * 1000).weekday;
        int32_t day = (change->day - weekday + 7) % 7 + (change->week - 1) * 7;
        while (day >= civil_days_in_month(year, change->month))
            day -= 7;
        start += (int64_t)day * DAY_S;
    } else {
        bool is_leap = civil_days_in_month(year, 2) == 29;
        int32_t day = change->how == BY_DAY ? change->day : change->day - 1 + (is_leap && change->day >= 60);
        start = midnight(year, 1, 1) + (int64_t)day * DAY_S;
    }
    return start + change->second - offset_before;
}

static int32_t rule_offset_at(const struct zone_rule *rule, int64_t unix_s)
{
    if (!rule->has_summer)
        return rule->standard;
    int32_t year = civil_of_ms((unix_s + rule->standard) * 1000).year;
    int64_t summer = change_time(&rule->to_summer, year, rule->standard);
    int64_t winter = change_time(&rule->to_standard, year, rule->summer);
    bool is_summer = summer < winter ? unix_s >= summer && unix_s < winter : unix_s >= summer || unix_s < winter;
    return is_summer ? rule->summer : rule->standard;
}

// --- the file

struct counts {
    uint32_t is_ut, is_std, leap, time, type, text;
};

static bool read_header(struct reader *reader, uint8_t *ret_version, struct counts *counts)
{
    bytes_t magic = reader_bytes(reader, 4);
    *ret_version = reader_u8(reader);
    reader_skip(reader, 15);
    counts->is_ut = reader_u32(reader);
    counts->is_std = reader_u32(reader);
    counts->leap = reader_u32(reader);
    counts->time = reader_u32(reader);
    counts->type = reader_u32(reader);
    counts->text = reader_u32(reader);
    return reader->err == ERR_OK && bytes_is(magic, "TZif") && counts->time <= TRANSITIONS_MAX && counts->type >= 1 &&
           counts->type <= TYPES_MAX && counts->text <= 10000 && counts->leap <= 10000 && counts->is_ut <= TYPES_MAX &&
           counts->is_std <= TYPES_MAX;
}

static size_t body_size(const struct counts *counts, size_t time_size)
{
    return counts->time * (time_size + 1) + counts->type * 6 + counts->text + counts->leap * (time_size + 4) +
           counts->is_std + counts->is_ut;
}

// The part with times of 64 bits. False: it makes no sense.
static bool read_body(struct reader *reader, const struct counts *counts, struct arena *arena, struct zone *zone)
{
    int64_t *times = arena_array(arena, counts->time + 1, sizeof *times);
    int32_t *offsets = arena_array(arena, counts->time + 1, sizeof *offsets);
    int32_t types[TYPES_MAX] = { 0 };
    for (uint32_t i = 0; i < counts->time; i++) {
        times[i] = reader_i64(reader);
        if (i > 0 && times[i] <= times[i - 1])
            return false;
    }
    bytes_t indexes = reader_bytes(reader, counts->time);
    for (uint32_t i = 0; i < counts->type; i++) {
        types[i] = reader_i32(reader);
        reader_skip(reader, 2);
        if (types[i] < -OFFSET_MAX || types[i] > OFFSET_MAX)
            return false;
    }
    reader_skip(reader, counts->text + counts->leap * 12 + counts->is_std + counts->is_ut);
    if (reader->err != ERR_OK)
        return false;
    for (uint32_t i = 0; i < counts->time; i++) {
        if (indexes.data[i] >= counts->type)
            return false;
        offsets[i] = types[indexes.data[i]];
    }
    zone->times = times;
    zone->offsets = offsets;
    zone->count = counts->time;
    zone->first_offset = types[0];
    return true;
}

static bool read_footer(bytes_t rest, struct zone *zone)
{
    if (!take(&rest, '\n'))
        return false;
    const uint8_t *end = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
    if (end == NULL)
        return false;
    bytes_t text = bytes_of(rest.data, (size_t)(end - rest.data));
    zone->has_rule = text.size > 0;
    return text.size == 0 || rule_parse(text, &zone->rule);
}

err_t zone_parse(bytes_t tzif, struct arena *arena, const struct zone **ret_zone, diag_t *diag)
{
    struct reader reader = reader_of(tzif);
    struct counts counts;
    uint8_t version;
    if (!read_header(&reader, &version, &counts) || version < '2')
        return diag_fail(diag, ERR_MALFORMED, "", "this is no time zone file of version 2 or later");
    reader_skip(&reader, body_size(&counts, 4)); // the same for readers of version 1
    struct zone *zone = arena_alloc(arena, sizeof *zone);
    if (!read_header(&reader, &version, &counts) || !read_body(&reader, &counts, arena, zone) ||
        !read_footer(bytes_of(reader.at, reader_left(&reader)), zone))
        return diag_fail(diag, ERR_MALFORMED, "", "the time zone file is damaged");
    *ret_zone = zone;
    return ERR_OK;
}

// --- questions

int32_t zone_offset_at(const struct zone *zone, int64_t unix_s)
{
    size_t low = 0, high = zone->count; // the transitions before HIGH, and none from it on, are not behind UNIX_S
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return rule_offset_at(&zone->rule, unix_s);
    return low == 0 ? zone->first_offset : zone->offsets[low - 1];
}

int64_t zone_time_of(const struct zone *zone, int64_t local_s)
{
    // No zone changes its clock twice in two days.
    int32_t before = zone_offset_at(zone, local_s - DAY_S), after = zone_offset_at(zone, local_s + DAY_S);
    int64_t early = local_s - before, late = local_s - after;
    if (zone_offset_at(zone, early) == before)
        return early;
    if (zone_offset_at(zone, late) == after)
        return late;
    int64_t low = late, high = early; // the clock leaps somewhere between
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (zone_offset_at(zone, middle) == after)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
