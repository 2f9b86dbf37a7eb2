// SPDX-License-Identifier: Apache-2.0
#include "kube/table/age.h"

#include "base/assert.h"

#include "base/test.h"

// What HumanDuration of k8s.io/apimachinery 0.33.1 says, run.
static const struct {
    int64_t seconds;
    const char *text;
} cases[] = {
    { -3, "<invalid>" }, { -2, "<invalid>" },  { -1, "0s" },       { 0, "0s" },          { 1, "1s" },
    { 59, "59s" },       { 60, "60s" },        { 119, "119s" },    { 120, "2m" },        { 121, "2m1s" },
    { 180, "3m" },       { 599, "9m59s" },     { 600, "10m" },     { 601, "10m" },       { 3600, "60m" },
    { 10799, "179m" },   { 10800, "3h" },      { 10860, "3h1m" },  { 28799, "7h59m" },   { 28800, "8h" },
    { 90000, "25h" },    { 172799, "47h" },    { 172800, "2d" },   { 176400, "2d1h" },   { 691199, "7d23h" },
    { 691200, "8d" },    { 63071999, "729d" }, { 63072000, "2y" }, { 63158400, "2y1d" }, { 252287999, "7y364d" },
    { 252288000, "8y" }, { 400000000, "12y" }, { 28860, "8h" },    { 694800, "8d" },     { 252374400, "8y" },
};

static void ages_are_told_as_kubernetes_does(void **state)
{
    (void)state;
    char text[AGE_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(age_text(cases[i].seconds * 1000, text), cases[i].text);
    assert_string_equal(age_text(-1999, text), "0s");
    assert_string_equal(age_text(119999, text), "119s");
}

static void timestamps_become_ages(void **state)
{
    (void)state;
    static const struct {
        const char *timestamp, *text;
    } rows[] = {
        { "2026-11-22T09:09:56Z", "9m37s" },
        { "2026-11-22T10:09:56.5+01:00", "9m36s" },
        { "2026-11-22T09:19:34Z", "0s" },
        { "2026-11-22T09:20:34Z", "<invalid>" },
        { "", "<unknown>" },
        { "null", "<unknown>" },
        { "0001-01-01T00:00:00Z", "<unknown>" },
        { "2026-11-22", "<invalid>" },
        { "2026-11-22 09:09:56Z", "<invalid>" },
        { "x", "<invalid>" },
    };
    char text[AGE_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const int64_t now_ms = INT64_C(1795339173000); // 2026-11-22T09:19:33Z
        assert_string_equal(age_of_timestamp(bytes_of_text(rows[i].timestamp), now_ms, text), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_are_told_as_kubernetes_does),
        cmocka_unit_test(timestamps_become_ages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
