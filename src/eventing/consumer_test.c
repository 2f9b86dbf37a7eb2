// SPDX-License-Identifier: Apache-2.0
// Consumers and feeds on the real engine, with sinks that answer what the test wants.
#include "eventing/consumer.h"

#include "base/mem.h"
#include "eventing/feed.h"

#include "eventing/testing/event_world.h"

#include <stdio.h>

static struct scripted target, letters, last, replies;
static struct consumer consumer;
static struct tally_counts counts;
static struct filter_index index_of_one;
static struct feed feed;
static int64_t position;

static int begin(void **state)
{
    target = scripted_new("http://target/");
    letters = scripted_new("http://letters/");
    last = scripted_new("last");
    replies = scripted_new("replies");
    position = 0;
    counts = (struct tally_counts){ 0 };
    consumer = (struct consumer){ .counts = &counts };
    feed = (struct feed){ 0 };
    return world_begin(state);
}

static void on_end(struct feed *this, err_t err)
{
    (void)this;
    fail_msg("the feed ended: %s", err_text(err));
}

// --- running

static struct consumer *named(struct feed *this, bytes_t who)
{
    (void)this;
    return bytes_equal(consumer.who, who) ? &consumer : NULL;
}

static void make_feed(int64_t offset)
{
    feed = (struct feed){
        .engine = engine, .topic = BYTES_LITERAL("events"), .index = &index_of_one, .named = named, .on_end = on_end
    };
    filter_index_init(&index_of_one);
    feed_start(&feed, offset);
}

static void join(void)
{
    consumer.loop = loop_current();
    consumer.filter = filter_of(NOT_OTHER);
    consumer.sink = consumer.sink == NULL ? &target.sink : consumer.sink;
    consumer.last = &last.sink;
    if (consumer.delivery.timeout_ms == 0)
        consumer.delivery = delivery_default(BACKOFF_FROM_ZERO);
    consumer_init(&consumer, 1, &position);
    filter_index_put(&index_of_one, &consumer.entry, consumer.filter);
    feed_join(&feed, &consumer.cursors[0]);
}

static void start(void)
{
    make_feed(position);
    join();
}

static void start_behind(void)
{
    make_feed(3);
    join();
}

static void stop(void)
{
    position = cursor_floor(&consumer.cursors[0]);
    filter_index_remove(&index_of_one, &consumer.entry);
    filter_index_deinit(&index_of_one);
    consumer_deinit(&consumer);
    feed_stop(&feed);
}

static int64_t wanted_floor;

static bool floor_reached(void)
{
    return cursor_floor(&consumer.cursors[0]) == wanted_floor;
}

static void run_to(int64_t floor)
{
    wanted_floor = floor;
    run(start);
    wait_until(floor_reached);
}

// --- tests

static void delivers_what_is_wanted_in_order(void **state)
{
    (void)state;
    append("a b o1 c o2");
    run_to(5);
    assert_string_equal(target.seen, "a b c ");
    append("d o3 e");
    wanted_floor = 8;
    wait_until(floor_reached);
    assert_string_equal(target.seen, "a b c d e ");
    assert_int_equal(counts.delivered, 5);
    run(stop);
    assert_int_equal(position, 8);
    assert_string_equal(last.seen, "");
}

static int second_time(const char *id, int nth)
{
    return id[0] == 'b' && nth < 3 ? 503 : 200;
}

static void tries_again_and_lets_others_pass(void **state)
{
    (void)state;
    consumer.delivery = delivery_default(BACKOFF_FROM_ZERO);
    consumer.delivery.retries = 2;
    target.answer = second_time;
    append("a b c");
    run_to(3);
    assert_string_equal(target.seen, "a b c b b ");
    assert_int_equal(counts.retried, 2);
    assert_int_equal(consumer.failures_in_a_row, 0);
    run(stop);
}

static void keeps_the_order_where_it_is_asked_to(void **state)
{
    (void)state;
    consumer.is_ordered = true;
    consumer.delivery = delivery_default(BACKOFF_FROM_ZERO);
    consumer.delivery.retries = 2;
    target.answer = second_time;
    target.delay_ms = 1;
    append("a b c");
    run_to(3);
    assert_string_equal(target.seen, "a b b b c ");
    assert_int_equal(target.at_once_max, 1);
    run(stop);
}

static int never_b(const char *id, int nth)
{
    (void)nth;
    return id[0] == 'b' ? 500 : id[0] == 'c' ? 422 : 202;
}

static void what_cannot_be_delivered_becomes_a_dead_letter(void **state)
{
    (void)state;
    consumer.delivery = delivery_default(BACKOFF_FROM_ZERO);
    consumer.delivery.retries = 1;
    target.answer = never_b;
    append("a b c d");
    run_to(4);
    assert_string_equal(target.seen, "a b c d b "); // a 422 is not tried again
    assert_string_equal(last.seen, "c b ");
    assert_int_equal(counts.dead, 2);
    assert_int_equal(counts.failed, 2);
    run(stop);
}

