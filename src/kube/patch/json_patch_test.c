// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/json_patch.h"

#include "kube/patch/tree_test.h"

struct row {
    const char *document, *patch, *result; // RESULT of a refused patch: the sentence
};

static err_t applied(struct arena *arena, const struct row *row, const char **ret_result)
{
    struct json_value *document = tree(arena, row->document), *patch = tree(arena, row->patch), *result = NULL;
    const char *text = NULL;
    err_t err = json_patch_apply(arena, document, patch, &result, &text);
    // Neither is changed, whatever comes out.
    assert_string_equal(tree_text(arena, document), tree_text(arena, tree(arena, row->document)));
    assert_string_equal(tree_text(arena, patch), tree_text(arena, tree(arena, row->patch)));
    assert_true((err == ERR_OK) == (result != NULL) && (err == ERR_OK) == (text == NULL));
    *ret_result = err == ERR_OK ? tree_text(arena, result) : text;
    return err;
}

static void check(const struct row *rows, size_t count, err_t expected)
{
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < count; i++) {
        const char *result = NULL;
        err_t err = applied(&arena, &rows[i], &result);
        if (err != expected)
            fail_msg("%s: %s: %s", rows[i].patch, err_name(err), result);
        assert_string_equal(result, rows[i].result);
    }
    arena_free(&arena);
}

// RFC 6902, appendix A, and what section 4 says beyond it.
static void operations_do_what_the_rfc_says(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
          "{\"foo\":\"bar\",\"baz\":\"qux\"}" },
        { "{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
          "{\"foo\":[\"bar\",\"qux\",\"baz\"]}" },
        { "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}" },
        { "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
          "{\"foo\":[\"bar\",\"baz\"]}" },
        { "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
          "{\"baz\":\"boo\",\"foo\":\"bar\"}" },
        { "{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
          "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
          "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}" },
        { "{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
          "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
          "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}" },
        { "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
          "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
          "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}" },
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
          "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}" },
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
          "{\"foo\":\"bar\",\"baz\":\"qux\"}" },
        { "{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]", "{\"/\":9,\"~1\":10}" },
        { "{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
          "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}" },
        // The whole document.
        { "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[1]}]", "[1]" },
        { "{\"a\":1}",
          "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}},{\"op\":\"add\",\"path\":\"/c\",\"value\":3}]",
          "{\"b\":2,\"c\":3}" },
        { "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "{\"b\":1}" },
        { "{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a/c\"}]",
          "{\"a\":{\"b\":1,\"c\":{\"a\":{\"b\":1}}}}" },
        { "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"\",\"value\":{\"a\":1.0}}]", "{\"a\":1}" },
        // Members are set, items are put in; a copy is a value of its own.
        { "{\"a\":1,\"b\":2}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null,\"b\":2}" },
        { "{\"a\":[]}",
          "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":1},{\"op\":\"add\",\"path\":\"/a/0\",\"value\":0}]",
          "{\"a\":[0,1]}" },
        { "{\"a\":{\"b\":1}}",
          "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},{\"op\":\"replace\",\"path\":\"/c/b\",\"value\":2}]",
          "{\"a\":{\"b\":1},\"c\":{\"b\":2}}" },
        { "{\"a\":[1,2]}", "[{\"op\":\"copy\",\"from\":\"/a/1\",\"path\":\"/a/0\"}]", "{\"a\":[2,1,2]}" },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}" },
        { "{\"metadata\":{}}",
          "[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{}},{\"op\":\"add\",\"path\":\"/metadata/labels/"
          "a.b~1c\",\"value\":\"d\"}]",
          "{\"metadata\":{\"labels\":{\"a.b/c\":\"d\"}}}" },
        // Tests compare what is said, not how.
        { "{\"a\":{\"x\":[1,{\"y\":2,\"z\":\"\\u0061\"}]}}",
          "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"x\":[1e0,{\"z\":\"a\",\"y\":2.0}]}}]",
          "{\"a\":{\"x\":[1,{\"y\":2,\"z\":\"a\"}]}}" },
        // What is not there passes for null: the guard "not set yet" of Kubernetes clients.
        { "{\"a\":{}}",
          "[{\"op\":\"test\",\"path\":\"/a/b\",\"value\":null},{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]",
          "{\"a\":{\"b\":1}}" },
        { "{}", "[]", "{}" },
        { "{}", "null", "{}" },
    };
    check(rows, sizeof rows / sizeof rows[0], ERR_OK);
}

