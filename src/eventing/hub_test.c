// SPDX-License-Identifier: Apache-2.0
#include "eventing/hub.h"

#include "base/mem.h"

#include "eventing/testing/event_world.h"

#include <stdio.h>

enum { MEMBERS = 3 };

static struct scripted targets[MEMBERS], last;
static struct hub hub;
static struct hub_member members[MEMBERS];
static struct tally_counts counts[MEMBERS];
static int joined;
static err_t join_err;

static void on_joined(struct hub_member *member, err_t err)
{
    (void)member;
    joined++;
    join_err = err;
}

static void open_hub(void)
{
    hub_open(&hub, engine, BYTES_LITERAL("events"), topic_id, 1);
    joined = 0;
}

static void join_one(int i)
{
    static const char *const groups[MEMBERS] = { "g0", "g1", "g2" };
    targets[i] = scripted_new(groups[i]);
    counts[i] = (struct tally_counts){ 0 };
    members[i] = (struct hub_member){
        .group = bytes_of_text(groups[i]),
        .from = i == 2 ? ENGINE_EARLIEST : ENGINE_LATEST,
        .on_joined = on_joined,
        .consumer = { .filter = filter_of(NOT_OTHER),
                      .sink = &targets[i].sink,
                      .last = &last.sink,
                      .delivery = delivery_default(BACKOFF_FROM_ZERO),
                      .counts = &counts[i] },
    };
    hub_join(&hub, &members[i]);
}

static void join_all(void)
{
    for (int i = 0; i < MEMBERS; i++)
        join_one(i);
}

static void leave_all(void)
{
    for (int i = 0; i < MEMBERS; i++)
        hub_leave(&members[i], false);
    hub_close(&hub);
}

static bool all_joined(void)
{
    return joined == MEMBERS;
}

static int64_t wanted_floor;

static bool floors_reached(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (cursor_floor(&members[i].consumer.cursors[0]) != wanted_floor)
            return false;
    }
    return true;
}

static void first_leaves(void)
{
    hub_leave(&members[0], false);
}

static bool others_reached(void)
{
    return cursor_floor(&members[1].consumer.cursors[0]) == wanted_floor &&
           cursor_floor(&members[2].consumer.cursors[0]) == wanted_floor;
}

static void others_leave(void)
{
    hub_leave(&members[1], false);
    hub_leave(&members[2], false);
    hub_close(&hub);
}

static void first_two_leave(void)
{
    hub_leave(&members[0], false);
    hub_leave(&members[1], false);
    hub_close(&hub);
}

static void first_leaves_and_all_is_closed(void)
{
    hub_leave(&members[0], false);
    hub_close(&hub);
}

static void join_first(void)
{
    join_one(0);
}

static void join_second(void)
{
    join_one(1);
}

static bool one_joined(void)
{
    return joined == 1;
}

static bool two_joined(void)
{
    return joined == 2;
}

static bool is_first_in_feed;

static bool feed_started(void)
{
    is_first_in_feed = members[0].consumer.cursors[0].is_attached;
    return hub.feeds[0].reader != NULL;
}

static bool first_two_reached(void)
{
    return cursor_floor(&members[0].consumer.cursors[0]) == wanted_floor &&
           cursor_floor(&members[1].consumer.cursors[0]) == wanted_floor;
}

static int begin(void **state)
{
    last = scripted_new("last");
    return world_begin(state);
}

static void starts(void)
{
    run(open_hub);
    run(join_all);
    wait_until(all_joined);
    assert_int_equal(join_err, ERR_OK);
}

static void a_group_begins_where_it_is_told_and_goes_on_where_it_was(void **state)
{
    (void)state;
    append("a o b");
    starts();
    append("c");
    wanted_floor = 4;
    wait_until(floors_reached);
    assert_string_equal(targets[0].seen, "c ");
    assert_string_equal(targets[1].seen, "c ");
    assert_string_equal(targets[2].seen, "a b c ");
    run(leave_all);
    append("d o e"); // while nobody is there
    world_restart();
    starts();
    wanted_floor = 7;
    wait_until(floors_reached);
    for (int i = 0; i < MEMBERS; i++)
        assert_string_equal(targets[i].seen, "d e ");
    run(leave_all);
}

