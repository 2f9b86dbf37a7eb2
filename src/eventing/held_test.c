// SPDX-License-Identifier: Apache-2.0
#include "eventing/held.h"

#include "base/test.h"
#include "engine/engine.h"

#define ID    "uYlhXw8ZQ7mCcnGlPq0aBg"
#define OTHER "uYlhXw8ZQ7mCcnGlPq0aBQ"

static struct writer room;

static bytes_t written(const struct held *held)
{
    writer_reset(&room);
    held_write(&room, held, ID);
    return writer_view(&room);
}

static void assert_written(const struct held *held, const char *text)
{
    bytes_t found = written(held);
    if (!bytes_is(found, text))
        fail_msg("\"%.*s\" is not \"%s\"", BYTES_ARG(found), text);
}

static void is_written_for_people(void **state)
{
    (void)state;
    assert_written(&(struct held){ 1052, { 1000, 1003, 1017 }, 3 }, "held/1 " ID " 1000+3+17 1052");
    assert_written(&(struct held){ 1, { 0 }, 1 }, "");
    assert_written(&(struct held){ 2, { 0 }, 1 }, "held/1 " ID " 0 2");
}

static void nothing_is_written_where_the_offset_says_it_all(void **state)
{
    (void)state;
    assert_written(&(struct held){ 7, { 0 }, 0 }, "");
    assert_written(&(struct held){ 7, { 4, 5, 6 }, 3 }, "");
}

static void what_is_held_behind_the_last_that_is_done_is_left_out(void **state)
{
    (void)state;
    assert_written(&(struct held){ 9, { 4, 6, 7, 8 }, 4 }, "held/1 " ID " 4 6");
    assert_written(&(struct held){ 9, { 4, 6, 8 }, 3 }, "held/1 " ID " 4+2 8");
}

// The most there can be, with the largest numbers.
static struct held largest(void)
{
    struct held held = { .position = INT64_MAX, .count = HELD_COUNT_MAX };
    for (int i = 0; i < HELD_COUNT_MAX; i++)
        held.offsets[i] = i == 0 ? 0 : INT64_MAX - 2 * (HELD_COUNT_MAX - i);
    return held;
}

static void comes_back_as_it_was(void **state)
{
    const struct held all[] = {
        { 2, { 0 }, 1 }, { 1052, { 1000, 1003, 1017 }, 3 }, { INT64_MAX, { INT64_MAX - 2 }, 1 }, largest()
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        struct held back;
        bytes_t text = written(&all[i]);
        assert_true(text.size <= HELD_TEXT_MAX && text.size <= ENGINE_METADATA_MAX);
        assert_int_equal(bytes_printable_size(text), text.size);
        assert_true(held_read(text, ID, all[i].offsets[0], &back));
        assert_int_equal(back.position, all[i].position);
        assert_int_equal(back.count, all[i].count);
        assert_memory_equal(back.offsets, all[i].offsets, back.count * sizeof back.offsets[0]);
    }
}

static void tells_what_is_done(void **state)
{
    const struct held held = { 1052, { 1000, 1003, 1017 }, 3 };
    (void)state;
    assert_int_equal(held_floor(&held), 1000);
    assert_int_equal(held_floor(&(struct held){ .position = 5 }), 5);
    assert_false(held_has_done(&held, 1000));
    assert_true(held_has_done(&held, 1001));
    assert_false(held_has_done(&held, 1003));
    assert_false(held_has_done(&held, 1017));
    assert_true(held_has_done(&held, 1051));
    assert_false(held_has_done(&held, 1052));
}

static void what_it_did_not_write_says_nothing(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "held/1",
        "held/1 " ID,
        "held/1 1000+3 1052",
        "held/1  1000+3 1052",
        "held/1 " OTHER " 1000+3 1052", // of a topic that had the name before
        "held/1 " ID "x 1000+3 1052",
        "held/1  " ID " 1000+3 1052",
        "held/1 ",
        "held/1 " ID " 1000",
        "held/1 " ID " 1000+3 ",
        "held/1 " ID " 1001+3 1052", // beside another offset
        "held/1 " ID " 01000 1052",  // no number of its
        "held/1 " ID " 1000 01052",
        "held/1 " ID " 1000+3  1052",
        "held/1 " ID "  1000+3 1052",
        "held/1 " ID " 1000+3 1052 ",
        "held/1 " ID " 1000+ 1052",
        "held/1 " ID " 1000++3 1052",
        "held/1 " ID " 1000+3+3 1052", // not ascending
        "held/1 " ID " 1000+17+3 1052",
        "held/1 " ID " 1000+0 1052",
        "held/1 " ID " 1000+-3 1052",
        "held/1 " ID " 1000+x 1052",
        "held/1 " ID " 1000 -1",
        "held/1 " ID " 1000 1000", // nothing is between them
        "held/1 " ID " 1000 999",
        "held/1 " ID " 1000+52 1052", // at the position
        "held/1 " ID " 1000+18446744073709551617 1052",
        "held/1 " ID " 1000 9223372036854775808",
        "held/1 " ID " 1000 18446744073709552668",
        "held/2 " ID " 1000+3 1052",
        "HELD/1 " ID " 1000+3 1052",
        "{\"position\":1052}",
        "node-1 2026-01-01",
    };
    struct held held = { .position = -7 };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        if (held_read(bytes_of_text(texts[i]), ID, 1000, &held))
            fail_msg("\"%s\" says something", texts[i]);
    }
    assert_false(held_read(BYTES_NULL, ID, 1000, &held));
    assert_int_equal(held.position, -7);
}

static void what_was_cut_off_says_nothing_or_less(void **state)
{
    const struct held held = { 10527, { 1000, 1003, 1017 }, 3 };
    bytes_t text = written(&held);
    struct held cut;
    (void)state;
    for (size_t size = 0; size < text.size; size++) {
        if (!held_read(bytes_of(text.data, size), ID, 1000, &cut))
            continue;
        assert_int_equal(cut.count, 3);
        assert_int_equal(cut.position, 1052);
    }
}

static void more_than_there_can_be_says_nothing(void **state)
{
    struct held held = { .position = 1000, .count = HELD_COUNT_MAX }, back;
    (void)state;
    for (int i = 0; i < HELD_COUNT_MAX; i++)
        held.offsets[i] = 2 * i;
    assert_true(held_read(written(&held), ID, 0, &back));
    room.size -= strlen(" 1000");
    writer_text(&room, "+500 1000");
    assert_false(held_read(writer_view(&room), ID, 0, &back));
}

static int end(void **state)
{
    (void)state;
    writer_free(&room);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_written_for_people),
        cmocka_unit_test(nothing_is_written_where_the_offset_says_it_all),
        cmocka_unit_test(what_is_held_behind_the_last_that_is_done_is_left_out),
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(tells_what_is_done),
        cmocka_unit_test(what_it_did_not_write_says_nothing),
        cmocka_unit_test(what_was_cut_off_says_nothing_or_less),
        cmocka_unit_test(more_than_there_can_be_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
