// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/writer.h"

#include "base/test.h"

#define T(text) time_of(text)

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(civil_parse(bytes_of_text(text), &ms), ERR_OK);
    return ms / 1000;
}

static void counts_write(struct writer *out, uint32_t times, uint32_t types)
{
    writer_text(out, "TZif2");
    for (int i = 0; i < 15; i++)
        writer_u8(out, 0);
    for (int i = 0; i < 3; i++)
        writer_u32(out, 0);
    writer_u32(out, times);
    writer_u32(out, types);
    writer_u32(out, 4);
}

static void type_write(struct writer *out, int32_t offset)
{
    writer_u32(out, (uint32_t)offset);
    writer_u8(out, 0);
    writer_u8(out, 0);
}

// A file with +1 h until 2000, +2 h until 2001, then the footer.
static bytes_t file_write(struct writer *out, const char *footer)
{
    counts_write(out, 0, 1);
    type_write(out, 0);
    writer_text(out, "UTC");
    writer_u8(out, 0);
    counts_write(out, 2, 2);
    writer_u64(out, (uint64_t)T("2000-01-01T00:00:00Z"));
    writer_u64(out, (uint64_t)T("2001-01-01T00:00:00Z"));
    writer_u8(out, 1);
    writer_u8(out, 0);
    type_write(out, 3600);
    type_write(out, 7200);
    writer_text(out, "ABC");
    writer_u8(out, 0);
    writer_format(out, "\n%s\n", footer);
    return writer_view(out);
}

static const struct zone *zone_of(const char *footer, struct arena *arena)
{
    struct writer out = WRITER_INIT;
    const struct zone *zone = NULL;
    diag_t diag;
    if (zone_parse(arena_copy(arena, file_write(&out, footer)), arena, &zone, &diag) != ERR_OK)
        zone = NULL;
    writer_free(&out);
    return zone;
}

static void lists_transitions_and_goes_on_by_the_rule(void **state)
{
    static const struct {
        const char *footer, *at;
        int32_t offset;
    } rows[] = {
        { "", "1999-12-31T23:59:59Z", 3600 },
        { "", "2000-01-01T00:00:00Z", 7200 },
        { "", "2000-12-31T23:59:59Z", 7200 },
        { "", "2020-07-01T00:00:00Z", 3600 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", "2100-07-01T00:00:00Z", 7200 },
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39600 }, // summer over the new year
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-04-04T15:59:59Z", 39600 },
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-04-04T16:00:00Z", 36000 },
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-12-01T00:00:00Z", 39600 }, // Lord Howe: half an hour
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-06-01T00:00:00Z", 37800 },
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200 }, // Nuuk: an hour before Sunday
        { "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600 },
        { "EST5EDT,J60,J300", "2024-03-01T06:59:59Z", -18000 }, // J60 is the first of March, also in a leap year
        { "EST5EDT,J60,J300", "2024-03-01T07:00:00Z", -14400 },
        { "EST5EDT,59,300", "2024-02-29T07:00:00Z", -14400 },
        { "<+0545>-5:45", "2026-01-01T00:00:00Z", 20700 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-12-01T00:00:00Z", 0 }, // Dublin: its winter is the exception
        { "IST-1GMT0,M10.5.0,M3.5.0/1", "2026-06-01T00:00:00Z", 3600 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        const struct zone *zone = zone_of(rows[i].footer, &arena);
        assert_non_null(zone);
        if (zone_offset_at(zone, T(rows[i].at)) != rows[i].offset)
            fail_msg("%s at %s: %d", rows[i].footer, rows[i].at, (int)zone_offset_at(zone, T(rows[i].at)));
        arena_free(&arena);
    }
}

static void a_time_on_the_wall_is_the_earliest_or_the_leap(void **state)
{
    static const struct {
        const char *wall, *at;
    } rows[] = {
        { "2026-01-01T12:00:00Z", "2026-01-01T11:00:00Z" }, { "2026-07-01T12:00:00Z", "2026-07-01T10:00:00Z" },
        { "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z" }, { "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z" },
        { "2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z" }, { "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z" },
        { "2026-03-29T03:00:01Z", "2026-03-29T01:00:01Z" }, { "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z" },
        { "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z" },
    };
    struct arena arena = ARENA_INIT;
    const struct zone *zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3", &arena);
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(zone_time_of(zone, T(rows[i].wall)), T(rows[i].at));
    assert_int_equal(zone_time_of(&zone_utc, 5), 5);
    assert_int_equal(zone_offset_at(&zone_utc, T("2026-07-01T00:00:00Z")), 0);
    arena_free(&arena);
}

static void rejects_every_truncation_and_bad_footers(void **state)
{
    static const char *const bad[] = {
        "CET",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-25",
        "C1",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,J0,J9",
        "<+03-3",
        "CET-1x",
    };
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    const struct zone *zone;
    diag_t diag;
    (void)state;
    bytes_t whole = arena_copy(&arena, file_write(&out, "CET-1CEST,M3.5.0,M10.5.0/3"));
    assert_int_equal(zone_parse(whole, &arena, &zone, &diag), ERR_OK);
    for (size_t size = 0; size < whole.size; size++)
        assert_int_equal(zone_parse(bytes_of(whole.data, size), &arena, &zone, &diag), ERR_MALFORMED);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_null(zone_of(bad[i], &arena));
    writer_free(&out);
    arena_free(&arena);
}

static void names_cannot_climb(void **state)
{
    static const char *const good[] = { "UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+5" };
    static const char *const bad[] = { "",  "/etc/passwd", "../x", "Europe/..", "Europe/", "Europe//Paris",
                                       ".", "a b",         "a%00" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_true(zone_name_is_valid(bytes_of_text(good[i])));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(zone_name_is_valid(bytes_of_text(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_transitions_and_goes_on_by_the_rule),
        cmocka_unit_test(a_time_on_the_wall_is_the_earliest_or_the_leap),
        cmocka_unit_test(rejects_every_truncation_and_bad_footers),
        cmocka_unit_test(names_cannot_climb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
