// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/like.h"

#include "cloudevents/cesql/cesql.h"

#include "base/test.h"

static bool matches(const char *text, const char *pattern)
{
    struct arena arena = ARENA_INIT;
    struct like like = like_compile(bytes_of_text(pattern), &arena);
    bool result = like_matches(&like, bytes_of_text(text));
    arena_free(&arena);
    return result;
}

static void patterns_match(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pattern;
        bool matches;
    } rows[] = {
        { "", "", true },
        { "", "%", true },
        { "", "%%", true },
        { "a", "", false },
        { "abc", "abc", true },
        { "abc", "abcd", false },
        { "abcd", "abc", false },
        { "abc", "ABC", false },
        { "abc", "a%", true },
        { "abc", "%c", true },
        { "abc", "%b%", true },
        { "abc", "%abc%", true },
        { "aba", "ab%ba", false },
        { "abba", "ab%ba", true },
        { "aa", "a%a", true },
        { "a", "a%a", false },
        { "abcabc", "%abc", true },
        { "abcabd", "%abc", false },
        { "aXbXc", "a%b%c", true },
        { "acb", "a%b%c", false },
        { "abc", "___", true },
        { "abc", "__", false },
        { "abc", "____", false },
        { "abc", "_%_", true },
        { "a", "_%_", false },
        { "abc", "%_", true },
        { "abc", "_%", true },
        { "", "%_", false },
        { "", "_%", false },
        { "xaybz", "%a_b%", true },
        { "xabz", "%a_b%", false },
        { "aaab", "%a_b%", true },
        { "ab-ab_ab", "%b_a%b", true },
        { "größe", "gr__e", true },
        { "größe", "gr_e", false },
        { "größe", "%_ße", true },
        { "größe", "%ö%", true },
        { "größe", "%r_ß_", true },
        { "😀😀", "__", true },
        { "x😀y", "%x_y%", true },
        { "😀", "____", false },
        { "100%", "100\\%", true },
        { "1000", "100\\%", false },
        { "a_b", "a\\_b", true },
        { "axb", "a\\_b", false },
        { "a%b", "%\\%%", true },
        { "ab", "%\\%%", false },
        { "a%_", "%\\%_", true },
        { "a\\b", "a\\b", true },
        { "a\\\\", "a\\\\", true },
        { "a\\", "a\\", true },
        { "\\%", "\\\\%", true },
        { "\\x", "\\\\%", false },
        { "mississippi", "%iss%ip%i", true },
        { "mississippi", "%i_s%i_p%", true },
        { "mississippi", "m%iss%iss%iss%", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (matches(rows[i].text, rows[i].pattern) != rows[i].matches)
            fail_msg("%s LIKE %s", rows[i].text, rows[i].pattern);
    }
}

static void bytes_that_are_no_characters_count_as_one(void **state)
{
    (void)state;
    assert_true(matches("a\xff", "a_"));
    assert_true(matches("\xc3", "_"));
    assert_false(matches("\xff\xfe", "_"));
    assert_true(matches("x\xff\xfey", "%_\xfey%"));
}

// The obvious way, by trying everything, as a judge.
static bool matches_slowly(const char *text, const char *pattern)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '%')
        return matches_slowly(text, pattern + 1) || (*text != '\0' && matches_slowly(text + 1, pattern));
    if (*text == '\0')
        return false;
    return (*pattern == '_' || *pattern == *text) && matches_slowly(text + 1, pattern + 1);
}

static void fill(char *out, size_t size, const char *letters, uint32_t *seed)
{
    for (size_t i = 0; i < size; i++) {
        *seed = *seed * 1664525 + 1013904223;
        out[i] = letters[(*seed >> 16) % strlen(letters)];
    }
    out[size] = '\0';
}

static void agrees_with_the_obvious_way(void **state)
{
    (void)state;
    uint32_t seed = 7;
    size_t matching = 0;
    for (size_t i = 0; i < 100000; i++) {
        char text[16], pattern[10];
        fill(text, i % 15, "ab", &seed);
        fill(pattern, i / 15 % 9, "ab_%%", &seed);
        bool expected = matches_slowly(text, pattern);
        matching += expected ? 1 : 0;
        if (matches(text, pattern) != expected)
            fail_msg("%s LIKE %s", text, pattern);
    }
    assert_in_range(matching, 10000, 90000);
}

// A part of more than 64 characters has more than one word of state.
static void long_parts_are_found(void **state)
{
    (void)state;
    for (size_t length = 60; length <= 200; length += 7) {
        char text[512], pattern[512];
        memset(text, 'a', sizeof text);
        memset(pattern, 'a', sizeof pattern);
        text[511] = '\0';
        pattern[0] = '%';
        pattern[3] = '_';
        pattern[length] = 'b';
        pattern[length + 1] = '%';
        pattern[length + 2] = '\0';
        assert_false(matches(text, pattern));
        text[length - 2] = 'b'; // one character too early
        assert_false(matches(text, pattern));
        text[length + 20] = 'b';
        assert_int_equal(matches(text, pattern), matches_slowly(text, pattern));
        text[length - 2] = 'a';
        assert_true(matches(text, pattern));
    }
}

// Backtracking would need years.
static void hard_patterns_take_little_time(void **state)
{
    (void)state;
    static uint8_t text[65536];
    struct arena arena = ARENA_INIT;
    char pattern[CESQL_SIZE_MAX];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 == 0 ? 'a' : '%';
    pattern[sizeof pattern - 2] = 'b';
    struct like like = like_compile(bytes_of(pattern, sizeof pattern - 1), &arena);
    assert_false(like_matches(&like, bytes_of(text, sizeof text)));
    memset(pattern, 'a', sizeof pattern);
    pattern[0] = pattern[sizeof pattern - 1] = '%';
    pattern[1] = '_';
    pattern[sizeof pattern - 2] = 'b';
    like = like_compile(bytes_of(pattern, sizeof pattern), &arena);
    assert_false(like_matches(&like, bytes_of(text, sizeof text)));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(bytes_that_are_no_characters_count_as_one),
        cmocka_unit_test(agrees_with_the_obvious_way),
        cmocka_unit_test(long_parts_are_found),
        cmocka_unit_test(hard_patterns_take_little_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
