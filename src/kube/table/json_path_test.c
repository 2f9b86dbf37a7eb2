// SPDX-License-Identifier: Apache-2.0
#include "kube/table/json_path.h"

#include "base/assert.h"
#include "base/json_edit.h"

#include "base/test.h"

#define TRIGGER                                                                                                        \
    "{\"kind\":\"Trigger\",\"metadata\":{\"name\":\"t1\",\"labels\":{\"a.b/"                                           \
    "c\":\"x\",\"app\":\"<web>\"}},\"spec\":{\"n\":5,\"f\":1.5,\"big\":1e21,\"e\":{},\"z\":null,\"on\":true},"         \
    "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"n\":1},{\"type\":\"Other\",\"status\":"     \
    "\"False\",\"n\":2},{\"type\":\"Third\",\"n\":3}]}}"
#define LIST                                                                                                           \
    "{\"items\":[{\"metadata\":{\"name\":\"a\",\"ports\":[1,2]}},{\"metadata\":{\"name\":\"b\",\"ports\":[]}},{"       \
    "\"metadata\":{\"name\":\"c\"}}],\"empty\":[]}"

enum outcome { CASE_OK, CASE_FIND, CASE_COMPILE };

// What client-go 0.33.1 prints, or its error where it compiles the path or looks for values: made by running it.
static const struct {
    const char *document;
    bool allow_missing;
    const char *path;
    enum outcome outcome;
    const char *text;
} cases[] = {
    { TRIGGER, true, "{.kind}", CASE_OK, "Trigger" },
    { TRIGGER, true, "{kind}", CASE_FIND, "unrecognized identifier kind" },
    { TRIGGER, true, "plain", CASE_OK, "plain" },
    { TRIGGER, true, "", CASE_OK, "" },
    { TRIGGER, true, "{}", CASE_OK,
      "{\"kind\":\"Trigger\",\"metadata\":{\"labels\":{\"a.b/"
      "c\":\"x\",\"app\":\"\\u003cweb\\u003e\"},\"name\":\"t1\"},\"spec\":{\"big\":1e+21,\"e\":{},\"f\":1.5,\"n\":5,"
      "\"on\":true,\"z\":null},\"status\":{\"conditions\":[{\"n\":1,\"status\":\"True\",\"type\":\"Ready\"},{\"n\":2,"
      "\"status\":\"False\",\"type\":\"Other\"},{\"n\":3,\"type\":\"Third\"}]}}" },
    { TRIGGER, true, "{@}", CASE_OK,
      "{\"kind\":\"Trigger\",\"metadata\":{\"labels\":{\"a.b/"
      "c\":\"x\",\"app\":\"\\u003cweb\\u003e\"},\"name\":\"t1\"},\"spec\":{\"big\":1e+21,\"e\":{},\"f\":1.5,\"n\":5,"
      "\"on\":true,\"z\":null},\"status\":{\"conditions\":[{\"n\":1,\"status\":\"True\",\"type\":\"Ready\"},{\"n\":2,"
      "\"status\":\"False\",\"type\":\"Other\"},{\"n\":3,\"type\":\"Third\"}]}}" },
    { TRIGGER, true, "{$.kind}", CASE_OK, "Trigger" },
    { TRIGGER, true, "{.metadata.name} is {.kind}", CASE_OK, "t1 is Trigger" },
    { TRIGGER, true, "{.metadata.labels}", CASE_OK, "{\"a.b/c\":\"x\",\"app\":\"\\u003cweb\\u003e\"}" },
    { TRIGGER, true, "{.metadata.labels.a\\.b/c}", CASE_OK, "x" },
    { TRIGGER, true, "{.metadata.labels['a\\.b/c']}", CASE_OK, "x" },
    { TRIGGER, true, "{.metadata.labels['app']}", CASE_OK, "<web>" },
    { TRIGGER, true, "{.spec.n}{.spec.f}{.spec.big}{.spec.e}{.spec.z}{.spec.on}", CASE_OK, "51.51e+21{}nulltrue" },
    { TRIGGER, true, "{.status.conditions[0].type}", CASE_OK, "Ready" },
    { TRIGGER, true, "{.status.conditions[-1].type}", CASE_OK, "Third" },
    { TRIGGER, true, "{.status.conditions[3]}", CASE_FIND, "array index out of bounds: index 3, length 3" },
    { TRIGGER, true, "{.status.conditions[-4]}", CASE_FIND, "array index out of bounds: index -1, length 3" },
    { TRIGGER, true, "{.status.conditions[*].type}", CASE_OK, "Ready Other Third" },
    { TRIGGER, true, "{.status.conditions[0:2].type}", CASE_OK, "Ready Other" },
    { TRIGGER, true, "{.status.conditions[1:].type}", CASE_OK, "Other Third" },
    { TRIGGER, true, "{.status.conditions[:1].type}", CASE_OK, "Ready" },
    { TRIGGER, true, "{.status.conditions[::2].type}", CASE_OK, "Ready Third" },
    { TRIGGER, true, "{.status.conditions[0,2].type}", CASE_OK, "Ready Third" },
    { TRIGGER, true, "{.status.conditions[0]['type','status']}", CASE_OK, "Ready True" },
    { TRIGGER, true, "{.status.conditions[0:0]}", CASE_OK, "" },
    { TRIGGER, true, "{.status.conditions[2:1]}", CASE_FIND, "starting index 2 is greater than ending index 1" },
    { TRIGGER, true, "{.status.conditions[::0]}", CASE_FIND, "step must be > 0" },
    { TRIGGER, true, "{.status.conditions[]}", CASE_OK, "{\"n\":1,\"status\":\"True\",\"type\":\"Ready\"}" },
    { TRIGGER, true, "{..type}", CASE_OK, "Ready Other Third" },
    { TRIGGER, true, "{..name}", CASE_OK, "t1" },
    { TRIGGER, true, "{.status..n}", CASE_OK, "1 2 3" },
    { TRIGGER, true, "{.metadata.*}", CASE_OK, "t1 {\"a.b/c\":\"x\",\"app\":\"\\u003cweb\\u003e\"}" },
    { TRIGGER, true, "{..nothing}", CASE_OK, "" },
    { TRIGGER, true, "{.nothing}", CASE_OK, "" },
    { TRIGGER, true, "{.kind.deeper}", CASE_OK, "" },
    { TRIGGER, true, "{.kind[0]}", CASE_FIND, "string is not array or slice" },
    { TRIGGER, true, "{.spec[0]}", CASE_FIND, "map[string]interface {} is not array or slice" },
    { TRIGGER, true, "{.status.conditions[\?(@.type==\"Ready\")].status}", CASE_OK, "True" },
    { TRIGGER, true, "{.status.conditions[\?(@.type=='Ready')].status}", CASE_OK, "True" },
    { TRIGGER, true, "{.status.conditions[\?(@.type!=\"Ready\")].type}", CASE_OK, "Other Third" },
    { TRIGGER, true, "{.status.conditions[\?(@.n>1)].type}", CASE_OK, "Other Third" },
    { TRIGGER, true, "{.status.conditions[\?(@.n>=2)].type}", CASE_OK, "Other Third" },
    { TRIGGER, true, "{.status.conditions[\?(@.n<2)].type}", CASE_OK, "Ready" },
    { TRIGGER, true, "{.status.conditions[\?(@.n<=2)].type}", CASE_OK, "Ready Other" },
    { TRIGGER, true, "{.status.conditions[\?(@.type<\"Ready\")].type}", CASE_OK, "Other" },
    { TRIGGER, true, "{.status.conditions[\?(@.status)].type}", CASE_OK, "Ready Other" },
    { TRIGGER, true, "{.status.conditions[\?(@.n==1.0)].type}", CASE_FIND, "incompatible types for comparison" },
    { TRIGGER, true, "{.status.conditions[\?(@.n==\"1\")].type}", CASE_FIND, "incompatible types for comparison" },
    { TRIGGER, true, "{.status.conditions[\?(@.n=1)].type}", CASE_FIND, "unrecognized filter operator =" },
    { TRIGGER, true, "{.status.conditions[\?(@==1)].type}", CASE_FIND, "invalid type for comparison" },
    { TRIGGER, true, "{.spec[\?(@.n)]}", CASE_FIND,
      "map[big:1e+21 e:map[] f:1.5 n:5 on:true z:<nil>] is not array or slice and cannot be filtered" },
    { TRIGGER, true, "{.status.conditions[\?(@.n==@.n)].type}", CASE_OK, "Ready Other Third" },
    { TRIGGER, true, "{.kind", CASE_COMPILE, "unclosed action" },
    { TRIGGER, true, "{.kind}}", CASE_OK, "Trigger}" },
    { TRIGGER, true, "{.a[}", CASE_COMPILE, "unterminated array" },
    { TRIGGER, true, "{.a[1}", CASE_COMPILE, "unterminated array" },
    { TRIGGER, true, "{.a['x}", CASE_COMPILE, "unterminated array" },
    { TRIGGER, true, "{.a[x]}", CASE_COMPILE, "invalid array index x" },
    { TRIGGER, true, "{.a[1:2:3:4]}", CASE_COMPILE, "invalid array index 1:2:3:4" },
    { TRIGGER, true, "{.a[-]}", CASE_COMPILE, "array index - is not a number" },
    { TRIGGER, true, "{[\?(@.a)}", CASE_COMPILE, "unclosed array expect ]" },
    { TRIGGER, true, "{[\?(@.a]}", CASE_COMPILE, "unterminated filter" },
    { TRIGGER, true, "{.a[\?(@.b==\"x)]}", CASE_COMPILE, "unterminated filter" },
    { TRIGGER, true, "{\"open}", CASE_COMPILE, "unterminated quoted string" },
    { TRIGGER, true, "{'a\\qb'}", CASE_COMPILE, "unquote string 'a\\qb' error invalid syntax" },
    { TRIGGER, true, "{'a\\tb'}", CASE_OK, "a\tb" },
    { TRIGGER, true, "{\"\\u00e9\\x41\\101\"}", CASE_OK, "\303\251AA" },
    { TRIGGER, true, "{....a}", CASE_COMPILE, "invalid multiple recursive descent" },
    { TRIGGER, true, "{foo}", CASE_FIND, "unrecognized identifier foo" },
    { TRIGGER, true, "{end}", CASE_FIND, "not in range, nothing to end" },
    { TRIGGER, true, "{(}", CASE_COMPILE, "unrecognized character in action: U+0028 '('" },
    { TRIGGER, true, "{#}", CASE_COMPILE, "unrecognized character in action: U+0023 '#'" },
    { TRIGGER, true, "{1}{-2}{1.5}{true}", CASE_OK, "1-21.5true" },
    { TRIGGER, true, "{1.2.3}", CASE_COMPILE, "cannot parse number 1.2.3" },
    { TRIGGER, true, "{1.}", CASE_OK, "1" },
    { TRIGGER, true, "{.a\n}", CASE_COMPILE, "unclosed action" },
    { TRIGGER, true, "a\nb{.kind}\n", CASE_OK, "a\nbTrigger\n" },
    { TRIGGER, true, "{\"{\"}{\"}\"}", CASE_OK, "{}" },
    { TRIGGER, false, "{.nothing}", CASE_FIND, "nothing is not found" },
    { TRIGGER, false, "{.metadata.name.x}", CASE_FIND, "x is not found" },
    { TRIGGER, false, "{..nothing}", CASE_FIND, "nothing is not found" },
    { TRIGGER, false, "{.spec.z}", CASE_OK, "null" },
    { TRIGGER, false, "{.kind}", CASE_OK, "Trigger" },
    { LIST, true, "{range .items[*]}{.metadata.name}{\"\\n\"}{end}", CASE_OK, "a\nb\nc\n" },
    { LIST, true, "{range .items[*]}{.metadata.name}:{range .metadata.ports[*]}{@},{end};{end}", CASE_OK,
      "a:1,2,;b:;c:;" },
    { LIST, true, "{range .empty[*]}{.x}{end}after", CASE_OK, "after" },
    { LIST, true, "{range .items[*]}{.metadata.name}", CASE_OK, "abc" },
    { LIST, true, "{.items[*].metadata.name}", CASE_OK, "a b c" },
    { LIST, true, "{.items[\?(@.metadata.ports)].metadata.name}", CASE_OK, "a b" },
    { LIST, true, "{range .items[*]}[{.metadata.name}, {.metadata.ports}] {end}{.items[0].metadata.name}", CASE_OK,
      "[a, [1,2]] [b, []] [c, ] a" },
    { LIST, true, "{range .nothing}x{end}y", CASE_OK, "y" },
    { LIST, true, "{.items[*].metadata.ports[0]}", CASE_FIND, "array index out of bounds: index 0, length 0" },
    { LIST, true, "{range .items[\?(@.metadata.name>\"a\")]}{.metadata.name} {end}", CASE_OK, "b c " },

};

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, NULL);
    assert_int_equal(err, ERR_OK);
    return value;
}

