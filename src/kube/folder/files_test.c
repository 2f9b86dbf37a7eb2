// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/files.h"

#include "base/test.h"
#include "io/random.h"

static char root[64];
static struct folder_files files;

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_int_equal(file_replace(path_of(name), bytes_of_text(text)), ERR_OK);
}

#define NAMED(name) "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name "}\n"

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/eddy-folder-%016llx", (unsigned long long)random_u64());
    assert_int_equal(dir_make(root), ERR_OK);
    files = (struct folder_files){ .root = root };
    return 0;
}

static void remove_all(const char *path)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    assert_int_equal(dir_list(path, &arena, &entries, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        const char *inside = arena_format(&arena, "%s/%s", path, entries[i].name);
        if (entries[i].is_dir)
            remove_all(inside);
        else
            assert_int_equal(file_remove(inside), ERR_OK);
    }
    arena_free(&arena);
    assert_int_equal(dir_remove(path), ERR_OK);
}

static int tear_down(void **state)
{
    (void)state;
    folder_files_deinit(&files);
    remove_all(root);
    return 0;
}

// Looks, and takes the news: "NAME=FIRST OBJECT;", "NAME!LINE;" when it is broken, "NAME-;" when it is gone.
static void expect_look(const char *expected)
{
    struct arena arena = ARENA_INIT;
    const char *found = "";
    folder_look(&files);
    for (size_t i = 0; i < files.count; i++) {
        struct folder_file *file = files.items[i];
        const char *name = file->path + strlen(root) + (file->path[strlen(root)] == '/');
        enum file_news news = file->news;
        file->news = FILE_NEWS_NONE;
        if (news == FILE_NEWS_TEXT) {
            manifests_unref(file->manifests);
            file->manifests = file->fresh;
            file->fresh = NULL;
            bytes_t first = file->manifests->count == 0 ? BYTES_LITERAL("") : file->manifests->items[0].name;
            found = arena_format(&arena, "%s%s=%.*s;", found, name, BYTES_ARG(first));
        } else if (news == FILE_NEWS_BROKEN) {
            found = arena_format(&arena, "%s%s!%zu;", found, name, file->place.line);
        } else if (news == FILE_NEWS_GONE) {
            found = arena_format(&arena, "%s%s-;", found, name);
            folder_file_drop(&files, i--);
        }
    }
    assert_string_equal(found, expected);
    arena_free(&arena);
}

static void the_first_look_reads_all_manifests_in_the_order_of_their_paths(void **state)
{
    (void)state;
    assert_int_equal(dir_make(path_of("b")), ERR_OK);
    assert_int_equal(dir_make(path_of("..data")), ERR_OK);
    put("b/z.json", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"z\"}}");
    put("b.yml", NAMED("b"));
    put("a.yaml", NAMED("a"));
    put("empty.yaml", "");
    put("a.txt", "no");
    put(".hidden.yaml", NAMED("h"));
    put("..data/d.yaml", NAMED("d"));
    expect_look("a.yaml=a;b.yml=b;b/z.json=z;empty.yaml=;");
    assert_int_equal(files.err, ERR_OK);
    expect_look("");
}

// As many looks as it takes to be sure; nothing is told before the last one.
static void expect_soon(const char *expected)
{
    for (unsigned i = 1; i < FOLDER_LOOKS_SURE; i++) {
        expect_look("");
        assert_true(files.is_unsettled);
    }
    expect_look(expected);
    assert_false(files.is_unsettled);
}

static void what_changes_counts_when_some_looks_saw_it_the_same(void **state)
{
    (void)state;
    put("a.yaml", NAMED("one"));
    expect_look("a.yaml=one;");
    for (int i = 0; i < 20; i++) {
        put("a.yaml", i % 2 == 0 ? "" : NAMED("two"));
        expect_look("");
    }
    put("b.yaml", NAMED("new"));
    expect_look("");
    put("a.yaml", NAMED("three"));
    for (unsigned i = 2; i < FOLDER_LOOKS_SURE; i++)
        expect_look("");
    expect_look("b.yaml=new;");
    expect_look("a.yaml=three;");
    expect_look("");
}

static void what_goes_is_gone_when_some_looks_missed_it(void **state)
{
    (void)state;
    put("a.yaml", NAMED("one"));
    expect_look("a.yaml=one;");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(file_rename(path_of("a.yaml"), path_of("a.yaml~")), ERR_OK);
        expect_look("");
        assert_int_equal(file_rename(path_of("a.yaml~"), path_of("a.yaml")), ERR_OK);
        expect_look("");
    }
    put("a.yaml", NAMED("two"));
    expect_soon("a.yaml=two;");
    // Under another name it is there in the look in which the old one is gone.
    assert_int_equal(file_rename(path_of("a.yaml"), path_of("b.yaml")), ERR_OK);
    expect_soon("a.yaml-;b.yaml=two;");
}

static void what_cannot_be_read_is_told_with_its_line(void **state)
{
    (void)state;
    put("a.yaml", NAMED("one"));
    put("b.yaml", NAMED("one") "x: [\n");
    expect_look("a.yaml=one;b.yaml!5;");
    put("a.yaml", "kind: ConfigMap\n");
    expect_soon("a.yaml!1;");
    expect_look("");
    put("a.yaml", NAMED("two"));
    expect_soon("a.yaml=two;");
}

static void a_folder_that_vanishes_takes_no_file_along(void **state)
{
    (void)state;
    char aside[80];
    snprintf(aside, sizeof aside, "%s-aside", root);
    put("a.yaml", NAMED("one"));
    expect_look("a.yaml=one;");
    assert_int_equal(file_rename(root, aside), ERR_OK);
    for (int i = 0; i <= FOLDER_LOOKS_SURE; i++) {
        expect_look("");
        assert_int_equal(files.err, ERR_NOT_FOUND);
        assert_string_equal(files.err_path, root);
    }
    assert_int_equal(file_rename(aside, root), ERR_OK);
    expect_look("");
    assert_int_equal(files.err, ERR_OK);
}

static void one_file_may_have_any_name(void **state)
{
    (void)state;
    char path[80];
    put("manifest", NAMED("one"));
    snprintf(path, sizeof path, "%s", path_of("manifest"));
    files.root = path;
    expect_look("manifest=one;");
    assert_int_equal(file_remove(path), ERR_OK);
    for (int i = 0; i <= FOLDER_LOOKS_SURE; i++)
        expect_look("");
    assert_int_equal(files.err, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_look_reads_all_manifests_in_the_order_of_their_paths, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_changes_counts_when_some_looks_saw_it_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_is_gone_when_some_looks_missed_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_vanishes_takes_no_file_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_may_have_any_name, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
