// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/field_set.h"

#include "kube/apply/testing.h"

static void a_set_is_read_and_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"f:spec\":{}}",
        "{\"f:metadata\":{\"f:annotations\":{\".\":{},\"f:a.b/c\":{}}},\"f:spec\":{\"f:broker\":{}}}",
        "{\"f:ports\":{\"k:{\\\"name\\\":\\\"a\\\",\\\"port\\\":80}\":{\".\":{},\"f:name\":{}}}}",
        "{\"f:finalizers\":{\"v:1\":{},\"v:\\\"a\\\"\":{},\"v:\\\"b\\\"\":{},\"v:true\":{}}}",
        "{\"f:list\":{\"i:0\":{},\"i:3\":{}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena arena = ARENA_INIT;
        assert_string_equal(fields_text(&arena, fields(&arena, texts[i])), texts[i]);
        arena_free(&arena);
    }
}

// What other writers may send, and what Kubernetes makes of it.
static void other_spellings_become_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *given, *written;
    } rows[] = {
        { "{\"f:b\":{},\"f:a\":{\".\":{}}}", "{\"f:a\":{},\"f:b\":{}}" },
        { "{\"f:a\":null,\"z:new\":{\"f:x\":1}}", "{\"f:a\":{}}" },
        { "null", "{}" },
        { "{\".\":{},\"f:a\":{\"f:b\":{}},\"f:a\":{\".\":7,\"f:c\":{}}}",
          "{\"f:a\":{\".\":{},\"f:b\":{},\"f:c\":{}}}" },
        { "{\"k:{\\\"b\\\": 80.0, \\\"a\\\":\\\"<&>\\\"}\":{}}",
          "{\"k:{\\\"a\\\":\\\"\\\\u003c\\\\u0026\\\\u003e\\\",\\\"b\\\":80}\":{}}" },
        { "{\"i:1\":{},\"v:null\":{},\"v:1.5\":{},\"k:{}\":{},\"f:\":{}}",
          "{\"f:\":{},\"k:{}\":{},\"v:1.5\":{},\"v:null\":{},\"i:1\":{}}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        assert_string_equal(fields_text(&arena, fields(&arena, rows[i].given)), rows[i].written);
        arena_free(&arena);
    }
}

static void what_is_no_set_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "[]",           "{\"f\":{}}",           "{\"fx\":{}}",   "{\"f:a\":1}",
                                         "{\"i:x\":{}}", "{\"k:[]\":{}}",        "{\"k:{\":{}}",  "{\"v:\":{}}",
                                         "{\"\":{}}",    "{\"f:a\":{\"x\":{}}}", "{\"v:1 2\":{}}" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena arena = ARENA_INIT;
        const struct field_set *set = NULL;
        diag_t diag = { 0 };
        err_t err = field_set_decode(tree(&arena, texts[i]), &arena, &set, &diag);
        if (err != ERR_MALFORMED)
            fail_msg("%s: %s", texts[i], err_name(err));
        assert_null(set);
        assert_string_not_equal(diag.text, "");
        arena_free(&arena);
    }
}

// A path of as many steps: {"f:a":{"f:a":...{}}}.
static struct json_value *nested(struct arena *arena, size_t steps)
{
    struct json_value *value = json_new(arena, JSON_OBJECT);
    for (size_t i = 0; i < steps; i++) {
        struct json_value *outer = json_new(arena, JSON_OBJECT);
        json_set(outer, BYTES_LITERAL("f:a"), value);
        value = outer;
    }
    return value;
}

static void a_path_has_a_limit(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct field_set *set;
    assert_int_equal(field_set_decode(nested(&arena, FIELD_PATH_MAX), &arena, &set, NULL), ERR_OK);
    assert_int_equal(field_set_size(set), 1);
    assert_int_equal(field_set_decode(nested(&arena, FIELD_PATH_MAX + 1), &arena, &set, NULL), ERR_TOO_LARGE);
    arena_free(&arena);
}

