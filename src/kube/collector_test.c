// SPDX-License-Identifier: Apache-2.0
#include "kube/collector.h"

#include "kube/api.h"
#include "kube/client.h"
#include "kube/testing/world.h"

static struct collector *collector;

static void on_done(struct client_op *op)
{
    if (op->reason != PROBLEM_NONE)
        fail_msg("%.*s: %.*s", BYTES_ARG(op->name), BYTES_ARG(op->message));
}

static void on_done_then_full(struct client_op *op)
{
    on_done(op);
    world.fake.put_error = ERR_NO_SPACE;
}

static struct client_op *op_on(const char *name)
{
    struct client_op *op = client_op_new(&world.kube, world.things, BYTES_LITERAL("ns"), bytes_of_text(name), "tester");
    op->on_done = on_done;
    return op;
}

static const struct json_value *get(const char *name)
{
    struct json_value *object = NULL;
    err_t err = client_get(&world.kube, world.things, BYTES_LITERAL("ns"), bytes_of_text(name), &world.arena, &object);
    return err == ERR_OK ? object : NULL;
}

static const char *uid_of(const char *name)
{
    return arena_text(&world.arena, object_meta_text(get(name), "uid"));
}

static const char *reference(const char *name, const char *uid, const char *more)
{
    return arena_format(&world.arena,
                        "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"name\":\"%s\",\"uid\":\"%s\"%s}", name,
                        uid, more);
}

// METADATA: further members, each behind a comma.
static void create(const char *name, const char *metadata)
{
    struct client_op *op = op_on(name);
    client_create(op, world_tree(arena_format(&world.arena, "{\"metadata\":{\"name\":\"%s\"%s}}", name, metadata)));
    world_settle();
}

static void create_owned(const char *name, const char *references)
{
    create(name, arena_format(&world.arena, ",\"ownerReferences\":[%s]", references));
}

static void remove_it(const char *name, enum propagation propagation)
{
    struct client_op *op = op_on(name);
    op->deletion.propagation = propagation;
    client_delete(op);
    world_settle();
}

static int set_up(void **state)
{
    (void)world_set_up(state);
    collector = collector_start(&world.kube);
    world_settle();
    return 0;
}

static int tear_down(void **state)
{
    collector_stop(collector);
    world_settle();
    collector_free(collector);
    return world_tear_down(state);
}

// What has to come by a second try.
static void wait_until_gone(const char *name)
{
    for (int i = 0; i < 1000 && get(name) != NULL; i++)
        world_sleep(5);
    assert_null(get(name));
}

static void what_an_owner_had_goes_behind_it(void **state)
{
    (void)state;
    create("owner", "");
    create_owned("child", reference("owner", uid_of("owner"), ""));
    create_owned("grandchild", reference("child", uid_of("child"), ""));
    create("other", "");
    assert_non_null(get("grandchild"));
    remove_it("owner", PROPAGATION_BACKGROUND);
    assert_null(get("owner"));
    assert_null(get("child"));
    assert_null(get("grandchild"));
    assert_non_null(get("other"));
}

static void an_owner_waits_in_the_foreground_for_those_that_block_it(void **state)
{
    (void)state;
    create("owner", "");
    const char *blocking = reference("owner", uid_of("owner"), ",\"blockOwnerDeletion\":true");
    create("held", arena_format(&world.arena, ",\"finalizers\":[\"x.io/a\"],\"ownerReferences\":[%s]", blocking));
    create_owned("child", blocking);
    remove_it("owner", PROPAGATION_FOREGROUND);
    assert_null(get("child"));
    assert_true(object_is_deleting(get("held")));
    assert_true(object_is_deleting(get("owner")));
    client_remove(op_on("held"));
    world_settle();
    assert_null(get("held"));
    assert_null(get("owner"));
}

static void an_owner_does_not_wait_for_those_that_do_not_block_it(void **state)
{
    (void)state;
    create("owner", "");
    create("held", arena_format(&world.arena, ",\"finalizers\":[\"x.io/a\"],\"ownerReferences\":[%s]",
                                reference("owner", uid_of("owner"), "")));
    remove_it("owner", PROPAGATION_FOREGROUND);
    assert_null(get("owner"));
    assert_true(object_is_deleting(get("held")));
}

