// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_read.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/yaml/yaml_read_cases.h"

#include "base/test.h"

static const struct yaml_limits wide = { .size = 1 << 20, .values = 100000, .repeated = 10000, .documents = 1000 };

static struct yaml_stream read_ok(struct arena *arena, const char *text)
{
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    err_t err = yaml_read(bytes_of_text(text), &wide, arena, &stream, &diag);
    if (err != ERR_OK)
        fail_msg("%s\n%s: %s", text, diag.where, diag.text);
    return stream;
}

static void expect_tree(struct arena *arena, const struct json_value *value, const char *json)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *expected = NULL;
    err_t err = json_parse(bytes_of_text(json), &limits, arena, &expected, NULL);
    assert_int_equal(err, ERR_OK);
    if (json_equal(value, expected))
        return;
    struct writer out = WRITER_INIT;
    struct json_writer writer = json_writer_of(&out);
    json_value_write(&writer, value);
    fail_msg("%.*s instead of %s", BYTES_ARG(writer_view(&out)), json);
}

static void expect(const char *yaml, const char *json)
{
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = read_ok(&arena, yaml);
    assert_int_equal(stream.count, 1);
    expect_tree(&arena, stream.documents[0], json);
    arena_free(&arena);
}

static void expect_error_within(const struct yaml_limits *limits, const char *yaml, err_t err, const char *where,
                                const char *text)
{
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    err_t got = yaml_read(bytes_of_text(yaml), limits, &arena, &stream, &diag);
    assert_int_equal(got, err);
    assert_string_equal(diag.where, where);
    assert_string_equal(diag.text, text);
    assert_int_equal(stream.count, 0);
    arena_free(&arena);
}

static void expect_error(const char *yaml, err_t err, const char *where, const char *text)
{
    expect_error_within(&wide, yaml, err, where, text);
}

// --- what kubectl reads

static void run_case(const struct yaml_case *row)
{
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = { 0 };
    diag_t diag = { 0 };
    err_t err = yaml_read(bytes_of_text(row->yaml), &wide, &arena, &stream, &diag);
    if ((err == ERR_OK) != (row->json != NULL))
        fail_msg("%s\n%s %s: %s", row->yaml, err_name(err), diag.where, diag.text);
    const char *line = row->json == NULL ? "" : row->json;
    for (size_t i = 0; err == ERR_OK && i < stream.count; i++) {
        size_t size = strcspn(line, "\n");
        assert_true(size > 0);
        expect_tree(&arena, stream.documents[i], arena_text(&arena, bytes_of(line, size)));
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    assert_string_equal(line, "");
    arena_free(&arena);
}

static void scalars_have_the_types_that_kubectl_gives_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_scalar_cases); i++)
        run_case(&yaml_scalar_cases[i]);
}

static void documents_are_the_trees_that_kubectl_makes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_document_cases); i++) {
        if (yaml_document_cases[i].json != NULL)
            run_case(&yaml_document_cases[i]);
    }
}

static void what_kubectl_refuses_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(yaml_document_cases); i++) {
        struct arena arena = ARENA_INIT;
        struct yaml_stream stream;
        diag_t diag = { 0 };
        if (yaml_document_cases[i].json != NULL)
            continue;
        err_t err = yaml_read(bytes_of_text(yaml_document_cases[i].yaml), &wide, &arena, &stream, &diag);
        assert_true(err == ERR_MALFORMED || err == ERR_INVALID);
        assert_true(strncmp(diag.where, "line ", 5) == 0);
        arena_free(&arena);
    }
}

static void a_manifest_is_read(void **state)
{
    (void)state;
    expect("# A trigger.\n"
           "apiVersion: eventing.knative.dev/v1\n"
           "kind: Trigger\n"
           "metadata:\n"
           "  name: t1\n"
           "  annotations:\n"
           "    \"on\": \"yes\"\n"
           "spec:\n"
           "  broker: default\n"
           "  filters:\n"
           "  - any:\n"
           "      - exact: {type: a.b}\n"
           "      - cesql: |\n"
           "          type = 'x'\n"
           "            AND n > 1\n"
           "  subscriber:\n"
           "    uri: http://127.0.0.1:9/x\n",
           "{\"apiVersion\":\"eventing.knative.dev/v1\",\"kind\":\"Trigger\",\"metadata\":{\"name\":\"t1\","
           "\"annotations\":{\"on\":\"yes\"}},\"spec\":{\"broker\":\"default\",\"filters\":[{\"any\":[{\"exact\":{"
           "\"type\":\"a.b\"}},{\"cesql\":\"type = 'x'\\n  AND n > 1\\n\"}]}],\"subscriber\":{\"uri\":"
           "\"http://127.0.0.1:9/x\"}}}");
}

