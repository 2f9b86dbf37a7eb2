// SPDX-License-Identifier: Apache-2.0
#include "kube/write.h"

#include "kube/api.h"
#include "kube/testing/world.h"

struct test_write {
    struct write write;
    const char *expects; // the resourceVersion that the object must have; NULL: any
    enum write_action wants;
    int n;
    size_t decisions, done;
};

static enum write_action decide(struct write *write, struct json_value *live)
{
    struct test_write *test = CONTAINER_OF(write, struct test_write, write);
    test->decisions++;
    if (test->expects != NULL && !bytes_is(object_meta_text(live, "resourceVersion"), test->expects)) {
        problem_conflict(&write->problem, write->kind, write->name, "modified");
        return WRITE_REFUSE;
    }
    write->object = live != NULL ? live : world_tree("{\"metadata\":{\"name\":\"x\",\"namespace\":\"a\"}}");
    json_set_int(write->object, &world.arena, "n", test->n);
    return test->wants;
}

static void on_done(struct write *write)
{
    CONTAINER_OF(write, struct test_write, write)->done++;
}

static void start(struct test_write *test, enum write_action wants, const char *expects, int n)
{
    *test = (struct test_write){ .expects = expects, .wants = wants, .n = n };
    test->write = (struct write){
        .resources = &world.kube.resources,
        .kind = world.things,
        .version = world.v1,
        .name_space = BYTES_LITERAL("a"),
        .name = BYTES_LITERAL("x"),
        .arena = &world.arena,
        .decide = decide,
        .on_done = on_done,
    };
    write_start(&test->write);
}

// The object's n, and its version; "" where there is none.
static const char *stored(void)
{
    struct table_row row;
    int64_t marked, n = -1;
    struct json_value *object = NULL;
    bytes_t key = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("x"));
    if (resources_get(&world.kube.resources, key, &row, &marked) != ERR_OK)
        return "";
    assert_int_equal(object_decode(row.value, world.things, world.v1, row.version, &world.arena, &object), ERR_OK);
    assert_true(json_get_int(json_get(object, "n"), &n));
    return arena_format(&world.arena, "%d@%d", (int)n, (int)row.version);
}

static void of_two_writers_with_the_same_version_one_wins(void **state)
{
    struct test_write first, second;
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 0);
    start(&first, WRITE_PUT, "1", 10);
    start(&second, WRITE_PUT, "1", 20);
    world_settle();
    assert_int_equal(first.done + second.done, 2);
    assert_int_equal(first.write.action, WRITE_PUT);
    assert_int_equal(first.write.resource_version, 2);
    assert_int_equal(second.write.action, WRITE_REFUSE);
    assert_int_equal(second.write.problem.reason, PROBLEM_CONFLICT);
    assert_string_equal(stored(), "10@2");
    write_deinit(&first.write);
    write_deinit(&second.write);
}

static void writers_without_a_version_all_win_one_behind_the_other(void **state)
{
    struct test_write writes[10];
    (void)state;
    for (int i = 0; i < 10; i++)
        start(&writes[i], WRITE_PUT, NULL, i);
    world_settle();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(writes[i].done, 1);
        assert_int_equal(writes[i].write.resource_version, i + 1);
        assert_int_equal(object_change(writes[i].write.value.bytes), i == 0 ? CHANGE_ADDED : CHANGE_MODIFIED);
        write_deinit(&writes[i].write);
    }
    assert_int_equal(writes[9].decisions, 10);
    assert_string_equal(stored(), "9@10");
}

static void a_removed_object_is_made_anew_while_its_row_goes_or_in_its_place(void **state)
{
    struct test_write removal, creation;
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 0);
    start(&removal, WRITE_REMOVE, NULL, 1);
    start(&creation, WRITE_PUT, NULL, 2);
    world_settle();
    assert_int_equal(object_change(removal.write.value.bytes), CHANGE_DELETED);
    assert_int_equal(object_change(creation.write.value.bytes), CHANGE_ADDED);
    assert_string_equal(stored(), "2@4");
    write_deinit(&removal.write);
    write_deinit(&creation.write);

    list_init(&world.fake.watches); // nobody drops the row
    start(&removal, WRITE_REMOVE, NULL, 1);
    world_settle();
    assert_string_equal(stored(), "");
    start(&creation, WRITE_PUT, NULL, 3);
    world_settle();
    assert_int_equal(creation.decisions, 1);
    assert_int_equal(object_change(creation.write.value.bytes), CHANGE_ADDED);
    assert_string_equal(stored(), "3@6");
    write_deinit(&removal.write);
    write_deinit(&creation.write);
}

static void a_dry_run_and_what_is_kept_change_nothing(void **state)
{
    struct test_write test;
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 7);
    start(&test, WRITE_KEEP, NULL, 1);
    assert_int_equal(test.done, 1);
    assert_int_equal(test.write.resource_version, 1);
    assert_true(object_is_valid(test.write.value.bytes));
    write_deinit(&test.write);
    test.write.value = (struct slice){ 0 };
    test.write.is_dry_run = true;
    test.wants = WRITE_PUT;
    write_start(&test.write);
    world_settle();
    assert_int_equal(test.done, 2);
    assert_int_equal(test.write.action, WRITE_PUT);
    assert_string_equal(stored(), "7@1");
    write_deinit(&test.write);
}

static void says_why_nothing_could_be_stored(void **state)
{
    static const struct {
        err_t err;
        enum problem_reason reason;
    } cases[] = {
        { ERR_TOO_LARGE, PROBLEM_TOO_LARGE }, { ERR_NO_SPACE, PROBLEM_UNAVAILABLE },
        { ERR_CLOSED, PROBLEM_UNAVAILABLE },  { ERR_IO, PROBLEM_INTERNAL },
        { ERR_CONFLICT, PROBLEM_CONFLICT }, // for ever
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct test_write test;
        world.fake.put_error = cases[i].err;
        start(&test, WRITE_PUT, NULL, 1);
        world_settle();
        assert_int_equal(test.done, 1);
        assert_int_equal(test.write.action, WRITE_REFUSE);
        assert_int_equal(test.write.problem.reason, cases[i].reason);
        write_deinit(&test.write);
    }
    assert_string_equal(stored(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_two_writers_with_the_same_version_one_wins),
        TEST(writers_without_a_version_all_win_one_behind_the_other),
        TEST(a_removed_object_is_made_anew_while_its_row_goes_or_in_its_place),
        TEST(a_dry_run_and_what_is_kept_change_nothing),
        TEST(says_why_nothing_could_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
