// SPDX-License-Identifier: Apache-2.0
// What a group knows of its way over stops, kills and changes: one member, whose sink fails for the events whose ids
// begin with an r, which rest for an hour then.
#include "eventing/hub.h"

#include "base/mem.h"

#include "eventing/testing/event_world.h"

#include <stdio.h>

enum { MANY = 1000, HOUR_MS = 60 * 60 * 1000 };

#define GROUP BYTES_LITERAL("g")
#define WHO   BYTES_LITERAL("trigger/n/t")

static struct scripted target, last;
static struct hub hub;
static struct hub_member member;
static struct tally_counts counts;
static bool is_joined;
// How the next life begins.
static const uint8_t *id;
static bool is_ordered;
static const char *spec;

static int begin(void **state)
{
    last = scripted_new("last");
    id = topic_id;
    is_ordered = false;
    spec = NOT_OTHER;
    return world_begin(state);
}

static int fail_some(const char *event, int nth)
{
    (void)nth;
    return event[0] == 'r' ? 503 : 202;
}

static void on_joined(struct hub_member *this, err_t err)
{
    (void)this;
    assert_int_equal(err, ERR_OK);
    is_joined = true;
}

static void join(void)
{
    is_joined = false;
    target = scripted_new("target");
    target.answer = fail_some;
    counts = (struct tally_counts){ 0 };
    member = (struct hub_member){
        .group = GROUP,
        .from = ENGINE_EARLIEST,
        .on_joined = on_joined,
        .consumer = { .filter = filter_of(spec),
                      .who = WHO,
                      .is_ordered = is_ordered,
                      .sink = &target.sink,
                      .last = &last.sink,
                      .counts = &counts,
                      .delivery = { .retries = 10,
                                    .backoff = BACKOFF_EXPONENTIAL,
                                    .delay_ms = HOUR_MS,
                                    .timeout_ms = HOUR_MS } },
    };
    hub_join(&hub, &member);
}

static void open_and_join(void)
{
    hub_open(&hub, engine, BYTES_LITERAL("events"), id, 1);
    join();
}

static void leave(void)
{
    hub_leave(&member, false);
    hub_close(&hub);
}

static void leave_and_join(void)
{
    hub_leave(&member, false);
    join();
}

static void leave_without_a_word(void)
{
    list_remove(&member.node);
    filter_index_remove(&hub.index, &member.consumer.entry);
    consumer_deinit(&member.consumer);
    hub_close(&hub);
}

// --- waiting

static bool has_joined(void)
{
    return is_joined;
}

static int64_t wanted_position;

// Up to there everything is looked at, and has been answered.
static bool has_come(void)
{
    const struct cursor *cursor = member.consumer.cursors; // NULL before it has joined
    return is_joined && feed_position(cursor) == wanted_position && target.at_once == 0 && cursor->waiting == 0;
}

static bool is_at_position(void)
{
    return feed_position(&member.consumer.cursors[0]) == wanted_position;
}

static bool is_committed(void)
{
    const struct cursor *cursor = &member.consumer.cursors[0];
    return !cursor->is_ahead && cursor_floor(cursor) == cursor->committed && hub.committing == NULL;
}

static void come_to(int64_t position)
{
    wanted_position = position;
    wait_until(has_come);
}

static void start_and_come_to(int64_t position)
{
    run(open_and_join);
    come_to(position);
}

static void stop(void)
{
    run(leave);
    world_restart();
}

static void die(void)
{
    wait_until(is_committed);
    run(leave_without_a_word);
    world_restart();
}

static void append_many(void)
{
    char event[16];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(event, sizeof event, "e%d", i);
        append(event);
    }
}

// --- what comes again