// What PATH prints of DOCUMENT, or the error; *RET_OUTCOME says which. In the arena.
static const char *run(struct arena *arena, const char *document, const char *path, bool allow_missing,
                       enum outcome *ret_outcome)
{
    diag_t *diag = arena_alloc(arena, sizeof *diag);
    const struct json_path *compiled = NULL;
    struct json_path_found found = { 0 };
    *ret_outcome = CASE_COMPILE;
    if (json_path_compile(bytes_of_text(path), arena, &compiled, diag) != ERR_OK)
        return diag->text;
    *ret_outcome = CASE_FIND;
    if (json_path_find(compiled, parsed(arena, document), allow_missing, arena, &found, diag) != ERR_OK)
        return diag->text;
    *ret_outcome = CASE_OK;
    struct writer out = WRITER_INIT;
    for (size_t i = 0; i < found.count; i++)
        json_path_print(&found.groups[i], &out);
    const char *text = out.size == 0 ? "" : arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void paths_find_what_kubectl_finds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = ARENA_INIT;
        enum outcome outcome;
        const char *text = run(&arena, cases[i].document, cases[i].path, cases[i].allow_missing, &outcome);
        if (outcome != cases[i].outcome || strcmp(text, cases[i].text) != 0)
            fail_msg("%s: %d %s instead of %d %s", cases[i].path, outcome, text, cases[i].outcome, cases[i].text);
        arena_free(&arena);
    }
}

