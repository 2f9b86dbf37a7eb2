// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/shown.h"

#include "kube/patch/tree_test.h"

static void values_are_shown_as_go_prints_them(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { "{\"b\":[1,\"x y\",null],\"a\":{\"c\":true}}", "map[a:map[c:true] b:[1 x y <nil>]]",
          "map[string]interface {}" },
        { "[]", "[]", "[]interface {}" },
        { "{}", "map[]", "map[string]interface {}" },
        { "false", "false", "bool" },
        { "1.5", "1.5", "float64" },
        { "-7", "-7", "int64" },
        { "\"\"", "", "string" },
        { "null", "<nil>", "%!s(<nil>)" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct json_value *value = tree(&arena, rows[i][0]);
        assert_string_equal(shown_value(&arena, value), rows[i][1]);
        assert_string_equal(shown_type(value), rows[i][2]);
    }
    arena_free(&arena);
}

static void a_long_value_is_cut(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *list = json_new(&arena, JSON_ARRAY);
    for (int i = 0; i < 10000; i++)
        json_append(list, json_new_text(&arena, "0123456789"));
    const char *text = shown_value(&arena, list);
    assert_int_equal(strlen(text), 1024 + 3);
    assert_string_equal(text + 1024, "...");
    assert_memory_equal(text, "[0123456789 0123456789 ", 23);
    arena_free(&arena);
}

static void texts_are_quoted_as_go_quotes_them(void **state)
{
    (void)state;
    static const struct {
        bytes_t text;
        const char *quoted;
    } rows[] = {
        { { NULL, 0 }, "\"\"" },
        { { (const uint8_t *)"a\"b\\c'/", 7 }, "\"a\\\"b\\\\c'/\"" },
        { { (const uint8_t *)"\a\b\f\n\r\t\v\0\x1f\x7f", 10 }, "\"\\a\\b\\f\\n\\r\\t\\v\\x00\\x1f\\x7f\"" },
        { { (const uint8_t *)"\xc3\xa4\xff\xe2\x82\xac", 6 }, "\"\xc3\xa4\\xff\xe2\x82\xac\"" },
        { { (const uint8_t *)"\xc2\xa0\xe2\x80\xa8\xf4\x8f\xbf\xbf", 9 }, "\"\\u00a0\\u2028\\U0010ffff\"" },
        { { (const uint8_t *)"\xf0\x9f\x98\x80\xe2\x80", 6 }, "\"\xf0\x9f\x98\x80\\xe2\\x80\"" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(shown_quoted(&arena, rows[i].text), rows[i].quoted);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_shown_as_go_prints_them),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(texts_are_quoted_as_go_quotes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