static void after_a_stop_only_what_is_held_comes_again(void **state)
{
    (void)state;
    append("r");
    append_many();
    start_and_come_to(MANY + 1);
    assert_int_equal(counts.delivered, MANY);
    stop();
    start_and_come_to(MANY + 1);
    assert_string_equal(target.seen, "r ");
    append("a");
    come_to(MANY + 2);
    assert_string_equal(target.seen, "r a ");
    run(leave);
}

// The floor stays where it is, and yet it is committed in time.
static void after_a_kill_too(void **state)
{
    (void)state;
    append("r");
    append_many();
    start_and_come_to(MANY + 1);
    die();
    start_and_come_to(MANY + 1);
    assert_string_equal(target.seen, "r ");
    run(leave);
}

static void and_when_the_object_changes(void **state)
{
    (void)state;
    append("r1 a b r2 c");
    start_and_come_to(5);
    run(leave_and_join);
    come_to(5);
    assert_string_equal(target.seen, "r1 r2 ");
    run(leave);
}

static void from_life_to_life(void **state)
{
    (void)state;
    append("r1 a r2 b r3 c");
    start_and_come_to(6);
    die();
    append("d r4");
    start_and_come_to(8);
    assert_string_equal(target.seen, "r1 r2 r3 d r4 ");
    die();
    append("e");
    start_and_come_to(9);
    assert_string_equal(target.seen, "r1 r2 r3 r4 e ");
    target.answer = NULL;
    stop();
    start_and_come_to(9);
    assert_string_equal(target.seen, "r1 r2 r3 r4 ");
    run(leave);
}

static const struct engine_driver *real;
static struct engine_driver counting;
static int64_t opened[8];
static size_t opened_count;

static struct engine_reader *reader_note(struct engine *this, bytes_t topic, int32_t partition, int64_t offset,
                                         size_t max_size, engine_on_records *on_records, void *owner)
{
    if (opened_count < ARRAY_COUNT(opened))
        opened[opened_count++] = offset;
    return real->reader_open(this, topic, partition, offset, max_size, on_records, owner);
}

static void note_readers(void)
{
    real = engine->driver;
    counting = *real;
    counting.reader_open = reader_note;
    engine->driver = &counting;
    opened_count = 0;
}

static void what_was_done_is_not_read_again(void **state)
{
    (void)state;
    append("r1");
    append_many();
    append("r2 a");
    start_and_come_to(MANY + 3);
    stop();
    run(note_readers);
    start_and_come_to(MANY + 3);
    assert_string_equal(target.seen, "r1 r2 ");
    assert_int_equal(opened_count, 3);
    assert_int_equal(opened[0], MANY + 3); // the feed
    assert_int_equal(opened[1], 0);
    assert_int_equal(opened[2], MANY + 1);
    run(leave);
}

static void nothing_that_was_held_is_lost(void **state)
{
    (void)state;
    append("r1 a r2 b r3 c");
    start_and_come_to(6);
    die();
    run(open_and_join);
    target.answer = NULL; // it takes all now
    come_to(6);
    assert_int_equal(cursor_floor(&member.consumer.cursors[0]), 6);
    stop();
    append("d");
    start_and_come_to(7);
    assert_string_equal(target.seen, "d ");
    run(leave);
}

static void what_waits_for_its_turn_is_held(void **state)
{
    (void)state;
    is_ordered = true;
    append("a r b c");
    run(open_and_join);
    wanted_position = 4;
    wait_until(has_joined);
    wait_until(is_at_position);
    stop();
    run(open_and_join);
    target.answer = NULL;
    come_to(4);
    assert_string_equal(target.seen, "r b c ");
    run(leave);
}

static void what_was_marked_for_it_is_as_any_other(void **state)
{
    (void)state;
    append_for("trigger/n/t", "r1 o1");
    append("a");
    append_for("trigger/n/other", "b");
    append_for("trigger/n/t", "r2 o2");
    start_and_come_to(6);
    assert_string_equal(target.seen, "r1 o1 a r2 o2 ");
    die();
    start_and_come_to(6);
    assert_string_equal(target.seen, "r1 r2 ");
    run(leave);
}