static void a_compiled_path_is_used_many_times(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
    const struct json_path *path = NULL;
    err_t err = json_path_compile(BYTES_LITERAL("{range .items[*]}{.n}{end}"), &arena, &path, NULL);
    assert_int_equal(err, ERR_OK);
    struct json_value *root = parsed(&arena, "{\"items\":[{\"n\":1},{\"n\":2}]}");
    for (int i = 0; i < 3; i++) {
        struct json_path_found found = { 0 };
        err = json_path_find(path, root, true, &scratch, &found, NULL);
        assert_int_equal(err, ERR_OK);
        assert_int_equal(found.count, 2);
        assert_ptr_equal(found.groups[1].values[0],
                         json_find(json_at(json_find(root, BYTES_LITERAL("items")), 1), BYTES_LITERAL("n")));
        arena_reset(&scratch);
    }
    arena_free(&scratch);
    arena_free(&arena);
}

static void an_error_says_which_path_it_is(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct json_path *path = NULL;
    diag_t diag = { 0 };
    err_t err = json_path_compile(BYTES_LITERAL("{.a[x]}"), &arena, &path, &diag);
    assert_int_equal(err, ERR_INVALID);
    assert_string_equal(diag.where, "{.a[x]}");
    assert_null(path);
    arena_free(&arena);
}

