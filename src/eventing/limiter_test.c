// SPDX-License-Identifier: Apache-2.0
#include "eventing/limiter.h"

#include "base/assert.h"
#include "base/test.h"

static void reads_rates(void **state)
{
    static const struct {
        const char *text;
        int64_t interval_ns; // 0: refused
    } cases[] = {
        { "100", 10 * 1000 * 1000 },
        { "100/s", 10 * 1000 * 1000 },
        { "30/m", 2000LL * 1000 * 1000 },
        { "5/h", 720LL * 1000 * 1000 * 1000 },
        { "1000000/s", 1000 },
        { "60000000/m", 1000 },
        { "1000001/s", 0 },
        { "0", 0 },
        { "-1", 0 },
        { "", 0 },
        { "/s", 0 },
        { "1/d", 0 },
        { "1.5/s", 0 },
        { "many", 0 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        diag_t diag = { 0 };
        int64_t interval = 0;
        err_t err = limiter_rate_read(bytes_of_text(cases[i].text), &interval, &diag);
        assert_int_equal(err, cases[i].interval_ns == 0 ? ERR_INVALID : ERR_OK);
        assert_int_equal(interval, cases[i].interval_ns);
        assert_int_equal(diag.text[0] != '\0', err != ERR_OK);
    }
}

static void reads_counts(void **state)
{
    static const char *const wrong[] = { "0", "-3", "", "x", "1000001" };
    int64_t count = 0;
    (void)state;
    assert_int_equal(limiter_at_once_read(BYTES_LITERAL("7"), &count, NULL), ERR_OK);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_int_equal(limiter_at_once_read(bytes_of_text(wrong[i]), &count, NULL), ERR_INVALID);
}

static void without_limits_nothing_waits(void **state)
{
    struct limiter limiter = { 0 };
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(limiter_wait_ms(&limiter, 5), 0);
        limiter_begin(&limiter, 5);
    }
}

// Whoever waits as long as it is told reaches the rate, and is never above it by more than the slack.
static void keeps_a_rate(void **state)
{
    static const int64_t rates[] = { 1, 7, 100, 1000, 5000, 250000 };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rates); i++) {
        struct limiter limiter = { .interval_ns = 1000000000 / rates[i] };
        int64_t now_ns = 1000, count = 0, seconds = 20;
        while (now_ns < seconds * 1000000000) {
            int64_t wait = limiter_wait_ms(&limiter, now_ns);
            if (wait > 0) {
                now_ns += wait * 1000000;
                continue;
            }
            limiter_begin(&limiter, now_ns);
            limiter_end(&limiter);
            count++;
        }
        int64_t slack = rates[i] / 100 + 1;
        assert_in_range(count, rates[i] * seconds - slack, rates[i] * seconds + slack);
    }
}

static void a_pause_is_not_made_up_for(void **state)
{
    struct limiter limiter = { .interval_ns = 100 * 1000000 };
    (void)state;
    limiter_begin(&limiter, 0);
    int64_t later = 100LL * 1000000000;
    assert_int_equal(limiter_wait_ms(&limiter, later), 0);
    limiter_begin(&limiter, later);
    assert_int_equal(limiter_wait_ms(&limiter, later), 90);
}

static void keeps_a_count(void **state)
{
    struct limiter limiter = { .at_once_max = 2 };
    (void)state;
    limiter_begin(&limiter, 0);
    assert_int_equal(limiter_wait_ms(&limiter, 0), 0);
    limiter_begin(&limiter, 0);
    assert_int_equal(limiter_wait_ms(&limiter, 0), LIMITER_FULL);
    limiter_end(&limiter);
    assert_int_equal(limiter_wait_ms(&limiter, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rates),
        cmocka_unit_test(reads_counts),
        cmocka_unit_test(without_limits_nothing_waits),
        cmocka_unit_test(keeps_a_rate),
        cmocka_unit_test(a_pause_is_not_made_up_for),
        cmocka_unit_test(keeps_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
