// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include "base/test.h"

static void memory_is_zeroed_aligned_and_does_not_overlap(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    uint8_t *parts[200];
    for (size_t i = 0; i < 200; i++) {
        parts[i] = arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)parts[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(parts[i][j], 0);
        memset(parts[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(parts[i][j], i);
    }
    arena_free(&arena);
    assert_int_equal(arena.total, 0);
}

static void a_block_larger_than_any_is_served(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    uint8_t *large = arena_array(&arena, 1024, 1024);
    large[1024 * 1024 - 1] = 1;
    assert_true(arena.total >= 1024 * 1024);
    arena_free(&arena);
}

static void reset_keeps_one_block_and_zeroes_it_again(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    for (int i = 0; i < 100; i++)
        memset(arena_alloc(&arena, 1000), 0xff, 1000);
    size_t before = arena.total;
    arena_reset(&arena);
    assert_true(arena.total < before);
    assert_true(arena.total > 0);
    uint8_t *again = arena_alloc(&arena, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(again[i], 0);
    arena_free(&arena);
    arena_reset(&arena);
}

static void copies_bytes_text_and_formats(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_true(bytes_is(arena_copy(&arena, BYTES_LITERAL("abc")), "abc"));
    assert_null(arena_copy(&arena, BYTES_NULL).data);
    assert_non_null(arena_copy(&arena, BYTES_LITERAL("")).data);
    assert_true(bytes_is(arena_lower(&arena, BYTES_LITERAL("AZaz-09@[\xc3\x84")), "azaz-09@[\xc3\x84"));
    assert_null(arena_lower(&arena, BYTES_NULL).data);
    assert_string_equal(arena_text(&arena, bytes_of("abcdef", 2)), "ab");
    assert_string_equal(arena_text(&arena, BYTES_NULL), "");
    assert_string_equal(arena_format(&arena, "%d-%s", 5, "x"), "5-x");
    arena_free(&arena);
}

static void a_small_one_takes_little_and_grows(void **state)
{
    (void)state;
    struct arena arena = ARENA_SMALL;
    memset(arena_alloc(&arena, 100), 1, 100);
    assert_true(arena.total < 512);
    memset(arena_alloc(&arena, 300), 2, 300);
    memset(arena_alloc(&arena, 5000), 3, 5000);
    assert_true(arena.total < 8192);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_does_not_overlap),
        cmocka_unit_test(a_block_larger_than_any_is_served),
        cmocka_unit_test(reset_keeps_one_block_and_zeroes_it_again),
        cmocka_unit_test(copies_bytes_text_and_formats),
        cmocka_unit_test(a_small_one_takes_little_and_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
