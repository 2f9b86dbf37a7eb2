// SPDX-License-Identifier: Apache-2.0
#include "nats/query.h"

#include "base/assert.h"
#include "base/test.h"

static void check_text(const char *query_text, const char *name, const char *wanted)
{
    struct arena arena = ARENA_INIT;
    struct nats_query query = { .text = bytes_of_text(query_text), .arena = &arena };
    bytes_t text = nats_query_text(&query, name);
    assert_int_equal(text.size, strlen(wanted));
    assert_memory_equal(text.data, wanted, text.size);
    arena_free(&arena);
}

static void finds_and_decodes_parameters(void **state)
{
    (void)state;
    check_text("", "a", "");
    check_text("a=1", "a", "1");
    check_text("a=1&a=2", "a", "1");
    check_text("xa=1&a=2&ab=3", "a", "2");
    check_text("a", "a", "");
    check_text("a==b", "a", "=b");
    check_text("&&a=%24G+%2e%2E", "a", "$G ..");
    check_text("a=1;b=2&a=3", "a", "3");
    check_text("a;=1", "a", "");
    // Badly encoded is as good as absent, cut off anywhere.
    check_text("a=%", "a", "");
    check_text("a=%2", "a", "");
    check_text("a=%2x", "a", "");
    check_text("a=x%%20", "a", "");
}

static void complains_of_the_first_that_makes_no_sense(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct nats_query query = { .text = BYTES_LITERAL("b=T&c=yes&n=-7&m=7x"), .arena = &arena };
    assert_true(nats_query_bool(&query, "b"));
    assert_int_equal(nats_query_int(&query, "n"), -7);
    assert_false(nats_query_bool(&query, "absent"));
    assert_int_equal(nats_query_int(&query, "absent"), 0);
    assert_string_equal(query.complaint, "");
    assert_int_equal(nats_query_int(&query, "m"), 0);
    assert_false(nats_query_bool(&query, "c"));
    assert_string_equal(query.complaint, "Error decoding int for 'm': \"7x\" is not a whole number");
    arena_free(&arena);
}

static void writes_times_as_go_does(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_ms;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 1700000000678, "2023-11-14T22:13:20.678Z" },
        { 1700000000670, "2023-11-14T22:13:20.67Z" },
        { 1700000000600, "2023-11-14T22:13:20.6Z" },
        { 1700000000000, "2023-11-14T22:13:20Z" },
    };
    char text[NATS_TIME_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(nats_time_text(rows[i].unix_ms, text), rows[i].text);
}

static void writes_durations_as_nats_server_does(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        { -1, "0s" },          { 0, "0s" },
        { 59, "59s" },         { 60, "1m0s" },
        { 3600, "1h0m0s" },    { 86399, "23h59m59s" },
        { 86400, "1d0h0m0s" }, { 365 * 86400 + 3661, "1y0d1h1m1s" },
    };
    char text[NATS_TIME_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(nats_uptime_text(rows[i].seconds * 1000 + 999 * (rows[i].seconds > 0), text), rows[i].text);
}

static void writes_round_trips_as_go_does(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        { 0, "0s" },          { 999, "999ns" },        { 1500, "1µs" }, // whole microseconds below a millisecond
        { 406999, "406µs" },  { 1000000, "1ms" },      { 1234567, "1.234567ms" }, { 1500000, "1.5ms" },
        { 1000000000, "1s" }, { 2050000000, "2.05s" }, { 60000000000, "1m0s" },   { 90250000000, "1m30.25s" },
    };
    char text[NATS_TIME_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(nats_round_trip_text(rows[i].ns, text), rows[i].text);
}

static void lays_json_out(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    nats_json_indent(BYTES_LITERAL("{\"a\":[],\"b\":{},\"c\":[1,{\"d\":\"x\\\"{,:\\\\\"}]}"), &out);
    const char *wanted =
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x\\\"{,:\\\\\"\n    }\n  ]\n}";
    assert_int_equal(out.size, strlen(wanted));
    assert_memory_equal(writer_view(&out).data, wanted, out.size);
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_and_decodes_parameters),  cmocka_unit_test(complains_of_the_first_that_makes_no_sense),
        cmocka_unit_test(writes_times_as_go_does),       cmocka_unit_test(writes_durations_as_nats_server_does),
        cmocka_unit_test(writes_round_trips_as_go_does), cmocka_unit_test(lays_json_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