static void what_does_not_apply_is_refused_in_kube_apiservers_words(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]",
          "testing value /baz failed: test failed" },
        { "{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]",
          "testing value /~01 failed: test failed" },
        { "{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":0}]", "testing value /a failed: test failed" },
        { "{\"a\":{\"b\":null}}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{}}]",
          "testing value /a failed: test failed" },
        { "{}", "[{\"op\":\"test\",\"path\":\"/a/b\",\"value\":null}]",
          "test operation does not apply: is missing path: /a/b: missing value" },
        { "{\"a\":[1]}", "[{\"op\":\"test\",\"path\":\"/a/1\",\"value\":null}]",
          "error in test for path: '/a/1': Unable to access invalid index: 1: invalid index referenced" },
        { "{\"a\":[1]}", "[{\"op\":\"test\",\"path\":\"/a/-\",\"value\":1}]",
          "error in test for path: '/a/-': strconv.Atoi: parsing \"-\": invalid syntax" },
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]",
          "add operation does not apply: doc is missing path: \"/baz/bat\": missing value" },
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/foo/bat\",\"value\":\"qux\"}]",
          "add operation does not apply: doc is missing path: \"/foo/bat\": missing value" },
        { "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"foo\",\"value\":1}]",
          "add operation does not apply: doc is missing path: \"foo\": missing value" },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]",
          "error in add for path: '/a/2': Unable to access invalid index: 2: invalid index referenced" },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":1}]",
          "error in add for path: '/a/-1': Unable to access invalid index: -1: invalid index referenced" },
        { "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/00\",\"value\":1}]",
          "error in add for path: '/a/00': value was not a proper array index: '00': strconv.Atoi: parsing \"00\": "
          "invalid syntax" },
        { "{\"a\":[[1]]}", "[{\"op\":\"add\",\"path\":\"/a/-/0\",\"value\":1}]",
          "add operation does not apply: doc is missing path: \"/a/-/0\": missing value" },
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]",
          "error in remove for path: '/b': Unable to remove nonexistent key: b: missing value" },
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b/c\"}]",
          "remove operation does not apply: doc is missing path: \"/b/c\": missing value" },
        { "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]",
          "remove operation does not apply: doc is missing path: \"\": missing value" },
        { "{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]",
          "error in remove for path: '/a/1': Unable to access invalid index: 1: invalid index referenced" },
        { "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]",
          "replace operation does not apply: doc is missing key: /b: missing value" },
        { "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b/c\",\"value\":1}]",
          "replace operation does not apply: doc is missing path: /b/c: missing value" },
        { "{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/-\",\"value\":1}]",
          "replace operation does not apply: doc is missing key: /a/-: missing value" },
        { "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]",
          "move operation does not apply: doc is missing destination path: /a/b: missing value" },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/c\"}]",
          "error in move for path: 'b': Unable to remove nonexistent key: b: missing value" },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/b/d\",\"path\":\"/c\"}]",
          "move operation does not apply: doc is missing from path: /b/d: missing value" },
        { "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]",
          "move operation does not apply: doc is missing from path: : missing value" },
        { "{\"a\":[1,2]}", "[{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"/a/2\"}]",
          "error in move for path: '/a/2': Unable to access invalid index: 2: invalid index referenced" },
        { "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/c\"}]",
          "error in copy for from: '/b': unable to get nonexistent key: b: missing value" },
        { "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/b/d\",\"path\":\"/c\"}]",
          "copy operation does not apply: doc is missing from path: /b/d: missing value" },
        { "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c/d\"}]",
          "copy operation does not apply: doc is missing destination path: /c/d: missing value" },
        { "{\"a\":[1]}", "[{\"op\":\"copy\",\"from\":\"/a/0\",\"path\":\"/a/x\"}]",
          "error while adding value during copy: value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": "
          "invalid syntax" },
        { "{}", "[{\"op\":\"merge\",\"path\":\"/a\"}]", "Unexpected kind: merge" },
        { "{}", "[{\"path\":\"/a\"}]", "Unexpected kind: unknown" },
        { "{}", "[null]", "Unexpected kind: unknown" },
        { "{}", "[{\"op\":\"remove\"}]",
          "remove operation failed to decode path: operation missing path field: missing value" },
        { "{}", "[{\"op\":\"move\",\"path\":\"/a\"}]",
          "move operation failed to decode from: operation, missing from field: missing value" },
        { "{}", "[{\"op\":\"add\",\"path\":\"/a\"}]",
          "add operation failed to decode value: operation, missing value field: missing value" },
    };
    check(rows, sizeof rows / sizeof rows[0], ERR_INVALID);
}

static void what_is_no_patch_is_refused_before_anything(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{}", "{}",
          "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp" },
        { "{}", "\"\"",
          "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp" },
        { "{}", "[1]",
          "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp" },
        { "{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1},{\"op\":\"add\",\"path\":1}]",
          "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string" },
        { "{}", "[{\"op\":[]}]",
          "error decoding patch: json: cannot unmarshal array into Go struct field jsonPatchOp.op of type string" },
        { "{}", "[{\"from\":true}]",
          "error decoding patch: json: cannot unmarshal bool into Go struct field jsonPatchOp.from of type string" },
    };
    check(rows, sizeof rows / sizeof rows[0], ERR_MALFORMED);
}

