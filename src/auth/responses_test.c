// SPDX-License-Identifier: Apache-2.0
#include "auth/responses.h"
#include "base/assert.h"

#include "base/test.h"

#define REPLY BYTES_LITERAL("_INBOX.a")

static void answers_as_often_as_allowed_and_in_time(void **state)
{
    (void)state;
    struct responses responses;
    responses_init(&responses, (struct response_limits){ .allowed = true, .max = 2, .expire_ms = 100 });
    assert_false(responses_take(&responses, REPLY, 0));
    responses_expect(&responses, REPLY, 0);
    assert_false(responses_take(&responses, BYTES_LITERAL("_INBOX.b"), 1));
    assert_true(responses_take(&responses, REPLY, 1));
    assert_true(responses_take(&responses, REPLY, 99));
    assert_false(responses_take(&responses, REPLY, 99));
    assert_int_equal(responses.by_subject.count, 0);

    responses_expect(&responses, REPLY, 1000);
    assert_true(responses_take(&responses, REPLY, 1099));
    assert_false(responses_take(&responses, REPLY, 1100));
    // Asked again: counted anew.
    responses_expect(&responses, REPLY, 2000);
    assert_true(responses_take(&responses, REPLY, 2001));
    responses_expect(&responses, REPLY, 2050);
    assert_true(responses_take(&responses, REPLY, 2140));
    assert_true(responses_take(&responses, REPLY, 2149));
    assert_false(responses_take(&responses, REPLY, 2149));
    responses_expect(&responses, REPLY, 3000);
    responses_free(&responses);
}

static void negative_limits_are_none(void **state)
{
    (void)state;
    struct responses responses;
    responses_init(&responses, (struct response_limits){ .allowed = true, .max = -1, .expire_ms = -1 });
    responses_expect(&responses, REPLY, 0);
    for (int64_t i = 0; i < 1000; i++)
        assert_true(responses_take(&responses, REPLY, i * 1000000));
    responses_free(&responses);
}

static void nothing_is_kept_where_answers_are_not_allowed(void **state)
{
    (void)state;
    struct responses responses;
    responses_init(&responses, (struct response_limits){ 0 });
    responses_expect(&responses, REPLY, 0);
    assert_false(responses_take(&responses, REPLY, 0));
    assert_int_equal(responses.by_subject.count, 0);
    responses_free(&responses);
    responses_init(&responses, (struct response_limits){ .allowed = true, .max = 1, .expire_ms = 1 });
    responses_expect(&responses, BYTES_NULL, 0); // no reply subject
    assert_int_equal(responses.by_subject.count, 0);
    responses_free(&responses);
}

static void the_oldest_are_forgotten_first(void **state)
{
    (void)state;
    struct responses responses;
    responses_init(&responses, (struct response_limits){ .allowed = true, .max = 1, .expire_ms = 1000000 });
    char text[32];
    for (int i = 0; i <= RESPONSES_MAX; i++) {
        snprintf(text, sizeof(text), "_INBOX.%d", i);
        responses_expect(&responses, bytes_of_text(text), i);
    }
    assert_int_equal(responses.by_subject.count, RESPONSES_MAX);
    assert_false(responses_take(&responses, BYTES_LITERAL("_INBOX.0"), RESPONSES_MAX));
    assert_true(responses_take(&responses, BYTES_LITERAL("_INBOX.1"), RESPONSES_MAX));
    // 2 to 99 are too old by now, and their memory is free.
    responses_expect(&responses, REPLY, 1000099);
    assert_int_equal(responses.by_subject.count, RESPONSES_MAX - 98);
    assert_true(responses_take(&responses, BYTES_LITERAL("_INBOX.100"), 1000099));
    responses_free(&responses);
}

static void long_reply_subjects_are_fewer(void **state)
{
    (void)state;
    struct responses responses;
    responses_init(&responses, (struct response_limits){ .allowed = true, .max = 1, .expire_ms = -1 });
    static char text[4096];
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < 10000; i++) {
        text[snprintf(text, sizeof(text), "%d", i)] = '.';
        responses_expect(&responses, bytes_of_text(text), 0);
    }
    assert_in_range(responses.by_subject.count, 1900, RESPONSES_SIZE_MAX / sizeof(text) + 1);
    assert_true(responses.size <= RESPONSES_SIZE_MAX);
    assert_true(responses_take(&responses, bytes_of_text(text), 0)); // the newest
    responses_free(&responses);
    assert_int_equal(responses.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_often_as_allowed_and_in_time),
        cmocka_unit_test(negative_limits_are_none),
        cmocka_unit_test(nothing_is_kept_where_answers_are_not_allowed),
        cmocka_unit_test(the_oldest_are_forgotten_first),
        cmocka_unit_test(long_reply_subjects_are_fewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
