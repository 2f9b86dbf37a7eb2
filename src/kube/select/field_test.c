// SPDX-License-Identifier: Apache-2.0
#include "kube/select/field.h"

#include "kube/patch/tree_test.h"

static const char event[] = "{\"metadata\":{\"name\":\"e.1\",\"namespace\":\"n\"},\"involvedObject\":{\"kind\":\"Pod\","
                            "\"name\":\"p\",\"uid\":\"u,=\\\\\"},"
                            "\"reason\":\"Failed\",\"type\":\"Warning\",\"reportingComponent\":\"r\",\"source\":{}}";

static err_t parsed(struct arena *arena, const char *group, const char *kind, const char *text,
                    struct field_selector *ret_selector, const char **ret_text)
{
    return field_selector_parse(arena, bytes_of_text(text), field_labels_of(bytes_of_text(group), bytes_of_text(kind)),
                                ret_selector, ret_text);
}

static void fields_select(void **state)
{
    (void)state;
    static const struct {
        const char *selector;
        bool matches;
    } rows[] = {
        { "", true },
        { ",", true },
        { "=", true },
        { "metadata.name=e.1", true },
        { "metadata.name==e.1,metadata.namespace=n", true },
        { "metadata.name=e.1,metadata.namespace=m", false },
        { "metadata.name!=e.1", false },
        { "metadata.namespace!=m,", true },
        { "involvedObject.kind=Pod,involvedObject.name=p", true },
        { "involvedObject.uid=u\\,\\=\\\\", true },
        { "involvedObject.uid!=u\\,\\=\\\\", false },
        { "involvedObject.fieldPath=", true },
        { "involvedObject.fieldPath!=", false },
        { "involvedObject.apiVersion=v1", false },
        { "type!=Normal,reason=Failed", true },
        { "source=r", true }, // reportingComponent stands in
        { "reportingComponent=r", true },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_selector selector;
        const char *text = NULL;
        if (parsed(&arena, "", "Event", rows[i].selector, &selector, &text) != ERR_OK)
            fail_msg("%s: %s", rows[i].selector, text);
        if (field_selector_matches(&selector, tree(&arena, event)) != rows[i].matches)
            fail_msg("%s", rows[i].selector);
    }
    arena_free(&arena);
}

static void each_kind_has_a_table_of_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *group, *kind, *selector, *object;
    } rows[] = {
        { "", "Secret", "type=Opaque", "{\"type\":\"Opaque\"}" },
        { "", "Namespace", "status.phase=Active,name=x",
          "{\"metadata\":{\"name\":\"x\"},\"status\":{\"phase\":\"Active\"}}" },
        { "", "Pod", "spec.nodeName=,status.phase!=Failed", "{\"spec\":{},\"status\":{\"phase\":\"Running\"}}" },
        { "batch", "Job", "status.successful=3", "{\"status\":{\"succeeded\":3}}" },
        { "apps", "ReplicaSet", "status.replicas=0", "{\"status\":{\"replicas\":0}}" },
        { "events.k8s.io", "Event", "regarding.name=p,source=c",
          "{\"regarding\":{\"name\":\"p\"},\"reportingController\":\"c\"}" },
        { "eventing.knative.dev", "Broker", "metadata.name=default", "{\"metadata\":{\"name\":\"default\"}}" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_selector selector;
        const char *text = NULL;
        assert_int_equal(parsed(&arena, rows[i].group, rows[i].kind, rows[i].selector, &selector, &text), ERR_OK);
        assert_true(field_selector_matches(&selector, tree(&arena, rows[i].object)));
        assert_false(field_selector_matches(&selector, tree(&arena, "{\"spec\":{\"nodeName\":\"n\"}}")));
    }
    arena_free(&arena);
}

static void tables_may_come_from_a_definition(void **state)
{
    (void)state;
    static const struct field_label labels[] = { { "spec.paused", "spec.paused", NULL }, { NULL, NULL, NULL } };
    struct arena arena = ARENA_INIT;
    struct field_selector selector;
    const char *text = NULL;
    assert_int_equal(field_selector_parse(&arena, BYTES_LITERAL("spec.paused=true"), labels, &selector, &text), ERR_OK);
    assert_true(field_selector_matches(&selector, tree(&arena, "{\"spec\":{\"paused\":true}}")));
    assert_false(field_selector_matches(&selector, tree(&arena, "{\"spec\":{\"paused\":false}}")));
    assert_false(field_selector_matches(&selector, tree(&arena, "{\"spec\":{\"paused\":{}}}")));
    assert_false(field_selector_matches(&selector, tree(&arena, "{\"spec\":[]}")));
    arena_free(&arena);
}

static void selectors_are_refused_in_kube_apiservers_words(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "spec.x=1", "field label not supported: spec.x" },
        { "involvedObject.name=p", "field label not supported: involvedObject.name" },
        { "metadata.name=a,=b", "field label not supported: " },
        { "metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'" },
        { "spec.x=1,foo", "invalid selector: 'spec.x=1,foo'; can't understand 'foo'" },
        { "b,a", "invalid selector: 'b,a'; can't understand 'a'" },
        { "metadata.name=a=b", "invalid field selector: unescaped character in value: 61" },
        { "metadata.name=a\\", "invalid field selector: invalid escape sequence: \\" },
        { "metadata.name=\\n", "invalid field selector: invalid escape sequence: \\n" },
        { "metadata.name=\\\xc3\xa4x", "invalid field selector: invalid escape sequence: \\\xc3\xa4" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field_selector selector;
        const char *text = NULL;
        assert_int_equal(parsed(&arena, "eventing.knative.dev", "Broker", rows[i][0], &selector, &text), ERR_INVALID);
        assert_string_equal(text, rows[i][1]);
    }
    arena_free(&arena);
}

static void an_exact_value_is_known(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct field_selector selector;
    const char *text = NULL;
    bytes_t value = BYTES_NULL;
    assert_int_equal(parsed(&arena, "", "Event", "type!=x,metadata.name=a\\,b", &selector, &text), ERR_OK);
    assert_true(field_selector_exact(&selector, "metadata.name", &value));
    assert_true(bytes_is(value, "a,b"));
    assert_false(field_selector_exact(&selector, "type", &value));
    assert_false(field_selector_exact(&selector, "metadata.namespace", &value));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_select),
        cmocka_unit_test(each_kind_has_a_table_of_its_own),
        cmocka_unit_test(tables_may_come_from_a_definition),
        cmocka_unit_test(selectors_are_refused_in_kube_apiservers_words),
        cmocka_unit_test(an_exact_value_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
