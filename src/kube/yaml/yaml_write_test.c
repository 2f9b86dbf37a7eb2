// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_write.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/yaml/yaml_read.h"
#include "kube/yaml/yaml_write_cases.h"

#include "base/test.h"

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, NULL);
    assert_int_equal(err, ERR_OK);
    return value;
}

static const char *written(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    yaml_write(&out, value);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void expect(const char *json, const char *yaml)
{
    struct arena arena = ARENA_INIT;
    assert_string_equal(written(&arena, parsed(&arena, json)), yaml);
    arena_free(&arena);
}

static void expect_the_same_back(const char *json)
{
    static const struct yaml_limits limits = { .size = 1 << 20, .values = 100000, .documents = 1 };
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    struct json_value *value = parsed(&arena, json);
    const char *yaml = written(&arena, value);
    err_t err = yaml_read(bytes_of_text(yaml), &limits, &arena, &stream, &diag);
    if (err != ERR_OK || stream.count != 1 || !json_equal(stream.documents[0], value))
        fail_msg("%s became\n%s%s %s", json, yaml, diag.where, diag.text);
    arena_free(&arena);
}

static void scalars_look_as_kubectl_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_write_scalar_cases); i++)
        expect(yaml_write_scalar_cases[i].json, yaml_write_scalar_cases[i].yaml);
}

static void documents_look_as_kubectl_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_write_document_cases); i++)
        expect(yaml_write_document_cases[i].json, yaml_write_document_cases[i].yaml);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_write_scalar_cases); i++)
        expect_the_same_back(yaml_write_scalar_cases[i].json);
    for (size_t i = 0; i < ARRAY_COUNT(yaml_write_document_cases); i++)
        expect_the_same_back(yaml_write_document_cases[i].json);
}

// Where kubectl's output would be read as something else.
static void texts_that_kubectl_would_lose_are_kept(void **state)
{
    (void)state;
    expect("{\"<<\":{\"a\":\"<<\"}}", "\"<<\":\n  a: <<\n");
    expect("{\"a\":\"x\\u2028y\",\"b\":\"\\u0085\\n\",\"c\":\"\\u007f\"}",
           "a: \"x\\Ly\"\nb: \"\\N\\n\"\nc: \"\\x7F\"\n");
    expect_the_same_back("{\"<<\":{\"a\":\"<<\"},\"b\":\"\\n\\u2028 \\u2029\\n\",\"\\u2028\":\"\\u0085\"}");
}

// kubectl 1.33 in front of a real kube-apiserver: get trigger t1 -o yaml.
static void a_recorded_object_looks_the_same(void **state)
{
    (void)state;
    expect(
        "{\"kind\":\"Trigger\",\"apiVersion\":\"eventing.knative.dev/v1\",\"metadata\":{\"name\":\"t1\",\"namespace\":"
        "\"default\",\"uid\":\"3a9a672a-054a-4440-8533-6065ab324d29\",\"resourceVersion\":\"594\",\"generation\":2,"
        "\"creationTimestamp\":\"2026-11-22T09:09:56Z\",\"annotations\":{"
        "\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"apiVersion\\\":\\\"eventing.knative.dev/v1\\\","
        "\\\"kind\\\":\\\"Trigger\\\"}\\n\"},\"labels\":{\"x\":\"y\"}}}",
        "apiVersion: eventing.knative.dev/v1\n"
        "kind: Trigger\n"
        "metadata:\n"
        "  annotations:\n"
        "    kubectl.kubernetes.io/last-applied-configuration: |\n"
        "      {\"apiVersion\":\"eventing.knative.dev/v1\",\"kind\":\"Trigger\"}\n"
        "  creationTimestamp: \"2026-11-22T09:09:56Z\"\n"
        "  generation: 2\n"
        "  labels:\n"
        "    x: \"y\"\n"
        "  name: t1\n"
        "  namespace: default\n"
        "  resourceVersion: \"594\"\n"
        "  uid: 3a9a672a-054a-4440-8533-6065ab324d29\n");
}

static void roots_of_all_types_are_written(void **state)
{
    (void)state;
    expect("null", "null\n");
    expect("true", "true\n");
    expect("\"a\\nb\"", "|-\n  a\n  b\n");
    expect("[]", "[]\n");
    expect("[[1,[{}]],{\"a\":[]}]", "- - 1\n  - - {}\n- a: []\n");
    expect("[1e999,-1e999]", "- .inf\n- -.inf\n");
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_string_equal(written(&arena, json_new_bytes(&arena, BYTES_LITERAL("a\xff"))), "a\xef\xbf\xbd\n");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_look_as_kubectl_prints_them), cmocka_unit_test(documents_look_as_kubectl_prints_them),
        cmocka_unit_test(what_is_written_is_read_again),       cmocka_unit_test(texts_that_kubectl_would_lose_are_kept),
        cmocka_unit_test(a_recorded_object_looks_the_same),    cmocka_unit_test(roots_of_all_types_are_written),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