// COUNT times the operation, as a list.
static struct json_value *repeated(struct arena *arena, const char *operation, size_t count)
{
    struct json_value *patch = json_new(arena, JSON_ARRAY);
    const struct json_value *one = tree(arena, operation);
    for (size_t i = 0; i < count; i++)
        json_append(patch, json_copy(arena, one));
    return patch;
}

static void expect_fault(struct arena *arena, const struct json_value *document, const struct json_value *patch,
                         err_t expected, const char *expected_text)
{
    struct json_value *result = NULL;
    const char *text = "";
    assert_int_equal(json_patch_apply(arena, document, patch, &result, &text), expected);
    assert_string_equal(text, expected_text);
}

static void the_number_of_operations_is_limited(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char add[] = "{\"op\":\"add\",\"path\":\"/a/-\",\"value\":1}";
    expect_fault(&arena, tree(&arena, "{\"a\":[]}"), repeated(&arena, add, JSON_PATCH_OPERATIONS_MAX), ERR_OK, "");
    expect_fault(&arena, tree(&arena, "{\"a\":[]}"), repeated(&arena, add, JSON_PATCH_OPERATIONS_MAX + 1),
                 ERR_TOO_LARGE, "The allowed maximum operations in a JSON patch is 10000, got 10001");
    arena_free(&arena);
}

// Each copy doubles what is there.
static void copies_of_copies_are_limited(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char copy[] = "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}";
    char *kilobyte = arena_alloc(&arena, 1025);
    memset(kilobyte, 'x', 1024);
    expect_fault(
        &arena, tree(&arena, arena_format(&arena, "{\"a\":[\"%s\"]}", kilobyte)), repeated(&arena, copy, 40),
        ERR_INVALID,
        "Unable to complete the copy, the accumulated size increase of copy is 4213743, exceeding the limit 3145728");
    expect_fault(&arena, tree(&arena, "{\"a\":[1]}"), repeated(&arena, copy, 40), ERR_INVALID,
                 "Unable to complete the copy, the accumulated values of copy are 131070, exceeding the limit 100000");
    arena_free(&arena);
}

// Each test walks over the whole list.
static void long_ways_are_limited(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *document = json_new(&arena, JSON_ARRAY);
    for (int i = 0; i < 50000; i++)
        json_append(document, json_new(&arena, JSON_NULL));
    static const char test[] = "{\"op\":\"test\",\"path\":\"/49999\",\"value\":null}";
    expect_fault(&arena, document, repeated(&arena, test, 900), ERR_OK, "");
    expect_fault(
        &arena, document, repeated(&arena, test, 1100), ERR_TOO_LARGE,
        "the operations of this JSON patch take too many steps on a document of this size: send them in parts");
    arena_free(&arena);
}

// {"a":{"a":...}}, LEVELS objects inside of each other.
static struct json_value *nested(struct arena *arena, size_t levels)
{
    struct json_value *value = NULL;
    for (size_t i = 0; i < levels; i++) {
        struct json_value *up = json_new(arena, JSON_OBJECT);
        if (value != NULL)
            json_set(up, BYTES_LITERAL("a"), value);
        value = up;
    }
    return value;
}

static void the_result_is_no_deeper_than_a_text_may_be(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char *const operations[][2] = {
        { "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b/c\"}]",
          "error while adding value during copy: the result is more than 64 levels deep" },
        { "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/c\"}]",
          "error in move for path: '/b/c': the result is more than 64 levels deep" },
        { "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":null}]",
          "error in add for path: '/b/c': the result is more than 64 levels deep" },
        { "[{\"op\":\"replace\",\"path\":\"/b/a\",\"value\":null}]",
          "error in replace for path: '/b/a': the result is more than 64 levels deep" },
    };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        for (size_t levels = JSON_DEPTH_MAX - 2; levels < JSON_DEPTH_MAX; levels++) {
            struct json_value *document = tree(&arena, "{\"a\":0,\"b\":{\"a\":0}}"),
                              *patch = tree(&arena, operations[i][0]);
            json_set(document, BYTES_LITERAL("a"), nested(&arena, levels));
            if (json_get(patch->first, "value") != NULL)
                json_set(patch->first, BYTES_LITERAL("value"), nested(&arena, levels));
            bool fits = levels + 2 <= JSON_DEPTH_MAX;
            expect_fault(&arena, document, patch, fits ? ERR_OK : ERR_INVALID, fits ? "" : operations[i][1]);
        }
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_do_what_the_rfc_says),
        cmocka_unit_test(what_does_not_apply_is_refused_in_kube_apiservers_words),
        cmocka_unit_test(what_is_no_patch_is_refused_before_anything),
        cmocka_unit_test(the_number_of_operations_is_limited),
        cmocka_unit_test(copies_of_copies_are_limited),
        cmocka_unit_test(long_ways_are_limited),
        cmocka_unit_test(the_result_is_no_deeper_than_a_text_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
