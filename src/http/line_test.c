// SPDX-License-Identifier: Apache-2.0
#include "http/line.h"

#include "base/assert.h"
#include "base/test.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void knows_the_characters_as_the_specs_name_them(void **state)
{
    (void)state;
    static const struct {
        enum http_chars chars;
        const char *members;
    } rows[] = {
        { HTTP_CHARS_TOKEN, LETTERS "!#$%&'*+-.^_`|~" },
        { HTTP_CHARS_PATH, LETTERS "-._~!$&'()*+,;=:@/" },
        { HTTP_CHARS_QUERY, LETTERS "-._~!$&'()*+,;=:@/?[]{}|^`" },
        { HTTP_CHARS_HOST, LETTERS "-._~" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (unsigned c = 0; c < 256; c++) {
            bool is_member = c != 0 && strchr(rows[i].members, (int)c) != NULL;
            assert_int_equal(http_chars_has(rows[i].chars, (uint8_t)c), is_member);
        }
    for (unsigned c = 0; c < 256; c++)
        assert_int_equal(http_chars_has(HTTP_CHARS_VALUE, (uint8_t)c), c == '\t' || (c >= 0x20 && c != 0x7f));
}

static void reads_lengths(void **state)
{
    (void)state;
    uint64_t length = 0;
    assert_null(http_length_parse(BYTES_LITERAL("00120"), &length));
    assert_int_equal(length, 120);
    assert_null(http_length_parse(BYTES_LITERAL("99999999999999999999999999999999"), &length));
    assert_true(length > (uint64_t)1 << 60);
    static const char *const bad[] = { "", "1 ", "+1", "-1", "0x1", "1,1", "1.0" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(http_length_parse(bytes_of_text(bad[i]), &length));
}

static void reads_chunk_sizes(void **state)
{
    (void)state;
    uint64_t size = 0;
    assert_null(http_chunk_size_parse(BYTES_LITERAL("1aF;name=\"value\""), &size));
    assert_int_equal(size, 0x1af);
    assert_null(http_chunk_size_parse(BYTES_LITERAL("fffffffffffffff"), &size));
    assert_int_equal(size, 0xfffffffffffffff);
    static const char *const bad[] = { "", ";", "0000000000000001", "1 ", " 1", "0x1", "1;\r", "-1", "g" };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(http_chunk_size_parse(bytes_of_text(bad[i]), &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_characters_as_the_specs_name_them),
        cmocka_unit_test(reads_lengths),
        cmocka_unit_test(reads_chunk_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
