// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "base/assert.h"

#include "base/test.h"

static void compares_like_memcmp_with_the_shorter_prefix_first(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {
        { "", "", 0 }, { "a", "a", 0 }, { "a", "b", -1 }, { "ab", "a", 1 }, { "", "a", -1 }, { "\xff", "a", 1 }
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int order = bytes_compare(bytes_of_text(rows[i].a), bytes_of_text(rows[i].b));
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal(bytes_equal(bytes_of_text(rows[i].a), bytes_of_text(rows[i].b)), rows[i].order == 0);
    }
    assert_true(bytes_equal(BYTES_NULL, BYTES_LITERAL("")));
}

static void knows_how_it_starts_and_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
        bool starts, ends;
    } rows[] = {
        { "", "", true, true },          { "abc", "", true, true },    { "", "a", false, false },
        { "abc", "ab", true, false },    { "abc", "bc", false, true }, { "abc", "abc", true, true },
        { "abc", "abcd", false, false }, { "aba", "a", true, true },   { "abc", "B", false, false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t text = bytes_of_text(rows[i].text), part = bytes_of_text(rows[i].part);
        assert_int_equal(bytes_starts_with(text, part), rows[i].starts);
        assert_int_equal(bytes_ends_with(text, part), rows[i].ends);
    }
    assert_true(bytes_starts_with(BYTES_NULL, BYTES_NULL) && bytes_ends_with(BYTES_NULL, BYTES_NULL));
    assert_false(bytes_starts_with(BYTES_NULL, BYTES_LITERAL("a")) || bytes_ends_with(BYTES_NULL, BYTES_LITERAL("a")));
}

static void parses_decimal_integers_to_the_last_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "42", true, 42 },
        { "007", true, 7 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1.0", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t value = 77;
        assert_int_equal(bytes_to_int64(bytes_of_text(rows[i].text), &value), rows[i].ok);
        assert_int_equal(value, rows[i].ok ? rows[i].value : 77);
    }
}

static void writes_decimal_numbers_to_the_last_value(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = { { 0, "0" }, { 9, "9" }, { 10, "10" }, { 4096, "4096" }, { UINT64_MAX, "18446744073709551615" } };
    uint8_t room[BYTES_DECIMAL_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_true(bytes_is(bytes_of_decimal(rows[i].value, room), rows[i].text));
}

static void finds_the_first_byte_that_is_not_printable(void **state)
{
    (void)state;
    uint8_t text[20];
    for (size_t at = 0; at < sizeof text; at++) {
        for (unsigned c = 0; c < 256; c++) {
            memset(text, '~', sizeof text);
            text[at] = (uint8_t)c;
            assert_int_equal(bytes_printable_size(bytes_of(text, sizeof text)),
                             c >= 0x20 && c < 0x7f ? sizeof text : at);
        }
    }
    assert_int_equal(bytes_printable_size(BYTES_NULL), 0);
}

static void accepts_exactly_well_formed_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        { "", true },
        { "plain ascii that is longer than eight bytes", true },
        { "\xc2\x80", true },
        { "\xdf\xbf", true },
        { "\xe0\xa0\x80", true },
        { "\xed\x9f\xbf", true },
        { "\xee\x80\x80", true },
        { "\xef\xbf\xbf", true },
        { "\xf0\x90\x80\x80", true },
        { "\xf4\x8f\xbf\xbf", true },
        { "12345678\xe2\x82\xac", true },
        { "\x80", false }, // continuation first
        { "\xbf", false },
        { "\xc0\x80", false }, // overlong
        { "\xc1\xbf", false },
        { "\xe0\x9f\xbf", false },
        { "\xf0\x8f\xbf\xbf", false },
        { "\xed\xa0\x80", false }, // surrogates
        { "\xed\xbf\xbf", false },
        { "\xf4\x90\x80\x80", false }, // above U+10FFFF
        { "\xf5\x80\x80\x80", false },
        { "\xff", false },
        { "\xc2", false }, // cut
        { "\xe2\x82", false },
        { "\xf0\x90\x80", false },
        { "\xc2\x41", false }, // continuation missing
        { "\xe2\x82\x41", false },
        { "\xf0\x90\x80\x41", false },
        { "12345678\x80", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(bytes_is_utf8(bytes_of_text(rows[i].text)), rows[i].ok);
}

static void hashes_depend_on_every_byte_and_on_the_length(void **state)
{
    (void)state;
    uint8_t data[40] = { 0 };
    uint64_t seen[ARRAY_COUNT(data) * 2];
    size_t count = 0;
    for (size_t size = 0; size < ARRAY_COUNT(data); size++)
        seen[count++] = bytes_hash(bytes_of(data, size));
    for (size_t i = 0; i < ARRAY_COUNT(data); i++) {
        data[i] = 1;
        seen[count++] = bytes_hash(bytes_of(data, sizeof data));
        data[i] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static void copies_to_terminated_text(void **state)
{
    (void)state;
    char *text = bytes_to_text(bytes_of("abcdef", 3));
    assert_string_equal(text, "abc");
    free(text);
    text = bytes_to_text(BYTES_NULL);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_like_memcmp_with_the_shorter_prefix_first),
        cmocka_unit_test(knows_how_it_starts_and_ends),
        cmocka_unit_test(parses_decimal_integers_to_the_last_value),
        cmocka_unit_test(writes_decimal_numbers_to_the_last_value),
        cmocka_unit_test(finds_the_first_byte_that_is_not_printable),
        cmocka_unit_test(accepts_exactly_well_formed_utf8),
        cmocka_unit_test(hashes_depend_on_every_byte_and_on_the_length),
        cmocka_unit_test(copies_to_terminated_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
