// SPDX-License-Identifier: Apache-2.0
#include "base/json_scan.h"

#include "base/test.h"

// What json_parse and json_is_valid must agree on.
static const char *const texts[] = {
    "{}",
    "[]",
    " { } ",
    " [ ] \n",
    "null",
    "true",
    "false",
    "0",
    "-0.5e+10",
    "\"\"",
    "\"a\\u0041\\n\\ud83d\\ude00\"",
    "{\"a\":1,\"b\":[1,2,{\"c\":[]}],\"d\":{}}",
    "[[[[]]],{\"\":{}}]",
    "[{\"a\":1},[1,2]]",
    "\t[1 , 2\r\n, 3]",
    "",
    " ",
    "{",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "{]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{a:1}",
    "{1:1}",
    "{\"a\":1]",
    "[{\"a\":1]}",
    "nul",
    "nulll",
    "tru e",
    "01",
    "1.",
    ".5",
    "1e",
    "+1",
    "\"a",
    "\"\\x\"",
    "\"\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\n\"",
    "\"\xff\"",
    "[] []",
    "{} x",
    "\xef\xbb\xbf{}",
};

static bool is_parsed(bytes_t text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 1000 };
    struct arena arena = ARENA_INIT;
    struct json_value *root;
    bool ok = json_parse(text, &limits, &arena, &root, NULL) == ERR_OK;
    arena_free(&arena);
    return ok;
}

static void the_tree_and_the_walk_take_the_same_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bytes_t text = bytes_of_text(texts[i]);
        if (is_parsed(text) != json_is_valid(text, JSON_DEPTH_MAX))
            fail_msg("they do not agree on %s", texts[i]);
    }
}

static void takes_as_many_brackets_as_the_tree(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 2];
    for (size_t depth = JSON_DEPTH_MAX - 2; depth <= JSON_DEPTH_MAX + 1; depth++) {
        if (2 * depth > sizeof text)
            break;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        bytes_t bytes = bytes_of(text, 2 * depth);
        assert_int_equal(json_is_valid(bytes, JSON_DEPTH_MAX), depth <= JSON_DEPTH_MAX);
        assert_int_equal(is_parsed(bytes), depth <= JSON_DEPTH_MAX);
        struct json_scan scan;
        struct json_item item;
        assert_int_equal(json_scan_begin(bytes, NULL, &scan, NULL), ERR_OK);
        assert_int_equal(json_scan_next(&scan, &item), depth <= JSON_DEPTH_MAX);
        assert_int_equal(scan.lex.err, depth <= JSON_DEPTH_MAX ? ERR_OK : ERR_TOO_LARGE);
    }
}

static void hands_out_members_as_they_were_written(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum json_type type;
        const char *source;
    } expected[] = {
        { "a", JSON_NUMBER, "1.50" },
        { "b\n", JSON_STRING, "\"x\\u0041\"" },
        { "c", JSON_OBJECT, "{ \"d\": [1, 2] }" },
        { "", JSON_ARRAY, "[ ]" },
        { "t", JSON_BOOL, "true" },
        { "n", JSON_NULL, "null" },
    };
    struct arena arena = ARENA_INIT;
    struct json_scan scan;
    struct json_item item;
    bytes_t text = BYTES_LITERAL(
        " {\"a\" : 1.50 ,\"b\\n\":\"x\\u0041\",\"c\":{ \"d\": [1, 2] }\n, \"\":[ ],\"t\":true,\"n\":null } ");
    assert_int_equal(json_scan_begin(text, &arena, &scan, NULL), ERR_OK);
    assert_int_equal(scan.type, JSON_OBJECT);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(json_scan_next(&scan, &item));
        assert_true(bytes_is(item.name, expected[i].name));
        assert_int_equal(item.type, expected[i].type);
        assert_true(bytes_is(item.source, expected[i].source));
        if (item.type == JSON_STRING)
            assert_true(bytes_is(json_item_text(&item, &arena), "xA"));
        assert_int_equal(item.is_true, item.type == JSON_BOOL);
    }
    assert_false(json_scan_next(&scan, &item));
    assert_false(json_scan_next(&scan, &item));
    assert_int_equal(scan.lex.err, ERR_OK);
    arena_free(&arena);
}

static void hands_out_the_items_of_an_array(void **state)
{
    (void)state;
    struct json_scan scan;
    struct json_item item;
    size_t count = 0;
    assert_int_equal(json_scan_begin(BYTES_LITERAL("[1,[2,3],{\"a\":4}]"), NULL, &scan, NULL), ERR_OK);
    for (; json_scan_next(&scan, &item); count++)
        assert_null(item.name.data);
    assert_int_equal(scan.lex.err, ERR_OK);
    assert_int_equal(count, 3);
}

static void says_where_a_text_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *what;
    } rows[] = {
        { "", "offset 0", "an object or an array is expected but the text ends" },
        { "1", "offset 0", "an object or an array is expected" },
        { "{\"a\":1", "offset 6", "a comma or } is expected but the text ends" },
        { "{\"a\":[1,{]}", "offset 9", "a string is expected" },
        { "{\"a\":1} x", "offset 8", "the end of the text is expected" },
        { "{\"a\" 1}", "offset 5", "a colon is expected" },
        { "{,}", "offset 1", "a string is expected" },
        { "[1 2]", "offset 3", "a comma or ] is expected" },
        { "[[1 2]]", "offset 4", "a comma or ] is expected" },
        { "[{\"a\":1 2}]", "offset 8", "a comma or } is expected" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_scan scan;
        struct json_item item;
        diag_t diag = { 0 };
        err_t err = json_scan_begin(bytes_of_text(rows[i].text), NULL, &scan, &diag);
        while (err == ERR_OK && json_scan_next(&scan, &item))
            continue;
        assert_int_equal(err == ERR_OK ? scan.lex.err : err, ERR_MALFORMED);
        assert_string_equal(diag.where, rows[i].where);
        assert_string_equal(diag.text, rows[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_and_the_walk_take_the_same_texts),
        cmocka_unit_test(takes_as_many_brackets_as_the_tree),
        cmocka_unit_test(hands_out_members_as_they_were_written),
        cmocka_unit_test(hands_out_the_items_of_an_array),
        cmocka_unit_test(says_where_a_text_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
