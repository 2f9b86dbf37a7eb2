// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/json_pointer.h"

#include "kube/patch/tree_test.h"

// RFC 6901 5 and 3.
static void pointers_are_cut_into_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *keys[3];
    } rows[] = {
        { "", 0, { NULL } },
        { "/", 1, { "" } },
        { "/foo", 1, { "foo" } },
        { "/foo/0", 2, { "foo", "0" } },
        { "/foo/", 2, { "foo", "" } },
        { "//x", 2, { "", "x" } },
        { "/a~1b", 1, { "a/b" } },
        { "/m~0n", 1, { "m~n" } },
        { "/~01/~0~1~0", 2, { "~1", "~/~" } },
        { "/c%d/e^f/ ", 3, { "c%d", "e^f", " " } },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_pointer pointer;
        assert_int_equal(json_pointer_parse(&arena, bytes_of_text(rows[i].text), &pointer), ERR_OK);
        assert_int_equal(pointer.count, rows[i].count);
        for (size_t k = 0; k < pointer.count; k++)
            assert_true(bytes_is(pointer.keys[k], rows[i].keys[k]));
    }
    arena_free(&arena);
}

static void what_is_no_pointer_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = { "foo", "foo/bar", "#/foo", "/~", "/a~", "/~2", "/a/~x/b" };
    struct arena arena = ARENA_INIT;
    struct json_pointer pointer;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(json_pointer_parse(&arena, bytes_of_text(rows[i]), &pointer), ERR_MALFORMED);
    char deep[2 * (JSON_DEPTH_MAX + 1)];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = i % 2 == 0 ? '/' : 'a';
    assert_int_equal(json_pointer_parse(&arena, bytes_of(deep, sizeof deep - 2), &pointer), ERR_OK);
    assert_int_equal(json_pointer_parse(&arena, bytes_of(deep, sizeof deep), &pointer), ERR_TOO_LARGE);
    arena_free(&arena);
}

static void indexes_are_plain_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        err_t err;
        size_t index;
    } rows[] = {
        { "0", ERR_OK, 0 },
        { "10", ERR_OK, 10 },
        { "9223372036854775807", ERR_OK, INT64_MAX },
        { "", ERR_MALFORMED, 0 },
        { "-", ERR_MALFORMED, 0 },
        { "01", ERR_MALFORMED, 0 },
        { "00", ERR_MALFORMED, 0 },
        { "+1", ERR_MALFORMED, 0 },
        { "1e0", ERR_MALFORMED, 0 },
        { "1 ", ERR_MALFORMED, 0 },
        { "-01", ERR_MALFORMED, 0 },
        { "x", ERR_MALFORMED, 0 },
        { "-1", ERR_OUT_OF_RANGE, 0 },
        { "9223372036854775808", ERR_OUT_OF_RANGE, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t index = 0;
        assert_int_equal(json_pointer_index(bytes_of_text(rows[i].text), &index), rows[i].err);
        assert_int_equal(index, rows[i].index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_are_cut_into_keys),
        cmocka_unit_test(what_is_no_pointer_is_refused),
        cmocka_unit_test(indexes_are_plain_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
