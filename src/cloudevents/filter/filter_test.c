// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/filter/filter.h"

#include "base/test.h"

#define STRING(content)                                                                                                \
    {                                                                                                                  \
        .type = CESQL_STRING, .text = {(const uint8_t *)(content), sizeof(content) - 1 }                               \
    }

static const struct {
    const char *name;
    struct cesql_value value;
} attributes[] = {
    { "specversion", STRING("1.0") },
    { "id", STRING("A-1") },
    { "source", STRING("/shop/cart") },
    { "type", STRING("order.created") },
    { "dataschema", STRING("urn:schema") },
    { "datacontenttype", STRING("Application/JSON ; charset=utf-8") },
    { "empty", { .type = CESQL_STRING } },
    { "flag", { .type = CESQL_BOOLEAN, .boolean = true } },
    { "count", { .type = CESQL_INTEGER, .integer = 42 } },
};

static bool get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    (void)context;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (bytes_is(name, attributes[i].name)) {
            *ret_value = attributes[i].value;
            return true;
        }
    }
    return false;
}

static const struct cesql_event event = { get, NULL };

// A spec in JSON, with ' for " and ` for '.
static struct json_value *parse(struct arena *arena, const char *spec)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 10000 };
    struct json_value *value;
    char *text = arena_format(arena, "%s", spec);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
    diag_t diag = { 0 };
    if (json_parse(bytes_of_text(text), &limits, arena, &value, &diag) != ERR_OK)
        fail_msg("%s: %s", spec, diag.text);
    return value;
}