// The second one joins alone; the first, which is farther behind, while the hub waits for others.
static void groups_that_come_back_are_read_together(void **state)
{
    (void)state;
    starts();
    append("a");
    wanted_floor = 1;
    wait_until(floors_reached);
    run(first_leaves);
    append("b c");
    wanted_floor = 3;
    wait_until(others_reached);
    run(others_leave);
    world_restart();
    run(open_hub);
    run(join_second);
    wait_until(one_joined);
    assert_null(hub.feeds[0].reader);
    run(join_first);
    wait_until(two_joined);
    wait_until(feed_started);
    assert_true(is_first_in_feed);
    append("d");
    wanted_floor = 4;
    wait_until(first_two_reached);
    assert_string_equal(targets[0].seen, "b c d ");
    assert_string_equal(targets[1].seen, "d ");
    run(first_two_leave);
}

static void second_leaves_and_joins(void)
{
    hub_leave(&members[1], false);
    join_one(1);
}

static void one_may_leave_while_others_are_waited_for(void **state)
{
    (void)state;
    starts();
    run(leave_all);
    run(open_hub);
    run(join_second);
    wait_until(one_joined);
    assert_null(hub.feeds[0].reader);
    append("a");
    run(second_leaves_and_joins);
    run(join_first);
    wait_until(all_joined); // the second one twice
    wanted_floor = 1;
    wait_until(first_two_reached);
    assert_string_equal(targets[1].seen, "a ");
    run(first_two_leave);
    run(open_hub);
    run(join_first);
    wait_until(one_joined);
    run(first_leaves_and_all_is_closed);
}

static void leave_without_a_word(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        list_remove(&members[i].node);
        filter_index_remove(&hub.index, &members[i].consumer.entry);
        consumer_deinit(&members[i].consumer);
    }
    hub_close(&hub);
}

static bool is_committed(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        if (members[i].consumer.cursors[0].committed != wanted_floor)
            return false;
    }
    return hub.committing == NULL;
}

static void what_was_delivered_is_committed_soon(void **state)
{
    (void)state;
    starts();
    append("a b c");
    wanted_floor = 3;
    wait_until(floors_reached);
    wait_until(is_committed);
    run(leave_without_a_word); // as if the process had died
    world_restart();
    starts();
    append("d");
    wanted_floor = 4;
    wait_until(floors_reached);
    for (int i = 0; i < MEMBERS; i++)
        assert_string_equal(targets[i].seen, "d ");
    run(leave_all);
}

// --- a commit that fails once

static const struct engine_driver *real;
static struct engine_driver refusing;
static struct engine_commit_op *refused;
static struct message refusal;
static int refusals;

static void on_refusal(struct message *message)
{
    (void)message;
    refused->err = ERR_NO_SPACE;
    refused->on_done(refused);
}

static void commit_refuse(struct engine *this, struct engine_commit_op *op)
{
    (void)this;
    refusals++;
    refused = op;
    refusal.on_message = on_refusal;
    engine->driver = real;
    loop_post(loop_current(), &refusal);
}

static void refuse_next(void)
{
    real = engine->driver;
    refusing = *real;
    refusing.offsets_commit = commit_refuse;
    refusals = 0;
    engine->driver = &refusing;
}

static void a_commit_that_fails_is_tried_again_though_nothing_comes(void **state)
{
    (void)state;
    starts();
    run(refuse_next);
    append("a b");
    wanted_floor = 2;
    wait_until(floors_reached);
    wait_until(is_committed);
    assert_int_equal(refusals, 1);
    run(leave_without_a_word);
    world_restart();
    starts();
    append("c");
    wanted_floor = 3;
    wait_until(floors_reached);
    for (int i = 0; i < MEMBERS; i++)
        assert_string_equal(targets[i].seen, "c ");
    run(leave_all);
}

static void a_group_that_joined_misses_nothing_although_it_never_saw_an_event(void **state)
{
    (void)state;
    starts();
    run(leave_without_a_word);
    append("a");
    world_restart();
    starts();
    wanted_floor = 1;
    wait_until(floors_reached);
    for (int i = 0; i < MEMBERS; i++)
        assert_string_equal(targets[i].seen, "a ");
    run(leave_all);
}

