// SPDX-License-Identifier: Apache-2.0
// What is pruned and what is kept: golden_test.c. Here is what kube does not say.
#include "kube/schema/schema_prune.h"

#include "kube/schema/testing.h"

static const char schema_text[] =
    "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{"
    "\"broker\":{\"type\":\"string\"},\"filters\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"object\",\"properties\":{\"exact\":{\"type\":\"string\"}}}}}}}}";

static const char *pruned(struct arena *arena, const char *text, struct json_value **ret_object)
{
    struct schema_unknowns unknowns = schema_unknowns_in(arena);
    struct writer out = WRITER_INIT;
    *ret_object = tree(arena, text);
    schema_prune(*ret_object, compiled(arena, schema_text), &unknowns);
    schema_unknowns_write(&out, &unknowns);
    char *words = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return words;
}

static void the_nearest_name_that_is_not_there_is_offered(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    assert_string_equal(pruned(&arena,
                               "{\"spec\":{\"filters\":[{\"exat\":\"\"},{\"exact\":\"\",\"exat\":\"\"}],"
                               "\"brokr\":\"x\",\"unlike\":1},\"metadata\":{\"lables\":{}}}",
                               &object),
                        "unknown field \"metadata.lables\", did you mean \"metadata.labels\", "
                        "unknown field \"spec.brokr\", did you mean \"spec.broker\", "
                        "unknown field \"spec.filters[0].exat\", did you mean \"spec.filters[0].exact\", "
                        "unknown field \"spec.filters[1].exat\", unknown field \"spec.unlike\"");
    assert_string_equal(text_of(&arena, object), "{\"spec\":{\"filters\":[{},{\"exact\":\"\"}]},\"metadata\":{}}");
    arena_free(&arena);
}

static void long_lists_are_cut(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_value *object;
    writer_text(&out, "{\"spec\":{");
    for (int i = 0; i < SCHEMA_UNKNOWNS_MAX + 5; i++)
        writer_format(&out, "%s\"unknown%03d\":1", i == 0 ? "" : ",", i);
    writer_text(&out, "}}");
    const char *words = pruned(&arena, arena_text(&arena, writer_view(&out)), &object);
    assert_non_null(strstr(words, "unknown field \"spec.unknown063\", and 5 more"));
    assert_string_equal(text_of(&arena, object), "{\"spec\":{}}");
    writer_free(&out);
    arena_free(&arena);
}

static void nobody_needs_to_be_told(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *object = tree(&arena, "{\"spec\":{\"x\":1},\"y\":[{\"z\":1}]}");
    schema_prune(object, compiled(&arena, schema_text), NULL);
    assert_string_equal(text_of(&arena, object), "{\"spec\":{}}");
    schema_prune(object, NULL, NULL);
    assert_string_equal(text_of(&arena, object), "{}");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_that_is_not_there_is_offered),
        cmocka_unit_test(long_lists_are_cut),
        cmocka_unit_test(nobody_needs_to_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
