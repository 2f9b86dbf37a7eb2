// SPDX-License-Identifier: Apache-2.0
// Unix time in milliseconds and the UTC calendar (proleptic Gregorian), both ways. Reads no clock.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#define CIVIL_MS_PER_DAY INT64_C(86400000)
// The range that has a four-digit year: 0000-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
#define CIVIL_MS_MIN INT64_C(-62167219200000)
#define CIVIL_MS_MAX INT64_C(253402300799999)

struct civil {
    int32_t year;
    int32_t month;       // 1 to 12
    int32_t day;         // 1 to 31
    int32_t hour;        // 0 to 23
    int32_t minute;      // 0 to 59
    int32_t second;      // 0 to 59
    int32_t millisecond; // 0 to 999
    int32_t weekday;     // 0 is Sunday; not read by civil_to_ms
};

// Times outside the range are moved to its nearest end.
struct civil civil_of_ms(int64_t unix_ms);
// The fields are in their ranges; a day behind the end of its month counts on into the next.
int64_t civil_to_ms(const struct civil *civil);
// 28 to 31.
int32_t civil_days_in_month(int32_t year, int32_t month);

enum { CIVIL_TEXT_SIZE = 25 };
// "2026-01-02T03:04:05.678Z", terminated. Returns RET_TEXT.
const char *civil_format(int64_t unix_ms, char ret_text[CIVIL_TEXT_SIZE]);
// "2026-01-02T03:04:05Z": the same in whole seconds.
const char *civil_format_seconds(int64_t unix_ms, char ret_text[CIVIL_TEXT_SIZE]);
// RFC 3339 5.6: date-time with any offset, 'T' 't' or a space between, digits beyond milliseconds dropped, second 60
// read as the start of the next minute; also a date alone, its first moment in UTC. ERR_MALFORMED.
MUST_CHECK err_t civil_parse(bytes_t text, int64_t *ret_unix_ms);