static void what_was_not_wanted_below_the_position_is_done(void **state)
{
    (void)state;
    append("r a o1 r2 b");
    start_and_come_to(5);
    stop();
    spec = "{'filters': [{'not': {'exact': {'id': 'r2'}}}]}";
    append("o2");
    start_and_come_to(6);
    assert_string_equal(target.seen, "r o2 ");
    run(leave);
}

// --- what is believed

static struct engine_commit_op commit_op;
static struct engine_fetch_op fetch_op;
static struct engine_offset written;
static char found[HELD_TEXT_MAX + 30];

static void on_committed(struct engine_commit_op *op)
{
    assert_int_equal(op->err, ERR_OK);
    bench_go(&bench);
}

static void commit(void *owner)
{
    (void)owner;
    commit_op = (struct engine_commit_op){ .on_done = on_committed, .items = &written, .count = 1 };
    engine->driver->offsets_commit(engine, &commit_op);
}

// As an admin client does.
static void commit_offset(int64_t offset, const char *metadata)
{
    written = (struct engine_offset){
        .group = GROUP, .topic = BYTES_LITERAL("events"), .offset = offset, .metadata = bytes_of_text(metadata)
    };
    bench_wait(&bench, commit, NULL);
}

static void on_fetched(struct engine_fetch_op *op)
{
    assert_int_equal(op->count, 1);
    (void)snprintf(found, sizeof found, "%d %.*s", (int)op->items[0].offset, BYTES_ARG(op->items[0].metadata));
    bench_go(&bench);
}

static void fetch(void *owner)
{
    (void)owner;
    fetch_op = (struct engine_fetch_op){ .on_done = on_fetched, .group = GROUP };
    engine->driver->offsets_fetch(engine, &fetch_op);
}

static const char *found_offset(void)
{
    bench_wait(&bench, fetch, NULL);
    return found;
}

#define ID "BwAAAAAAAAAAAAAAAAAAAA"

static void the_offset_says_what_is_held(void **state)
{
    (void)state;
    append("a r1 b r2 c");
    start_and_come_to(5);
    wait_until(is_committed);
    assert_string_equal(found_offset(), "1 held/1 " ID " 1+2 5");
    run(leave);
    commit_offset(1, "");
    start_and_come_to(5);
    assert_string_equal(target.seen, "r1 b r2 c ");
    run(leave);
}

static void what_an_admin_client_sets_is_where_it_goes_on(void **state)
{
    (void)state;
    append("a r1 b r2 c");
    start_and_come_to(5);
    stop();
    commit_offset(0, "");
    start_and_come_to(5);
    assert_string_equal(target.seen, "a r1 b r2 c ");
    run(leave);
    commit_offset(0, "held/1 " ID " 1+2 5"); // it kept what was there
    start_and_come_to(5);
    assert_string_equal(target.seen, "a r1 b r2 c ");
    run(leave);
    commit_offset(0, "node-1 did this");
    start_and_come_to(5);
    assert_string_equal(target.seen, "a r1 b r2 c ");
    run(leave);
}

static void a_topic_that_is_another_one_is_new(void **state)
{
    static const uint8_t other[ENGINE_TOPIC_ID_SIZE] = { 8 };
    (void)state;
    append("r1 a r2 b");
    start_and_come_to(4);
    stop();
    id = other;
    start_and_come_to(4);
    assert_string_equal(target.seen, "r1 a r2 b ");
    run(leave);
}

// It has lost its end, as a power loss may do in the weaker modes.
static void a_topic_that_is_shorter_is_in_doubt(void **state)
{
    (void)state;
    append("r1 a r2 b");
    commit_offset(0, "held/1 " ID " 0 5");
    run(open_and_join);
    wait_until(has_joined);
    assert_string_equal(found_offset(), "0 "); // nobody believes it when the topic has grown
    come_to(4);
    assert_string_equal(target.seen, "r1 a r2 b ");
    run(leave);
    commit_offset(0, "held/1 " ID " 0 4");
    start_and_come_to(4);
    assert_string_equal(target.seen, "r1 ");
    run(leave);
}

