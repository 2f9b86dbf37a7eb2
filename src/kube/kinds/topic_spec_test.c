// SPDX-License-Identifier: Apache-2.0
#include "kube/kinds/topic_spec.h"

#include "base/test.h"
#include "kube/schema/field_error.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct json_value *tree(const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 20000 };
    struct json_value *value = NULL;
    assert_int_equal(json_parse(bytes_of_text(text), &limits, &arena, &value, NULL), ERR_OK);
    return value;
}

static const char *complaints(const char *object, const char *live)
{
    struct field_errors errors = field_errors_in(&arena);
    struct writer out = WRITER_INIT;
    topic_spec_check(&errors, tree(object), live == NULL ? NULL : tree(live));
    if (errors.count > 0)
        field_errors_write(&out, &errors);
    const char *text = arena_text(&arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void values_become_the_texts_that_kafka_has(void **state)
{
    static const char *const expected[] = { "compact", "604800000", "0.5", "true", "compact,delete", "", "" };
    struct topic_spec spec;
    (void)state;
    topic_spec_read(&spec,
                    tree("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"partitions\":3,\"replicas\":2,\"config\":{"
                         "\"a\":\"compact\",\"b\":604800000,\"c\":0.5,\"d\":true,\"x\":null,"
                         "\"e\":[\"compact\",\"delete\"],\"f\":\"\",\"g\":[]}}}"),
                    &arena);
    assert_int_equal(spec.partition_count, 3);
    assert_int_equal(spec.replica_count, 2);
    assert_true(bytes_is(spec.name, "a"));
    assert_int_equal(spec.config_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_non_null(spec.config_values[i].data);
        assert_true(bytes_is(spec.config_values[i], expected[i]));
    }
    topic_spec_read(&spec, tree("{\"metadata\":{\"name\":\"a\"},\"spec\":{\"topicName\":\"A_b\"}}"), &arena);
    assert_true(bytes_is(spec.name, "A_b"));
    assert_int_equal(spec.partition_count, 0);
    assert_int_equal(spec.config_count, 0);
}

static void values_that_are_none_are_refused(void **state)
{
    (void)state;
    assert_string_equal(complaints("{\"spec\":{\"config\":{\"a\":1,\"b\":null,\"c\":[1,\"x\",false]}}}", NULL), "");
    assert_string_equal(complaints("{\"spec\":{\"config\":{\"a.b\":{\"c\":1}}}}", NULL),
                        "spec.config[a.b]: Invalid value: must be a text, a number, true, false, or a list of these");
    assert_non_null(strstr(complaints("{\"spec\":{\"config\":{\"a\":[[1]]}}}", NULL), "spec.config[a]"));
    assert_non_null(strstr(complaints("{\"spec\":{\"config\":{\"a\":[null]}}}", NULL), "spec.config[a]"));
}

static void the_topic_of_a_resource_stays_the_same(void **state)
{
    static const char *const plain = "{\"metadata\":{\"name\":\"a\"},\"spec\":{}}";
    static const char *const named = "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"topicName\":\"a\"}}";
    static const char *const other = "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"topicName\":\"b\"}}";
    (void)state;
    assert_string_equal(complaints(other, NULL), "");
    assert_string_equal(complaints(named, plain), "");
    assert_string_equal(complaints(plain, named), "");
    assert_string_equal(complaints(other, plain), "spec.topicName: Invalid value: \"b\": field is immutable");
    assert_string_equal(complaints(plain, other), "spec.topicName: Invalid value: \"a\": field is immutable");
}

static void only_what_the_resource_set_is_reset(void **state)
{
    static const bytes_t names[] = { { (const uint8_t *)"same", 4 },
                                     { (const uint8_t *)"other", 5 },
                                     { (const uint8_t *)"left", 4 },
                                     { (const uint8_t *)"theirs", 6 } };
    static const bytes_t values[] = { { (const uint8_t *)"1", 1 },
                                      { (const uint8_t *)"1", 1 },
                                      { (const uint8_t *)"1", 1 },
                                      { (const uint8_t *)"1", 1 } };
    struct engine_topic found = { .config_names = names, .config_values = values, .config_count = ARRAY_COUNT(names) };
    struct topic_spec spec;
    bytes_t *change_names, *change_values;
    (void)state;
    topic_spec_read(&spec, tree("{\"spec\":{\"config\":{\"same\":\"1\",\"other\":2,\"new\":3}}}"), &arena);
    size_t count =
        topic_spec_changes(&spec, tree("[\"same\",\"left\",\"gone\"]"), &found, &arena, &change_names, &change_values);
    assert_int_equal(count, 3);
    assert_true(bytes_is(change_names[0], "other") && bytes_is(change_values[0], "2"));
    assert_true(bytes_is(change_names[1], "new") && bytes_is(change_values[1], "3"));
    assert_true(bytes_is(change_names[2], "left"));
    assert_null(change_values[2].data);
    assert_int_equal(topic_spec_changes(&spec, NULL, &found, &arena, &change_names, &change_values), 2);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_become_the_texts_that_kafka_has),
        TEST(values_that_are_none_are_refused),
        TEST(the_topic_of_a_resource_stays_the_same),
        TEST(only_what_the_resource_set_is_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
