// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/plan.h"

#include "base/test.h"

static struct manifests *files[3];

static void read_file(size_t index, const char *path, const char *text)
{
    struct yaml_place place;
    diag_t diag = { 0 };
    struct buf *buf = buf_copy(bytes_of_text(text));
    assert_int_equal(manifests_read(path, buf, &files[index], &place, &diag), ERR_OK);
    buf_unref(buf);
}

static int drop(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        manifests_unref(files[i]);
        files[i] = NULL;
    }
    return 0;
}

#define OBJECT(version, kind, name)                                                                                    \
    "{\"apiVersion\":\"" version "\",\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name "\"}}\n"

// "KIND/NAME;" for each item, and "FILE KIND/NAME FILE;" for each clash.
static void expect(const char *items, const char *clashes)
{
    struct arena arena = ARENA_INIT;
    struct plan plan;
    const struct manifests *given[] = { files[0], files[1], files[2] };
    const char *found = "", *met = "";
    plan_make(given, 3, &arena, &plan);
    for (size_t i = 0; i < plan.count; i++)
        found =
            arena_format(&arena, "%s%.*s/%.*s;", found, BYTES_ARG(plan.items[i]->kind), BYTES_ARG(plan.items[i]->name));
    for (size_t i = 0; i < plan.clash_count; i++)
        met = arena_format(&arena, "%s%s %.*s %s;", met, plan.clashes[i].second->file->path,
                           BYTES_ARG(plan.clashes[i].second->name), plan.clashes[i].first->file->path);
    assert_string_equal(found, items);
    assert_string_equal(met, clashes);
    arena_free(&arena);
}

static void nothing_is_a_plan(void **state)
{
    (void)state;
    expect("", "");
}

static void namespaces_and_definitions_come_first(void **state)
{
    (void)state;
    read_file(0, "a", OBJECT("v1", "ConfigMap", "z") OBJECT("v1", "Namespace", "n"));
    read_file(2, "c",
              OBJECT("other.org/v1", "Namespace", "m")
                  OBJECT("apiextensions.k8s.io/v1", "CustomResourceDefinition", "d") OBJECT("v1", "ConfigMap", "a"));
    expect("Namespace/n;CustomResourceDefinition/d;ConfigMap/z;Namespace/m;ConfigMap/a;", "");
}

static void of_two_that_name_one_object_the_first_counts(void **state)
{
    (void)state;
    read_file(0, "a", OBJECT("v1", "ConfigMap", "x") OBJECT("example.org/v1", "Thing", "x"));
    read_file(1, "b", OBJECT("example.org/v2", "Thing", "x") OBJECT("v1", "ConfigMap", "y"));
    read_file(2, "c", OBJECT("v1", "ConfigMap", "y") OBJECT("v1", "ConfigMap", "x") OBJECT("v1", "ConfigMap", "x"));
    expect("ConfigMap/x;Thing/x;ConfigMap/y;", "b x a;c y b;c x a;c x a;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_plan),
        cmocka_unit_test_teardown(namespaces_and_definitions_come_first, drop),
        cmocka_unit_test_teardown(of_two_that_name_one_object_the_first_counts, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
