// SPDX-License-Identifier: Apache-2.0
#include "store/config_change.h"

#include "base/assert.h"
#include "base/test.h"

static struct arena arena;

static const bytes_t names[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 } };
static const bytes_t values[] = { { (const uint8_t *)"1", 1 }, { (const uint8_t *)"x,y", 3 } };
static const struct config_list before = { names, values, 2 };

// What NAME is after one change; "-" when it is not set.
static const char *after(const char *name, enum config_change_kind kind, const char *value, const char *fallback)
{
    struct config_change change = { bytes_of_text(name), bytes_of_text(value), kind, bytes_of_text(fallback) };
    struct config_list list = config_list_change(&before, &change, 1, &arena);
    const bytes_t *found = config_list_find(&list, bytes_of_text(name));
    return found == NULL ? "-" : arena_format(&arena, "%.*s", BYTES_ARG(*found));
}

static void sets_and_deletes(void **state)
{
    (void)state;
    assert_string_equal(after("a", CONFIG_SET, "2", ""), "2");
    assert_string_equal(after("c", CONFIG_SET, "3", ""), "3");
    assert_string_equal(after("a", CONFIG_DELETE, "", ""), "-");
    assert_string_equal(after("c", CONFIG_DELETE, "", ""), "-");
    arena_free(&arena);
}

static void lists_grow_and_shrink(void **state)
{
    (void)state;
    assert_string_equal(after("b", CONFIG_APPEND, "z", ""), "x,y,z");
    assert_string_equal(after("b", CONFIG_APPEND, "y, z", ""), "x,y,z");
    assert_string_equal(after("b", CONFIG_SUBTRACT, "x", ""), "y");
    assert_string_equal(after("b", CONFIG_SUBTRACT, "y, x", ""), "");
    assert_string_equal(after("c", CONFIG_APPEND, "compact", "delete"), "delete,compact");
    assert_string_equal(after("c", CONFIG_SUBTRACT, "delete", "delete"), "");
    arena_free(&arena);
}

static void several_changes_follow_each_other(void **state)
{
    (void)state;
    struct config_change changes[] = {
        { BYTES_LITERAL("a"), BYTES_NULL, CONFIG_DELETE, BYTES_NULL },
        { BYTES_LITERAL("c"), BYTES_LITERAL("p"), CONFIG_SET, BYTES_NULL },
        { BYTES_LITERAL("c"), BYTES_LITERAL("q"), CONFIG_APPEND, BYTES_NULL },
    };
    struct config_list list = config_list_change(&before, changes, ARRAY_COUNT(changes), &arena);
    assert_int_equal(list.count, 2);
    assert_true(bytes_is(*config_list_find(&list, BYTES_LITERAL("c")), "p,q"));
    assert_false(config_list_equal(&list, &before));
    list = config_list_change(&before, NULL, 0, &arena);
    assert_true(config_list_equal(&list, &before));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_deletes),
        cmocka_unit_test(lists_grow_and_shrink),
        cmocka_unit_test(several_changes_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
