// SPDX-License-Identifier: Apache-2.0
#include "kube/client.h"

#include "kube/api.h"
#include "kube/testing/world.h"

static struct outcome {
    enum problem_reason reason;
    bool is_done;
    int64_t version;
} outcome;
static int changes; // calls of change

static void on_done(struct client_op *op)
{
    assert_false(outcome.is_done);
    outcome = (struct outcome){ op->reason, true, op->write.resource_version };
}

static struct client_op *op_on(const char *name)
{
    struct client_op *op = client_op_new(&world.kube, world.things, BYTES_LITERAL("ns"), bytes_of_text(name), "tester");
    op->on_done = on_done;
    outcome.is_done = false;
    return op;
}

static enum problem_reason settle(void)
{
    world_settle();
    assert_true(outcome.is_done);
    return outcome.reason;
}

static enum problem_reason create(const char *name, const char *object)
{
    client_create(op_on(name), world_tree(object));
    return settle();
}

static const struct json_value *get(const char *name)
{
    struct json_value *object = NULL;
    err_t err = client_get(&world.kube, world.things, BYTES_LITERAL("ns"), bytes_of_text(name), &world.arena, &object);
    return err == ERR_OK ? object : NULL;
}

static void what_is_made_has_what_every_object_has(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{\"spec\":{}}"), PROBLEM_NONE);
    const struct json_value *object = get("a");
    assert_true(bytes_is(object_meta_text(object, "name"), "a"));
    assert_true(bytes_is(object_meta_text(object, "namespace"), "ns"));
    assert_true(object_meta_text(object, "uid").size > 0);
    assert_string_equal(world_text(json_get(json_get(object, "spec"), "size")), "3"); // a default
    assert_true(bytes_is(json_text_at(json_get(object_metadata(object), "managedFields")->first, "manager"), "tester"));
}

static void what_is_there_or_is_wrong_cannot_be_made(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    assert_int_equal(create("a", "{}"), PROBLEM_ALREADY_EXISTS);
    assert_int_equal(create("b", "{\"spec\":{\"size\":10}}"), PROBLEM_INVALID);
    assert_null(get("b"));
}

static bool color_set(struct client_op *op, struct json_value *object)
{
    changes++;
    json_set_text(json_set_object(object, &op->arena, "spec"), &op->arena, "color", "red");
    return true;
}

static bool leave(struct client_op *op, struct json_value *object)
{
    (void)op;
    (void)object;
    changes++;
    return false;
}

static enum problem_reason update(const char *name, bool (*change)(struct client_op *, struct json_value *))
{
    struct client_op *op = op_on(name);
    op->change = change;
    changes = 0;
    client_update(op);
    return settle();
}

static void an_update_changes_what_is_there_and_only_that(void **state)
{
    (void)state;
    assert_int_equal(update("a", color_set), PROBLEM_NOT_FOUND);
    assert_int_equal(changes, 0);
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    assert_int_equal(update("a", color_set), PROBLEM_NONE);
    assert_true(bytes_is(json_text_at(json_get(get("a"), "spec"), "color"), "red"));
    int64_t version = world.fake.version;
    assert_int_equal(update("a", color_set), PROBLEM_NONE); // it is red already
    assert_int_equal(update("a", leave), PROBLEM_NONE);
    assert_int_equal(outcome.version, version);
    assert_int_equal(world.fake.version, version);
}

static void an_update_that_lost_looks_again(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    struct client_op *first = op_on("a"), *second = op_on("a");
    first->on_done = NULL;
    first->change = second->change = color_set;
    changes = 0;
    client_update(first);
    client_update(second); // before the first one is done
    assert_int_equal(settle(), PROBLEM_NONE);
    assert_int_equal(changes, 3);
}

static void an_update_of_what_goes_meanwhile_ends(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    struct client_op *remove = op_on("a"), *update_op = op_on("a");
    remove->on_done = NULL;
    update_op->change = color_set;
    client_delete(remove);
    client_update(update_op);
    assert_int_equal(settle(), PROBLEM_NOT_FOUND);
    assert_null(get("a"));
}

static void a_subresource_changes_its_own_part(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    struct client_op *op = op_on("a");
    op->subresource = BYTES_LITERAL("status");
    op->change = color_set; // of the spec: not of the status
    client_update(op);
    assert_int_equal(settle(), PROBLEM_NONE);
    assert_null(json_get(json_get(get("a"), "spec"), "color"));
}

static void what_a_finalizer_holds_goes_by_remove_only(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{\"metadata\":{\"finalizers\":[\"x.io/a\"]}}"), PROBLEM_NONE);
    client_delete(op_on("a"));
    assert_int_equal(settle(), PROBLEM_NONE);
    assert_true(object_is_deleting(get("a")));
    client_remove(op_on("a"));
    assert_int_equal(settle(), PROBLEM_NONE);
    assert_null(get("a"));
    client_remove(op_on("a"));
    assert_int_equal(settle(), PROBLEM_NOT_FOUND);
    client_delete(op_on("a"));
    assert_int_equal(settle(), PROBLEM_NOT_FOUND);
}

static void a_delete_may_be_meant_for_another_object_of_that_name(void **state)
{
    (void)state;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
    struct client_op *op = op_on("a");
    op->deletion.uid = BYTES_LITERAL("of the one before");
    client_delete(op);
    assert_int_equal(settle(), PROBLEM_CONFLICT);
    assert_non_null(get("a"));
}

static void what_the_store_says_is_said_in_words(void **state)
{
    static const struct {
        err_t err;
        enum problem_reason reason;
    } rows[] = { { ERR_NO_SPACE, PROBLEM_UNAVAILABLE },
                 { ERR_CLOSED, PROBLEM_UNAVAILABLE },
                 { ERR_TOO_LARGE, PROBLEM_TOO_LARGE },
                 { ERR_IO, PROBLEM_INTERNAL },
                 { ERR_CONFLICT, PROBLEM_CONFLICT } }; // for ever: it gives up
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        world.fake.put_error = rows[i].err;
        assert_int_equal(create("a", "{}"), rows[i].reason);
    }
    world.fake.put_error = ERR_OK;
    assert_int_equal(create("a", "{}"), PROBLEM_NONE);
}

static void all_of_a_namespace_are_asked_some_at_a_time(void **state)
{
    (void)state;
    for (int i = 0; i < 510; i++) {
        struct client_op *op = op_on(arena_format(&world.arena, "n%d", i));
        op->on_done = NULL;
        client_create(op, world_tree("{}"));
    }
    world_settle();
    assert_int_equal(client_delete_all(&world.kube, world.things, BYTES_LITERAL("nt"), "tester"), 0);
    assert_int_equal(client_delete_all(&world.kube, world.things, BYTES_LITERAL("ns"), "tester"), 500);
    world_settle();
    assert_int_equal(client_delete_all(&world.kube, world.things, BYTES_LITERAL(""), "tester"), 10);
    world_settle();
    assert_int_equal(client_delete_all(&world.kube, world.things, BYTES_LITERAL("ns"), "tester"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_made_has_what_every_object_has),
        TEST(what_is_there_or_is_wrong_cannot_be_made),
        TEST(an_update_changes_what_is_there_and_only_that),
        TEST(an_update_that_lost_looks_again),
        TEST(an_update_of_what_goes_meanwhile_ends),
        TEST(a_subresource_changes_its_own_part),
        TEST(what_a_finalizer_holds_goes_by_remove_only),
        TEST(a_delete_may_be_meant_for_another_object_of_that_name),
        TEST(what_the_store_says_is_said_in_words),
        TEST(all_of_a_namespace_are_asked_some_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
