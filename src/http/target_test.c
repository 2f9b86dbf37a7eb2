// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include "base/assert.h"
#include "base/test.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena = ARENA_INIT;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void splits_a_path_into_its_segments(void **state)
{
    (void)state;
    static const struct {
        const char *path, *segments; // joined by '|'
    } rows[] = {
        { "/", "" }, { "/apis", "apis" }, { "/apis/", "apis|" }, { "/apis//x/", "apis||x|" }, { "/a%2Fb/c", "a%2Fb|c" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t path = bytes_of_text(rows[i].path), segment;
        char joined[64] = "";
        size_t size = 0;
        while (http_path_next(&path, &segment))
            size += (size_t)snprintf(joined + size, sizeof joined - size, "%s%.*s", size == 0 ? "" : "|",
                                     BYTES_ARG(segment));
        assert_string_equal(joined, rows[i].segments);
    }
    bytes_t star = BYTES_LITERAL("*"), none = BYTES_NULL, segment;
    assert_false(http_path_next(&star, &segment));
    assert_false(http_path_next(&none, &segment));
}

static void decodes_segments(void **state)
{
    (void)state;
    static const struct {
        const char *segment, *text; // NULL: malformed
    } rows[] = {
        { "", "" },       { "my-name", "my-name" },
        { "a+b", "a+b" }, { "a%2fb%2FC", "a/b/C" },
        { "%25%", NULL }, { "caf%C3%A9", "caf\xc3\xa9" },
        { "%2", NULL },   { "%g0", NULL },
        { "%0g", NULL },  { "%", NULL },
        { "%%41", NULL },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t text = BYTES_NULL;
        err_t err = http_segment_decode(bytes_of_text(rows[i].segment), &arena, &text);
        assert_int_equal(err, rows[i].text == NULL ? ERR_MALFORMED : ERR_OK);
        assert_true(bytes_is(text, rows[i].text == NULL ? "" : rows[i].text));
    }
    bytes_t zero;
    assert_int_equal(http_segment_decode(BYTES_LITERAL("a%00b"), &arena, &zero), ERR_OK);
    assert_true(bytes_equal(zero, BYTES_LITERAL("a\0b")));
}

static void leaves_what_has_no_escapes_where_it_is(void **state)
{
    (void)state;
    bytes_t segment = BYTES_LITERAL("plain+name"), text;
    assert_int_equal(http_segment_decode(segment, &arena, &text), ERR_OK);
    assert_ptr_equal(text.data, segment.data);
    assert_int_equal(arena.total, 0);
}

static void gives_the_parameters_of_a_query_in_order(void **state)
{
    (void)state;
    struct http_query query = http_query_of(
        BYTES_LITERAL("labelSelector=app%3Dx%2Cy+in+%28a%29&watch&&limit=&a=b=c&%6eame=1&=v&last=%F0%9F%98%80"),
        &arena);
    static const struct {
        const char *name, *value; // NULL: no "="
    } rows[] = {
        { "labelSelector", "app=x,y in (a)" },
        { "watch", NULL },
        { "limit", "" },
        { "a", "b=c" },
        { "name", "1" },
        { "", "v" },
        { "last", "\xf0\x9f\x98\x80" },
    };
    struct http_parameter parameter;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_true(http_query_next(&query, &parameter));
        assert_true(bytes_is(parameter.name, rows[i].name));
        assert_int_equal(parameter.value.data == NULL, rows[i].value == NULL);
        assert_true(bytes_is(parameter.value, rows[i].value == NULL ? "" : rows[i].value));
    }
    assert_false(http_query_next(&query, &parameter));
    assert_int_equal(query.err, ERR_OK);
}

static void has_no_parameters_in_an_empty_query(void **state)
{
    (void)state;
    static const char *const texts[] = { "", "&", "&&&" };
    struct http_parameter parameter;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct http_query query = http_query_of(bytes_of_text(texts[i]), &arena);
        assert_false(http_query_next(&query, &parameter));
        assert_int_equal(query.err, ERR_OK);
    }
    struct http_query none = http_query_of(BYTES_NULL, &arena);
    assert_false(http_query_next(&none, &parameter));
}

static void stops_at_the_first_bad_escape(void **state)
{
    (void)state;
    static const char *const texts[] = { "a=1&b=%2&c=3", "a=1&%zz=2&c=3", "a=1&b=%" };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct http_query query = http_query_of(bytes_of_text(texts[i]), &arena);
        struct http_parameter parameter;
        assert_true(http_query_next(&query, &parameter));
        assert_true(bytes_is(parameter.value, "1"));
        assert_false(http_query_next(&query, &parameter));
        assert_int_equal(query.err, ERR_MALFORMED);
        assert_false(http_query_next(&query, &parameter)); // for good
        assert_true(bytes_is(parameter.name, "a"));        // untouched
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(splits_a_path_into_its_segments),        TEST(decodes_segments),
        TEST(leaves_what_has_no_escapes_where_it_is), TEST(gives_the_parameters_of_a_query_in_order),
        TEST(has_no_parameters_in_an_empty_query),    TEST(stops_at_the_first_bad_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