static int never(const char *id, int nth)
{
    (void)id;
    (void)nth;
    return -1;
}

static void hang_first(void)
{
    targets[0].answer = never;
}

static void one_that_hangs_holds_up_nobody(void **state)
{
    char id[16];
    (void)state;
    starts();
    run(hang_first);
    for (int i = 0; i < 2 * CONSUMER_WINDOW; i++) {
        (void)snprintf(id, sizeof id, "e%d", i);
        append(id);
    }
    wanted_floor = 2 * CONSUMER_WINDOW;
    wait_until(others_reached);
    assert_int_equal(cursor_floor(&members[0].consumer.cursors[0]), 0);
    assert_int_equal(members[0].consumer.cursors[0].count, CONSUMER_WINDOW);
    scripted_let_go(&targets[0]);
    wait_until(floors_reached);
    assert_int_equal(counts[0].matched, 2 * CONSUMER_WINDOW); // each once
    run(leave_all);
}

// --- filters

#define ONLY_OTHER "{'filters': [{'exact': {'type': 'other'}}]}"

static void first_wants_other(void)
{
    hub_filter_set(&members[0], filter_of(ONLY_OTHER));
}

static void a_filter_that_changes_holds_for_what_comes_then(void **state)
{
    (void)state;
    starts();
    append("a o1");
    wanted_floor = 2;
    wait_until(floors_reached);
    run(first_wants_other);
    append("b o2");
    wanted_floor = 4;
    wait_until(floors_reached);
    assert_string_equal(targets[0].seen, "a o2 ");
    assert_string_equal(targets[1].seen, "a b ");
    run(leave_all);
}

static void first_joins(void)
{
    joined = MEMBERS - 1;
    join_one(0);
}

static void one_that_leaves_gets_nothing_and_goes_on_when_it_is_back(void **state)
{
    (void)state;
    starts();
    append("a");
    wanted_floor = 1;
    wait_until(floors_reached);
    run(first_leaves);
    append("b o c");
    wanted_floor = 4;
    wait_until(others_reached);
    assert_string_equal(targets[0].seen, "a ");
    run(first_joins);
    wait_until(all_joined);
    wait_until(floors_reached);
    assert_string_equal(targets[0].seen, "b c "); // of the new target
    append("d");
    wanted_floor = 5;
    wait_until(floors_reached);
    assert_string_equal(targets[0].seen, "b c d ");
    run(leave_all);
}

// Also while it reads for itself: what is read then is asked of the new filter.
static void a_filter_may_change_while_there_is_no_room(void **state)
{
    char id[16];
    (void)state;
    starts();
    run(hang_first);
    for (int i = 0; i < CONSUMER_WINDOW + 3; i++) {
        (void)snprintf(id, sizeof id, "e%d", i);
        append(id);
    }
    append("o1");
    wanted_floor = CONSUMER_WINDOW + 4;
    wait_until(others_reached);
    assert_false(members[0].consumer.cursors[0].is_attached);
    run(first_wants_other);
    scripted_let_go(&targets[0]);
    wait_until(floors_reached);
    assert_int_equal(scripted_count(&targets[0], "e49"), 1);
    assert_int_equal(scripted_count(&targets[0], "e50"), 0);
    assert_int_equal(scripted_count(&targets[0], "o1"), 1);
    append("e54 o2");
    wanted_floor += 2;
    wait_until(floors_reached);
    assert_int_equal(scripted_count(&targets[0], "e54"), 0);
    assert_int_equal(scripted_count(&targets[0], "o2"), 1);
    run(leave_all);
}

// --- a topic that goes

static struct engine_topic_op deletion;
static int ends, wanted_ends;
static size_t let_go_count;

static void on_end(struct hub *this, err_t err)
{
    (void)this;
    (void)err;
    ends++;
}

static void on_deleted(struct engine_topic_op *op)
{
    assert_int_equal(op->err, ERR_OK);
}

static void delete_topic(void)
{
    deletion = (struct engine_topic_op){ .on_done = on_deleted, .name = BYTES_LITERAL("events") };
    engine->driver->topic_delete(engine, &deletion);
}

static bool has_ended(void)
{
    return ends == wanted_ends;
}