static void documents_without_content_are_left_out(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = read_ok(&arena, "# one\n---\na: 1\n---\n# nothing\n---\n~\n--- # more\nb: 2\n---\n");
    assert_int_equal(stream.count, 2);
    expect_tree(&arena, stream.documents[0], "{\"a\":1}");
    expect_tree(&arena, stream.documents[1], "{\"b\":2}");
    assert_int_equal(read_ok(&arena, "").count, 0);
    assert_int_equal(read_ok(&arena, " \n\n# x\n").count, 0);
    assert_int_equal(read_ok(&arena, "---\n---\n").count, 0);
    arena_free(&arena);
}

static void bom_and_windows_line_ends_are_taken(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf"
           "a: 1\r\nb: |\r\n  x\r\n  y\r\nc: \"d\"\r\n",
           "{\"a\":1,\"b\":\"x\\ny\\n\",\"c\":\"d\"}");
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    expect("a: |\n  x", "{\"a\":\"x\\n\"}");
    expect("a: |-\n  x", "{\"a\":\"x\"}");
    expect("a: 1", "{\"a\":1}");
}

// --- JSON

static void json_is_read_as_json(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = read_ok(&arena, " {\"a\":\"\\ud83d\\ude00\\/\"}\n{\"b\":[1,\"}\\\"{\"]}{\"c\":1.50}\n");
    assert_int_equal(stream.count, 3);
    expect_tree(&arena, stream.documents[0], "{\"a\":\"\xf0\x9f\x98\x80/\"}");
    expect_tree(&arena, stream.documents[1], "{\"b\":[1,\"}\\\"{\"]}");
    expect_tree(&arena, stream.documents[2], "{\"c\":1.5}");
    arena_free(&arena);
}

static void a_text_that_stops_being_json_is_yaml(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = read_ok(&arena, "{\"a\":1}\n---\nb: 2\n---\n{c: yes, d: }\n");
    assert_int_equal(stream.count, 3);
    expect_tree(&arena, stream.documents[1], "{\"b\":2}");
    expect_tree(&arena, stream.documents[2], "{\"c\":true,\"d\":null}");
    arena_free(&arena);
    expect("{a: 1, 'b': [x, # comment\n z,]}\n", "{\"a\":1,\"b\":[\"x\",\"z\"]}");
    expect_error(
        "{\"a\":1}\n{\"b\":1,\n\"c\" 2}\n", ERR_MALFORMED, "line 3 column 5",
        "this is not YAML: did not find expected ',' or '}' while parsing a flow mapping that starts in line 2");
}

// --- keys

static void keys_become_strings(void **state)
{
    (void)state;
    expect("1: a\n0x10: b\n1.50: c\n1e3: d\nyes: e\n2026-01-02: f\n\"2\": g\n123456789.5: h\n.inf: i\n",
           "{\"1\":\"a\",\"16\":\"b\",\"1.5\":\"c\",\"1000\":\"d\",\"true\":\"e\",\"2026-01-02\":\"f\",\"2\":\"g\","
           "\"1.2345679e+08\":\"h\",\".inf\":\"i\"}");
    expect("a: &x k\nb: &y 5\n*x : 1\n*y : 2\n", "{\"a\":\"k\",\"b\":5,\"k\":1,\"5\":2}");
    expect_error("a: 1\n~: 2\n", ERR_INVALID, "line 2 column 1", "null cannot be a key");
    expect_error("a: 1\n? [b]\n: 2\n", ERR_INVALID, "line 2 column 3", "a list or a map cannot be a key");
}

static void a_key_that_stands_twice_is_an_error(void **state)
{
    (void)state;
    const char *text = "key \"name\" already set in map";
    expect_error("a:\n  name: 1\n  b: 2\n  name: 3\n", ERR_INVALID, "line 4 column 3", text);
    expect_error("a: 1\n---\n\n{name: 1, name: 2}\n", ERR_INVALID, "line 4 column 11", text);
    expect_error("{\"a\":{\n \"name\":1, \"name\":2}}", ERR_INVALID, "line 2 column 12", text);
    expect_error("1: a\n\"1\": b\n", ERR_INVALID, "line 2 column 1", "key \"1\" already set in map");
}

// --- anchors

static void aliases_repeat_values(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct yaml_stream stream = read_ok(&arena, "a: &x [1, {b: 2}]\nc: *x\nd: &x 5\ne: *x\n");
    struct json_value *root = stream.documents[0];
    expect_tree(&arena, root, "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":5,\"e\":5}");
    json_unset(json_at(json_find(root, BYTES_LITERAL("a")), 1), BYTES_LITERAL("b")); // they share nothing
    expect_tree(&arena, json_find(root, BYTES_LITERAL("c")), "[1,{\"b\":2}]");
    arena_free(&arena);
    expect_error("a: *x\n", ERR_INVALID, "line 1 column 4", "unknown anchor 'x' referenced");
    expect_error("a: &x 1\n---\nb: *x\n", ERR_INVALID, "line 3 column 4", "unknown anchor 'x' referenced");
    expect_error("a: &x\n  b: *x\n", ERR_INVALID, "line 2 column 6", "anchor 'x' value contains itself");
}

