// SPDX-License-Identifier: Apache-2.0
// What a group lives through: sessions, assignments, members with a name of their own, the end.
#include "engine/embedded/testing/group_world.h"

#include "base/test.h"

// --- sessions

static void a_session_lives_on_heartbeats_and_commits(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    make_stable(all, 2);
    for (int i = 0; i < 5; i++) {
        time_passes(6000);
        assert_int_equal(heartbeat(&all[0]), GROUP_OK);
        assert_int_equal(commit(&all[1]), GROUP_OK);
    }
    time_passes(9000);
    assert_int_equal(heartbeat(&all[0]), GROUP_OK);
    time_passes(1500);
    assert_int_equal(heartbeat(&all[1]), GROUP_UNKNOWN_MEMBER);
    assert_int_equal(heartbeat(&all[0]), GROUP_REBALANCING);
    ask_join_again(&all[0]);
    assert_int_equal(all[0].join.answer.member_count, 1);
}

static void who_waits_is_alive_but_a_new_member_only_for_five_minutes(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    struct asked late = plain;
    options.session_max_ms = INT32_MAX;
    for (size_t i = 0; i < 2; i++) {
        all[i].join.session_timeout_ms = 2000000;
        all[i].join.rebalance_timeout_ms = 1000000;
    }
    make_stable(all, 2);
    ask_join_again(&all[0]);
    struct asked again = all[0]; // the same member, on another connection
    again.join.session_timeout_ms = 10000;
    ask_join(&again);
    assert_int_equal(all[0].join.answer.error, GROUP_REBALANCING);
    ask_join(&late);
    time_passes(299000);
    assert_false(late.joined);
    time_passes(2000);
    assert_int_equal(late.join.answer.error, GROUP_UNKNOWN_MEMBER);
    assert_false(again.joined); // far beyond its session
    ask_join_again(&all[1]);
    assert_int_equal(again.join.answer.generation, 2);
}

// --- the sync phase

static void the_assignment_counts_when_it_is_durable(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    const struct asked *const views[] = { &all[0], &all[1] };
    ask_join(&all[0]);
    ask_join(&all[1]);
    time_passes(1);
    writes_at_once = false;
    ask_sync(&all[1], NULL, 0);
    ask_sync(&all[0], views, 2);
    assert_false(all[0].synced || all[1].synced);
    assert_int_equal(commit(&all[0]), GROUP_REBALANCING);
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_OK);
    assert_true(all[0].synced && all[1].synced);
    assert_int_equal(group()->state, GROUP_STABLE);
    assert_int_equal(commit(&all[0]), GROUP_OK);
}

static void a_write_that_fails_starts_over(void **state)
{
    (void)state;
    struct asked one = plain;
    const struct asked *const views[] = { &one };
    ask_join(&one);
    time_passes(1);
    writes_at_once = false;
    ask_sync(&one, views, 1);
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_NOT_AVAILABLE);
    assert_int_equal(one.sync.answer.error, GROUP_NOT_AVAILABLE);
    assert_int_equal(group()->state, GROUP_PREPARING_REBALANCE);
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_OK); // of a time gone by
    groups_written(&groups, BYTES_LITERAL("gone"), 1, GROUP_OK);
    assert_int_equal(group()->state, GROUP_PREPARING_REBALANCE);
}

static void a_member_that_comes_meanwhile_voids_the_assignment(void **state)
{
    (void)state;
    struct asked one = plain, late = plain;
    const struct asked *const views[] = { &one };
    ask_join(&one);
    time_passes(1);
    writes_at_once = false;
    ask_sync(&one, views, 1);
    uint64_t first = written;
    ask_join(&late);
    assert_int_equal(one.sync.answer.error, GROUP_REBALANCING);
    groups_written(&groups, BYTES_LITERAL("g"), first, GROUP_OK);
    assert_int_equal(group()->state, GROUP_PREPARING_REBALANCE);
    assert_int_equal(commit(&one), GROUP_OK); // its generation is the newest there is
    ask_join_again(&one);
    assert_int_equal(late.join.answer.generation, 2);
}

// A group is deleted while its record is written, and made again: what becomes durable then is not of this group.
static void a_write_of_a_deleted_group_is_not_of_the_next(void **state)
{
    (void)state;
    struct asked one = plain, next = plain;
    const struct asked *const views[] = { &next };
    writes_at_once = false;
    ask_join(&one);
    time_passes(1);
    assert_int_equal(leave(one.join.answer.member_id, BYTES_NULL), GROUP_OK);
    uint64_t old = written; // that it is empty
    groups_remove(&groups, group());
    ask_join(&next);
    time_passes(1);
    ask_sync(&next, views, 1);
    groups_written(&groups, BYTES_LITERAL("g"), old, GROUP_OK);
    assert_false(next.synced);
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_OK);
    assert_true(next.synced);
}

