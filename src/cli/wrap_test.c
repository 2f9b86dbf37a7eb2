// SPDX-License-Identifier: Apache-2.0
#include "cli/wrap.h"

#include "base/test.h"

static void assert_wrapped(const char *text, size_t width, size_t indent, const char *expected)
{
    struct writer out = WRITER_INIT;
    wrap_text(bytes_of_text(text), width, indent, &out);
    writer_u8(&out, '\0');
    assert_string_equal((const char *)writer_view(&out).data, expected);
    writer_free(&out);
}

static void lines_are_broken_between_words(void **state)
{
    (void)state;
    assert_wrapped("one two three", 7, 0, "one two\nthree");
    assert_wrapped("one two three", 6, 0, "one\ntwo\nthree");
    assert_wrapped("ä ö ü", 3, 0, "ä ö\nü");
    assert_wrapped("", 10, 2, "  ");
}

static void a_word_as_long_as_a_line_stays(void **state)
{
    (void)state;
    assert_wrapped("aaaaaaaaaa", 5, 0, "aaaaaaaaaa");
    assert_wrapped("a bbbbbbbbbb c", 5, 0, "a\nbbbbbbbbbb\nc");
}

static void breaks_and_spaces_of_the_text_stay(void **state)
{
    (void)state;
    assert_wrapped("a\nb\n", 10, 2, "  a\n  b\n  ");
    assert_wrapped("  a  b", 10, 0, "  a  b");
    assert_wrapped("aaa  ", 4, 0, "aaa");
    assert_wrapped("\x1b[2J", 10, 0, "?[2J");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_broken_between_words),
        cmocka_unit_test(a_word_as_long_as_a_line_stays),
        cmocka_unit_test(breaks_and_spaces_of_the_text_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
