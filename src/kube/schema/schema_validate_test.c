// SPDX-License-Identifier: Apache-2.0
// What is wrong, and how it is told: golden_test.c. Here are the limits, and where this code is stricter.
#include "kube/schema/schema_validate.h"

#include "kube/schema/testing.h"

static const char *problems(struct arena *arena, const char *schema, const char *object)
{
    struct field_errors errors = field_errors_in(arena);
    schema_validate(tree(arena, object), compiled(arena, schema), &errors);
    return errors_text(arena, &errors);
}

static void long_lists_of_errors_are_cut(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    writer_text(&out, "{\"l\":[0");
    for (int i = 1; i < 5000; i++)
        writer_text(&out, ",0");
    writer_text(&out, "]}");
    const struct schema *schema = compiled(
        &arena,
        "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"anyOf\":[{"
        "\"minLength\":1},{\"pattern\":\"x\"}]}}}}");
    struct json_value *object = tree(&arena, arena_text(&arena, writer_view(&out)));
    struct field_errors errors = field_errors_in(&arena);
    size_t before = arena.total;
    schema_validate(object, schema, &errors);
    assert_int_equal(errors.count, FIELD_ERRORS_MAX);
    assert_int_equal(errors.count + errors.hidden, 5000);
    assert_true(arena.total - before < 1 << 17);
    const char *words = errors_text(&arena, &errors);
    assert_non_null(
        strstr(words, "[l[0]: Invalid value: \"integer\": l[0] in body must be of type string: \"integer\", "));
    assert_non_null(strstr(words, ", and 4936 more]"));
    writer_free(&out);
    arena_free(&arena);
}

static void the_same_is_told_once(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_string_equal(
        problems(&arena,
                 "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":3,\"allOf\":[{"
                 "\"minimum\":3},{\"minimum\":3}]}}}",
                 "{\"a\":1}"),
        "[a: Invalid value: 1: a in body should be greater than or equal to 3, <nil>: Invalid value: "
        "\"\": \"a\" must validate all the schemas (allOf). None validated]");
    arena_free(&arena);
}

static void an_array_is_no_string_with_a_format(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"format\":\"date\"}}}";
    assert_string_equal(problems(&arena, schema, "{\"a\":[]}"),
                        "a: Invalid value: \"array\": a in body must be of type string: \"array\"");
    assert_string_equal(problems(&arena, schema, "{\"a\":\"2024-01-01\"}"), "");
    arena_free(&arena);
}

static void whole_numbers_may_be_multiples_of_fractions(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"multipleOf\":1.5}}}";
    assert_string_equal(problems(&arena, schema, "{\"a\":3}"), "");
    assert_string_equal(problems(&arena, schema, "{\"a\":4}"),
                        "a: Invalid value: 4: a in body should be a multiple of 1.5");
    arena_free(&arena);
}

static void metadata_has_types_too(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_string_equal(
        problems(&arena, "{\"type\":\"object\"}",
                 "{\"metadata\":{\"labels\":{\"a\":1},\"deletionTimestamp\":\"soon\"}}"),
        "[metadata.labels.a: Invalid value: \"integer\": metadata.labels.a in body must be of type string: "
        "\"integer\", "
        "metadata.deletionTimestamp: Invalid value: \"soon\": metadata.deletionTimestamp in body must be of type "
        "date-time: \"soon\"]");
    arena_free(&arena);
}

static void a_pattern_that_takes_too_long_is_told(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    char *object = arena_format(&arena, "{\"a\":\"%0200d!\"}", 0);
    const char *words = problems(
        &arena, "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"^(0|00|0+)*$\"}}}",
        object);
    assert_non_null(strstr(words, "should match '^(0|00|0+)*$', which takes too long to find out"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_lists_of_errors_are_cut),
        cmocka_unit_test(the_same_is_told_once),
        cmocka_unit_test(an_array_is_no_string_with_a_format),
        cmocka_unit_test(whole_numbers_may_be_multiples_of_fractions),
        cmocka_unit_test(metadata_has_types_too),
        cmocka_unit_test(a_pattern_that_takes_too_long_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
