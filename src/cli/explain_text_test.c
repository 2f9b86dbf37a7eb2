// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_text.h"

#include "base/test.h"

// A kind that holds itself, in a list and in a map.
static const char document[] =
    "{\"components\":{\"schemas\":{\"a.b.Tree\":{\"type\":\"object\",\"description\":\"A tree.\",\"properties\":{"
    "\"branches\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/a.b.Tree\"}},"
    "\"named\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/components/schemas/a.b.Tree\"}},"
    "\"size\":{\"type\":\"string\",\"enum\":[\"\",\"a\",\"b\",\"c\",\"d\"]}},"
    "\"required\":[\"size\"],\"x-kubernetes-group-version-kind\":[{\"group\":\"\",\"version\":\"v1\",\"kind\":"
    "\"Tree\"}]},"
    "\"a.b.Loop\":{\"items\":{\"$ref\":\"#/components/schemas/a.b.Loop\"},\"additionalProperties\":{\"$ref\":"
    "\"#/components/schemas/a.b.Loop\"},\"allOf\":[{\"$ref\":\"#/components/schemas/a.b.Loop\"}],"
    "\"x-kubernetes-group-version-kind\":[{\"group\":\"g\",\"version\":\"v1\",\"kind\":\"Loop\"}]}}}}";

struct explained {
    char text[2000];
    diag_t diag;
    err_t err;
};

static struct explained explained(struct explain explain, const char *const *path, size_t path_size)
{
    static const struct json_limits limits = { .size = 1 << 16, .values = 1 << 12 };
    struct explained made = { .text = "" };
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_value *tree;
    assert_int_equal(json_parse(bytes_of_text(document), &limits, &arena, &tree, NULL), ERR_OK);
    explain.document = tree;
    explain.path = path;
    explain.path_size = path_size;
    made.err = explain_text(&explain, &out, &made.diag);
    assert_true(out.size < sizeof made.text);
    if (out.size > 0)
        memcpy(made.text, writer_view(&out).data, out.size);
    writer_free(&out);
    arena_free(&arena);
    return made;
}

static const struct explain tree = { .version = { (const uint8_t *)"v1", 2 }, .kind = { (const uint8_t *)"Tree", 4 } };

static void a_kind_that_holds_itself_has_an_end(void **state)
{
    (void)state;
    struct explain explain = tree;
    explain.recursive = true;
    struct explained made = explained(explain, NULL, 0);
    assert_int_equal(made.err, ERR_OK);
    assert_string_equal(made.text,
                        "KIND:       Tree\nVERSION:    v1\n\nDESCRIPTION:\n    A tree.\n    \nFIELDS:\n"
                        "  branches\t<[]Tree>\n"
                        "    branches\t<[]Tree>\n    named\t<map[string]Tree>\n    size\t<string> -required-\n"
                        "    enum: \"\", a, b, c, ....\n"
                        "  named\t<map[string]Tree>\n"
                        "    branches\t<[]Tree>\n    named\t<map[string]Tree>\n    size\t<string> -required-\n"
                        "    enum: \"\", a, b, c, ....\n"
                        "  size\t<string> -required-\n  enum: \"\", a, b, c, ....\n\n");
    static const char *const path[] = { "branches", "named", "branches", "size" };
    made = explained(tree, path, 4);
    assert_int_equal(made.err, ERR_OK);
    assert_non_null(strstr(made.text, "FIELD: size <string>\nENUM:\n    \"\"\n    a\n"));
}

static void references_in_a_circle_have_an_end(void **state)
{
    (void)state;
    static const char *const path[] = { "x" };
    const struct explain loop = { .group = bytes_of_text("g"),
                                  .version = bytes_of_text("v1"),
                                  .kind = bytes_of_text("Loop") };
    assert_string_equal(explained(loop, NULL, 0).text,
                        "GROUP:      g\nKIND:       Loop\nVERSION:    v1\n\nDESCRIPTION:\n    <empty>\n\n");
    assert_int_equal(explained(loop, path, 1).err, ERR_NOT_FOUND);
}

static void what_is_not_there_is_told_with_the_nearest(void **state)
{
    (void)state;
    static const char *const near[] = { "branches", "siz" }, *const far[] = { "size", "size" };
    struct explained made = explained(tree, near, 2);
    assert_int_equal(made.err, ERR_NOT_FOUND);
    assert_string_equal(made.diag.where, "siz");
    assert_non_null(strstr(made.diag.text, "did you mean \"size\"?"));
    made = explained(tree, far, 2);
    assert_string_equal(made.diag.text, "there is no such field");
    assert_string_equal(made.text, "");
    struct explain other = tree;
    other.kind = bytes_of_text("Bush");
    assert_non_null(strstr(explained(other, NULL, 0).diag.text, "what a Bush looks like"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_that_holds_itself_has_an_end),
        cmocka_unit_test(references_in_a_circle_have_an_end),
        cmocka_unit_test(what_is_not_there_is_told_with_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
