// SPDX-License-Identifier: Apache-2.0
// Who is in a group: joining, generations, refusals, pending members.
#include "engine/embedded/testing/group_world.h"

#include "base/test.h"

// --- generations

static void members_join_sync_and_are_stable(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain, plain };
    make_stable(all, 3);
    assert_int_equal(group()->generation, 1);
    assert_int_equal(all[0].join.answer.member_count, 3);
    assert_int_equal(all[1].join.answer.member_count, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_true(bytes_equal(all[i].join.answer.leader, all[0].join.answer.member_id));
        assert_true(bytes_is(all[i].join.answer.protocol_name, "range"));
        assert_true(bytes_is(all[i].join.answer.protocol_type, "consumer"));
        assert_true(bytes_equal(all[i].sync.answer.assignment, all[i].join.answer.member_id));
        assert_int_equal(heartbeat(&all[i]), GROUP_OK);
    }
}

static void an_empty_group_waits_as_long_as_members_come(void **state)
{
    (void)state;
    options.initial_delay_ms = 3000;
    struct asked all[] = { plain, plain, plain };
    ask_join(&all[0]);
    time_passes(2000);
    ask_join(&all[1]);
    time_passes(2000);
    assert_false(all[0].joined);
    ask_join(&all[2]);
    time_passes(4900);
    assert_false(all[0].joined); // 8,900: the third extends it to 9,000
    time_passes(200);
    for (size_t i = 0; i < 3; i++)
        assert_true(all[i].joined && all[i].join.answer.generation == 1);
}

static void the_initial_delay_ends_with_the_rebalance_timeout(void **state)
{
    (void)state;
    options.initial_delay_ms = 3000;
    options.size_max = 100;
    struct asked all[12];
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        all[i] = plain;
        all[i].join.rebalance_timeout_ms = 10000;
        ask_join(&all[i]);
        time_passes(900);
    }
    assert_true(all[0].joined); // 10,800 ms
    assert_int_equal(all[0].join.answer.error, GROUP_OK);
}

static void a_rebalance_ends_when_all_have_joined(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    struct asked late = plain;
    make_stable(all, 2);
    ask_join(&late);
    assert_int_equal(heartbeat(&all[0]), GROUP_REBALANCING);
    assert_int_equal(heartbeat(&all[1]), GROUP_REBALANCING);
    ask_join_again(&all[1]);
    time_passes(5000);
    assert_false(late.joined);
    ask_join_again(&all[0]);
    assert_true(late.joined && all[0].joined && all[1].joined);
    assert_int_equal(late.join.answer.generation, 2);
    assert_int_equal(all[0].join.answer.member_count, 3);
}

static void a_rebalance_ends_without_those_that_do_not_come(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    struct asked late = plain;
    all[0].join.session_timeout_ms = all[1].join.session_timeout_ms = 60000;
    make_stable(all, 2);
    ask_join(&late);
    time_passes(29000);
    ask_join_again(&all[1]);
    time_passes(900);
    assert_false(late.joined);
    time_passes(200);
    assert_true(late.joined && all[1].joined);
    assert_int_equal(group()->joined_count, 2);
    // The leader was not there: somebody else leads.
    assert_true(bytes_equal(late.join.answer.leader, all[1].join.answer.member_id));
    assert_int_equal(heartbeat(&all[0]), GROUP_UNKNOWN_MEMBER);
}

static void the_last_member_leaves_an_empty_group(void **state)
{
    (void)state;
    struct asked one = plain;
    make_stable(&one, 1);
    assert_int_equal(leave(one.join.answer.member_id, BYTES_NULL), GROUP_OK);
    assert_int_equal(group()->state, GROUP_EMPTY);
    assert_int_equal(group()->generation, 2);
    assert_null(group()->protocol_name.data);
    assert_true(bytes_is(group()->protocol_type, "consumer"));
    assert_int_equal(written, 2);
}

static void a_follower_that_changed_nothing_goes_on(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    make_stable(all, 2);
    ask_join_again(&all[1]);
    assert_true(all[1].joined);
    assert_int_equal(all[1].join.answer.generation, 1);
    assert_int_equal(group()->state, GROUP_STABLE);
    all[1].protocols[0].metadata = BYTES_LITERAL("other");
    ask_join_again(&all[1]);
    assert_false(all[1].joined);
    assert_int_equal(group()->state, GROUP_PREPARING_REBALANCE);
    ask_join_again(&all[0]);
    assert_true(all[0].joined && all[1].joined);
    assert_true(bytes_is(all[0].join.answer.members[1].metadata, "other"));
    // While the assignment is awaited, the leader may ask for the members again.
    ask_join_again(&all[0]);
    assert_true(all[0].joined);
    assert_int_equal(all[0].join.answer.member_count, 2);
    assert_int_equal(group()->generation, 2);
}