// The event passes or not; the explanation is of that.
static const struct {
    const char *spec;
    bool passes;
    const char *explanation;
} rows[] = {
    // Nothing is filtered.
    { "{}", true, "nothing is filtered" },
    { "{'filter': null, 'filters': null}", true, "nothing is filtered" },
    { "{'filter': {}}", true, "nothing is filtered" },
    { "{'filter': {'attributes': {}}}", true, "nothing is filtered" },
    { "{'filters': []}", true, "nothing is filtered" },
    { "{'filters': [{}]}", true, "nothing is filtered" },
    { "{'filters': [{'exact': {}}, {'all': []}, {'any': []}, {'not': {}}, {'cesql': ''}]}", true,
      "nothing is filtered" },
    { "{'filters': [{'not': {'not': {'any': [{}, {'all': [{}]}]}}}]}", true, "nothing is filtered" },
    // The older form.
    { "{'filter': {'attributes': {'type': 'order.created'}}}", true, "type is 'order.created'" },
    { "{'filter': {'attributes': {'type': 'Order.created'}}}", false, "type is 'order.created', not 'Order.created'" },
    { "{'filter': {'attributes': {'type': 'order.created', 'id': 'B'}}}", false, "id is 'A-1', not 'B'" },
    { "{'filter': {'attributes': {'type': ''}}}", true, "type is 'order.created'" },
    { "{'filter': {'attributes': {'empty': ''}}}", false, "empty is '', which is empty" },
    { "{'filter': {'attributes': {'subject': ''}}}", false, "the event has no attribute subject" },
    { "{'filter': {'attributes': {'subject': 'x'}}}", false, "the event has no attribute subject" },
    { "{'filter': {'attributes': {'count': '42'}}}", false, "count is 42, not '42'" },
    { "{'filter': {'attributes': {'count': ''}}}", true, "count is 42" },
    { "{'filter': {'attributes': {'flag': 'true'}}}", false, "flag is true, not 'true'" },
    { "{'filter': {'attributes': {'schemaurl': 'urn:schema'}}}", true, "schemaurl is 'urn:schema'" },
    { "{'filter': {'attributes': {'datamediatype': 'application/json'}}}", true,
      "datamediatype is 'application/json'" },
    { "{'filter': {'attributes': {'datacontenttype': 'application/json'}}}", false,
      "datacontenttype is 'Application/JSON ; charset=utf-8', not 'application/json'" },
    { "{'filter': {'attributes': {'datacontentencoding': ''}}}", false,
      "the event has no attribute datacontentencoding" },
    // filters comes first, unless it is empty.
    { "{'filter': {'attributes': {'type': 'x'}}, 'filters': [{'exact': {'id': 'A-1'}}]}", true, "id is 'A-1'" },
    { "{'filter': {'attributes': {'type': 'x'}}, 'filters': [{}]}", true, "nothing is filtered" },
    { "{'filter': {'attributes': {'type': 'x'}}, 'filters': []}", false, "type is 'order.created', not 'x'" },
    { "{'filters': [{'exact': {'id': 'A-1'}}, {'exact': {'type': 'x'}}]}", false, "type is 'order.created', not 'x'" },
    { "{'filters': [{'exact': {'id': 'A-1'}}, {'prefix': {'type': 'order.'}}]}", true,
      "id is 'A-1'; type is 'order.created', which starts with 'order.'" },
    // One attribute.
    { "{'filters': [{'exact': {'count': '42'}}]}", true, "count is 42" },
    { "{'filters': [{'exact': {'flag': 'true'}}]}", true, "flag is true" },
    { "{'filters': [{'exact': {'id': 'A-1', 'type': 'x'}}]}", false, "type is 'order.created', not 'x'" },
    { "{'filters': [{'exact': {'subject': 'x'}}]}", false, "the event has no attribute subject" },
    { "{'filters': [{'prefix': {'type': 'order.created'}}]}", true,
      "type is 'order.created', which starts with 'order.created'" },
    { "{'filters': [{'prefix': {'type': 'order.created.'}}]}", false,
      "type is 'order.created', which does not start with 'order.created.'" },
    { "{'filters': [{'prefix': {'count': '4'}}]}", true, "count is 42, which starts with '4'" },
    { "{'filters': [{'prefix': {'empty': 'x'}}]}", false, "empty is '', which does not start with 'x'" },
    { "{'filters': [{'suffix': {'type': '.created'}}]}", true, "type is 'order.created', which ends with '.created'" },
    { "{'filters': [{'suffix': {'type': '.creat'}}]}", false,
      "type is 'order.created', which does not end with '.creat'" },
    { "{'filters': [{'suffix': {'type': '.created', 'id': '2'}}]}", false, "id is 'A-1', which does not end with '2'" },
    // all, any, not.
    { "{'filters': [{'all': [{'exact': {'id': 'A-1'}}, {'exact': {'id': 'B'}}]}]}", false, "id is 'A-1', not 'B'" },
    { "{'filters': [{'any': [{'exact': {'id': 'B'}}, {'exact': {'id': 'A-1'}}]}]}", true, "id is 'A-1'" },
    { "{'filters': [{'any': [{'exact': {'id': 'B'}}, {'exact': {'id': 'C'}}]}]}", false,
      "id is 'A-1', not 'B'; id is 'A-1', not 'C'" },
    { "{'filters': [{'any': [{'exact': {'id': 'B'}}]}]}", false, "id is 'A-1', not 'B'" },
    { "{'filters': [{'any': [{}, {'exact': {'id': 'B'}}]}]}", false, "id is 'A-1', not 'B'" },
    { "{'filters': [{'not': {'exact': {'id': 'B'}}}]}", true, "not (id is 'A-1', not 'B')" },
    { "{'filters': [{'not': {'exact': {'id': 'A-1'}}}]}", false, "not (id is 'A-1')" },
    { "{'filters': [{'not': {'exact': {'subject': 'x'}}}]}", true, "not (the event has no attribute subject)" },
    { "{'filters': [{'not': {'not': {'exact': {'id': 'A-1'}}}}]}", true, "not (not (id is 'A-1'))" },
    { "{'filters': [{'not': {'exact': {'id': 'A-1', 'type': 'x'}}}]}", true, "not (type is 'order.created', not 'x')" },
    { "{'filters': [{'all': [{'any': [{'exact': {'id': 'B'}}, {'suffix': {'type': 'd'}}]}, {'not': {'cesql': 'count = "
      "1'}}]}]}",
      true, "type is 'order.created', which ends with 'd'; not (count = 1 is false: count is 42)" },
    // cesql.
    { "{'filters': [{'cesql': 'count > 41 AND flag'}]}", true, "count > 41 is true: count is 42; flag is true" },
    { "{'filters': [{'cesql': 'count > 42'}]}", false, "count > 42 is false: count is 42" },
    { "{'filters': [{'cesql': 'subject != 5'}]}", false, "subject != 5 fails: the event has no attribute subject" },
    { "{'filters': [{'cesql': 'NOT 10'}]}", false, "NOT 10 fails: 10 is no Boolean" },
    { "{'filters': [{'cesql': 'count'}]}", false, "count is 42, of type Integer: only true, a Boolean, passes" },
    { "{'filters': [{'not': {'cesql': 'subject = 5'}}]}", true,
      "not (subject = 5 fails: the event has no attribute subject)" },
};

