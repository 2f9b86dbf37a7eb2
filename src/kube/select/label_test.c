// SPDX-License-Identifier: Apache-2.0
#include "kube/select/label.h"

#include "kube/patch/tree_test.h"

// Each selector is tried on these; a row says which match, as a string of digits.
static const char *const labels[] = {
    "{}",
    "{\"app\":\"web\"}",
    "{\"app\":\"\"}",
    "{\"app\":\"db\",\"tier\":\"a\"}",
    "{\"n\":\"5\",\"example.com/x\":\"y\"}",
    "{\"in\":\"in\",\"notin\":\"web\",\"n\":\"x\"}",
};

struct row {
    const char *selector, *matches;
};

static void expect_matches(struct arena *arena, const struct label_selector *selector, const struct row *row)
{
    char matched[sizeof labels / sizeof labels[0] + 1] = "", *at = matched;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (label_selector_matches(selector, tree(arena, labels[i])))
            *at++ = (char)('0' + i);
    }
    if (strcmp(matched, row->matches) != 0)
        fail_msg("%s matches %s, not %s", row->selector, matched, row->matches);
    // No labels at all are like an object without any.
    assert_true(label_selector_matches(selector, NULL) == (matched[0] == '0'));
}

static void texts_select(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "", "012345" },
        { " \t", "012345" },
        { "app=web", "1" },
        { "app==web", "1" },
        { " app = web ", "1" },
        { "app=", "2" },
        { "app=,n=5", "" },
        { "app!=web", "02345" },
        { "app!=", "01345" },
        { "app in (web,db)", "13" },
        { "app in (db, web , db)", "13" },
        { "app in (web,)", "12" },
        { "app in (,)", "2" },
        { "app in ()", "2" },
        { "app in (web,,db)", "123" },
        { "app notin (web,db)", "0245" },
        { "app notin ()", "01345" },
        { "app", "123" },
        { "!app", "045" },
        { "! app", "045" },
        { "app,tier", "3" },
        { "app,!tier,app!=web", "2" },
        { "example.com/x=y", "4" },
        { "n>4", "4" },
        { "n>5", "" },
        { "n<6", "4" },
        { "n < 0", "" },
        { "in in (in)", "5" },
        { "in=in", "5" },
        { "notin notin (web)", "01234" },
        { "notin", "5" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct label_selector selector;
        const char *text = NULL;
        if (label_selector_parse(&arena, bytes_of_text(rows[i].selector), &selector, &text) != ERR_OK)
            fail_msg("%s: %s", rows[i].selector, text);
        expect_matches(&arena, &selector, &rows[i]);
    }
    arena_free(&arena);
}

#define NOT_NAME                                                                                                       \
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " \
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "                            \
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define NOT_VALUE                                                                                                      \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "    \
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "  \
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