// Each step multiplies what the one before has found.
static void paths_that_grow_without_end_are_stopped(void **state)
{
    (void)state;
    static const char *const steps[] = { "...*", "['a','a']" };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        struct arena arena = ARENA_INIT;
        const struct json_path *path = NULL;
        struct json_path_found found = { 0 };
        diag_t diag = { 0 };
        const char *text = "", *document = "1";
        for (int depth = 0; depth < 24; depth++) {
            text = arena_format(&arena, "%s%s", text, steps[i]);
            document = arena_format(&arena, "{\"a\":%s,\"b\":{\"c\":1}}", document);
        }
        err_t err = json_path_compile(bytes_of_text(arena_format(&arena, "{%s}", text)), &arena, &path, NULL);
        assert_int_equal(err, ERR_OK);
        err = json_path_find(path, parsed(&arena, document), true, &arena, &found, &diag);
        assert_int_equal(err, ERR_LIMIT);
        assert_string_equal(diag.text, "the path takes more than the 1048576 steps that are allowed");
        arena_free(&arena);
    }
}

static void paths_have_a_size(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct json_path *path;
    uint8_t *text = arena_alloc(&arena, JSON_PATH_SIZE_MAX + 1);
    memset(text, 'x', JSON_PATH_SIZE_MAX + 1);
    assert_int_equal(json_path_compile(bytes_of(text, JSON_PATH_SIZE_MAX + 1), &arena, &path, NULL), ERR_TOO_LARGE);
    assert_int_equal(json_path_compile(bytes_of(text, JSON_PATH_SIZE_MAX), &arena, &path, NULL), ERR_OK);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_what_kubectl_finds),
        cmocka_unit_test(a_compiled_path_is_used_many_times),
        cmocka_unit_test(an_error_says_which_path_it_is),
        cmocka_unit_test(paths_that_grow_without_end_are_stopped),
        cmocka_unit_test(paths_have_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
