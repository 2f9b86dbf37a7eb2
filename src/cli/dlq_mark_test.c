// SPDX-License-Identifier: Apache-2.0
// What the marks of a letter say together, in whatever order commands come, and whatever compaction leaves of them.
#include "cli/dlq_mark.h"

#include "base/assert.h"
#include "base/test.h"

static struct arena arena;
static struct dlq_entry entry;
static int64_t next;

static int begin(void **state)
{
    (void)state;
    entry = (struct dlq_entry){ 0 };
    next = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

// --- as records

static struct dlq_mark read_back(const struct dlq_mark *mark)
{
    struct dlq_mark read;
    struct writer text = WRITER_INIT;
    dlq_mark_write(mark, &text);
    bytes_t value = mark->state == DLQ_NEW ? BYTES_NULL : writer_view(&text);
    assert_int_equal(dlq_mark_read(dlq_mark_key(mark, &arena), value, &arena, &read), ERR_OK);
    writer_free(&text);
    return read;
}

static void a_mark_is_read_as_it_was_written(void **state)
{
    struct dlq_mark mark = { .state = DLQ_REPLAYING,
                             .letter = BYTES_LITERAL("topic-dead-letters/0/1"),
                             .topic_id = BYTES_LITERAL("00ff"),
                             .run = BYTES_LITERAL("r"),
                             .to = BYTES_LITERAL("trigger/n/t"),
                             .at = { BYTES_LITERAL("topic"), 2, 7 },
                             .time_ms = 1000,
                             .replays = 3,
                             .is_edited = true,
                             .over = 5 };
    struct dlq_mark read = read_back(&mark);
    (void)state;
    assert_true(bytes_equal(read.letter, mark.letter) && bytes_is(read.topic_id, "00ff") && bytes_is(read.run, "r"));
    assert_true(read.state == DLQ_REPLAYING && read.is_edited && read.over == 5 && read.time_ms == 1000);
    assert_true(bytes_is(read.to, "trigger/n/t"));
    assert_int_equal(read.replays, 3);
    assert_int_equal(dlq_mark_replays(&read), 2); // the third one only began
    assert_true(bytes_is(read.at.topic, "topic") && read.at.partition == 2 && read.at.offset == 7);
    mark.state = DLQ_NEW;
    read = read_back(&mark);
    assert_true(read.state == DLQ_NEW && bytes_is(read.run, "r"));
    mark.state = DLQ_DROPPED;
    mark.run = BYTES_NULL;
    read = read_back(&mark);
    assert_true(read.state == DLQ_DROPPED && read.run.size == 0);
    assert_int_equal(dlq_mark_replays(&read), 3);
}

static void what_no_eddy_wrote_is_refused(void **state)
{
    static const char *const keys[] = { "", "k", "t/0/1", "t/0/1 ", "t/0 00ff", "t/0/1 00ff r more" };
    static const char *const values[] = {
        "x",
        "{}",
        "{\"state\":\"odd\",\"time\":\"2026-01-31T12:00:00Z\"}",
        "{\"state\":\"replayed\"}",
        "{\"state\":\"replayed\",\"time\":\"2026-01-31T12:00:00Z\",\"replays\":-1}",
        "{\"state\":\"replaying\",\"time\":\"2026-01-31T12:00:00Z\"}", // a beginning whose key names no run
    };
    struct dlq_mark read;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
        assert_int_equal(dlq_mark_read(bytes_of_text(keys[i]), BYTES_NULL, &arena, &read), ERR_INVALID);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        assert_int_equal(dlq_mark_read(BYTES_LITERAL("t/0/1 00ff"), bytes_of_text(values[i]), &arena, &read),
                         ERR_INVALID);
}

// --- what follows

// Returns its place in the ledger.
static int64_t take(struct dlq_mark mark)
{
    mark.offset = next++;
    dlq_entry_take(&entry, &mark, &arena);
    return mark.offset;
}

static int64_t begins(const char *run, int64_t over)
{
    return take((struct dlq_mark){ .state = DLQ_REPLAYING, .run = bytes_of_text(run), .over = over });
}

static void takes_back(const char *run)
{
    (void)take((struct dlq_mark){ .state = DLQ_NEW, .run = bytes_of_text(run) });
}

static int64_t is_done(enum dlq_state state)
{
    return take((struct dlq_mark){ .state = state });
}

static void assert_is(enum dlq_state state, const char *run)
{
    const struct dlq_mark *last = dlq_entry_last(&entry);
    assert_int_equal(last == NULL ? DLQ_NEW : last->state, state);
    assert_true(run == NULL ? last == NULL || last->run.size == 0 : last != NULL && bytes_is(last->run, run));
}

static void of_two_who_begin_the_first_one_may(void **state)
{
    (void)state;
    int64_t first = begins("a", -1);
    begins("b", -1);
    assert_is(DLQ_REPLAYING, "a");
    takes_back("b");
    assert_is(DLQ_REPLAYING, "a");
    begins("c", first); // asked to, although it is uncertain
    assert_is(DLQ_REPLAYING, "c");
}

static void what_was_done_is_a_fact(void **state)
{
    (void)state;
    begins("a", -1);
    int64_t done = is_done(DLQ_REPLAYED);
    takes_back("a");
    assert_is(DLQ_REPLAYED, NULL);
    begins("b", -1); // it has not seen that
    assert_is(DLQ_REPLAYED, NULL);
    begins("c", done);
    assert_is(DLQ_REPLAYING, "c");
    (void)is_done(DLQ_DROPPED); // by somebody else
    assert_is(DLQ_DROPPED, NULL);
    (void)is_done(DLQ_NEW); // it is forgotten
    assert_is(DLQ_NEW, NULL);
}

static void what_is_taken_back_leaves_what_was_before(void **state)
{
    (void)state;
    int64_t uncertain = begins("a", -1);
    int64_t over_it = begins("b", uncertain);
    begins("c", over_it);
    takes_back("b");
    assert_is(DLQ_REPLAYING, "c");
    takes_back("c"); // it was refused
    assert_is(DLQ_REPLAYING, "a");
    takes_back("a");
    assert_is(DLQ_NEW, NULL);
    int64_t done = is_done(DLQ_REPLAYED);
    begins("d", done);
    takes_back("d");
    assert_is(DLQ_REPLAYED, NULL);
}

// Compaction keeps the last mark of each key.
static void a_beginning_that_does_not_count_hides_nothing_once_it_stands_alone(void **state)
{
    (void)state;
    next = 5; // a's beginning was at 3, and was taken back
    (void)is_done(DLQ_REPLAYED);
    begins("b", -1); // then b was killed
    assert_is(DLQ_REPLAYED, NULL);
    begin(NULL);
    begins("b", -1); // before it was done
    next = 5;
    (void)is_done(DLQ_REPLAYED);
    assert_is(DLQ_REPLAYED, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mark_is_read_as_it_was_written),
        TEST(what_no_eddy_wrote_is_refused),
        TEST(of_two_who_begin_the_first_one_may),
        TEST(what_was_done_is_a_fact),
        TEST(what_is_taken_back_leaves_what_was_before),
        TEST(a_beginning_that_does_not_count_hides_nothing_once_it_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
