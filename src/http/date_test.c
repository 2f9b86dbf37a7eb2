// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include "base/assert.h"
#include "base/test.h"

static void a_date_that_was_written_is_read(void **state)
{
    static const int64_t seconds[] = { 0, 784111777, 951782400, 4102444799 };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(seconds); i++) {
        struct http_date date = { 0 };
        int64_t ms = -1;
        assert_int_equal(http_date_parse(bytes_of_text(http_date_at(&date, seconds[i] * 1000)), &ms), ERR_OK);
        assert_int_equal(ms, seconds[i] * 1000);
    }
    struct http_date date = { 0 };
    assert_string_equal(http_date_at(&date, INT64_C(784111777000)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun; 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    int64_t ms;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (http_date_parse(bytes_of_text(bad[i]), &ms) != ERR_MALFORMED)
            fail_msg("%s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_that_was_written_is_read),
        cmocka_unit_test(what_is_no_date_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
