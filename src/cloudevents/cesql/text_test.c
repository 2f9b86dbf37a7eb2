// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/text.h"

#include "base/test.h"

static void characters_are_read_one_by_one(void **state)
{
    (void)state;
    static const uint32_t expected[] = {
        'a', 0xe4, 0x20ac, 0x1f600, TEXT_BAD_CHARACTER + 0xff, TEXT_BAD_CHARACTER + 0xe2, TEXT_BAD_CHARACTER + 0x82
    };
    bytes_t text = BYTES_LITERAL("aä€😀\xff\xe2\x82");
    size_t at = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(text_next(text, &at), expected[i]);
    assert_int_equal(at, text.size);
    assert_int_equal(text_length(text), sizeof expected / sizeof expected[0]);
    assert_int_equal(text_offset(text, 3), 6);
    assert_int_equal(text_offset(text, 99), text.size);
    assert_int_equal(text_length(BYTES_LITERAL("")), 0);
}

static void cases_are_mapped(void **state)
{
    (void)state;
    static const struct {
        uint32_t lower, upper;
    } pairs[] = {
        { 'a', 'A' },       { 'z', 'Z' },       { 0xe4, 0xc4 },       { 0xff, 0x178 },      { 0x101, 0x100 },
        { 0x17e, 0x17d },   { 0x1c6, 0x1c4 },   { 0x3b1, 0x391 },     { 0x3c9, 0x3a9 },     { 0x430, 0x410 },
        { 0x451, 0x401 },   { 0x561, 0x531 },   { 0x10d0, 0x1c90 },   { 0x1e01, 0x1e00 },   { 0x2c61, 0x2c60 },
        { 0xa64b, 0xa64a }, { 0xff41, 0xff21 }, { 0x10428, 0x10400 }, { 0x1e922, 0x1e900 },
    };
    static const uint32_t without[] = {
        '0', '@', '[', '`', '{', 0xd7, 0xf7, 0x4e00, 0x1f600, TEXT_BAD_CHARACTER + 0xe4
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(text_map_case(pairs[i].lower, TEXT_UPPER), pairs[i].upper);
        assert_int_equal(text_map_case(pairs[i].upper, TEXT_LOWER), pairs[i].lower);
        assert_int_equal(text_map_case(pairs[i].upper, TEXT_UPPER), pairs[i].upper);
        assert_int_equal(text_map_case(pairs[i].lower, TEXT_LOWER), pairs[i].lower);
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        assert_int_equal(text_map_case(without[i], TEXT_UPPER), without[i]);
        assert_int_equal(text_map_case(without[i], TEXT_LOWER), without[i]);
    }
    // One way only.
    assert_int_equal(text_map_case(0xb5, TEXT_UPPER), 0x39c);
    assert_int_equal(text_map_case(0x3c2, TEXT_UPPER), 0x3a3);
    assert_int_equal(text_map_case(0x130, TEXT_LOWER), 'i');
    assert_int_equal(text_map_case(0x1e9e, TEXT_LOWER), 0xdf);
    assert_int_equal(text_map_case(0xdf, TEXT_UPPER), 0xdf);
}

// A sum over all of Unicode, made from the same data by another program (Unicode 14): a row that is wrong shows.
static void every_character_is_mapped(void **state)
{
    (void)state;
    uint64_t upper = 0, lower = 0;
    for (uint32_t c = 0; c < TEXT_BAD_CHARACTER; c++) {
        upper = upper * 31 + text_map_case(c, TEXT_UPPER);
        lower = lower * 31 + text_map_case(c, TEXT_LOWER);
    }
    assert_true(upper == UINT64_C(0x5b7059f03ad717b9));
    assert_true(lower == UINT64_C(0x5c88cc59417a5290));
}

// No character needs more room than its bytes times TEXT_CASE_GROWTH.
static void there_is_room_for_every_character(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c < TEXT_BAD_CHARACTER; c++) {
        for (enum text_case text_case = TEXT_LOWER; text_case <= TEXT_UPPER; text_case++) {
            uint32_t mapped = text_map_case(c, text_case);
            size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
            size_t mapped_size = mapped < 0x80 ? 1 : mapped < 0x800 ? 2 : mapped < 0x10000 ? 3 : 4;
            assert_true(mapped_size <= size * TEXT_CASE_GROWTH);
        }
    }
}

static void white_space_is_trimmed(void **state)
{
    (void)state;
    assert_true(bytes_is(text_trim(BYTES_LITERAL(" \t\n\v\f\r x  y \xc2\x85\xc2\xa0\xe1\x9a\x80")), "x  y"));
    assert_true(bytes_is(text_trim(BYTES_LITERAL("\u2000\u200a\u2028\u2029\u202f\u205f\u3000x")), "x"));
    assert_true(bytes_is(text_trim(BYTES_LITERAL("\x1cx\x08")), "\x1cx\x08"));
    assert_true(bytes_is(text_trim(BYTES_LITERAL("\u200bx\ufeff")), "\u200bx\ufeff"));
    assert_int_equal(text_trim(BYTES_LITERAL(" \u3000")).size, 0);
    assert_int_equal(text_trim(BYTES_LITERAL("")).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_read_one_by_one), cmocka_unit_test(cases_are_mapped),
        cmocka_unit_test(every_character_is_mapped),      cmocka_unit_test(there_is_room_for_every_character),
        cmocka_unit_test(white_space_is_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
