// SPDX-License-Identifier: Apache-2.0
#include "kube/table/age.h"

#include "base/civil.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE INT64_C(60)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

// From BELOW the row before has on: whole units of LARGE and, where it is not zero, the rest in SMALL.
static const struct {
    int64_t below;
    int64_t large, small; // 0: no second figure
    char large_letter, small_letter;
} rows[] = {
    { 2 * MINUTE, 1, 0, 's', 0 },         { 10 * MINUTE, MINUTE, 1, 'm', 's' }, { 3 * HOUR, MINUTE, 0, 'm', 0 },
    { 8 * HOUR, HOUR, MINUTE, 'h', 'm' }, { 2 * DAY, HOUR, 0, 'h', 0 },         { 8 * DAY, DAY, HOUR, 'd', 'h' },
    { 2 * YEAR, DAY, 0, 'd', 0 },         { 8 * YEAR, YEAR, DAY, 'y', 'd' },    { INT64_MAX, YEAR, 0, 'y', 0 },
};

const char *age_text(int64_t age_ms, char ret_text[AGE_TEXT_SIZE])
{
    int64_t seconds = age_ms / 1000; // towards zero
    if (seconds < -1) {
        (void)snprintf(ret_text, AGE_TEXT_SIZE, "<invalid>");
        return ret_text;
    }
    seconds = seconds < 0 ? 0 : seconds;
    size_t row = 0;
    while (seconds >= rows[row].below)
        row++;
    int64_t large = seconds / rows[row].large;
    int64_t small = rows[row].small == 0 ? 0 : seconds % rows[row].large / rows[row].small;
    if (small == 0)
        (void)snprintf(ret_text, AGE_TEXT_SIZE, "%" PRId64 "%c", large, rows[row].large_letter);
    else
        (void)snprintf(ret_text, AGE_TEXT_SIZE, "%" PRId64 "%c%" PRId64 "%c", large, rows[row].large_letter, small,
                       rows[row].small_letter);
    return ret_text;
}

// The beginning of year 1 is Go's zero time.
#define ZERO_MS INT64_C(-62135596800000)

const char *age_of_timestamp(bytes_t timestamp, int64_t now_ms, char ret_text[AGE_TEXT_SIZE])
{
    int64_t then_ms = ZERO_MS;
    bool given = timestamp.size > 0 && !bytes_is(timestamp, "null");
    // The parser also takes what the API does not: a date alone, other letters.
    bool is_strict = timestamp.size >= 20 && timestamp.data[10] == 'T' && timestamp.data[timestamp.size - 1] != 'z';
    if (given && (!is_strict || civil_parse(timestamp, &then_ms) != ERR_OK)) {
        (void)snprintf(ret_text, AGE_TEXT_SIZE, "<invalid>");
        return ret_text;
    }
    if (then_ms == ZERO_MS) {
        (void)snprintf(ret_text, AGE_TEXT_SIZE, "<unknown>");
        return ret_text;
    }
    return age_text(now_ms - then_ms, ret_text);
}
