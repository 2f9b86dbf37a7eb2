// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include "base/test.h"

static void size_zero_is_memory_too(void **state)
{
    (void)state;
    free(mem_alloc(0));
    free(mem_zalloc(0, 8));
    free(mem_realloc(mem_alloc(8), 0));
}

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    uint64_t *values = mem_zalloc(100, sizeof *values);
    for (int i = 0; i < 100; i++)
        assert_int_equal(values[i], 0);
    free(values);
}

static void arrays_grow_and_keep_their_items(void **state)
{
    (void)state;
    int *values = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++) {
        MEM_GROW(values, count, capacity);
        values[count++] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(values[i], i);
    free(values);
}

static void texts_are_copied_and_formatted(void **state)
{
    (void)state;
    char *copy = mem_text("hello"), *made = mem_format("%s-%0500d", copy, 7);
    assert_string_equal(copy, "hello");
    assert_int_equal(strlen(made), 506);
    free(copy);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_is_memory_too),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(arrays_grow_and_keep_their_items),
        cmocka_unit_test(texts_are_copied_and_formatted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