static void merge_keys_bring_members(void **state)
{
    (void)state;
    const char *base = "a: &a {x: 1, v: 2}\nb: &b {x: 3, z: 4}\n";
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "c: {<<: *a, v: 5}", "{\"x\":1,\"v\":5}" },
        { "c: {v: 5, <<: *a}", "{\"x\":1,\"v\":2}" },
        { "c: {<<: [*a, *b], w: 0}", "{\"x\":1,\"v\":2,\"z\":4,\"w\":0}" },
        { "c: {<<: {p: 1}, q: 2}", "{\"p\":1,\"q\":2}" },
        { "c: {<<: *a, <<: *b}", "{\"x\":3,\"v\":2,\"z\":4}" },
        { "c: {\"<<\": 1}", "{\"<<\":1}" },
        { "c: {<<: &n {p: 1}, q: *n}", "{\"p\":1,\"q\":{\"p\":1}}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = ARENA_INIT;
        struct yaml_stream stream = read_ok(&arena, arena_format(&arena, "%s%s\n", base, cases[i].yaml));
        expect_tree(&arena, json_get(stream.documents[0], "c"), cases[i].json);
        expect_tree(&arena, json_get(stream.documents[0], "a"), "{\"x\":1,\"v\":2}");
        arena_free(&arena);
    }
    expect_error("a: {<<: 5}\n", ERR_INVALID, "line 1 column 9", "<< takes a map or a list of maps");
}

// --- limits

static void tags_are_obeyed(void **state)
{
    (void)state;
    expect("[!!str 5, !!int \"5\", !!float 5, !!bool \"yes\", !!null \"\", !x 5, !!binary \"w6kA/w==\"]\n",
           "[\"5\",5,5,true,null,\"5\",\"\xc3\xa9\\u0000\xef\xbf\xbd\"]");
    expect_error("a: !!int x\n", ERR_INVALID, "line 1 column 4", "cannot decode !!str `x` as a !!int");
    expect_error("a: !!binary \"*\"\n", ERR_INVALID, "line 1 column 4", "!!binary value contains invalid base64 data");
    expect_error("a:\n  - .nan\n", ERR_INVALID, "line 2 column 5", ".nan is not a number that JSON has");
}

static void limits_hold(void **state)
{
    (void)state;
    struct yaml_limits limits = { .size = 60, .values = 6, .repeated = 3, .documents = 2 };
    expect_error_within(&limits, "a: 1\n# 45678901234567890123456789012345678901234567890123456789\n", ERR_TOO_LARGE,
                        "line 1 column 1", "the text is longer than is allowed");
    expect_error_within(&limits, "[1, 2, 3, 4, 5,\n6]\n", ERR_TOO_LARGE, "line 2 column 1",
                        "the text holds more than the 6 values that are allowed");
    expect_error_within(&limits, "[&a 1, *a, *a, *a, *a]\n", ERR_TOO_LARGE, "line 1 column 20",
                        "aliases repeat more than the 3 values that are allowed");
    expect_error_within(&limits, "a: 1\n---\n- b\n---\nc\n", ERR_TOO_LARGE, "line 5 column 1",
                        "there are more documents than are allowed");
    expect_error_within(&limits, "{\"a\":1}{\"a\":1}\n{}", ERR_TOO_LARGE, "line 2 column 1",
                        "there are more documents than are allowed");
    expect_error_within(&limits, "{\"a\":[1,2,3]}\n {\"a\":1}", ERR_TOO_LARGE, "line 2 column 2",
                        "the text holds more values than are allowed");
}