static void let_some_go(void)
{
    for (; let_go_count > 0; let_go_count--) {
        struct handover *handover = targets[0].held[--targets[0].held_count];
        handover->status = 202;
        handover->on_done(handover);
    }
}

static bool all_are_held(void)
{
    return targets[0].held_count == CONSUMER_WINDOW;
}

static void room_for_one_that_is_behind_asks_for_nothing_when_the_topic_is_gone(void **state)
{
    char id[16];
    (void)state;
    starts();
    hub.on_end = on_end;
    ends = 0;
    run(hang_first);
    for (int i = 0; i < 2 * CONSUMER_WINDOW; i++) {
        (void)snprintf(id, sizeof id, "e%d", i);
        append(id);
    }
    wanted_floor = 2 * CONSUMER_WINDOW;
    wait_until(others_reached);
    wait_until(all_are_held);
    run(delete_topic);
    wanted_ends = 1; // the feed's
    wait_until(has_ended);
    let_go_count = 1; // room: it reads for itself
    run(let_some_go);
    wanted_ends = 2;
    wait_until(has_ended);
    let_go_count = CONSUMER_WINDOW - 1;
    run(let_some_go);
    run(leave_all);
}

static void forget_all(void)
{
    for (int i = 0; i < MEMBERS; i++)
        hub_leave(&members[i], true);
    hub_close(&hub);
}

static struct engine_fetch_op fetch;
static bool is_fetched, is_forgotten;

static void on_fetched(struct engine_fetch_op *op)
{
    is_fetched = true;
    is_forgotten = op->count == 0;
}

static void fetch_again(void)
{
    is_fetched = false;
    fetch = (struct engine_fetch_op){ .on_done = on_fetched, .group = BYTES_LITERAL("g0") };
    engine->driver->offsets_fetch(engine, &fetch);
}

static bool has_fetched(void)
{
    return is_fetched;
}

static void wait_for_oblivion(void)
{
    do {
        run(fetch_again);
        wait_until(has_fetched);
    } while (!is_forgotten);
}

static void a_group_that_is_forgotten_begins_anew(void **state)
{
    (void)state;
    append("a");
    starts();
    wanted_floor = 1;
    wait_until(floors_reached);
    run(forget_all);
    wait_for_oblivion();
    append("b");
    starts();
    append("c");
    wanted_floor = 3;
    wait_until(floors_reached);
    assert_string_equal(targets[0].seen, "c ");
    assert_string_equal(targets[2].seen, "a b c ");
    run(leave_all);
}

static void open_absent(void)
{
    hub_open(&hub, engine, BYTES_LITERAL("absent"), topic_id, 1);
    joined = 0;
}

static void a_topic_that_is_not_there_cannot_be_joined(void **state)
{
    (void)state;
    run(open_absent);
    run(join_all);
    wait_until(all_joined);
    assert_int_equal(join_err, ERR_NOT_FOUND);
    run(leave_all);
}

static void join_and_leave(void)
{
    hub_open(&hub, engine, BYTES_LITERAL("events"), topic_id, 1);
    joined = 0;
    join_all();
    leave_all();
}

static void one_may_leave_before_it_has_joined(void **state)
{
    (void)state;
    run(join_and_leave);
    append("a");
    assert_int_equal(joined, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_begins_where_it_is_told_and_goes_on_where_it_was),
        TEST(groups_that_come_back_are_read_together),
        TEST(one_may_leave_while_others_are_waited_for),
        TEST(what_was_delivered_is_committed_soon),
        TEST(a_commit_that_fails_is_tried_again_though_nothing_comes),
        TEST(a_group_that_joined_misses_nothing_although_it_never_saw_an_event),
        TEST(one_that_hangs_holds_up_nobody),
        TEST(a_filter_that_changes_holds_for_what_comes_then),
        TEST(one_that_leaves_gets_nothing_and_goes_on_when_it_is_back),
        TEST(a_filter_may_change_while_there_is_no_room),
        TEST(room_for_one_that_is_behind_asks_for_nothing_when_the_topic_is_gone),
        TEST(a_group_that_is_forgotten_begins_anew),
        TEST(a_topic_that_is_not_there_cannot_be_joined),
        TEST(one_may_leave_before_it_has_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
