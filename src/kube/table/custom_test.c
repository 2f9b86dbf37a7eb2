// SPDX-License-Identifier: Apache-2.0
#include "kube/table/custom.h"

#include "base/assert.h"

#include "base/test.h"

static const char list[] =
    "{\"kind\":\"List\",\"items\":[{\"apiVersion\":\"eventing.knative.dev/"
    "v1\",\"kind\":\"Trigger\",\"metadata\":{\"name\":\"t1\",\"labels\":{\"b\":\"2\",\"a\":\"1\"}},\"spec\":{\"n\":5,"
    "\"f\":1000000,\"list\":[1,\"x\",null],\"obj\":{\"k\":[true],\"a\":{}},\"z\":null,\"text\":\"\\u001b[1m\"}},{"
    "\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a-long-name-of-a-pod\"},\"spec\":{\"list\":[]}}]}";

// What kubectl 1.33's own printer makes of the list, or its error: made by running it.
static const struct {
    const char *spec;
    bool fails;
    const char *text;
} cases[] = {
    { "NAME:metadata.name", false, "NAME\nt1\na-long-name-of-a-pod\n" },
    { "NAME:.metadata.name,N:{.spec.n},F:{spec.f}", false,
      "NAME                   N        F\nt1                     5        1000000\na-long-name-of-a-pod   <none>   "
      "<none>\n" },
    { "LABELS:.metadata.labels,LIST:.spec.list", false,
      "LABELS         LIST\nmap[a:1 b:2]   [1 x <nil>]\n<none>         []\n" },
    { "EACH:.spec.list[*],Z:.spec.z", false, "EACH        Z\n1,x,<nil>   <nil>\n<none>      <none>\n" },
    { "OBJ:.spec.obj,KIND:kind,LAST:.metadata.name", false,
      "OBJ                     KIND      LAST\nmap[a:map[] k:[true]]   Trigger   t1\n<none>                  Pod       "
      "a-long-name-of-a-pod\n" },
    { "T:.spec.text,E:", false, "T        E\n^[[1m    <none>\n<none>   <none>\n" },
    { "A:..name,B:.spec.nothing", false,
      "A                      B\nt1                     <none>\na-long-name-of-a-pod   <none>\n" },
    { "NAME", true, "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>" },
    { "A:{.a}{.b}", true,
      "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'" },
    { "A:.x[", true, "unterminated array" },
    { "A:.metadata[0]", true, "map[string]interface {} is not array or slice" },
    { "lower:.kind,:.apiVersion", false, "lower     \nTrigger   eventing.knative.dev/v1\nPod       v1\n" },
    { "A:{.kind", true,
      "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'" },
};

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, NULL);
    assert_int_equal(err, ERR_OK);
    return value;
}

static err_t print_columns(struct arena *arena, const char *spec, bool no_headers, struct writer *out, diag_t *diag)
{
    const struct custom_columns *columns = NULL;
    err_t err = custom_columns_compile(bytes_of_text(spec), arena, &columns, diag);
    return err != ERR_OK ? err : custom_columns_print(columns, parsed(arena, list), no_headers, out, diag);
}

static void custom_columns_look_as_kubectl_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = ARENA_INIT;
        struct writer out = WRITER_INIT;
        diag_t diag = { 0 };
        err_t err = print_columns(&arena, cases[i].spec, false, &out, &diag);
        assert_int_equal(err, cases[i].fails ? ERR_INVALID : ERR_OK);
        if (cases[i].fails)
            assert_int_equal(out.size, 0);
        writer_u8(&out, 0);
        assert_string_equal(cases[i].fails ? diag.text : (const char *)out.buf->data, cases[i].text);
        writer_free(&out);
        arena_free(&arena);
    }
}

static void headers_can_be_left_out(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    assert_int_equal(print_columns(&arena, "A:.kind,B:.metadata.name", true, &out, NULL), ERR_OK);
    writer_u8(&out, 0);
    assert_string_equal((const char *)out.buf->data, "Trigger   t1\nPod       a-long-name-of-a-pod\n");
    const struct custom_columns *columns;
    assert_int_equal(custom_columns_compile(bytes_of_text(""), &arena, &columns, NULL), ERR_INVALID);
    assert_int_equal(custom_columns_compile(bytes_of_text("A:.a,"), &arena, &columns, NULL), ERR_INVALID);
    writer_free(&out);
    arena_free(&arena);
}

static void expect_jsonpath(const char *template, bool as_json, const char *text)
{
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    diag_t diag = { 0 };
    err_t err = custom_jsonpath_print(bytes_of_text(template), parsed(&arena, list), as_json, &out, &diag);
    writer_u8(&out, 0);
    assert_string_equal(err == ERR_OK ? (const char *)out.buf->data : diag.text, text);
    writer_free(&out);
    arena_free(&arena);
}

static void templates_are_filled(void **state)
{
    (void)state;
    expect_jsonpath("{range .items[*]}{.kind}/{.metadata.name}{\"\\n\"}{end}", false,
                    "Trigger/t1\nPod/a-long-name-of-a-pod\n");
    expect_jsonpath("{.items[*].spec.n}{.nothing}", false, "5");
    expect_jsonpath("{.items[0].metadata.labels}", true,
                    "[\n    {\n        \"a\": \"1\",\n        \"b\": \"2\"\n    }\n]\n");
    expect_jsonpath("{.items[*].kind}{.nothing}", true, "[\n    \"Trigger\",\n    \"Pod\"\n]\n[]\n");
    expect_jsonpath("{.items[*].spec.list}", true,
                    "[\n    [\n        1,\n        \"x\",\n        null\n    ],\n    []\n]\n");
    expect_jsonpath("", false, "template format specified but no template given");
    expect_jsonpath("{.a[}", false, "unterminated array");
    expect_jsonpath("{.kind[0]}", false, "string is not array or slice");
}

static void names_have_their_kinds(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    diag_t diag = { 0 };
    assert_int_equal(custom_name_print(parsed(&arena, list), &out, NULL), ERR_OK);
    assert_int_equal(custom_name_print(parsed(&arena, "{\"kind\":\"Job\",\"apiVersion\":\"batch/v1\"}"), &out, NULL),
                     ERR_OK);
    assert_int_equal(
        custom_name_print(parsed(&arena, "{\"items\":[{\"kind\":\"A\",\"apiVersion\":\"v1\"},{\"kind\":\"B\"}]}"), &out,
                          &diag),
        ERR_INVALID);
    assert_string_equal(diag.text, "an object has no apiVersion or kind");
    writer_u8(&out, 0);
    assert_string_equal((const char *)out.buf->data,
                        "trigger.eventing.knative.dev/t1\npod/a-long-name-of-a-pod\njob.batch/<unknown>\n");
    writer_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(custom_columns_look_as_kubectl_prints_them),
        cmocka_unit_test(headers_can_be_left_out),
        cmocka_unit_test(templates_are_filled),
        cmocka_unit_test(names_have_their_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