static void who_does_not_sync_in_time_is_out(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    const struct asked *const views[] = { &all[0], &all[1] };
    for (size_t i = 0; i < 2; i++) {
        all[i].join.session_timeout_ms = 60000;
        ask_join(&all[i]);
    }
    time_passes(1);
    ask_sync(&all[0], views, 2);
    assert_int_equal(group()->state, GROUP_STABLE);
    time_passes(30000);
    assert_int_equal(heartbeat(&all[1]), GROUP_UNKNOWN_MEMBER);
    assert_int_equal(heartbeat(&all[0]), GROUP_REBALANCING);
}

static void a_leader_that_goes_before_it_assigned_is_replaced(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    ask_join(&all[0]);
    ask_join(&all[1]);
    time_passes(1);
    ask_sync(&all[1], NULL, 0);
    assert_int_equal(leave(all[0].join.answer.member_id, BYTES_NULL), GROUP_OK);
    assert_int_equal(all[1].sync.answer.error, GROUP_REBALANCING);
    ask_join_again(&all[1]);
    assert_int_equal(all[1].join.answer.member_count, 1);
}

// --- KIP-345

static struct asked instance(const char *name)
{
    struct asked asked = plain;
    asked.join.instance_id = bytes_of_text(name);
    asked.join.needs_known_id = true; // without effect
    return asked;
}

static void an_instance_that_comes_back_finds_its_place(void **state)
{
    (void)state;
    struct asked all[] = { instance("a"), instance("b") };
    make_stable(all, 2);
    struct asked again = instance("b");
    ask_join(&again);
    assert_true(again.joined);
    assert_int_equal(again.join.answer.error, GROUP_OK);
    assert_int_equal(again.join.answer.generation, 1);
    assert_int_equal(group()->state, GROUP_STABLE);
    ask_sync(&again, NULL, 0);
    assert_true(bytes_equal(again.sync.answer.assignment, all[1].join.answer.member_id)); // what the old one had
    assert_int_equal(heartbeat(&all[1]), GROUP_FENCED_INSTANCE);
    assert_int_equal(commit(&all[1]), GROUP_FENCED_INSTANCE);
    assert_int_equal(heartbeat(&again), GROUP_OK);
    assert_int_equal(heartbeat(&all[0]), GROUP_OK);
    struct asked unknown = instance("c");
    unknown.join.answer = again.join.answer;
    assert_int_equal(heartbeat(&unknown), GROUP_UNKNOWN_MEMBER);
}

static void a_leader_that_comes_back_assigns_nothing(void **state)
{
    (void)state;
    struct asked all[] = { instance("a"), instance("b") };
    make_stable(all, 2);
    struct asked old = instance("a"), new = instance("a");
    ask_join(&old); // it cannot be told to skip: somebody else leads, it hears
    assert_true(bytes_equal(old.join.answer.leader, all[0].join.answer.member_id));
    assert_int_equal(old.join.answer.member_count, 0);
    assert_false(old.join.answer.skip_assignment);
    new.join.skips_assignment = true;
    writes_at_once = false;
    ask_join(&new);
    assert_false(new.joined); // until it is durable
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_OK);
    assert_true(new.join.answer.skip_assignment);
    assert_int_equal(new.join.answer.member_count, 2);
    assert_true(bytes_equal(new.join.answer.leader, new.join.answer.member_id));
}

static void an_instance_that_changes_the_protocol_starts_a_rebalance(void **state)
{
    (void)state;
    struct asked all[] = { instance("a"), instance("b") };
    for (size_t i = 0; i < 2; i++) {
        all[i].join.protocol_count = 2;
        all[i].protocols[1] = (struct group_protocol){ BYTES_LITERAL("sticky"), BYTES_LITERAL("") };
    }
    make_stable(all, 2);
    struct asked again = instance("b");
    again.protocols[0].name = BYTES_LITERAL("sticky");
    ask_join(&again);
    assert_false(again.joined);
    ask_join_again(&all[0]);
    assert_true(bytes_is(again.join.answer.protocol_name, "sticky"));
}

static void two_of_one_instance_fence_each_other(void **state)
{
    (void)state;
    struct asked all[] = { instance("a"), plain };
    ask_join(&all[0]);
    ask_join(&all[1]);
    struct asked twin = instance("a");
    ask_join(&twin);
    assert_int_equal(all[0].join.answer.error, GROUP_FENCED_INSTANCE);
    time_passes(1);
    assert_int_equal(twin.join.answer.error, GROUP_OK);
    assert_int_equal(group()->joined_count, 2);
    // Between join and sync the leader may have assigned to the old id: all begin anew.
    ask_sync(&twin, NULL, 0);
    ask_join_again(&all[1]);
    struct asked third = instance("a");
    ask_join(&third);
    assert_int_equal(heartbeat(&twin), GROUP_FENCED_INSTANCE);
}

