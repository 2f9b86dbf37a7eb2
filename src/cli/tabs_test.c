// SPDX-License-Identifier: Apache-2.0
#include "cli/tabs.h"

#include "base/test.h"

static void assert_aligned(const char *text, const char *expected)
{
    struct writer out = WRITER_INIT;
    tabs_align(bytes_of_text(text), &out);
    writer_u8(&out, '\0');
    assert_string_equal((const char *)writer_view(&out).data, expected);
    writer_free(&out);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    assert_aligned("a:\t1\nlonger:\t2\n", "a:       1\nlonger:  2\n");
    assert_aligned("a\tbb\tc\naaa\tb\tc\n", "a    bb  c\naaa  b   c\n");
    assert_aligned("k:\tv\n\tw\n", "k:  v\n    w\n");
    assert_aligned("ä:\t1\nb:\t2\n", "ä:  1\nb:  2\n");
}

static void a_line_without_the_cell_ends_a_column(void **state)
{
    (void)state;
    assert_aligned("a:\t1\nSpec:\nlonger:\t2\n", "a:  1\nSpec:\nlonger:  2\n");
    assert_aligned("a\tb\tc\na\td\naaa\tbbbb\tc\n", "a    b  c\na    d\naaa  bbbb  c\n");
}

static void a_last_cell_that_is_empty_leaves_the_padding(void **state)
{
    (void)state;
    assert_aligned("Namespace:\t\n", "Namespace:  \n");
    assert_aligned("", "");
    assert_aligned("no end", "no end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(a_line_without_the_cell_ends_a_column),
        cmocka_unit_test(a_last_cell_that_is_empty_leaves_the_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
