// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/places.h"

#include "kube/patch/tree_test.h"

static void the_first_place_of_a_scalar_is_found(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct places places = places_of(&arena);
    const struct json_value *list = tree(&arena, "[\"a\",1,\"1\",true,false,null,\"a\",\"\",{\"x\":1},[],1.5]");
    size_t index = 0;
    for (const struct json_value *value = list->first; value != NULL; value = value->next)
        places_add(&places, value, index++);
    static const struct {
        const char *value;
        size_t index;
    } rows[] = {
        { "\"a\"", 0 },
        { "1", 1 },
        { "\"1\"", 2 },
        { "true", 3 },
        { "false", 4 },
        { "null", 5 },
        { "\"\"", 7 },
        { "1.5", 10 },
        { "\"b\"", PLACES_NONE },
        { "1.0", PLACES_NONE },
        { "{\"x\":1}", PLACES_NONE },
        { "[]", PLACES_NONE },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(places_find(&places, tree(&arena, rows[i].value)), rows[i].index);
    assert_int_equal(places_find(&places, NULL), PLACES_NONE);
    places_free(&places);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_of_a_scalar_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
