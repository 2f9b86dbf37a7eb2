// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/manifest.h"

#include "base/test.h"

static struct yaml_place place;
static diag_t diag;

static struct manifests *read_text(const char *text)
{
    struct manifests *manifests = NULL;
    struct buf *buf = buf_copy(bytes_of_text(text));
    place = (struct yaml_place){ 0 };
    diag = (diag_t){ 0 };
    err_t err = manifests_read("dir/file.yaml", buf, &manifests, &place, &diag);
    buf_unref(buf);
    assert_int_equal(err == ERR_OK, manifests != NULL);
    return manifests;
}

// "KEY PATH;" for each.
static void expect(const char *text, const char *expected)
{
    struct manifests *manifests = read_text(text);
    struct arena arena = ARENA_INIT;
    const char *found = "";
    assert_non_null(manifests);
    for (size_t i = 0; i < manifests->count; i++)
        found = arena_format(&arena, "%s%.*s %s;", found, BYTES_ARG(manifests->items[i].key), manifests->items[i].path);
    assert_string_equal(found, expected);
    arena_free(&arena);
    manifests_unref(manifests);
}

static void expect_refused(const char *text, size_t line, size_t column, const char *words)
{
    assert_null(read_text(text));
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
    if (strstr(diag.text, words) == NULL)
        fail_msg("%s", diag.text);
}

#define MAP "apiVersion: v1\nkind: ConfigMap\n"

static void objects_are_known_by_group_kind_namespace_and_name(void **state)
{
    (void)state;
    expect(MAP "metadata: {name: a}\n", "/ConfigMap/default/a ;");
    expect(MAP "metadata: {name: a, namespace: b}\n", "/ConfigMap/b/a ;");
    expect("apiVersion: shop.example.org/v1beta1\nkind: Widget\nmetadata: {name: a}\n",
           "shop.example.org/Widget/default/a ;");
}

static void documents_and_lists_are_taken_apart(void **state)
{
    (void)state;
    expect("", "");
    expect("# nothing\n---\n", "");
    expect("---\n" MAP "metadata: {name: a}\n---\n---\n" MAP "metadata: {name: b}\n",
           "/ConfigMap/default/a ;/ConfigMap/default/b ;");
    expect("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n"
           "- {apiVersion: v1, kind: SecretList, items: [{apiVersion: v1, kind: Secret, metadata: {name: b}}]}\n",
           "/Secret/default/a items[0];/Secret/default/b items[1].items[0];");
    expect("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}\n"
           "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"b\"}}",
           "/Secret/default/a ;/Secret/default/b ;");
    // Not every kind whose name ends so is a list.
    expect("apiVersion: v1\nkind: GuestList\nmetadata: {name: a}\n", "/GuestList/default/a ;");
}

static void a_file_that_makes_no_sense_says_nothing_and_where(void **state)
{
    (void)state;
    expect_refused(MAP "metadata: {name: a\n", 4, 1, "not YAML");
    expect_refused(MAP "metadata: {name: a}\nkind: Secret\n", 4, 1, "kind");
    expect_refused("--- 5\n", 1, 5, "an object belongs here");
    expect_refused("kind: ConfigMap\nmetadata: {name: a}\n", 1, 1, "apiVersion");
    expect_refused(MAP "metadata: {name: a}\n---\napiVersion: v1\nmetadata: {name: a}\n", 5, 1, "kind is missing");
    expect_refused(MAP "metadata:\n  generateName: a\n", 3, 1, "metadata.name");
    expect_refused("apiVersion: v1\nkind: List\nitems:\n- {kind: Secret, metadata: {name: a}}\n", 4, 3, "apiVersion");
}

static void the_place_of_a_field_is_that_in_its_document(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct manifests *manifests =
        read_text(MAP "metadata: {name: a}\n---\n" MAP "metadata: {name: b}\ndata:\n  x: 1\n---\n"
                      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n"
                      "  metadata: {name: c}\n  type: 5\n");
    assert_non_null(manifests);
    assert_int_equal(manifests->count, 3);
    const struct manifest *items = manifests->items;
    assert_string_equal(manifest_place(&items[0], BYTES_LITERAL(""), &arena), "dir/file.yaml:1:1");
    assert_string_equal(manifest_place(&items[1], BYTES_LITERAL("data.x"), &arena), "dir/file.yaml:9:3");
    assert_string_equal(manifest_place(&items[1], BYTES_LITERAL(".data.x"), &arena), "dir/file.yaml:9:3");
    assert_string_equal(manifest_place(&items[1], BYTES_LITERAL("data.y"), &arena), "dir/file.yaml:8:1");
    assert_string_equal(manifest_place(&items[2], BYTES_LITERAL("type"), &arena), "dir/file.yaml:17:3");
    assert_string_equal(manifest_place(&items[2], BYTES_LITERAL(""), &arena), "dir/file.yaml:14:3");
    manifests_unref(manifests);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_known_by_group_kind_namespace_and_name),
        cmocka_unit_test(documents_and_lists_are_taken_apart),
        cmocka_unit_test(a_file_that_makes_no_sense_says_nothing_and_where),
        cmocka_unit_test(the_place_of_a_field_is_that_in_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
