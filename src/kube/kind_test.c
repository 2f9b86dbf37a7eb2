// SPDX-License-Identifier: Apache-2.0
#include "kube/object.h"

#include "base/test.h"
#include "kube/schema/field_error.h"

static struct kinds kinds;
static struct kind *widgets;

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 10000 };
    diag_t diag = { 0 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, &diag);
    if (err != ERR_OK)
        fail_msg("%s: %s: %s", text, diag.where, diag.text);
    return value;
}

static struct kind *define(const char *text)
{
    struct arena arena = ARENA_INIT;
    struct field_errors errors = field_errors_in(&arena);
    struct kind *kind = NULL;
    assert_int_equal(kinds_define(&kinds, parsed(&arena, text), NULL, &kind, &errors), ERR_OK);
    arena_free(&arena);
    return kind;
}

#define VERSION(name, served, storage)                                                                                 \
    "{\"name\":\"" name "\",\"served\":" served ",\"storage\":" storage                                                \
    ",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}"
#define DEFINITION(versions)                                                                                           \
    "{\"metadata\":{\"name\":\"widgets.example.com\"},\"spec\":{\"group\":\"example.com\",\"scope\":\"Namespaced\","   \
    "\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\",\"shortNames\":[\"wd\"]},\"versions\":[" versions "]}}"

static int start(void **state)
{
    (void)state;
    kinds_init(&kinds);
    widgets = define(DEFINITION(VERSION("v1beta1", "true", "false") "," VERSION("v1", "true", "true")));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kinds_deinit(&kinds);
    return 0;
}

static void a_kind_is_found_by_all_its_names(void **state)
{
    (void)state;
    const struct kind_version *version = NULL;
    assert_ptr_equal(kinds_find(&kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("widgets")), widgets);
    assert_null(kinds_find(&kinds, BYTES_LITERAL(""), BYTES_LITERAL("widgets")));
    assert_ptr_equal(kinds_find_object(&kinds, BYTES_LITERAL("example.com/v1beta1"), BYTES_LITERAL("Widget"), &version),
                     widgets);
    assert_true(bytes_is(version->name, "v1beta1"));
    assert_null(kinds_find_object(&kinds, BYTES_LITERAL("example.com/v2"), BYTES_LITERAL("Widget"), NULL));
    assert_true(bytes_is(widgets->singular, "widget"));
    assert_true(bytes_is(widgets->list_name, "WidgetList"));
    assert_true(bytes_is(widgets->versions[0].name, "v1"));
    assert_ptr_equal(widgets->storage, &widgets->versions[0]);
}

static void versions_stand_in_the_order_of_their_stability(void **state)
{
    (void)state;
    static const char *const order[] = { "v10",     "v2",        "v1",        "v11beta2", "v10beta3",
                                         "v3beta1", "v12alpha1", "v11alpha2", "foo1",     "foo10" };
    for (size_t i = 0; i + 1 < sizeof order / sizeof order[0]; i++) {
        assert_true(kind_version_order(bytes_of_text(order[i]), bytes_of_text(order[i + 1])) < 0);
        assert_true(kind_version_order(bytes_of_text(order[i + 1]), bytes_of_text(order[i])) > 0);
    }
}

static void a_version_that_is_not_served_is_not_found(void **state)
{
    (void)state;
    struct kind *kind = define(DEFINITION(VERSION("v1", "true", "true") "," VERSION("v0", "false", "false")));
    assert_null(kind_version_find(kind, BYTES_LITERAL("v0")));
    assert_true(widgets->is_retired); // the new one has its place
    assert_ptr_equal(kinds_find(&kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("widgets")), kind);
}

static void the_hash_of_a_version_changes_with_its_kinds_alone(void **state)
{
    (void)state;
    bytes_t v1 = BYTES_LITERAL("example.com/v1"), v1beta1 = BYTES_LITERAL("example.com/v1beta1");
    uint64_t before = kinds_hash(&kinds, v1);
    assert_true(before == kinds_hash(&kinds, v1beta1)); // of the same kinds
    (void)define(DEFINITION(VERSION("v1", "true", "true")));
    assert_true(before != kinds_hash(&kinds, v1));
    (void)define(DEFINITION(VERSION("v1beta1", "true", "false") "," VERSION("v1", "true", "true")));
    assert_true(before == kinds_hash(&kinds, v1));
}

static void an_object_is_shown_in_every_version_without_being_parsed(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer value = WRITER_INIT, text = WRITER_INIT;
    object_encode(&value, CHANGE_MODIFIED,
                  parsed(&arena, "{\"spec\":{\"a\":[1]},\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\","
                                 "\"metadata\":{\"resourceVersion\":\"3\",\"name\":\"w\"}}"));
    assert_true(object_is_valid(writer_view(&value)));
    assert_int_equal(object_change(writer_view(&value)), CHANGE_MODIFIED);
    object_write(&text, widgets, &widgets->versions[1], writer_view(&value), 77);
    char *shown = bytes_to_text(writer_view(&text));
    assert_string_equal(shown, "{\"apiVersion\":\"example.com/v1beta1\",\"kind\":\"Widget\",\"metadata\":{"
                               "\"resourceVersion\":\"77\",\"name\":\"w\"},\"spec\":{\"a\":[1]}}");
    free(shown);
    struct json_value *object = NULL;
    assert_int_equal(object_decode(writer_view(&value), widgets, widgets->storage, 78, &arena, &object), ERR_OK);
    assert_true(bytes_is(object_meta_text(object, "resourceVersion"), "78"));
    assert_true(bytes_is(object->first->text, "example.com/v1"));
    writer_free(&value);
    writer_free(&text);
    arena_free(&arena);
}

static void what_another_program_wrote_is_no_object(void **state)
{
    (void)state;
    static const char *const values[] = { "",
                                          "x",
                                          "\1",
                                          "\1\0",
                                          "\2\0{\"metadata\":{\"name\":\"a\"}}",
                                          "\1\7{\"metadata\":{\"name\":\"a\"}}",
                                          "\1\0{\"spec\":{},\"metadata\":{}}" };
    static const size_t sizes[] = { 0, 1, 1, 2, 27, 27, 27 };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_false(object_is_valid(bytes_of(values[i], sizes[i])));
    struct arena arena = ARENA_INIT;
    struct json_value *object;
    bytes_t torn = BYTES_LITERAL("\1\0{\"metadata\":{\"name\":\"a\"");
    assert_int_equal(object_decode(torn, widgets, widgets->storage, 1, &arena, &object), ERR_CORRUPT);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kind_is_found_by_all_its_names, start, stop),
        cmocka_unit_test_setup_teardown(versions_stand_in_the_order_of_their_stability, start, stop),
        cmocka_unit_test_setup_teardown(a_version_that_is_not_served_is_not_found, start, stop),
        cmocka_unit_test_setup_teardown(the_hash_of_a_version_changes_with_its_kinds_alone, start, stop),
        cmocka_unit_test_setup_teardown(an_object_is_shown_in_every_version_without_being_parsed, start, stop),
        cmocka_unit_test_setup_teardown(what_another_program_wrote_is_no_object, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