static void a_leader_that_joins_again_starts_a_rebalance(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    make_stable(all, 2);
    ask_join_again(&all[0]);
    assert_false(all[0].joined);
    assert_int_equal(heartbeat(&all[1]), GROUP_REBALANCING);
    ask_join_again(&all[1]);
    assert_int_equal(all[0].join.answer.generation, 2);
}

static void chooses_what_most_members_prefer_of_what_all_know(void **state)
{
    (void)state;
    static const char *const wishes[3][3] = { { "a", "b", "c" }, { "d", "c", "b" }, { "c", "b", "e" } };
    struct asked all[] = { plain, plain, plain };
    for (size_t i = 0; i < 3; i++) {
        all[i].join.protocol_count = 3;
        for (size_t j = 0; j < 3; j++)
            all[i].protocols[j] = (struct group_protocol){ bytes_of_text(wishes[i][j]), bytes_of_text(wishes[i][j]) };
    }
    make_stable(all, 3);
    assert_true(bytes_is(all[0].join.answer.protocol_name, "c"));
    assert_true(bytes_is(all[0].join.answer.members[1].metadata, "c"));
    struct asked other = plain;
    other.protocols[0].name = BYTES_LITERAL("a"); // not all know it
    ask_join(&other);
    assert_int_equal(other.join.answer.error, GROUP_INCONSISTENT_PROTOCOL);
    other.protocols[0].name = BYTES_LITERAL("c");
    other.join.protocol_type = BYTES_LITERAL("connect");
    ask_join(&other);
    assert_int_equal(other.join.answer.error, GROUP_INCONSISTENT_PROTOCOL);
}

static void a_protocol_named_twice_counts_once(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain };
    all[0].join.protocol_count = 3;
    all[0].protocols[1] = all[0].protocols[2] = (struct group_protocol){ BYTES_LITERAL("x"), BYTES_LITERAL("") };
    all[0].protocols[0] = (struct group_protocol){ BYTES_LITERAL("x"), BYTES_LITERAL("") };
    all[0].protocols[2].name = BYTES_LITERAL("range");
    make_stable(all, 2);
    assert_true(bytes_is(all[0].join.answer.protocol_name, "range"));
}

// --- refusals

static void refuses_what_kafka_refuses(void **state)
{
    (void)state;
    struct asked bad = plain;
    bad.join.group_id = BYTES_LITERAL("");
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_INVALID_ID);
    bad = plain;
    bad.join.session_timeout_ms = 999;
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_INVALID_SESSION_TIMEOUT);
    bad.join.session_timeout_ms = 60001;
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_INVALID_SESSION_TIMEOUT);
    bad = plain;
    bad.join.member_id = BYTES_LITERAL("nobody");
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_UNKNOWN_MEMBER);
    bad = plain;
    bad.join.protocol_type = BYTES_LITERAL("");
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_INCONSISTENT_PROTOCOL);
    bad = plain;
    bad.join.protocol_count = 0;
    ask_join(&bad);
    assert_int_equal(bad.join.answer.error, GROUP_INCONSISTENT_PROTOCOL);
    assert_null(group()); // nothing came of it
}

static void refuses_stale_members_and_generations(void **state)
{
    (void)state;
    struct asked one = plain, stale;
    assert_int_equal(heartbeat(&one), GROUP_UNKNOWN_MEMBER);
    make_stable(&one, 1);
    stale = one;
    stale.join.answer.generation = 7;
    assert_int_equal(heartbeat(&stale), GROUP_ILLEGAL_GENERATION);
    assert_int_equal(commit(&stale), GROUP_ILLEGAL_GENERATION);
    ask_sync(&stale, NULL, 0);
    assert_int_equal(stale.sync.answer.error, GROUP_ILLEGAL_GENERATION);
    stale.join.answer.member_id = BYTES_LITERAL("nobody");
    assert_int_equal(heartbeat(&stale), GROUP_UNKNOWN_MEMBER);
    assert_int_equal(commit(&stale), GROUP_UNKNOWN_MEMBER);
    ask_sync(&stale, NULL, 0);
    assert_int_equal(stale.sync.answer.error, GROUP_UNKNOWN_MEMBER);
    assert_int_equal(leave(BYTES_LITERAL("nobody"), BYTES_NULL), GROUP_UNKNOWN_MEMBER);
    struct group_caller nobody = { .group_id = BYTES_LITERAL("") };
    assert_int_equal(group_heartbeat(&groups, &nobody), GROUP_INVALID_ID);
    one.sync.protocol_name = BYTES_LITERAL("other");
    one.synced = false;
    group_sync(&groups, &one.sync);
    assert_int_equal(one.sync.answer.error, GROUP_INCONSISTENT_PROTOCOL);
}

