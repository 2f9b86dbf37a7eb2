// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/civil.h"

#include "base/test.h"

static void known_moments_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
        int weekday;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z", 4 },
        { -1, "1969-12-31T23:59:59.999Z", 3 },
        { 951782400000, "2000-02-29T00:00:00.000Z", 2 },
        { 951868799999, "2000-02-29T23:59:59.999Z", 2 },
        { 951868800000, "2000-03-01T00:00:00.000Z", 3 },
        { 1767323045678, "2026-01-02T03:04:05.678Z", 5 },
        { 4107542400000, "2100-03-01T00:00:00.000Z", 1 },
        { -2203891200000, "1900-03-01T00:00:00.000Z", 4 },
        { CIVIL_MS_MIN, "0000-01-01T00:00:00.000Z", 6 },
        { CIVIL_MS_MAX, "9999-12-31T23:59:59.999Z", 5 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[CIVIL_TEXT_SIZE];
        int64_t ms;
        struct civil civil = civil_of_ms(rows[i].ms);
        assert_string_equal(civil_format(rows[i].ms, text), rows[i].text);
        assert_int_equal(civil_parse(bytes_of_text(rows[i].text), &ms), ERR_OK);
        assert_true(ms == rows[i].ms);
        assert_true(civil_to_ms(&civil) == rows[i].ms);
        assert_int_equal(civil.weekday, rows[i].weekday);
    }
}

static void every_day_of_four_centuries_follows_the_one_before(void **state)
{
    (void)state;
    struct civil before = civil_of_ms(-2208988800000 - CIVIL_MS_PER_DAY); // the day before 1900-01-01
    for (int64_t day = 0; day < 146097; day++) {
        int64_t ms = -2208988800000 + day * CIVIL_MS_PER_DAY;
        struct civil civil = civil_of_ms(ms);
        bool new_month = before.day == civil_days_in_month(before.year, before.month);
        assert_int_equal(civil.day, new_month ? 1 : before.day + 1);
        assert_int_equal(civil.month, new_month ? before.month % 12 + 1 : before.month);
        assert_int_equal(civil.year, new_month && before.month == 12 ? before.year + 1 : before.year);
        assert_int_equal(civil.weekday, (before.weekday + 1) % 7);
        assert_true(civil_to_ms(&civil) == ms);
        before = civil;
    }
}

static void times_out_of_range_are_moved_to_its_ends(void **state)
{
    (void)state;
    char text[CIVIL_TEXT_SIZE];
    assert_string_equal(civil_format(INT64_MIN, text), "0000-01-01T00:00:00.000Z");
    assert_string_equal(civil_format(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(civil_format_seconds(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

static void parses_all_forms_of_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "2026-01-02", 1767312000000 },
        { "2026-01-02T03:04:05Z", 1767323045000 },
        { "2026-01-02t03:04:05z", 1767323045000 },
        { "2026-01-02 03:04:05Z", 1767323045000 },
        { "2026-01-02T03:04:05.6Z", 1767323045600 },
        { "2026-01-02T03:04:05.6789999Z", 1767323045678 },
        { "2026-01-02T05:34:05+02:30", 1767323045000 },
        { "2026-01-01T22:04:05-05:00", 1767323045000 },
        { "2016-12-31T23:59:60Z", 1483228800000 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t ms = 0;
        assert_int_equal(civil_parse(bytes_of_text(rows[i].text), &ms), ERR_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void rejects_what_is_not_a_time(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026",
        "2026-1-2",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2026-04-31",
        "2026-01-00",
        "2026-01-02T",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:00Z",
        "2026-01-02T03:04:61Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05Zx",
        "-026-01-02",
        "2026-01-02X03:04:05Z",
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t ms = 77;
        assert_int_equal(civil_parse(bytes_of_text(rows[i]), &ms), ERR_MALFORMED);
        assert_int_equal(ms, 77);
    }
    static const char whole[] = "2026-01-02T03:04:05.678+01:00";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        int64_t ms;
        if (size != 10) // a date alone
            assert_int_equal(civil_parse(bytes_of(whole, size), &ms), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_go_both_ways),
        cmocka_unit_test(every_day_of_four_centuries_follows_the_one_before),
        cmocka_unit_test(times_out_of_range_are_moved_to_its_ends),
        cmocka_unit_test(parses_all_forms_of_rfc_3339),
        cmocka_unit_test(rejects_what_is_not_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