static void sets_are_combined(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b, *either, *both, *only_a, *not_below_b;
    } rows[] = {
        { "{\"f:a\":{},\"f:b\":{}}", "{\"f:b\":{},\"f:c\":{}}", "{\"f:a\":{},\"f:b\":{},\"f:c\":{}}", "{\"f:b\":{}}",
          "{\"f:a\":{}}", "{\"f:a\":{}}" },
        { "{\"f:a\":{\".\":{},\"f:x\":{},\"f:y\":{}}}", "{\"f:a\":{\"f:x\":{}}}",
          "{\"f:a\":{\".\":{},\"f:x\":{},\"f:y\":{}}}", "{\"f:a\":{\"f:x\":{}}}", "{\"f:a\":{\".\":{},\"f:y\":{}}}",
          "{\"f:a\":{\".\":{},\"f:y\":{}}}" },
        { "{\"f:a\":{\"f:x\":{}},\"f:b\":{}}", "{\"f:a\":{}}", "{\"f:a\":{\".\":{},\"f:x\":{}},\"f:b\":{}}", "{}",
          "{\"f:a\":{\"f:x\":{}},\"f:b\":{}}", "{\"f:b\":{}}" },
        { "{\"f:a\":{}}", "{\"f:a\":{\"f:x\":{}}}", "{\"f:a\":{\".\":{},\"f:x\":{}}}", "{}", "{\"f:a\":{}}",
          "{\"f:a\":{}}" },
        { "{\"k:{\\\"p\\\":80}\":{}}", "{\"k:{\\\"p\\\":80.0}\":{},\"k:{\\\"p\\\":\\\"80\\\"}\":{}}",
          "{\"k:{\\\"p\\\":80}\":{},\"k:{\\\"p\\\":\\\"80\\\"}\":{}}", "{\"k:{\\\"p\\\":80}\":{}}", "{}", "{}" },
        { "{}", "{\"f:a\":{}}", "{\"f:a\":{}}", "{}", "{}", "{}" },
        { "{\"f:a\":{}}", "{}", "{\"f:a\":{}}", "{}", "{\"f:a\":{}}", "{\"f:a\":{}}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        const struct field_set *a = fields(&arena, rows[i].a), *b = fields(&arena, rows[i].b);
        assert_string_equal(fields_text(&arena, field_set_union(&arena, a, b)), rows[i].either);
        assert_string_equal(fields_text(&arena, field_set_union(&arena, b, a)), rows[i].either);
        assert_string_equal(fields_text(&arena, field_set_intersection(&arena, a, b)), rows[i].both);
        assert_string_equal(fields_text(&arena, field_set_difference(&arena, a, b)), rows[i].only_a);
        assert_string_equal(fields_text(&arena, field_set_difference_below(&arena, a, b)), rows[i].not_below_b);
        assert_true(field_set_equal(field_set_union(&arena, a, b), fields(&arena, rows[i].either)));
        assert_int_equal(field_set_equal(a, b), strcmp(rows[i].a, rows[i].b) == 0);
        arena_free(&arena);
    }
}

static void leaves_have_nothing_below(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct field_set *set =
        fields(&arena, "{\"f:a\":{\".\":{},\"f:x\":{},\"f:y\":{\".\":{},\"f:z\":{}}},\"f:b\":{}}");
    assert_string_equal(fields_text(&arena, field_set_leaves(&arena, set)),
                        "{\"f:a\":{\"f:x\":{},\"f:y\":{\"f:z\":{}}},\"f:b\":{}}");
    assert_int_equal(field_set_size(set), 5);
    arena_free(&arena);
}

struct printed {
    struct arena *arena;
    struct writer out;
};

static void print_path(void *owner, const struct path_element *path, size_t path_size)
{
    struct printed *printed = owner;
    writer_bytes(&printed->out, field_path_print(printed->arena, path, path_size));
    writer_u8(&printed->out, '\n');
}

static void paths_are_printed_as_messages_have_them(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct printed printed = { &arena, WRITER_INIT };
    field_set_each(
        fields(&arena,
               "{\"f:l\":{\"k:{\\\"n\\\":\\\"a\\\\n\\\",\\\"p\\\":80}\":{\"f:x\":{}},\"v:\\\"q\\\\\\\"\\\"\":{},"
               "\"v:true\":{},\"i:7\":{}},\"f:z\":{}}"),
        print_path, &printed);
    assert_true(bytes_is(writer_view(&printed.out), ".z\n.l[=\"q\\\"\"]\n.l[=true]\n.l[7]\n.l[n=\"a\\n\",p=80].x\n"));
    writer_free(&printed.out);
    arena_free(&arena);
}

static void paths_are_found(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const char *const paths[] = { "metadata", "metadata.name", "spec.broker" };
    const struct field_set *set = field_set_of(&arena, paths, 3);
    assert_string_equal(fields_text(&arena, set),
                        "{\"f:metadata\":{\".\":{},\"f:name\":{}},\"f:spec\":{\"f:broker\":{}}}");
    struct path_element path[] = { path_field(BYTES_LITERAL("spec")), path_field(BYTES_LITERAL("broker")),
                                   path_field(BYTES_LITERAL("x")) };
    assert_false(field_set_has(set, path, 0));
    assert_false(field_set_has(set, path, 1));
    assert_true(field_set_has(set, path, 2));
    assert_false(field_set_has(set, path, 3));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_read_and_written),
        cmocka_unit_test(other_spellings_become_canonical),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(a_path_has_a_limit),
        cmocka_unit_test(sets_are_combined),
        cmocka_unit_test(leaves_have_nothing_below),
        cmocka_unit_test(paths_are_printed_as_messages_have_them),
        cmocka_unit_test(paths_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
