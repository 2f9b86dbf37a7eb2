// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/field_error.h"

#include "base/test.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void add(struct field_errors *errors, const char *field, const char *detail)
{
    field_error_add(errors, FIELD_INVALID, bytes_of_text(field), BYTES_NULL, bytes_of_text(detail));
}

static const char *text_of(const struct field_errors *errors)
{
    struct writer out = WRITER_INIT;
    field_errors_write(&out, errors);
    const char *text = arena_text(&arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void better_words_take_the_place_of_all_that_is_about_the_field(void **state)
{
    static const struct {
        const char *field, *detail;
        bool stays;
    } rows[] = {
        { "spec.sink", "a", false },
        { "spec.sink.uri", "b", false },
        { "spec.sink[0]", "c", false },
        { "<nil>", "\"spec.sink\" must validate at least one schema (anyOf)", false },
        { "<nil>", "\"spec.sink.uri\" must validate all the schemas (allOf)", false },
        { "<nil>", "\"spec.sink.uri\" must not validate the schema (not)", false },
        { "<nil>", "\"spec\" must validate at least one schema (anyOf)", false },
        { "spec", "d", true },
        { "spec.sinks", "e", true },
        { "<nil>", "\"spec.sinks\" must validate at least one schema (anyOf)", true },
        { "<nil>", "f", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_errors errors = field_errors_in(&arena), better = field_errors_in(&arena);
        add(&errors, rows[i].field, rows[i].detail);
        add(&better, "spec.sink", "better");
        field_errors_replace(&errors, &better);
        if (errors.count != (rows[i].stays ? 2 : 1))
            fail_msg("%s", text_of(&errors));
        assert_non_null(strstr(text_of(&errors), "spec.sink: Invalid value: better"));
    }
}

static void without_better_words_all_stays(void **state)
{
    struct field_errors errors = field_errors_in(&arena), better = field_errors_in(&arena);
    (void)state;
    add(&errors, "a", "x");
    add(&errors, "b", "y");
    field_errors_replace(&errors, &better);
    assert_string_equal(text_of(&errors), "[a: Invalid value: x, b: Invalid value: y]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(better_words_take_the_place_of_all_that_is_about_the_field, tear_down),
        cmocka_unit_test_teardown(without_better_words_all_stays, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
