// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/merge_patch.h"

#include "kube/patch/tree_test.h"

// RFC 7386, appendix A: target, patch, result. Each stands in a member of an object here, because a patch of a resource
// is always an object, but for the last ones, which are about the outermost level.
static void merges_as_the_rfc_says(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
        { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
        { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
        // Section 3, and what the algorithm says beyond the examples.
        { "{\"author\":{\"givenName\":\"J\",\"familyName\":\"D\"},\"tags\":[\"x\",\"y\"]}",
          "{\"author\":{\"familyName\":null},\"phone\":\"1\",\"tags\":[\"x\"]}",
          "{\"author\":{\"givenName\":\"J\"},\"tags\":[\"x\"],\"phone\":\"1\"}" },
        { "{\"a\":1}", "{\"a\":{\"b\":null,\"c\":[{\"d\":null}]}}", "{\"a\":{\"c\":[{\"d\":null}]}}" },
        { "{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":1}}" },
        { "{\"b\":1,\"a\":2}", "{\"a\":3,\"c\":4,\"b\":5}", "{\"b\":5,\"a\":3,\"c\":4}" },
        { "null", "{\"a\":{}}", "{\"a\":{}}" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *object = arena_format(&arena, "{\"keep\":0,\"x\":%s}", rows[i][0]);
        const char *patch = arena_format(&arena, "{\"x\":%s}", rows[i][1]), *text = NULL;
        struct json_value *before = tree(&arena, object), *change = tree(&arena, patch), *result = NULL;
        assert_int_equal(merge_patch_apply(&arena, before, change, &result, &text), ERR_OK);
        assert_string_equal(tree_text(&arena, result), arena_format(&arena, "{\"keep\":0,\"x\":%s}", rows[i][2]));
        assert_string_equal(tree_text(&arena, before), object);
        assert_string_equal(tree_text(&arena, change), patch);
    }
    arena_free(&arena);
}

static void a_patch_is_an_object(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}" },
        { "\"x\"",
          "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}" },
        { "1", "error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}" },
        { "true", "error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}" },
        { "null", "Invalid JSON Patch" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value *result = NULL;
        const char *text = NULL;
        assert_int_equal(merge_patch_apply(&arena, tree(&arena, "{}"), tree(&arena, rows[i][0]), &result, &text),
                         ERR_MALFORMED);
        assert_string_equal(text, rows[i][1]);
        assert_null(result);
    }
    arena_free(&arena);
}

// An object with COUNT members, the first of them FIRST, each with the value VALUE.
static struct json_value *wide(struct arena *arena, int first, int count, const char *value)
{
    struct json_value *object = json_new(arena, JSON_OBJECT);
    for (int i = 0; i < count; i++) {
        struct json_value *member = json_copy(arena, tree(arena, value));
        member->name = bytes_of_text(arena_format(arena, "k%d", (first + i) * 7919 % 1000003));
        json_append(object, member);
    }
    return object;
}

static void many_members_are_quick(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct arena arena = ARENA_INIT;
    struct json_value *result = NULL;
    const char *text = NULL;
    struct json_value *object = wide(&arena, 0, COUNT, "1"), *half = wide(&arena, COUNT / 2, COUNT, "2");
    assert_int_equal(merge_patch_apply(&arena, object, half, &result, &text), ERR_OK);
    assert_int_equal(result->count, COUNT + COUNT / 2);
    assert_int_equal(merge_patch_apply(&arena, result, wide(&arena, 0, COUNT, "null"), &result, &text), ERR_OK);
    assert_int_equal(result->count, COUNT / 2);
    assert_true(bytes_is(result->first->text, "2"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_as_the_rfc_says),
        cmocka_unit_test(a_patch_is_an_object),
        cmocka_unit_test(many_members_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
