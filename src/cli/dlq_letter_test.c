// SPDX-License-Identifier: Apache-2.0
// Which dead letters are meant.
#include "cli/dlq_letter.h"

#include "base/assert.h"
#include "base/test.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct dlq_letter letter_of(const char *from, const char *code, const char *data, int64_t time_ms)
{
    struct dlq_letter letter = { .from = from == NULL ? BYTES_NULL : bytes_of_text(from),
                                 .time_ms = time_ms,
                                 .error_data = bytes_of_text(data) };
    assert_int_equal(cloudevent_set(&letter.event, BYTES_LITERAL("knativeerrorcode"),
                                    cloudevent_string(bytes_of_text(code)), &arena, NULL),
                     ERR_OK);
    return letter;
}

static void filters_choose(void **state)
{
    static const struct {
        const char *trigger, *name_space, *error;
        int64_t since_ms, until_ms;
        bool matches;
    } cases[] = {
        { NULL, NULL, NULL, INT64_MIN, INT64_MAX, true },
        { "t", NULL, NULL, INT64_MIN, INT64_MAX, true },
        { "n/t", NULL, NULL, INT64_MIN, INT64_MAX, true },
        { "trigger/n/t", NULL, NULL, INT64_MIN, INT64_MAX, true },
        { "subscription/n/t", NULL, NULL, INT64_MIN, INT64_MAX, false },
        { "m/t", NULL, NULL, INT64_MIN, INT64_MAX, false },
        { "other", NULL, NULL, INT64_MIN, INT64_MAX, false },
        { NULL, NULL, "503", INT64_MIN, INT64_MAX, true },
        { NULL, NULL, "50", INT64_MIN, INT64_MAX, false },
        { NULL, NULL, "TIMED out", INT64_MIN, INT64_MAX, true },
        { NULL, NULL, "refused", INT64_MIN, INT64_MAX, false },
        { NULL, NULL, NULL, 1000, 1000, true },
        { NULL, NULL, NULL, 1001, INT64_MAX, false },
        { NULL, NULL, NULL, INT64_MIN, 999, false },
        { NULL, "n", NULL, INT64_MIN, INT64_MAX, true },
        { "t", "n", NULL, INT64_MIN, INT64_MAX, true },
        { NULL, "t", NULL, INT64_MIN, INT64_MAX, false },
        { NULL, "trigger", NULL, INT64_MIN, INT64_MAX, false },
        { NULL, "m", NULL, INT64_MIN, INT64_MAX, false },
        { NULL, "", NULL, INT64_MIN, INT64_MAX, false },
    };
    struct dlq_letter letter = letter_of("trigger/n/t", "503", "it timed out", 1000);
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dlq_filter filter = { cases[i].trigger, cases[i].name_space, cases[i].error, cases[i].since_ms,
                                     cases[i].until_ms };
        assert_int_equal(dlq_filter_matches(&filter, &letter), cases[i].matches);
    }
}

static void words_find_what_is_said_where_no_answer_came(void **state)
{
    static const struct {
        const char *said, *word;
        bool matches;
    } cases[] = {
        { "dispatch error: 127.0.0.1:1 did not answer within 500 ms.", "timeout", true },
        { "dispatch error: 127.0.0.1:1 could not be reached within 10000 ms.", "Timeout", true },
        { "dispatch error: No connection to 127.0.0.1:1 became free within 10 ms.", "timeout", true },
        { "dispatch error: 127.0.0.1:1 refuses connections.", "refused", true },
        { "dispatch error: 127.0.0.1:1 closed the connection before it answered.", "reset", true },
        { "dispatch error: The name nowhere has no address.", "dns", true },
        { "dispatch error: 127.0.0.1:1 refuses connections.", "timeout", false },
        { "dispatch error: 127.0.0.1:1 did not answer within 500 ms.", "time", false },
        { "the sink says: it did not answer within 1 s", "timeout", false },
        { "upstream timeout", "timeout", true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct dlq_letter letter = letter_of("trigger/n/t", "500", cases[i].said, 1000);
        struct dlq_filter filter = { .error = cases[i].word, .since_ms = INT64_MIN, .until_ms = INT64_MAX };
        assert_int_equal(dlq_filter_matches(&filter, &letter), cases[i].matches);
    }
}

static void one_that_does_not_say_whose_it_is_is_in_no_namespace(void **state)
{
    struct dlq_letter letter = letter_of(NULL, "503", "", 0);
    struct dlq_filter filter = { .name_space = "n", .since_ms = INT64_MIN, .until_ms = INT64_MAX };
    (void)state;
    assert_false(dlq_filter_matches(&filter, &letter));
    letter.from = BYTES_LITERAL("n");
    assert_false(dlq_filter_matches(&filter, &letter));
}

static void a_look_tells_what_cannot_be_a_dead_letter(void **state)
{
    const struct record none = { .headers = BYTES_LITERAL("\x0a"
                                                          "ce_id\x02"
                                                          "1"),
                                 .value = BYTES_LITERAL("{}") };
    const struct record empty = { .value = BYTES_NULL };
    const struct record marked = { .headers = BYTES_LITERAL("\x12"
                                                            "eddy-from\x02"
                                                            "x") };
    const struct record binary = { .headers = BYTES_LITERAL("\x26"
                                                            "ce_knativeerrordest\x02"
                                                            "x") };
    const struct record structured = { .value = BYTES_LITERAL("{\"knativeerrorcode\":\"500\"}") };
    (void)state;
    assert_false(dlq_letter_is_likely(&none) || dlq_letter_is_likely(&empty));
    assert_true(dlq_letter_is_likely(&marked) && dlq_letter_is_likely(&binary) && dlq_letter_is_likely(&structured));
}

static void a_replayed_event_is_no_dead_letter(void **state)
{
    (void)state;
    struct dlq_letter letter = letter_of(NULL, "503", "", 0);
    assert_true(dlq_letter_is_dead(&letter));
    letter.replay_of = BYTES_LITERAL("topic/0/1");
    assert_false(dlq_letter_is_dead(&letter));
    letter.from = BYTES_LITERAL("trigger/n/t"); // it failed again
    assert_true(dlq_letter_is_dead(&letter));
}

static void reads_times_and_rates(void **state)
{
    int64_t value;
    (void)state;
    assert_int_equal(dlq_time_read("--since", "90s", 100000, &value, NULL), ERR_OK);
    assert_int_equal(value, 10000);
    assert_int_equal(dlq_time_read("--since", "1970-01-01T00:00:01Z", 0, &value, NULL), ERR_OK);
    assert_int_equal(value, 1000);
    assert_int_equal(dlq_time_read("--since", "yesterday", 0, &value, NULL), ERR_INVALID);
    assert_int_equal(dlq_rate_read("10/s", &value, NULL), ERR_OK);
    assert_int_equal(value, 36000);
    assert_int_equal(dlq_rate_read("5/h", &value, NULL), ERR_OK);
    assert_int_equal(value, 5);
    assert_int_equal(dlq_rate_read("0/s", &value, NULL), ERR_INVALID);
    assert_int_equal(dlq_rate_read("5/d", &value, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(filters_choose, tear_down),
        cmocka_unit_test_teardown(words_find_what_is_said_where_no_answer_came, tear_down),
        cmocka_unit_test_teardown(one_that_does_not_say_whose_it_is_is_in_no_namespace, tear_down),
        cmocka_unit_test(a_look_tells_what_cannot_be_a_dead_letter),
        cmocka_unit_test_teardown(a_replayed_event_is_no_dead_letter, tear_down),
        cmocka_unit_test(reads_times_and_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