static void a_static_member_keeps_its_place_while_its_session_lasts(void **state)
{
    (void)state;
    struct asked all[] = { plain, instance("b") };
    all[1].join.session_timeout_ms = 60000;
    make_stable(all, 2);
    ask_join_again(&all[0]);
    time_passes(30100); // the join phase ends without it
    assert_int_equal(all[0].join.answer.generation, 2);
    assert_int_equal(all[0].join.answer.member_count, 2);
    const struct asked *const views[] = { &all[0] };
    ask_sync(&all[0], views, 1);
    for (int i = 0; i < 7; i++) {
        time_passes(5000);
        (void)heartbeat(&all[0]);
    }
    assert_int_equal(heartbeat(&all[1]), GROUP_UNKNOWN_MEMBER);
}

static void many_leave_at_once(void **state)
{
    (void)state;
    struct asked all[] = { plain, instance("b"), instance("c"), instance("d") };
    make_stable(all, 4);
    struct group_leaver leavers[] = {
        { .member_id = all[0].join.answer.member_id },
        { .member_id = BYTES_LITERAL(""), .instance_id = BYTES_LITERAL("b") },
        { .member_id = all[2].join.answer.member_id, .instance_id = BYTES_LITERAL("d") },
        { .member_id = BYTES_LITERAL(""), .instance_id = BYTES_LITERAL("x") },
        { .member_id = BYTES_LITERAL("") },
        { .member_id = BYTES_LITERAL("nobody"), .instance_id = BYTES_LITERAL("x") },
    };
    static const enum group_error errors[] = {
        GROUP_OK, GROUP_OK, GROUP_FENCED_INSTANCE, GROUP_UNKNOWN_MEMBER, GROUP_UNKNOWN_MEMBER, GROUP_UNKNOWN_MEMBER
    };
    assert_int_equal(group_leave(&groups, BYTES_LITERAL("g"), leavers, ARRAY_COUNT(leavers)), GROUP_OK);
    for (size_t i = 0; i < ARRAY_COUNT(leavers); i++)
        assert_int_equal(leavers[i].error, errors[i]);
    assert_int_equal(group()->joined_count, 2);
    assert_int_equal(group()->state, GROUP_PREPARING_REBALANCE);
    assert_int_equal(group_leave(&groups, BYTES_LITERAL(""), leavers, 1), GROUP_INVALID_ID);
    assert_int_equal(group_leave(&groups, BYTES_LITERAL("x"), leavers, 1), GROUP_UNKNOWN_MEMBER);
}

// --- whoever goes away while it waits

static void a_client_that_hangs_up_stays_if_it_can_come_back(void **state)
{
    (void)state;
    struct asked known = plain, unknown = plain, one = plain;
    make_stable(&one, 1);
    known.join.needs_known_id = true;
    ask_join(&known);
    ask_join_again(&known);
    ask_join(&unknown);
    group_join_cancel(&groups, &known.join);
    group_join_cancel(&groups, &unknown.join);
    assert_true(known.joined && unknown.joined);
    group_join_cancel(&groups, &known.join); // harmless
    assert_int_equal(group()->joined_count, 2);
    ask_join_again(&one);
    assert_int_equal(one.join.answer.member_count, 2);
    const struct asked *const views[] = { &one };
    writes_at_once = false;
    ask_sync(&one, views, 1);
    group_sync_cancel(&groups, &one.sync);
    assert_true(one.synced);
    groups_written(&groups, BYTES_LITERAL("g"), written, GROUP_OK);
    assert_int_equal(group()->state, GROUP_STABLE);
    time_passes(10001);
    assert_int_equal(heartbeat(&one), GROUP_UNKNOWN_MEMBER); // its session went on
}

// --- offsets

static void commits_come_from_members_or_from_nobody(void **state)
{
    (void)state;
    struct group_caller simple = { .group_id = BYTES_LITERAL("g"), .generation = -1, .member_id = BYTES_LITERAL("") };
    assert_int_equal(group_commit_check(&groups, &simple), GROUP_OK);
    struct group_caller claims = { .group_id = BYTES_LITERAL("g"), .generation = 3, .member_id = BYTES_LITERAL("m") };
    assert_int_equal(group_commit_check(&groups, &claims), GROUP_NOT_FOUND);
    groups_ensure(&groups, BYTES_LITERAL("g"));
    assert_int_equal(group_commit_check(&groups, &simple), GROUP_OK);
    assert_int_equal(group_commit_check(&groups, &claims), GROUP_UNKNOWN_MEMBER);
    struct asked one = plain;
    make_stable(&one, 1);
    assert_int_equal(group_commit_check(&groups, &simple), GROUP_UNKNOWN_MEMBER);
    assert_int_equal(commit(&one), GROUP_OK);
    assert_int_equal(leave(one.join.answer.member_id, BYTES_NULL), GROUP_OK);
    assert_int_equal(group_commit_check(&groups, &simple), GROUP_OK);
    assert_int_equal(commit(&one), GROUP_UNKNOWN_MEMBER);
}

