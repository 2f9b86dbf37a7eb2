// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/trigger_rules.h"

#include "base/assert.h"
#include "base/test.h"
#include "eventing/kinds/testing.h"

static const char *object_of(const char *spec)
{
    return arena_format(&arena, "{\"metadata\":{\"name\":\"t\",\"namespace\":\"n\"},\"spec\":{%s}}", spec);
}

static void look_at(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    trigger_inspect(errors, object);
    trigger_check(errors, object, live);
}

static const char *of_spec(const char *spec, const char *live_spec)
{
    return complaints(look_at, object_of(spec), live_spec == NULL ? NULL : object_of(live_spec));
}

static const char *of_annotations(const char *broker, const char *annotations)
{
    return complaints(look_at,
                      arena_format(&arena,
                                   "{\"metadata\":{\"namespace\":\"n\",\"annotations\":{%s}},\"spec\":{\"broker\":"
                                   "\"%s\"}}",
                                   annotations, broker),
                      NULL);
}

static void gets_a_label_a_filter_and_namespaces(void **state)
{
    (void)state;
    assert_filled(
        trigger_fill,
        "{\"metadata\":{\"namespace\":\"n\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"broker\":\"b\","
        "\"subscriber\":{\"ref\":{\"kind\":\"Service\",\"name\":\"s\"}},"
        "\"delivery\":{\"deadLetterSink\":{\"ref\":{\"name\":\"d\",\"namespace\":\"other\"}}}}}",
        NULL,
        "{\"metadata\":{\"namespace\":\"n\",\"labels\":{\"a\":\"b\",\"eventing.knative.dev/broker\":\"b\"}},"
        "\"spec\":{\"broker\":\"b\","
        "\"subscriber\":{\"ref\":{\"kind\":\"Service\",\"name\":\"s\",\"namespace\":\"n\"}},"
        "\"delivery\":{\"deadLetterSink\":{\"ref\":{\"name\":\"d\",\"namespace\":\"other\"}}},\"filter\":{}}}");
}

static void takes_the_default_broker_where_none_is_named(void **state)
{
    (void)state;
    assert_filled(trigger_fill, "{\"metadata\":{},\"spec\":{\"filter\":{}}}", NULL,
                  "{\"metadata\":{\"annotations\":{\"eventing.knative.dev/injection\":\"enabled\"},"
                  "\"labels\":{\"eventing.knative.dev/broker\":\"default\"}},"
                  "\"spec\":{\"filter\":{},\"broker\":\"default\"}}");
    assert_filled(trigger_fill, "{\"metadata\":{},\"spec\":{\"brokerRef\":{\"name\":\"b\"}}}", NULL,
                  "{\"metadata\":{},\"spec\":{\"brokerRef\":{\"name\":\"b\"},\"filter\":{}}}");
}

