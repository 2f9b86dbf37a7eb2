// SPDX-License-Identifier: Apache-2.0
#include "base/cron.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/test.h"

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(civil_parse(bytes_of_text(text), &ms), ERR_OK);
    return ms / 1000;
}

static struct cron parsed(const char *text)
{
    struct cron cron;
    diag_t diag;
    if (cron_parse(bytes_of_text(text), &cron, &diag) != ERR_OK)
        fail_msg("%s: %s", text, diag.text);
    return cron;
}

static void finds_the_next_time(void **state)
{
    static const struct {
        const char *schedule, *after, *next;
    } rows[] = {
        { "* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z" },
        { "* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z" },
        { "*/1 * * * *", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z" },
        { "*/5 * * * *", "2026-01-01T00:03:00Z", "2026-01-01T00:05:00Z" },
        { "*/7 * * * *", "2026-01-01T00:56:00Z", "2026-01-01T01:00:00Z" },
        { "5/20 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z" },
        { "5/20 * * * *", "2026-01-01T00:25:00Z", "2026-01-01T00:45:00Z" },
        { "0,30 9-17 * * MON-FRI", "2026-01-02T17:30:00Z", "2026-01-05T09:00:00Z" },
        { "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z" },
        { "0 0 13 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z" },  // one of the two is enough
        { "0 0 */2 * fri", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z" }, // a star with a step is none
        { "0 0 */1 * fri", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z" },
        { "0 0 ? jan,JUL *", "2026-02-01T00:00:00Z", "2026-07-01T00:00:00Z" },
        { "30 * * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:30Z" },
        { "*/10 * * * * *", "2026-01-01T00:00:51Z", "2026-01-01T00:01:00Z" },
        { "@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z" },
        { "@daily", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z" },
        { "@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z" },
        { "@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
        { " 1,  0 *\t* * ", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct cron cron = parsed(rows[i].schedule);
        int64_t found = 0;
        char text[CIVIL_TEXT_SIZE];
        assert_true(cron_next(&cron, &zone_utc, time_of(rows[i].after), &found));
        if (found != time_of(rows[i].next))
            fail_msg("%s after %s: %s", rows[i].schedule, rows[i].after, civil_format(found * 1000, text));
    }
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *schedule, *words;
    } rows[] = {
        { "", "has 0 fields" },
        { "* * * *", "has 4 fields" },
        { "* * * * * * *", "has 7 fields" },
        { "60 * * * *", "minute: \"60\" is not within 0 to 59" },
        { "* 24 * * *", "hour: \"24\"" },
        { "* * 0 * *", "day of the month: \"0\"" },
        { "* * * 13 *", "month: \"13\"" },
        { "* * * * 7", "day of the week: \"7\"" },
        { "60 * * * * *", "second: \"60\"" },
        { "5-1 * * * *", "runs backwards" },
        { "*/0 * * * *", "a step of 0" },
        { "x * * * *", "minute: \"x\" is no number" },
        { "* * * foo *", "month: \"foo\" is no number and no name" },
        { "1-2-3 * * * *", "is no number" },
        { "1/2/3 * * * *", "is no number" },
        { ", * * * *", "is no number" },
        { "-1 * * * *", "is no number" },
        { "@every 5s", "is none of @yearly" },
        { "99999999999999999999 * * * *", "is no number" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct cron cron;
        diag_t diag = { 0 };
        assert_int_equal(cron_parse(bytes_of_text(rows[i].schedule), &cron, &diag), ERR_MALFORMED);
        if (strstr(diag.text, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].schedule, diag.text);
    }
}

static void a_day_that_never_comes_is_not_waited_for(void **state)
{
    struct cron cron = parsed("0 0 30 2 *");
    int64_t found;
    (void)state;
    assert_false(cron_next(&cron, &zone_utc, time_of("2026-01-01T00:00:00Z"), &found));
}

static uint32_t next_random(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

// Random schedules and times beside a search that tries each second.
static void agrees_with_trying_every_second(void **state)
{
    static const char *const seconds[] = { "0", "*/7", "*", "30" }, *const minutes[] = { "*", "*/5", "7,8,50", "59" },
                             *const hours[] = { "*", "0", "*/6", "1-3" }, *const days[] = { "*", "*", "1", "28-31" },
                             *const weekdays[] = { "*", "mon", "0,6", "*/2" };
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 300; round++) {
        char text[100];
        (void)snprintf(text, sizeof text, "%s %s %s %s * %s", seconds[next_random(&seed, 4)],
                       minutes[next_random(&seed, 4)], hours[next_random(&seed, 4)], days[next_random(&seed, 4)],
                       weekdays[next_random(&seed, 4)]);
        struct cron cron = parsed(text);
        int64_t after = time_of("2026-01-01T00:00:00Z") + next_random(&seed, 86400 * 365 / 4) * 4, found,
                wanted = after + 1;
        for (;; wanted++) {
            struct civil civil = civil_of_ms(wanted * 1000);
            bool day = (cron.days >> civil.day & 1) != 0, weekday = (cron.weekdays >> civil.weekday & 1) != 0;
            if ((cron.any_day || cron.any_weekday ? day && weekday : day || weekday) &&
                (cron.hours >> civil.hour & 1) && (cron.minutes >> civil.minute & 1) &&
                (cron.seconds >> civil.second & 1))
                break;
        }
        assert_true(cron_next(&cron, &zone_utc, after, &found));
        if (found != wanted)
            fail_msg("%s after %lld: %lld, not %lld", text, (long long)after, (long long)found, (long long)wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_next_time),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(a_day_that_never_comes_is_not_waited_for),
        cmocka_unit_test(agrees_with_trying_every_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
