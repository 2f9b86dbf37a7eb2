// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include "base/assert.h"
#include "base/test.h"

static void reads_what_delivery_options_write(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "PT0S", 0 },       { "PT1S", 1000 },        { "PT0.2S", 200 },          { "PT0,2S", 200 },
        { "PT0.0001S", 1 },  { "PT0.000000001S", 1 }, { "PT1.999999999S", 2000 }, { "PT1M30S", 90000 },
        { "PT2H", 7200000 }, { "P1D", 86400000 },     { "P1DT12H", 129600000 },   { "P2W", 1209600000 },
        { "PT0.5M", 30000 }, { "P0.5D", 43200000 },   { "PT1H1.5S", 3601500 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t ms = -1;
        if (duration_parse(bytes_of_text(rows[i].text), &ms, NULL) != ERR_OK || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

static void refuses_what_has_no_length(void **state)
{
    static const char *const rows[] = {
        "",       "P",         "PT",
        "T1S",    "1S",        "PT1",
        "P1S",    "PT1D",      "PT1S1M",
        "PT1S1S", "P1M1Y",     "P1YT",
        "PT.5S",  "PT1.S",     "PT-1S",
        "-PT1S",  "PT1.5M1S",  "PTT1S",
        "P1DT",   "PT1s",      "pt1S",
        " PT1S",  "PT1S ",     "PT0.0000000001S",
        "PT1 S",  "P1DT1HT1M", "PT1234567890123S",
    };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (duration_parse(bytes_of_text(rows[i]), &ms, NULL) != ERR_MALFORMED)
            fail_msg("%s", rows[i]);
    }
}

static void says_why(void **state)
{
    static const struct {
        const char *text;
        err_t err;
        const char *why;
    } rows[] = {
        { "1s", ERR_MALFORMED, "\"1s\" is no duration of ISO 8601, such as PT0.2S or PT1M" },
        { "P1Y", ERR_UNSUPPORTED,
          "\"P1Y\" has years or months, which have no fixed length: write weeks, days or hours" },
        { "P2M3DT4H", ERR_UNSUPPORTED,
          "\"P2M3DT4H\" has years or months, which have no fixed length: write weeks, days or hours" },
        { "P99999W", ERR_TOO_LARGE, "\"P99999W\" is longer than 100 years" },
        { "PT999999999999H", ERR_TOO_LARGE, "\"PT999999999999H\" is longer than 100 years" },
    };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        diag_t diag = { 0 };
        assert_int_equal(duration_parse(bytes_of_text(rows[i].text), &ms, &diag), rows[i].err);
        assert_string_equal(diag.text, rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_delivery_options_write),
        cmocka_unit_test(refuses_what_has_no_length),
        cmocka_unit_test(says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