static void only_a_dead_letter_says_whose_it_was(void **state)
{
    (void)state;
    consumer.who = BYTES_LITERAL("trigger/n/t");
    target.answer = never_b;
    append("a b d");
    run_to(3);
    assert_null(target.origin.from.data);
    assert_true(bytes_is(last.origin.from, "trigger/n/t"));
    assert_true(bytes_is(last.origin.place.topic, "events"));
    assert_int_equal(last.origin.place.partition, 0);
    assert_int_equal(last.origin.place.offset, 1);
    run(stop);
}

static void what_is_marked_for_one_is_shown_to_it_alone_and_without_a_filter(void **state)
{
    (void)state;
    consumer.who = BYTES_LITERAL("trigger/n/t");
    append_for("trigger/n/t", "o1");
    append_for("trigger/n/other", "a o2");
    append_for("trigger/n/t", "b");
    append("c");
    run_to(5);
    assert_string_equal(target.seen, "o1 b c ");
    run(stop);
}

static void also_when_it_goes_its_own_way(void **state)
{
    (void)state;
    consumer.who = BYTES_LITERAL("trigger/n/t");
    append_for("trigger/n/t", "o1");
    append_for("trigger/n/other", "a");
    append("b");
    wanted_floor = 3;
    run(start_behind);
    wait_until(floor_reached);
    assert_string_equal(target.seen, "o1 b ");
    run(stop);
}

static int never(const char *id, int nth)
{
    (void)id;
    (void)nth;
    return 500;
}

static int third(const char *id, int nth)
{
    (void)id;
    return nth < 2 ? 503 : 202;
}

static void a_dead_letter_sink_that_fails_is_tried_as_often_then_the_last_one_for_ever(void **state)
{
    (void)state;
    consumer.delivery = delivery_default(BACKOFF_FROM_ZERO);
    consumer.delivery.retries = 1;
    consumer.dead_letters = &letters.sink;
    target.answer = never;
    letters.answer = never;
    last.answer = third;
    append("a");
    run_to(1);
    assert_string_equal(target.seen, "a a ");
    assert_string_equal(letters.seen, "a a ");
    assert_string_equal(last.seen, "a a ");
    run(stop);
}

static void answers_go_where_answers_go(void **state)
{
    const struct cloudevent answer = { .core = { [CLOUDEVENT_ID] = BYTES_LITERAL("r") } };
    (void)state;
    consumer.replies = &replies.sink;
    target.answer = second_time;
    target.reply = &answer;
    append("a");
    run_to(1);
    assert_string_equal(replies.seen, "r ");
    assert_int_equal(counts.replies, 1);
    run(stop);
}

static void an_answer_that_cannot_be_sent_makes_a_dead_letter_of_its_event(void **state)
{
    const struct cloudevent answer = { .core = { [CLOUDEVENT_ID] = BYTES_LITERAL("r") } };
    (void)state;
    consumer.replies = &replies.sink;
    target.answer = second_time;
    target.reply = &answer;
    replies.answer = never;
    append("a");
    run_to(1);
    assert_string_equal(last.seen, "a ");
    run(stop);
}

static int hangs(const char *id, int nth)
{
    (void)nth;
    return id[0] == 'h' ? -1 : 202;
}

static bool other_is_through(void)
{
    return strstr(target.seen, "z ") != NULL;
}

static void a_restart_goes_on_at_the_floor(void **state)
{
    (void)state;
    target.answer = hangs;
    append("a h b z");
    run(start);
    wait_until(other_is_through);
    run(stop);
    assert_int_equal(position, 1); // h, which is the second, was given up
    target = scripted_new("http://target/");
    consumer = (struct consumer){ .counts = &counts };
    run_to(4);
    assert_string_equal(target.seen, "h b z "); // at least once
    run(stop);
}

static int hang_all(const char *id, int nth)
{
    (void)id;
    (void)nth;
    return -1;
}

static bool window_is_full(void)
{
    return target.held_count == CONSUMER_WINDOW && feed.position == 3 * CONSUMER_WINDOW;
}

static bool is_back(void)
{
    return floor_reached() && consumer.cursors[0].is_attached;
}

static void without_room_it_goes_its_own_way_and_comes_back(void **state)
{
    char id[16];
    (void)state;
    target.answer = hang_all;
    for (int i = 0; i < 3 * CONSUMER_WINDOW; i++) {
        (void)snprintf(id, sizeof id, "e%d", i);
        append(id);
    }
    run(start);
    wait_until(window_is_full);
    assert_false(consumer.cursors[0].is_attached);
    assert_int_equal(consumer.cursors[0].count, CONSUMER_WINDOW);
    assert_true(feed.is_waiting);
    assert_int_equal(feed.recent_count, 1);
    append("g");
    assert_int_equal(feed.position, 3 * CONSUMER_WINDOW);
    scripted_let_go(&target);
    wanted_floor = 3 * CONSUMER_WINDOW + 1;
    wait_until(is_back);
    assert_int_equal(feed.recent_count, 0);
    assert_int_equal(feed.recent_size, 0);
    assert_int_equal(scripted_count(&target, "e0"), 1);
    assert_int_equal(scripted_count(&target, "e149"), 1);
    append("f");
    wanted_floor++;
    wait_until(floor_reached);
    assert_int_equal(scripted_count(&target, "f"), 1);
    assert_int_equal(scripted_count(&target, "g"), 1);
    assert_int_equal(counts.matched, 3 * CONSUMER_WINDOW + 2);
    run(stop);
}