static void says_that_it_takes_the_default_broker(void **state)
{
    static const struct {
        const char *spec;
        bool warns;
    } cases[] = {
        { "{}", true },
        { "{\"broker\":\"\"}", true },
        { "{\"broker\":\"default\"}", false },
        { "{\"brokerRef\":{\"name\":\"b\"}}", false },
        { "[]", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *text = trigger_warning(&arena, tree(arena_format(&arena, "{\"spec\":%s}", cases[i].spec)));
        assert_int_equal(text != NULL, cases[i].warns);
        assert_true(text == NULL || strstr(text, "takes \"default\"") != NULL);
    }
    assert_null(trigger_warning(&arena, tree("{}")));
}

static void leaves_alone_what_validation_will_refuse(void **state)
{
    static const char *const texts[] = {
        "{\"metadata\":{},\"spec\":[]}",
        "{\"metadata\":{}}",
        "{\"metadata\":[],\"spec\":{}}",
        "{\"metadata\":{\"labels\":1},\"spec\":{\"broker\":\"b\",\"filter\":1,\"subscriber\":1,\"delivery\":[]}}",
        "{\"metadata\":{},\"spec\":{\"broker\":1,\"filter\":{},\"subscriber\":{\"ref\":\"x\"}}}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_filled(trigger_fill, texts[i], NULL, texts[i]);
}

static void keeps_its_broker(void **state)
{
    (void)state;
    assert_string_equal(of_spec("\"broker\":\"a\"", "\"broker\":\"a\""), "");
    assert_string_equal(
        of_spec("\"broker\":\"b\"", "\"broker\":\"a\""),
        "spec.broker: Forbidden: the broker of a trigger cannot be changed: delete the trigger and make it anew");
    assert_non_null(strstr(of_spec("\"brokerRef\":{\"name\":\"b\"}", "\"brokerRef\":{\"name\":\"a\"}"),
                           "spec.brokerRef: Forbidden"));
    assert_string_equal(of_spec("\"broker\":\"a\",\"brokerRef\":{\"name\":\"a\"}", NULL),
                        "spec.brokerRef: Invalid value: expected exactly one, got both: spec.broker, spec.brokerRef");
}

static void takes_filters_of_any_depth(void **state)
{
    (void)state;
    assert_string_equal(
        of_spec("\"broker\":\"a\",\"filter\":{\"attributes\":{\"type\":\"\",\"a1\":\"x\"}},\"filters\":["
                "{},{\"exact\":{\"type\":\"x\"}},{\"all\":[]},{\"any\":[{\"not\":{\"all\":[{\"cesql\":"
                "\"TRUE\"},{\"suffix\":{\"subject\":\".jpg\"}}]}}]}]",
                NULL),
        "");
}

static void refuses_filters_with_the_path(void **state)
{
    static const struct {
        const char *filters, *complaint;
    } cases[] = {
        { "{\"exact\":{\"Type\":\"x\"}}",
          "spec.filters[0].exact[Type]: Invalid value: \"Type\": Attribute name must start with a letter and can only "
          "contain lowercase alphanumeric" },
        { "{\"exact\":{\"\":\"x\"}}",
          "spec.filters[0].exact[]: Invalid value: \"\": Attribute name must start with a letter and can only contain "
          "lowercase alphanumeric" },
        { "{\"all\":[{\"prefix\":{\"a\":\"x\"},\"cesql\":\"TRUE\"}]}",
          "spec.filters[0].all[0]: Invalid value: multiple dialects found, filters can have only one dialect set" },
        { "{\"not\":{\"any\":[{},{\"exact\":{\"a\":1}}]}}",
          "spec.filters[0].not.any[1].exact[a]: Invalid value: must be a text that is not empty" },
        { "{\"not\":{\"suffix\":{\"a\":\"\"}}}",
          "spec.filters[0].not.suffix[a]: Invalid value: must be a text that is not empty" },
        { "{\"not\":{\"regex\":{}}}", "spec.filters[0].not.regex: Invalid value: is no dialect of filters" },
        { "{\"not\":{\"not\":[]}}", "spec.filters[0].not.not: Invalid value: must be a filter" },
        { "{\"not\":{\"all\":{}}}", "spec.filters[0].not.all: Invalid value: must be a list of filters" },
        { "{\"not\":{\"exact\":[]}}",
          "spec.filters[0].not.exact: Invalid value: must be attributes with their values" },
        { "{\"not\":{\"cesql\":1}}",
          "spec.filters[0].not.cesql: Invalid value: must be an expression of CloudEvents SQL" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(of_spec(arena_format(&arena, "\"filters\":[%s]", cases[i].filters), NULL),
                            cases[i].complaint);
    assert_non_null(
        strstr(of_spec("\"filter\":{\"attributes\":{\"1a\":\"x\"}}", NULL), "spec.filter.attributes[1a]: "));
}

static void looks_at_its_annotations(void **state)
{
    (void)state;
    assert_string_equal(of_annotations("default", "\"eventing.knative.dev/injection\":\"enabled\""), "");
    assert_string_equal(of_annotations("default", "\"eventing.knative.dev/injection\":\"yes\""),
                        "metadata.annotations[eventing.knative.dev/injection]: Invalid value: The provided injection "
                        "annotation value can only be \"enabled\" or \"disabled\", not \"yes\"");
    assert_string_equal(of_annotations("b", "\"eventing.knative.dev/injection\":\"enabled\""),
                        "metadata.annotations[eventing.knative.dev/injection]: Invalid value: The provided injection "
                        "annotation is only used for default broker, but non-default broker specified here: \"b\"");
    assert_string_equal(of_annotations("b", "\"knative.dev/dependency\":\"{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":"
                                            "\\\"K\\\",\\\"name\\\":\\\"k\\\",\\\"namespace\\\":\\\"n\\\"}\""),
                        "");
    assert_string_equal(of_annotations("b", "\"knative.dev/dependency\":\"{\\\"kind\\\":\\\"K\\\",\\\"name\\\":"
                                            "\\\"k\\\",\\\"namespace\\\":\\\"m\\\"}\""),
                        "[metadata.annotations[knative.dev/dependency]: Invalid value: missing field(s): apiVersion, "
                        "metadata.annotations[knative.dev/dependency]: Invalid value: Namespace must be empty or equal "
                        "to the trigger namespace \"n\"]");
    assert_string_equal(
        of_annotations("b", "\"knative.dev/dependency\":\"x\""),
        "metadata.annotations[knative.dev/dependency]: Invalid value: The provided annotation was not a "
        "corev1.ObjectReference: \"x\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(gets_a_label_a_filter_and_namespaces, tear_down),
        cmocka_unit_test_teardown(takes_the_default_broker_where_none_is_named, tear_down),
        cmocka_unit_test_teardown(says_that_it_takes_the_default_broker, tear_down),
        cmocka_unit_test_teardown(leaves_alone_what_validation_will_refuse, tear_down),
        cmocka_unit_test_teardown(keeps_its_broker, tear_down),
        cmocka_unit_test_teardown(takes_filters_of_any_depth, tear_down),
        cmocka_unit_test_teardown(refuses_filters_with_the_path, tear_down),
        cmocka_unit_test_teardown(looks_at_its_annotations, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