// Nine times nine and so on, and depth that aliases add up.
static void aliases_cannot_blow_up(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    writer_text(&out, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    char line[128];
    for (int i = 1; i < 9; i++) {
        (void)snprintf(line, sizeof line, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1,
                       i - 1);
        writer_text(&out, line);
    }
    writer_u8(&out, 0);
    expect_error((const char *)out.buf->data, ERR_TOO_LARGE, "line 6 column 10",
                 "aliases repeat more than the 10000 values that are allowed");
    writer_reset(&out);
    writer_text(&out, "a0: &a0 [x]\n");
    for (int i = 1; i < 70; i++) {
        (void)snprintf(line, sizeof line, "a%d: &a%d [*a%d]\n", i, i, i - 1);
        writer_text(&out, line);
    }
    writer_u8(&out, 0);
    expect_error((const char *)out.buf->data, ERR_TOO_LARGE, "line 64 column 12",
                 "lists and maps are nested deeper than is allowed");
    writer_free(&out);
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[200];
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    text[130] = '\0';
    expect_error(text, ERR_TOO_LARGE, "line 1 column 65", "lists and maps are nested deeper than is allowed");
    text[129] = '\0';
    struct arena arena = ARENA_INIT;
    assert_int_equal(read_ok(&arena, text + 1).count, 1);
    arena_free(&arena);
}

// --- errors

static void errors_say_where_and_what(void **state)
{
    (void)state;
    expect_error("a: 1\n\tb: 2\n", ERR_MALFORMED, "line 2 column 1",
                 "this is not YAML: a tab in front, where spaces are expected");
    expect_error("a:\n  b: 1\n c: 2\n", ERR_MALFORMED, "line 3 column 2",
                 "this is not YAML: did not find expected key while parsing a block mapping that starts in line 1");
    expect_error("a: b: c\n", ERR_MALFORMED, "line 1 column 5",
                 "this is not YAML: mapping values are not allowed in this context");
    expect_error("a: 1\nb: \xff\n", ERR_MALFORMED, "line 2 column 4", "this is not YAML: invalid leading UTF-8 octet");
    expect_error(
        "a: \"x\n", ERR_MALFORMED, "line 2 column 1",
        "this is not YAML: found unexpected end of stream while scanning a quoted scalar that starts in line 1");
}

// --- places

static void expect_place(const char *text, size_t index, const char *path, size_t line, size_t column, bool exact)
{
    struct yaml_place place = { 0 };
    if (!yaml_locate(bytes_of_text(text), &wide, index, path, &place))
        fail_msg("%s: no such document", path);
    if (place.line != line || place.column != column || place.exact != exact)
        fail_msg("%s: line %zu column %zu %s", path, place.line, place.column, place.exact ? "exactly" : "about");
}

static void values_are_found_by_their_paths(void **state)
{
    (void)state;
    const char *text = "---\n"
                       "metadata:\n"
                       "  annotations: {example.com/a: b}\n"
                       "spec:\n"
                       "  triggers:\n"
                       "  - filter: x\n"
                       "  - filter:\n"
                       "      type: y\n"
                       "---\n"
                       "# nothing\n"
                       "---\n"
                       "  {\"a\": [1,\n"
                       "    2]}\n";
    expect_place(text, 0, "", 2, 1, true);
    expect_place(text, 0, "spec", 4, 1, true);
    expect_place(text, 0, "spec.triggers[0].filter", 6, 5, true);
    expect_place(text, 0, "spec.triggers[1]", 7, 5, true);
    expect_place(text, 0, "spec.triggers[1].filter.type", 8, 7, true);
    expect_place(text, 0, "spec.triggers[1].filter.source", 7, 5, false);
    expect_place(text, 0, "spec.triggers[2].filter", 5, 3, false);
    expect_place(text, 0, "metadata.annotations[example.com/a]", 3, 17, true);
    expect_place(text, 0, "metadata.annotations.example.com/a", 3, 17, true);
    expect_place(text, 1, "a[1]", 13, 5, true);
    struct yaml_place place;
    assert_false(yaml_locate(bytes_of_text(text), &wide, 2, "", &place));
}

static void values_in_json_are_found_as_well(void **state)
{
    (void)state;
    const char *text = "{\"a\":1}\n{\"spec\":{\n  \"x\":[true,{\"y\":5}]}}\n{\"z\":\"\\ud83d\\ude00\"}\n---\nb: 2\n";
    expect_place(text, 0, "a", 1, 2, true);
    expect_place(text, 1, "spec.x[1].y", 3, 14, true);
    expect_place(text, 2, "z", 4, 1, false); // in two halves: no YAML
    expect_place(text, 3, "b", 6, 1, true);
    expect_place("{a: 1}\n...\n---\n{b: 2}\n", 1, "b", 4, 2, true); // looks like JSON only
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_have_the_types_that_kubectl_gives_them),
        cmocka_unit_test(documents_are_the_trees_that_kubectl_makes),
        cmocka_unit_test(what_kubectl_refuses_is_refused),
        cmocka_unit_test(a_manifest_is_read),
        cmocka_unit_test(documents_without_content_are_left_out),
        cmocka_unit_test(bom_and_windows_line_ends_are_taken),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(json_is_read_as_json),
        cmocka_unit_test(a_text_that_stops_being_json_is_yaml),
        cmocka_unit_test(keys_become_strings),
        cmocka_unit_test(a_key_that_stands_twice_is_an_error),
        cmocka_unit_test(aliases_repeat_values),
        cmocka_unit_test(merge_keys_bring_members),
        cmocka_unit_test(tags_are_obeyed),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(aliases_cannot_blow_up),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(errors_say_where_and_what),
        cmocka_unit_test(values_are_found_by_their_paths),
        cmocka_unit_test(values_in_json_are_found_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