static void events_pass_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct writer out = WRITER_INIT;
        struct filter filter;
        diag_t diag = { 0 };
        if (filter_compile(parse(&arena, rows[i].spec), &arena, &filter, &diag) != ERR_OK)
            fail_msg("%s: %s: %s", rows[i].spec, diag.where, diag.text);
        if (filter_matches(&filter, &event, &arena) != rows[i].passes)
            fail_msg("%s", rows[i].spec);
        filter_explain(&filter, &event, &out);
        writer_u8(&out, 0);
        assert_string_equal((const char *)writer_view(&out).data, rows[i].explanation);
        writer_free(&out);
        arena_free(&arena);
    }
}

static void a_trigger_without_a_spec_takes_all(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct filter filter;
    assert_int_equal(filter_compile(NULL, &arena, &filter, NULL), ERR_OK);
    assert_true(filter_matches(&filter, &event, &arena));
    arena_free(&arena);
}

static void nothing_of_the_spec_is_kept(void **state)
{
    (void)state;
    struct arena of_spec = ARENA_INIT, arena = ARENA_INIT;
    struct filter filter;
    const struct json_value *spec = parse(&of_spec, "{'filters': [{'exact': {'id': 'A-1'}}, {'cesql': 'flag'}]}");
    assert_int_equal(filter_compile(spec, &arena, &filter, NULL), ERR_OK);
    arena_free(&of_spec);
    assert_true(filter_matches(&filter, &event, &arena));
    arena_free(&arena);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const char name[] =
        "the name of an attribute starts with a lower case letter and has lower case letters and digits only";
    static const char multiple[] = "multiple dialects found, filters can have only one dialect set";
    static const struct {
        const char *spec, *where, *text;
    } refused[] = {
        { "{'filters': {'exact': {'a': 'b'}}}", "spec.filters", "a list of filters is expected" },
        { "{'filters': ['x']}", "spec.filters[0]", "a filter with one dialect is expected" },
        { "{'filters': [{}, {'exact': {'a': 'b'}, 'prefix': {'a': 'b'}}]}", "spec.filters[1]", multiple },
        { "{'filters': [{'not': {}, 'cesql': 'TRUE'}]}", "spec.filters[0]", multiple },
        { "{'filters': [{'exact': {'Type': 'b'}}]}", "spec.filters[0].exact.Type", name },
        { "{'filters': [{'exact': {'1a': 'b'}}]}", "spec.filters[0].exact.1a", name },
        { "{'filters': [{'suffix': {'my-attr': 'b'}}]}", "spec.filters[0].suffix.my-attr", name },
        { "{'filters': [{'exact': {'': 'b'}}]}", "spec.filters[0].exact.", name },
        { "{'filters': [{'exact': {'a': ''}}]}", "spec.filters[0].exact.a",
          "an empty value filters nothing; leave it out" },
        { "{'filters': [{'prefix': {'a': 5}}]}", "spec.filters[0].prefix.a", "the value is a text" },
        { "{'filters': [{'exact': 'x'}]}", "spec.filters[0].exact", "a map of attributes and values is expected" },
        { "{'filters': [{'all': {'exact': {'a': 'b'}}}]}", "spec.filters[0].all", "a list of filters is expected" },
        { "{'filters': [{'any': [{}, {'not': {'exact': {'A': 'b'}}}]}]}", "spec.filters[0].any[1].not.exact.A", name },
        { "{'filters': [{'sql': 'TRUE'}]}", "spec.filters[0]",
          "there is no dialect sql; there are exact, prefix, suffix, all, any, not and cesql" },
        { "{'filters': [{'cesql': 5}]}", "spec.filters[0].cesql", "an expression is a text" },
        { "{'filters': [{'not': {'cesql': 'type == 5'}}]}", "spec.filters[0].not.cesql",
          "line 1, column 6: equality is written with one =" },
        { "{'filter': {'attributes': {'type': 5}}}", "spec.filter.attributes.type", "the value is a text" },
        { "{'filter': {'attributes': {'TYPE': 'x'}}}", "spec.filter.attributes.TYPE", name },
        { "{'filter': {'attributes': ['x']}}", "spec.filter.attributes", "a map of attributes and values is expected" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct filter filter = { .root = NULL };
        diag_t diag = { 0 };
        assert_int_not_equal(filter_compile(parse(&arena, refused[i].spec), &arena, &filter, &diag), ERR_OK);
        assert_string_equal(diag.text, refused[i].text);
        assert_string_equal(diag.where, refused[i].where);
        arena_free(&arena);
    }
}

static void doubtful_expressions_are_told(void **state)
{
    static const struct {
        const char *spec, *where, *text; // NULL: none
    } doubtful[] = {
        { "{'filters': [{'cesql': 'EXISTS flag'}, {'cesql': 'LENGHT(id) = 3'}, {'cesql': '1'}]}",
          "spec.filters[1].cesql", "line 1, column 1: there is no function LENGHT; did you mean LENGTH" },
        { "{'filters': [{'cesql': '1 + 1'}]}", "spec.filters[0].cesql",
          "it gives an Integer, and only true, a Boolean, passes" },
        { "{'filters': [{'not': {'cesql': 'UPPER(type)'}}]}", "spec.filters[0].not.cesql",
          "it gives a String, and only true, a Boolean, passes" },
        { "{'filters': [{'cesql': 'flag'}]}", "spec.filters[0].cesql",
          "an attribute alone is a String, and only true, a Boolean, passes: compare it, as in name = TRUE" },
        { "{'filters': [{'cesql': 'flag = TRUE'}, {'cesql': 'BOOL(flag)'}, {'cesql': 'NOT flag'}, {'cesql': 'FALSE'}]}",
          NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof doubtful / sizeof doubtful[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct filter filter;
        assert_int_equal(filter_compile(parse(&arena, doubtful[i].spec), &arena, &filter, NULL), ERR_OK);
        assert_int_equal(filter.doubt == NULL, doubtful[i].where == NULL);
        if (filter.doubt != NULL) {
            assert_string_equal(filter.doubt->where, doubtful[i].where);
            assert_string_equal(filter.doubt->text, doubtful[i].text);
        }
        arena_free(&arena);
    }
}

// --- what an index goes by

static void write_needs(const struct need *need, struct writer *out)
{
    static const char *const signs[] = {
        [NEED_EXACT] = "=", [NEED_PREFIX] = "^", [NEED_SUFFIX] = "$", [NEED_PRESENT] = "?"
    };
    for (; need != NULL; need = need->next) {
        for (size_t i = 0; i < need->count; i++) {
            writer_text(out, i == 0 ? "" : "|");
            writer_bytes(out, need->tests[i].name);
            writer_text(out, signs[need->tests[i].kind]);
            writer_bytes(out, need->tests[i].value);
        }
        writer_text(out, need->next == NULL ? "" : " ");
    }
    writer_u8(out, 0);
}

static const struct {
    const char *spec, *needs;
} needs[] = {
    { "{}", "" },
    { "{'filter': {'attributes': {'type': 'x', 'region': ''}}}", "type=x region?" },
    { "{'filter': {'attributes': {'type': ''}}}", "" },
    { "{'filter': {'attributes': {'schemaurl': 'u', 'datamediatype': 'x/y'}}}", "dataschema=u datacontenttype?" },
    { "{'filters': [{'exact': {'type': 'a'}}, {'prefix': {'source': 'b'}}, {'suffix': {'id': 'c'}}]}",
      "type=a source^b id$c" },
    { "{'filters': [{'any': [{'exact': {'type': 'a'}}, {'prefix': {'type': 'b'}}]}]}", "type=a|type^b" },
    { "{'filters': [{'any': [{'exact': {'type': 'a'}}, {'not': {'exact': {'type': 'b'}}}]}]}", "" },
    { "{'filters': [{'any': [{'all': [{'prefix': {'id': 'p'}}, {'exact': {'type': 'a'}}]}, {'exact': {'id': 'c'}}]}]}",
      "type=a|id=c" },
    { "{'filters': [{'not': {'exact': {'type': 'a'}}}]}", "" },
    { "{'filters': [{'prefix': {'datamediatype': 'x'}}]}", "datacontenttype?" },
    // CloudEvents SQL
    { "{'filters': [{'cesql': 'type = `a` AND subject = `b`'}]}", "type=a subject=b" },
    { "{'filters': [{'cesql': 'TYPE = `A`'}]}", "type=A" },
    { "{'filters': [{'cesql': '`a` = type'}]}", "type=a" },
    { "{'filters': [{'cesql': '`1` = myext'}]}", "" }, // an Integer 1, too, or 01
    { "{'filters': [{'cesql': 'myext = `1`'}]}", "myext=1" },
    { "{'filters': [{'cesql': 'myext = 1'}]}", "myext?" },
    { "{'filters': [{'cesql': 'myext = TRUE'}]}", "myext?" },
    { "{'filters': [{'cesql': 'type = `a` OR type = `b`'}]}", "type=a|type=b" },
    { "{'filters': [{'cesql': 'type IN (`a`, `b`)'}]}", "type=a|type=b" },
    { "{'filters': [{'cesql': 'type NOT IN (`a`, `b`)'}]}", "" },
    { "{'filters': [{'cesql': 'myext IN (`1`)'}]}", "myext?" },
    { "{'filters': [{'cesql': 'type IN (`a`, subject)'}]}", "" },
    { "{'filters': [{'cesql': 'type LIKE `a%b`'}]}", "type^a type$b" },
    { "{'filters': [{'cesql': 'type LIKE `ab`'}]}", "type=ab" },
    { "{'filters': [{'cesql': 'type LIKE `a_%`'}]}", "" },
    { "{'filters': [{'cesql': 'region LIKE `%a%`'}]}", "region?" },
    { "{'filters': [{'cesql': 'region NOT LIKE `a%`'}]}", "region?" },
    { "{'filters': [{'cesql': 'NOT (region = `a`)'}]}", "region?" },
    { "{'filters': [{'cesql': 'region != `a`'}]}", "region?" },
    { "{'filters': [{'cesql': 'EXISTS region'}]}", "region?" },
    { "{'filters': [{'cesql': 'NOT EXISTS region'}]}", "" },
    { "{'filters': [{'cesql': 'LENGTH(subject) > 3 AND type = `a`'}]}", "subject? type=a" },
    { "{'filters': [{'cesql': 'LOWER(type) = `a`'}]}", "" },
    { "{'filters': [{'cesql': 'type = `a` XOR type = `b`'}]}", "" },
};

static void what_a_filter_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct writer out = WRITER_INIT;
        struct filter filter;
        assert_int_equal(filter_compile(parse(&arena, needs[i].spec), &arena, &filter, NULL), ERR_OK);
        write_needs(filter_needs(&filter, &arena), &out);
        if (strcmp((const char *)writer_view(&out).data, needs[i].needs) != 0)
            fail_msg("%s: %s", needs[i].spec, (const char *)writer_view(&out).data);
        writer_free(&out);
        arena_free(&arena);
    }
}

static void write_of(const char *spec, struct writer *out)
{
    struct arena arena = ARENA_INIT;
    struct filter filter;
    assert_int_equal(filter_compile(parse(&arena, spec), &arena, &filter, NULL), ERR_OK);
    filter_write(&filter, out);
    arena_free(&arena);
}

static bool are_same(const char *a, const char *b)
{
    struct writer of_a = WRITER_INIT, of_b = WRITER_INIT;
    write_of(a, &of_a);
    write_of(b, &of_b);
    bool same = bytes_equal(writer_view(&of_a), writer_view(&of_b));
    writer_free(&of_a);
    writer_free(&of_b);
    return same;
}

static void filters_are_the_same_or_not(void **state)
{
    (void)state;
    assert_true(are_same("{}", "{'filters': [{'not': {}}]}"));
    assert_true(are_same("{'filters': [{'exact': {'a': 'b'}}]}", "{'filters': [{'all': [{'exact': {'a': 'b'}}]}]}"));
    assert_true(are_same("{'filters': [{'cesql': 'flag'}]}", "{'filters': [{'cesql': 'flag'}]}"));
    assert_false(are_same("{}", "{'filters': [{'cesql': 'flag'}]}"));
    assert_false(are_same("{'filters': [{'exact': {'a': 'b'}}]}", "{'filters': [{'prefix': {'a': 'b'}}]}"));
    assert_false(are_same("{'filters': [{'exact': {'a': 'b'}}]}", "{'filter': {'attributes': {'a': 'b'}}}"));
    assert_false(are_same("{'filters': [{'exact': {'a': 'bc'}}]}", "{'filters': [{'exact': {'ab': 'c'}}]}"));
    assert_false(are_same("{'filters': [{'any': [{'cesql': 'a'}, {'cesql': 'b'}]}, {'cesql': 'c'}]}",
                          "{'filters': [{'any': [{'cesql': 'a'}, {'cesql': 'b'}, {'cesql': 'c'}]}]}"));
}

static err_t compile(const char *spec, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    struct filter filter;
    err_t err = filter_compile(parse(&arena, spec), &arena, &filter, diag);
    arena_free(&arena);
    return err;
}

static err_t compile_list(size_t count, diag_t *diag)
{
    struct writer text = WRITER_INIT;
    writer_text(&text, "{'filters': [{}");
    for (size_t i = 0; i < count; i++)
        writer_text(&text, ",{'exact': {'a': 'b'}}");
    writer_bytes(&text, bytes_of("]}", 3));
    err_t err = compile((const char *)writer_view(&text).data, diag);
    writer_free(&text);
    return err;
}

static err_t compile_nested(size_t depth, diag_t *diag)
{
    struct writer text = WRITER_INIT;
    writer_text(&text, "{'filters': [");
    for (size_t i = 1; i < depth; i++)
        writer_text(&text, "{'not':");
    writer_text(&text, "{'cesql': 'TRUE'}");
    for (size_t i = 1; i < depth; i++)
        writer_text(&text, "}");
    writer_bytes(&text, bytes_of("]}", 3));
    err_t err = compile((const char *)writer_view(&text).data, diag);
    writer_free(&text);
    return err;
}

static void limits_are_kept(void **state)
{
    (void)state;
    diag_t diag = { 0 };
    // The list itself, and for each filter its map and its entry.
    size_t most = (FILTER_NODES_MAX - 1) / 2;
    assert_int_equal(compile_list(most, &diag), ERR_OK);
    assert_int_equal(compile_list(most + 1, &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "the filters have too many parts");
    assert_int_equal(compile_nested(FILTER_DEPTH_MAX, &diag), ERR_OK);
    assert_int_equal(compile_nested(FILTER_DEPTH_MAX + 1, &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "the filters are nested too deeply");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_pass_or_not),
        cmocka_unit_test(a_trigger_without_a_spec_takes_all),
        cmocka_unit_test(nothing_of_the_spec_is_kept),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(doubtful_expressions_are_told),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(what_a_filter_needs),
        cmocka_unit_test(filters_are_the_same_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