static void texts_are_refused_in_kube_apiservers_words(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { ",", "found ',', expected: !, identifier, or 'end of string'" },
        { "(a)", "found '(', expected: !, identifier, or 'end of string'" },
        { "a,", "found '', expected: identifier after ','" },
        { "a,,b", "found ',', expected: identifier after ','" },
        { "a=b c", "found 'c', expected: ',' or 'end of string'" },
        { "!a=b", "found '=', expected: ',' or 'end of string'" },
        { "a==b=c", "found '=', expected: ',' or 'end of string'" },
        { "!", "unable to parse requirement: found '', expected: identifier" },
        { "!!a", "unable to parse requirement: found '!', expected: identifier" },
        { "a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
        { "a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt" },
        { "a in b", "unable to parse requirement: found 'b' expected: '('" },
        { "a in", "unable to parse requirement: found '' expected: '('" },
        { "a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier" },
        { "a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier" },
        { "a in (b", "unable to parse requirement: found '', expected: ',' or ')'" },
        { "a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'" },
        { "a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier" },
        { "a in (b,,)", "unable to parse requirement: found ')', expected: ',', or identifier" },
        { "a in (,", "unable to parse requirement: found '', expected: ',', or identifier" },
        { "a=(b)", "unable to parse requirement: found '(', expected: identifier" },
        { "a===b", "unable to parse requirement: found '=', expected: identifier" },
        { "a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value "
                 "must be an integer" },
        { "-=b", "unable to parse requirement: <nil>: Invalid value: \"-\": " NOT_NAME },
        { "a=-", "unable to parse requirement: values[0][a]: Invalid value: \"-\": " NOT_VALUE },
        { "a in (c,_,.)", "unable to parse requirement: [values[0][a]: Invalid value: \".\": " NOT_VALUE
                          ", values[1][a]: Invalid value: \"_\": " NOT_VALUE "]" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct label_selector selector;
        const char *text = NULL;
        assert_int_equal(label_selector_parse(&arena, bytes_of_text(rows[i][0]), &selector, &text), ERR_INVALID);
        assert_string_equal(text, rows[i][1]);
    }
    arena_free(&arena);
}

static void objects_select(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{}", "012345" },
        { "{\"matchLabels\":null,\"matchExpressions\":null}", "012345" },
        { "{\"matchLabels\":{\"app\":\"db\",\"tier\":\"a\"}}", "3" },
        { "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"web\",\"\",\"web\"]}]}", "12" },
        { "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"web\",\"db\"]}]}", "0245" },
        { "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Exists\"},{\"key\":\"tier\",\"operator\":"
          "\"DoesNotExist\",\"values\":[]}]}",
          "12" },
        { "{\"matchLabels\":{\"app\":\"db\"},\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"DoesNotExist\"}]}",
          "" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct label_selector selector;
        const char *text = NULL;
        if (label_selector_read(&arena, tree(&arena, rows[i].selector), &selector, &text) != ERR_OK)
            fail_msg("%s: %s", rows[i].selector, text);
        expect_matches(&arena, &selector, &rows[i]);
    }
    arena_free(&arena);
}

static void objects_are_refused_in_kube_apiservers_words(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"in\",\"values\":[\"b\"]}]}",
          "\"in\" is not a valid label selector operator" },
        { "{\"matchExpressions\":[{\"key\":\"a\"}]}", "\"\" is not a valid label selector operator" },
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
          "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty" },
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"c\",\"b\"]}]}",
          "values: Invalid value: [\"c\",\"b\"]: values set must be empty for exists and does not exist" },
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"c\",\"b\",\"-\"]}]}",
          "values[2][a]: Invalid value: \"-\": " NOT_VALUE },
        { "{\"matchExpressions\":[{\"key\":\"a b\",\"operator\":\"Exists\"}]}",
          "key: Invalid value: \"a b\": " NOT_NAME },
        { "{\"matchLabels\":{\"-\":\"b\"}}", "key: Invalid value: \"-\": " NOT_NAME },
        { "{\"matchLabels\":{\"a\":1}}",
          "json: cannot unmarshal number into Go struct field LabelSelector.matchLabels of type string" },
        { "{\"matchLabels\":[]}",
          "json: cannot unmarshal array into Go struct field LabelSelector.matchLabels of type map[string]string" },
        { "{\"matchExpressions\":{}}", "json: cannot unmarshal object into Go struct field "
                                       "LabelSelector.matchExpressions of type []v1.LabelSelectorRequirement" },
        { "{\"matchExpressions\":[\"a\"]}", "json: cannot unmarshal string into Go struct field "
                                            "LabelSelector.matchExpressions of type v1.LabelSelectorRequirement" },
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":\"b\"}]}",
          "json: cannot unmarshal string into Go struct field LabelSelector.matchExpressions.values of type []string" },
        { "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[1]}]}",
          "json: cannot unmarshal number into Go struct field LabelSelector.matchExpressions.values of type string" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct label_selector selector;
        const char *text = NULL;
        assert_int_equal(label_selector_read(&arena, tree(&arena, rows[i][0]), &selector, &text), ERR_INVALID);
        assert_string_equal(text, rows[i][1]);
    }
    arena_free(&arena);
}

// What a peer sends costs memory that its length bounds, also when everything in it is wrong.
static void a_long_wrong_selector_costs_little(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct arena arena = ARENA_INIT;
    struct json_value *object =
        tree(&arena, "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[]}]}");
    struct json_value *values =
        json_find(json_find(object, BYTES_LITERAL("matchExpressions"))->first, BYTES_LITERAL("values"));
    for (int i = 0; i < COUNT; i++)
        json_append(values, json_new_text(&arena, "-"));
    size_t before = arena.total;
    struct label_selector selector;
    const char *text = NULL;
    assert_int_equal(label_selector_read(&arena, object, &selector, &text), ERR_INVALID);
    assert_true(strlen(text) < 32768);
    assert_true(arena.total - before < 4 << 20);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_select),
        cmocka_unit_test(texts_are_refused_in_kube_apiservers_words),
        cmocka_unit_test(objects_select),
        cmocka_unit_test(objects_are_refused_in_kube_apiservers_words),
        cmocka_unit_test(a_long_wrong_selector_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