// --- what was held and is gone

static struct delete_records_op deletion;

static void on_deleted(struct log_op *op)
{
    assert_int_equal(op->err, ERR_OK);
    bench_go(&bench);
}

static void delete_records(void *owner)
{
    const struct topic *topic = topic_find(bench.store, BYTES_LITERAL("events"));
    deletion = (struct delete_records_op){ .op = { .partition = topic->partitions[0], .on_done = on_deleted },
                                           .offset = *(int64_t *)owner };
    log_delete_records(&deletion);
}

static void what_was_held_and_is_gone_is_waited_for_no_longer(void **state)
{
    int64_t before = 3;
    (void)state;
    append("r1 a r2 b r3 c");
    start_and_come_to(6);
    stop();
    bench_wait(&bench, delete_records, &before);
    start_and_come_to(6);
    assert_string_equal(target.seen, "r3 ");
    assert_int_equal(cursor_floor(&member.consumer.cursors[0]), 4);
    assert_int_equal(counts.missed, 2);
    stop();
    start_and_come_to(6);
    assert_string_equal(target.seen, "r3 ");
    run(leave);
    assert_string_equal(found_offset(), "4 held/1 " ID " 4 6");
}

// --- commits

static int commits;

static void commit_count(struct engine *this, struct engine_commit_op *op)
{
    commits++;
    real->offsets_commit(this, op);
}

static void count_commits(void)
{
    real = engine->driver;
    counting = *real;
    counting.offsets_commit = commit_count;
    engine->driver = &counting;
    commits = 0;
}

static int64_t until_ms;

static bool time_is_up(void)
{
    return loop_now_ms(hub.loop) > until_ms;
}

static void look_at_the_clock(void)
{
    until_ms = loop_now_ms(hub.loop) + 4 * HUB_COMMIT_MS;
}

static void one_that_only_fails_is_committed_once(void **state)
{
    (void)state;
    append("r1 a");
    start_and_come_to(2);
    run(count_commits);
    wait_until(is_committed);
    assert_true(commits <= 1);
    commits = 0;
    run(look_at_the_clock);
    wait_until(time_is_up);
    assert_int_equal(commits, 0);
    append("b");
    come_to(3);
    wait_until(is_committed);
    assert_int_equal(commits, 1);
    run(leave);
    assert_int_equal(commits, 1); // it knew nothing new
}

static void what_was_held_before_is_forgotten_when_it_is_past(void **state)
{
    (void)state;
    append("r a b");
    start_and_come_to(3);
    stop();
    run(open_and_join);
    wait_until(has_joined);
    come_to(3);
    append("c");
    come_to(4);
    wait_until(is_committed);
    assert_null(member.consumer.cursors[0].before);
    run(leave);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_a_stop_only_what_is_held_comes_again),
        TEST(after_a_kill_too),
        TEST(and_when_the_object_changes),
        TEST(from_life_to_life),
        TEST(what_was_done_is_not_read_again),
        TEST(nothing_that_was_held_is_lost),
        TEST(what_waits_for_its_turn_is_held),
        TEST(what_was_marked_for_it_is_as_any_other),
        TEST(what_was_not_wanted_below_the_position_is_done),
        TEST(the_offset_says_what_is_held),
        TEST(what_an_admin_client_sets_is_where_it_goes_on),
        TEST(a_topic_that_is_another_one_is_new),
        TEST(a_topic_that_is_shorter_is_in_doubt),
        TEST(what_was_held_and_is_gone_is_waited_for_no_longer),
        TEST(one_that_only_fails_is_committed_once),
        TEST(what_was_held_before_is_forgotten_when_it_is_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
