// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/mark.h"

#include "base/test.h"

static struct arena arena;

static struct json_value *tree(const char *text)
{
    static const struct json_limits limits = { .size = 10000, .values = 1000 };
    struct json_value *value;
    assert_int_equal(json_parse(arena_copy(&arena, bytes_of_text(text)), &limits, &arena, &value, NULL), ERR_OK);
    return value;
}

static const char *text_of(const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_value_write(&json, value);
    const char *text = arena_text(&arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static int drop(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void a_folder_is_called_by_its_whole_path(void **state)
{
    (void)state;
    static const struct {
        const char *here, *path, *name;
    } cases[] = {
        { "/srv/a", "m", "/srv/a/m" },
        { "/srv/a", "./m/", "/srv/a/m" },
        { "/srv/a", "../m/./n//o", "/srv/m/n/o" },
        { "/srv/a", "/m", "/m" },
        { "/srv/a", ".", "/srv/a" },
        { "/", "m", "/m" },
        { "/srv", "../../../m", "/m" },
        { "/srv", "..", "/" },
        { "/srv", "..m/m..", "/srv/..m/m.." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(mark_folder(&arena, cases[i].here, cases[i].path), cases[i].name);
}

static void a_mark_stands_beside_other_annotations(void **state)
{
    (void)state;
    const struct json_value *object = tree("{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"b\"}}}");
    assert_string_equal(
        text_of(mark_set(&arena, object, "/m")),
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"b\",\"eddy.dev/applied-from\":\"/m\"}}}");
    assert_string_equal(text_of(object), "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"b\"}}}");
    assert_string_equal(text_of(mark_set(&arena, tree("{\"metadata\":{\"annotations\":null}}"), "/m")),
                        "{\"metadata\":{\"annotations\":{\"eddy.dev/applied-from\":\"/m\"}}}");
    // What is wrong there stays, so that it is complained about.
    assert_string_equal(text_of(mark_set(&arena, tree("{\"metadata\":{\"annotations\":[1]}}"), "/m")),
                        "{\"metadata\":{\"annotations\":[1]}}");
}

static void a_mark_counts_with_its_folder_and_who_wrote_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_marked;
    } cases[] = {
        { "{\"metadata\":{\"annotations\":{\"eddy.dev/applied-from\":\"/m\"},"
          "\"managedFields\":[{\"manager\":\"x\"},{\"manager\":\"eddy-apply\",\"operation\":\"Apply\"}]}}",
          true },
        { "{\"metadata\":{\"annotations\":{\"eddy.dev/applied-from\":\"/other\"},"
          "\"managedFields\":[{\"manager\":\"eddy-apply\",\"operation\":\"Apply\"}]}}",
          false },
        { "{\"metadata\":{\"annotations\":{\"eddy.dev/applied-from\":\"/m\"},"
          "\"managedFields\":[{\"manager\":\"eddy-apply\",\"operation\":\"Update\"},"
          "{\"manager\":\"kubectl\",\"operation\":\"Apply\"}]}}",
          false },
        { "{\"metadata\":{\"annotations\":{\"eddy.dev/applied-from\":\"/m\"}}}", false },
        { "{\"metadata\":{\"managedFields\":[{\"manager\":\"eddy-apply\",\"operation\":\"Apply\"}]}}", false },
        { "{}", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mark_is(tree(cases[i].text), "/m"), cases[i].is_marked);
        if (cases[i].is_marked)
            assert_true(mark_is_likely(bytes_of_text(cases[i].text)));
    }
    assert_false(mark_is_likely(BYTES_LITERAL("{\"metadata\":{}}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_folder_is_called_by_its_whole_path, drop),
        cmocka_unit_test_teardown(a_mark_stands_beside_other_annotations, drop),
        cmocka_unit_test_teardown(a_mark_counts_with_its_folder_and_who_wrote_it, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
