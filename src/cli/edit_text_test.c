// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_text.h"

#include "base/test.h"

static void comments_stand_on_top_and_are_taken_off(void **state)
{
    (void)state;
    static const char content[] = "kind: K\n# of the user\na: b\n";
    struct writer out = WRITER_INIT;
    size_t first = edit_text_write(&out, BYTES_NULL, BYTES_LITERAL(content));
    assert_true(bytes_is(edit_text_content(writer_view(&out)), content));
    writer_reset(&out);
    size_t second = edit_text_write(&out, BYTES_LITERAL("spec.a: no\nspec.b: no"), BYTES_LITERAL(content));
    assert_int_equal(second, first + 4);
    assert_true(bytes_is(edit_text_content(writer_view(&out)), content));
    writer_u8(&out, '\0');
    assert_non_null(strstr((const char *)writer_view(&out).data, "\n# * spec.a: no\n# * spec.b: no\n#\nkind: K\n"));
    writer_free(&out);
    assert_int_equal(edit_text_content(BYTES_LITERAL("# a\n\n  \n#")).size, 0);
    assert_int_equal(edit_text_content(BYTES_NULL).size, 0);
}

static void only_the_same_object_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        err_t err;
        const char *words;
    } rows[] = {
        { "apiVersion: v1\nkind: K\nmetadata: {name: one, namespace: s}\nspec: {a: 1}\n", ERR_OK, "" },
        { "apiVersion: v1\nkind: K\nmetadata: {name: m, namespace: s}\n", ERR_INVALID, "metadata.name" },
        { "apiVersion: v1\nkind: K\nmetadata: {name: one}\n", ERR_INVALID, "metadata.namespace" },
        { "apiVersion: v1\nkind: L\nmetadata: {name: one, namespace: s}\n", ERR_INVALID, "kind" },
        { "apiVersion: v2\nkind: K\nmetadata: {name: one, namespace: s}\n", ERR_INVALID, "apiVersion" },
        { "a: 1\n---\nb: 1\n", ERR_INVALID, "one object" },
        { "text\n", ERR_INVALID, "one object" },
        { "a: [1\nb: c\n", ERR_MALFORMED, "not YAML" },
    };
    static const char object[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"K\",\"metadata\":{\"name\":\"one\",\"namespace\":\"s\"}}";
    static const struct json_limits limits = { .size = 1000, .values = 100 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = ARENA_INIT;
        struct json_value *tree, *read = NULL;
        diag_t diag = { 0 };
        assert_int_equal(json_parse(bytes_of_text(object), &limits, &arena, &tree, NULL), ERR_OK);
        assert_int_equal(edit_text_read(bytes_of_text(rows[i].text), tree, &arena, &read, &diag), rows[i].err);
        assert_true((read != NULL) == (rows[i].err == ERR_OK));
        if (strstr(diag.text, rows[i].words) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", diag.text, rows[i].words);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_stand_on_top_and_are_taken_off),
        cmocka_unit_test(only_the_same_object_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