// ConsumerProtocolSubscription version 1: topics "t", "uu"; no user data; no partitions.
static const uint8_t subscription[] = {
    0, 1, 0, 0, 0, 2, 0, 1, 't', 0, 2, 'u', 'u', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0
};

static void groups_are_deleted_when_nobody_is_in_them(void **state)
{
    (void)state;
    assert_int_equal(group_delete_check(&groups, BYTES_LITERAL("g")), GROUP_NOT_FOUND);
    assert_int_equal(group_forget_check(&groups, BYTES_LITERAL("g")), GROUP_NOT_FOUND);
    struct asked one = plain;
    one.protocols[0].metadata = bytes_of(subscription, sizeof subscription);
    make_stable(&one, 1);
    assert_int_equal(group_delete_check(&groups, BYTES_LITERAL("g")), GROUP_NOT_EMPTY);
    assert_int_equal(group_forget_check(&groups, BYTES_LITERAL("g")), GROUP_OK);
    assert_true(group_reads_topic(group(), BYTES_LITERAL("uu")));
    assert_false(group_reads_topic(group(), BYTES_LITERAL("u")));
    assert_int_equal(leave(one.join.answer.member_id, BYTES_NULL), GROUP_OK);
    assert_false(group_reads_topic(group(), BYTES_LITERAL("uu")));
    assert_int_equal(group_delete_check(&groups, BYTES_LITERAL("g")), GROUP_OK);
    groups_remove(&groups, group());
    struct asked connect = plain;
    connect.join.protocol_type = BYTES_LITERAL("connect");
    make_stable(&connect, 1);
    assert_int_equal(group_forget_check(&groups, BYTES_LITERAL("g")), GROUP_NOT_EMPTY);
}

static void offsets_grow_old_as_kip_211_says(void **state)
{
    (void)state;
    bytes_t t = BYTES_LITERAL("t"), x = BYTES_LITERAL("x");
    struct group *simple = groups_ensure(&groups, BYTES_LITERAL("simple"));
    groups_time_set(&groups, 0, 150000);
    assert_false(group_offset_is_old(&groups, simple, t, 60000));
    assert_true(group_offset_is_old(&groups, simple, t, 50000));
    struct asked one = plain;
    one.protocols[0].metadata = bytes_of(subscription, sizeof subscription);
    make_stable(&one, 1);
    groups_time_set(&groups, 0, 150000);
    assert_false(group_offset_is_old(&groups, group(), t, 0)); // somebody reads it
    assert_true(group_offset_is_old(&groups, group(), x, 0));
    assert_int_equal(leave(one.join.answer.member_id, BYTES_NULL), GROUP_OK);
    groups_time_set(&groups, 0, 249000);
    assert_false(group_offset_is_old(&groups, group(), t, 0)); // since it is empty
    groups_time_set(&groups, 0, 250000);
    assert_true(group_offset_is_old(&groups, group(), t, 249000));
    group()->state_time_ms = -1; // of an old record
    assert_false(group_offset_is_old(&groups, group(), t, 249000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_lives_on_heartbeats_and_commits),
        TEST(who_waits_is_alive_but_a_new_member_only_for_five_minutes),
        TEST(the_assignment_counts_when_it_is_durable),
        TEST(a_write_that_fails_starts_over),
        TEST(a_member_that_comes_meanwhile_voids_the_assignment),
        TEST(a_write_of_a_deleted_group_is_not_of_the_next),
        TEST(who_does_not_sync_in_time_is_out),
        TEST(a_leader_that_goes_before_it_assigned_is_replaced),
        TEST(an_instance_that_comes_back_finds_its_place),
        TEST(a_leader_that_comes_back_assigns_nothing),
        TEST(an_instance_that_changes_the_protocol_starts_a_rebalance),
        TEST(two_of_one_instance_fence_each_other),
        TEST(a_static_member_keeps_its_place_while_its_session_lasts),
        TEST(many_leave_at_once),
        TEST(a_client_that_hangs_up_stays_if_it_can_come_back),
        TEST(commits_come_from_members_or_from_nobody),
        TEST(groups_are_deleted_when_nobody_is_in_them),
        TEST(offsets_grow_old_as_kip_211_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
