// SPDX-License-Identifier: Apache-2.0
#include "eventing/luggage.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;
static char text[4000];

static const char *shown(struct luggage luggage)
{
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < luggage.count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s=%.*s ", BYTES_ARG(luggage.items[i].key),
                                 BYTES_ARG(luggage.items[i].value));
    return text;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        BYTES_INIT(name), BYTES_INIT(value)                                                                            \
    }

static void takes_what_travels_and_leaves_the_rest(void **state)
{
    static const struct http_header headers[] = {
        HEADER("Content-Type", "text/plain"), HEADER("X-Request-ID", "1"), HEADER("X-Request-IDs", "2"),
        HEADER("KNATIVE-Error", "3"),         HEADER("knative-", "4"),     HEADER("x-b3-sampled", "5"),
        HEADER("Traceparent", "6"),           HEADER("traceparents", "7"), HEADER("TraceState", ""),
        HEADER("knativeerrorcode", "8"),
    };
    (void)state;
    struct luggage luggage = luggage_of_request(headers, sizeof headers / sizeof *headers, &arena);
    assert_string_equal(shown(luggage), "x-request-id=1 knative-error=3 x-b3-sampled=5 traceparent=6 ");
}

static void a_record_gives_what_http_can_have(void **state)
{
    static const struct record_header headers[] = {
        HEADER("ce_id", "1"),
        HEADER("x-request-id", "a\r\nevil: 1"),
        HEADER("tracestate", "\xff"),
        HEADER("knative-a b", "2"),
        HEADER("knative-x:y", "3"),
        HEADER("traceparent", "4"),
        HEADER("X-Request-Id", "other"),
    };
    (void)state;
    struct luggage luggage = luggage_of_record(headers, sizeof headers / sizeof *headers, &arena);
    assert_string_equal(shown(luggage), "traceparent=4 ");
    assert_string_equal(shown(luggage_of_record(headers, 0, &arena)), "");
}

static void is_bounded(void **state)
{
    struct record_header headers[2 * LUGGAGE_MAX];
    char value[LUGGAGE_VALUE_MAX + 1];
    (void)state;
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i < 2 * LUGGAGE_MAX; i++)
        headers[i] = (struct record_header){ BYTES_LITERAL("knative-x"), bytes_of(value, i == 0 ? sizeof value : 1) };
    struct luggage luggage = luggage_of_record(headers, 2 * LUGGAGE_MAX, &arena);
    assert_int_equal(luggage.count, LUGGAGE_MAX);
    assert_int_equal(luggage.items[0].value.size, 1);
}

static void a_copy_has_bytes_of_its_own(void **state)
{
    char value[] = "abc";
    struct record_header header = { BYTES_LITERAL("knative-x"), bytes_of(value, 3) };
    (void)state;
    struct luggage copy = luggage_copy((struct luggage){ &header, 1 }, &arena);
    value[0] = 'z';
    assert_string_equal(shown(copy), "knative-x=abc ");
    assert_int_equal(luggage_copy((struct luggage){ 0 }, &arena).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_what_travels_and_leaves_the_rest, end),
        cmocka_unit_test_teardown(a_record_gives_what_http_can_have, end),
        cmocka_unit_test_teardown(is_bounded, end),
        cmocka_unit_test_teardown(a_copy_has_bytes_of_its_own, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