static void who_comes_from_further_back_reads_for_itself(void **state)
{
    (void)state;
    append("a b c d e");
    wanted_floor = 5;
    run(start_behind);
    wait_until(is_back);
    assert_string_equal(target.seen, "a b c d e ");
    run(stop);
}

static void start_ahead(void)
{
    position = 4;
    make_feed(1);
    join();
}

static void nobody_is_shown_what_is_before_its_place(void **state)
{
    (void)state;
    append("a b c d e");
    wanted_floor = 5;
    run(start_ahead);
    wait_until(is_back);
    assert_string_equal(target.seen, "e ");
    run(stop);
}

// The feed waits at its place for somebody who keeps up, and goes to whoever comes from ahead of it.
static bool is_waiting(void)
{
    return feed.is_waiting;
}

static void start_nobody(void)
{
    make_feed(0);
}

static void join_ahead(void)
{
    position = 4;
    join();
}

static void a_feed_that_waits_goes_to_who_keeps_up(void **state)
{
    (void)state;
    append("a");
    run(start_nobody);
    wait_until(is_waiting);
    assert_int_equal(feed.position, 1);
    append("b c d e");
    run(join_ahead);
    assert_false(feed.is_waiting);
    assert_int_equal(feed.position, 4);
    wanted_floor = 5;
    wait_until(is_back);
    assert_string_equal(target.seen, "e ");
    run(stop);
}

// --- what a life before had done

static void begin_at_ten(void)
{
    const struct held before = { 1000, { 10, 500, 700 }, 3 };
    position = 10;
    consumer.loop = loop_current();
    consumer_init(&consumer, 1, &position);
    consumer.cursors[0].committed = 10;
    cursor_resume(&consumer.cursors[0], &before);
}

static void assert_held(const char *text)
{
    struct writer room = WRITER_INIT;
    struct held held;
    assert_true(cursor_commit(&consumer.cursors[0], &held));
    writer_format(&room, "%d:", (int)held_floor(&held));
    for (size_t i = 0; i < held.count; i++)
        writer_format(&room, " %d", (int)held.offsets[i]);
    writer_format(&room, " %d", (int)held.position);
    assert_true(bytes_is(writer_view(&room), text));
    writer_free(&room);
    assert_false(cursor_commit(&consumer.cursors[0], &held)); // nothing is new
}

static void end_it(void)
{
    consumer_deinit(&consumer);
}

// It may be stopped before it has read what it knows of.
static void what_was_held_before_is_held_until_it_is_past(void **state)
{
    struct held held;
    (void)state;
    run(begin_at_ten);
    assert_false(cursor_commit(&consumer.cursors[0], &held));
    assert_int_equal(cursor_floor(&consumer.cursors[0]), 10);
    consumer.cursors[0].position = 300; // 10 is not there any more
    assert_held("500: 500 700 1000");
    consumer.cursors[0].position = 501;
    assert_held("700: 700 1000");
    consumer.cursors[0].position = 701;
    assert_held("1000: 1000");
    assert_non_null(consumer.cursors[0].before);
    cursor_take_back(&consumer.cursors[0]);
    assert_held("1000: 1000");
    consumer.cursors[0].position = 1001;
    assert_held("1001: 1001");
    assert_null(consumer.cursors[0].before);
    run(end_it);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivers_what_is_wanted_in_order),
        TEST(tries_again_and_lets_others_pass),
        TEST(keeps_the_order_where_it_is_asked_to),
        TEST(what_cannot_be_delivered_becomes_a_dead_letter),
        TEST(only_a_dead_letter_says_whose_it_was),
        TEST(what_is_marked_for_one_is_shown_to_it_alone_and_without_a_filter),
        TEST(also_when_it_goes_its_own_way),
        TEST(a_dead_letter_sink_that_fails_is_tried_as_often_then_the_last_one_for_ever),
        TEST(answers_go_where_answers_go),
        TEST(an_answer_that_cannot_be_sent_makes_a_dead_letter_of_its_event),
        TEST(a_restart_goes_on_at_the_floor),
        TEST(without_room_it_goes_its_own_way_and_comes_back),
        TEST(who_comes_from_further_back_reads_for_itself),
        TEST(nobody_is_shown_what_is_before_its_place),
        TEST(a_feed_that_waits_goes_to_who_keeps_up),
        TEST(what_was_held_before_is_held_until_it_is_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