static void orphans_stay_and_forget_their_owner(void **state)
{
    (void)state;
    create("owner", "");
    create("second", "");
    const char *owner = reference("owner", uid_of("owner"), "");
    create_owned("child", owner);
    create_owned("shared", arena_format(&world.arena, "%s,%s", owner, reference("second", uid_of("second"), "")));
    remove_it("owner", PROPAGATION_ORPHAN);
    wait_until_gone("owner");
    assert_null(json_get(object_metadata(get("child")), "ownerReferences"));
    assert_int_equal(json_get(object_metadata(get("shared")), "ownerReferences")->count, 1);
}

static void what_has_another_owner_outlives_one_that_goes_in_the_foreground(void **state)
{
    (void)state;
    create("owner", "");
    create("second", "");
    const char *second = reference("second", uid_of("second"), "");
    create_owned("shared", arena_format(&world.arena, "%s,%s", second,
                                        reference("owner", uid_of("owner"), ",\"blockOwnerDeletion\":true")));
    create_owned("loose", arena_format(&world.arena, "%s,%s", second, reference("owner", uid_of("owner"), "")));
    remove_it("owner", PROPAGATION_FOREGROUND);
    wait_until_gone("owner");
    assert_int_equal(json_get(object_metadata(get("shared")), "ownerReferences")->count, 1);
    assert_int_equal(json_get(object_metadata(get("loose")), "ownerReferences")->count, 1);
    remove_it("second", PROPAGATION_FOREGROUND);
    wait_until_gone("second");
    assert_null(get("shared"));
    assert_null(get("loose"));
}

static void an_owner_that_waits_gets_over_failed_writes(void **state)
{
    (void)state;
    create("owner", "");
    create_owned("child", reference("owner", uid_of("owner"), ",\"blockOwnerDeletion\":true"));
    struct client_op *op = op_on("owner");
    op->deletion.propagation = PROPAGATION_FOREGROUND;
    op->on_done = on_done_then_full;
    client_delete(op);
    world_settle();
    assert_non_null(get("child"));
    world.fake.put_error = ERR_OK;
    wait_until_gone("owner");
    assert_null(get("child"));
}

static void an_object_with_one_owner_left_stays_without_the_others(void **state)
{
    (void)state;
    create("owner", "");
    create("second", "");
    create_owned("shared", arena_format(&world.arena, "%s,%s", reference("owner", uid_of("owner"), ""),
                                        reference("second", uid_of("second"), "")));
    remove_it("owner", PROPAGATION_BACKGROUND);
    assert_non_null(get("shared"));
    const struct json_value *left = json_get(object_metadata(get("shared")), "ownerReferences");
    assert_int_equal(left->count, 1);
    assert_string_equal(world_text(json_get(left->first, "name")), "\"second\"");
    remove_it("second", PROPAGATION_BACKGROUND);
    assert_null(get("shared"));
}

static void an_owner_that_never_was_or_is_another_by_now_counts_as_gone(void **state)
{
    (void)state;
    create_owned("lost", reference("nobody", "u1", ""));
    assert_null(get("lost"));
    create("owner", "");
    create_owned("stranger", reference("owner", "u2", ""));
    assert_null(get("stranger"));
    create_owned("foreign", "{\"apiVersion\":\"other.io/v1\",\"kind\":\"Unknown\",\"name\":\"x\",\"uid\":\"u\"}");
    assert_non_null(get("foreign"));
}

static void a_start_finds_what_was_left_over(void **state)
{
    (void)state;
    create("owner", "");
    create_owned("child", reference("owner", uid_of("owner"), ""));
    collector_stop(collector);
    remove_it("owner", PROPAGATION_BACKGROUND);
    collector_free(collector);
    assert_non_null(get("child"));
    collector = collector_start(&world.kube);
    world_settle();
    assert_null(get("child"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_an_owner_had_goes_behind_it),
        TEST(an_owner_waits_in_the_foreground_for_those_that_block_it),
        TEST(an_owner_does_not_wait_for_those_that_do_not_block_it),
        TEST(orphans_stay_and_forget_their_owner),
        TEST(what_has_another_owner_outlives_one_that_goes_in_the_foreground),
        TEST(an_owner_that_waits_gets_over_failed_writes),
        TEST(an_object_with_one_owner_left_stays_without_the_others),
        TEST(an_owner_that_never_was_or_is_another_by_now_counts_as_gone),
        TEST(a_start_finds_what_was_left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
