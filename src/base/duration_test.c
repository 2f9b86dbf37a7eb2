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
        if (duration_parse(bytes_of_text(rows[i].text), &ms) != ERR_OK || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

static void refuses_what_has_no_length(void **state)
{
    static const char *const rows[] = {
        "",       "P",         "PT",
        "T1S",    "1S",        "PT1",
        "P1S",    "PT1D",      "PT1S1M",
        "PT1S1S", "P1Y",       "P1M",
        "PT.5S",  "PT1.S",     "PT-1S",
        "-PT1S",  "PT1.5M1S",  "PTT1S",
        "P1DT",   "PT1s",      "pt1S",
        " PT1S",  "PT1S ",     "PT0.0000000001S",
        "PT1 S",  "P1DT1HT1M", "PT1234567890123S",
    };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (duration_parse(bytes_of_text(rows[i]), &ms) != ERR_MALFORMED)
            fail_msg("%s", rows[i]);
    }
    assert_int_equal(duration_parse(BYTES_LITERAL("P99999W"), &ms), ERR_TOO_LARGE);
    assert_int_equal(duration_parse(BYTES_LITERAL("PT999999999999H"), &ms), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_delivery_options_write),
        cmocka_unit_test(refuses_what_has_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