static void a_full_group_takes_nobody_more(void **state)
{
    (void)state;
    struct asked all[] = { plain, plain, plain, plain };
    struct asked more = plain;
    make_stable(all, 4);
    ask_join(&more);
    assert_int_equal(more.join.answer.error, GROUP_FULL);
    assert_int_equal(more.join.answer.member_id.size, 0);
    // The limit shrank: those that come first stay.
    options.size_max = 2;
    for (size_t i = 0; i < 4; i++)
        ask_join_again(&all[i]);
    assert_int_equal(all[2].join.answer.error, GROUP_FULL);
    assert_int_equal(all[3].join.answer.error, GROUP_FULL);
    assert_int_equal(all[0].join.answer.error, GROUP_OK);
    assert_int_equal(group()->joined_count, 2);
}

// --- KIP-394

static void asks_for_a_member_id_that_is_known(void **state)
{
    (void)state;
    struct asked one = plain;
    one.join.needs_known_id = true;
    ask_join(&one);
    assert_int_equal(one.join.answer.error, GROUP_MEMBER_ID_REQUIRED);
    assert_true(bytes_is(one.join.answer.member_id, "m0"));
    assert_int_equal(group()->pending_count, 1);
    assert_null(group_member_find(group(), one.join.answer.member_id)->client_id.data); // long, and of no use yet
    assert_int_equal(heartbeat(&one), GROUP_UNKNOWN_MEMBER);
    ask_join_again(&one);
    time_passes(1);
    assert_int_equal(one.join.answer.error, GROUP_OK);
    assert_true(bytes_is(one.join.answer.member_id, "m0"));
    assert_int_equal(group()->pending_count, 0);
}

static void a_rebalance_waits_for_pending_members_until_their_session_ends(void **state)
{
    (void)state;
    struct asked one = plain, pending = plain;
    make_stable(&one, 1);
    pending.join.needs_known_id = true;
    ask_join(&pending);
    assert_int_equal(group()->state, GROUP_STABLE); // nobody is disturbed yet
    ask_join_again(&one);
    assert_false(one.joined);
    time_passes(9000);
    assert_false(one.joined);
    time_passes(1100);
    assert_true(one.joined);
    assert_int_equal(group()->pending_count, 0);
    // One that leaves before it joined does not start a rebalance.
    ask_join(&pending);
    pending.join.member_id = BYTES_LITERAL("");
    assert_int_equal(group()->state, GROUP_COMPLETING_REBALANCE);
}

static void a_pending_member_that_goes_disturbs_nobody(void **state)
{
    (void)state;
    struct asked one = plain, pending = plain;
    make_stable(&one, 1);
    pending.join.needs_known_id = true;
    ask_join(&pending);
    assert_int_equal(leave(pending.join.answer.member_id, BYTES_NULL), GROUP_OK);
    ask_join(&pending);
    for (int i = 0; i < 4; i++) {
        time_passes(5000);
        assert_int_equal(heartbeat(&one), GROUP_OK);
    }
    assert_int_equal(group()->pending_count, 0);
    assert_int_equal(group()->state, GROUP_STABLE);
    assert_int_equal(group()->generation, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(members_join_sync_and_are_stable),
        TEST(an_empty_group_waits_as_long_as_members_come),
        TEST(the_initial_delay_ends_with_the_rebalance_timeout),
        TEST(a_rebalance_ends_when_all_have_joined),
        TEST(a_rebalance_ends_without_those_that_do_not_come),
        TEST(the_last_member_leaves_an_empty_group),
        TEST(a_follower_that_changed_nothing_goes_on),
        TEST(a_leader_that_joins_again_starts_a_rebalance),
        TEST(chooses_what_most_members_prefer_of_what_all_know),
        TEST(a_protocol_named_twice_counts_once),
        TEST(refuses_what_kafka_refuses),
        TEST(refuses_stale_members_and_generations),
        TEST(a_full_group_takes_nobody_more),
        TEST(asks_for_a_member_id_that_is_known),
        TEST(a_rebalance_waits_for_pending_members_until_their_session_ends),
        TEST(a_pending_member_that_goes_disturbs_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
