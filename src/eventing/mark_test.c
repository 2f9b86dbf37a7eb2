// SPDX-License-Identifier: Apache-2.0
#include "eventing/mark.h"

#include "base/test.h"

static void a_place_reads_as_it_was_written(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct mark_place place = { BYTES_LITERAL("a.b-c"), 3, INT64_MAX }, read;
    assert_true(bytes_is(mark_place_text(&place, &arena), "a.b-c/3/9223372036854775807"));
    assert_true(mark_place_parse(mark_place_text(&place, &arena), &read));
    assert_true(bytes_is(read.topic, "a.b-c"));
    assert_int_equal(read.partition, 3);
    assert_true(read.offset == INT64_MAX);
    arena_free(&arena);
}

static void what_is_no_place_is_refused(void **state)
{
    static const char *const texts[] = {
        "",        "a",      "a/1",    "a/1/",   "/1/2",           "a//2",
        "a/b/1/2", "a/-1/2", "a/1/-2", "a/1/2x", "a/2147483648/1", "a/1/9223372036854775808"
    };
    (void)state;
    struct mark_place place;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(mark_place_parse(bytes_of_text(texts[i]), &place));
    assert_false(mark_place_parse(BYTES_NULL, &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_reads_as_it_was_written),
        cmocka_unit_test(what_is_no_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
