// SPDX-License-Identifier: Apache-2.0
// Which defaults come where: golden_test.c.
#include "kube/schema/schema_default.h"

#include "kube/schema/testing.h"

static void defaults_of_very_many_items_are_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct schema *schema = compiled(
        &arena, "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
                "\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"default\":[1,2,3,4,"
                "5,6,7,8,9]}}}}}}");
    const size_t fits = SCHEMA_DEFAULTS_MAX / 10;
    for (size_t count = fits; count <= fits + 1; count++) {
        struct json_value *object = tree(&arena, "{\"l\":[]}");
        for (size_t i = 0; i < count; i++)
            json_append(object->first, json_new(&arena, JSON_OBJECT));
        assert_int_equal(schema_default(object, schema, &arena), count > fits ? ERR_TOO_LARGE : ERR_OK);
        assert_int_equal(object->first->first->first->count, 9);
    }
    arena_free(&arena);
}

static void a_copy_of_the_default_is_put_in(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct schema *schema = compiled(
        &arena, "{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"object\",\"default\":{},\"properties\":{"
                "\"a\":{\"type\":\"string\",\"default\":\"x\"}}}}}");
    struct json_value *first = tree(&arena, "{\"metadata\":{\"creationTimestamp\":null}}"),
                      *second = tree(&arena, "{}");
    assert_int_equal(schema_default(first, schema, &arena), ERR_OK);
    json_set_text(json_find(first, BYTES_LITERAL("o")), &arena, "a", "y");
    assert_int_equal(schema_default(second, schema, &arena), ERR_OK);
    assert_string_equal(text_of(&arena, first), "{\"metadata\":{},\"o\":{\"a\":\"y\"}}");
    assert_string_equal(text_of(&arena, second), "{\"o\":{\"a\":\"x\"}}");
    assert_int_equal(schema_default(second, NULL, &arena), ERR_OK);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_very_many_items_are_refused),
        cmocka_unit_test(a_copy_of_the_default_is_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
