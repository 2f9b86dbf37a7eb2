// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/group_record.h"

#include "base/test.h"

static const struct group_options options = { .session_min_ms = 1, .session_max_ms = 60000, .size_max = 100 };
static struct arena arena;

static void on_write(struct groups *groups, struct group *group)
{
    groups_written(groups, group->id, group->write, GROUP_OK);
}

static void on_joined(struct group_join *join)
{
    assert_int_equal(join->answer.error, GROUP_OK);
}

static void on_synced(struct group_sync *sync)
{
    assert_int_equal(sync->answer.error, GROUP_OK);
}

// Group "g" with a leader "m0", and an instance "b" whose id is "m1" and which has the assignment "m1".
static void make_group(struct groups *groups)
{
    static struct group_protocol protocols[2];
    static struct group_join joins[2];
    groups_init(groups, &options, on_write);
    groups_time_set(groups, 0, 0);
    for (int i = 0; i < 2; i++) {
        protocols[i] = (struct group_protocol){ BYTES_LITERAL("range"), bytes_of_text(i == 0 ? "" : "md") };
        joins[i] = (struct group_join){ .on_done = on_joined,
                                        .arena = &arena,
                                        .group_id = BYTES_LITERAL("g"),
                                        .instance_id = i == 0 ? BYTES_NULL : BYTES_LITERAL("b"),
                                        .client_id = BYTES_LITERAL("c"),
                                        .client_host = BYTES_LITERAL("/127.0.0.1"),
                                        .protocol_type = BYTES_LITERAL("consumer"),
                                        .protocols = &protocols[i],
                                        .protocol_count = 1,
                                        .session_timeout_ms = 10000,
                                        .rebalance_timeout_ms = 30000,
                                        .new_member_id = bytes_of_text(i == 0 ? "m0" : "m1") };
        group_join(groups, &joins[i]);
    }
    groups_tick(groups);
    groups_tick(groups);
    struct group_assignment rows[] = { { BYTES_LITERAL("m0"), BYTES_LITERAL("m0") },
                                       { BYTES_LITERAL("m1"), BYTES_LITERAL("m1") } };
    static struct group_sync sync;
    sync = (struct group_sync){ .on_done = on_synced,
                                .arena = &arena,
                                .group_id = BYTES_LITERAL("g"),
                                .member_id = BYTES_LITERAL("m0"),
                                .generation = 1,
                                .assignments = rows,
                                .assignment_count = 2 };
    group_sync(groups, &sync);
    assert_int_equal(groups_find(groups, BYTES_LITERAL("g"))->state, GROUP_STABLE);
}

static void is_written_and_read_as_kafka_does(void **state)
{
    (void)state;
    struct groups groups;
    make_group(&groups);
    struct writer key = WRITER_INIT, value = WRITER_INIT, again = WRITER_INIT;
    group_record_key_write(&key, BYTES_LITERAL("g"));
    group_record_value_write(&value, groups_find(&groups, BYTES_LITERAL("g")));
    static const uint8_t head[] = { 0, 3, 0, 8, 'c', 'o', 'n', 's', 'u', 'm', 'e', 'r', 0,  0,
                                    0, 1, 0, 5, 'r', 'a', 'n', 'g', 'e', 0,   2,   'm', '0' };
    static const uint8_t key_bytes[] = { 0, 2, 0, 1, 'g' };
    static const uint8_t tail[] = { 0,    2,    'm', '1', 0,   1,   'b', 0,   1, 'c', 0,    10,   '/', '1',
                                    '2',  '7',  '.', '0', '.', '0', '.', '1', 0, 0,   0x75, 0x30, 0,   0,
                                    0x27, 0x10, 0,   0,   0,   2,   'm', 'd', 0, 0,   0,    2,    'm', '1' };
    bytes_t view = writer_view(&value);
    assert_true(bytes_equal(writer_view(&key), bytes_of(key_bytes, sizeof key_bytes)));
    assert_true(bytes_equal(bytes_of(view.data, sizeof head), bytes_of(head, sizeof head)));
    assert_true(bytes_equal(bytes_of(view.data + view.size - sizeof tail, sizeof tail), bytes_of(tail, sizeof tail)));

    struct groups others;
    groups_init(&others, &options, on_write);
    groups_time_set(&others, 0, 77);
    assert_int_equal(group_record_load(&others, writer_view(&key), view), ERR_OK);
    struct group *back = groups_find(&others, BYTES_LITERAL("g"));
    group_record_value_write(&again, back);
    assert_true(bytes_equal(view, writer_view(&again)));
    assert_int_equal(back->state, GROUP_STABLE);
    assert_int_equal(groups_deadline(&others), INT64_MAX);
    groups_begin(&others);
    assert_int_equal(groups_deadline(&others), 10000);
    struct group_caller who = { .group_id = BYTES_LITERAL("g"),
                                .member_id = BYTES_LITERAL("m1"),
                                .instance_id = BYTES_LITERAL("b"),
                                .generation = 1 };
    assert_int_equal(group_heartbeat(&others, &who), GROUP_OK);
    groups_free(&others);
    for (size_t size = 0; size < view.size; size++) {
        groups_init(&others, &options, on_write);
        assert_int_not_equal(group_record_load(&others, writer_view(&key), bytes_of(view.data, size)), ERR_OK);
        assert_int_equal(groups_find(&others, BYTES_LITERAL("g"))->joined_count, 0);
        groups_free(&others);
    }
    writer_free(&key);
    writer_free(&value);
    writer_free(&again);
    groups_free(&groups);
    arena_free(&arena);
}

static void reads_every_version_of_the_record(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[80];
        size_t size;
        err_t err;
    } values[] = {
        // protocolType "c", generation 1, protocol "p", leader "m"; one member "m", client "i", host "h".
        { { 0,   0, 0, 1,   'c', 0, 0,   0, 1, 0, 1, 'p', 0, 1, 'm', 0, 0, 0, 1, 0,  1,
            'm', 0, 1, 'i', 0,   1, 'h', 0, 0, 0, 9, 0,   0, 0, 0,   0, 0, 0, 1, 'a' },
          41,
          ERR_OK },
        { { 0, 1,   0, 1, 'c', 0, 0, 0, 1, 0, 1, 'p', 0, 1, 'm', 0, 0, 0, 1, 0, 1, 'm', 0,
            1, 'i', 0, 1, 'h', 0, 0, 0, 9, 0, 0, 0,   9, 0, 0,   0, 0, 0, 0, 0, 1, 'a' },
          45,
          ERR_OK },
        { { 0, 2, 0,   1, 'c', 0,   0, 0, 1,   0, 1, 'p', 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0,  1,
            0, 1, 'm', 0, 1,   'i', 0, 1, 'h', 0, 0, 0,   9, 0, 0,   0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 'a' },
          53,
          ERR_OK },
        { { 0, 4,   2, 'c', 0,   0, 0,   1, 2, 'p', 2, 'm', 0, 0, 0, 0, 0, 0,   0, 5, 2,
            2, 'm', 0, 2,   'i', 2, 'h', 0, 0, 0,   9, 0,   0, 0, 9, 1, 2, 'a', 0, 0 },
          41,
          ERR_OK },
        { { 0, 5 }, 2, ERR_UNSUPPORTED },
        // More members than there are bytes; a member twice is below.
        { { 0, 0, 0, 1, 'c', 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff }, 17, ERR_MALFORMED },
    };
    static const uint8_t key[] = { 0, 2, 0, 1, 'g' }, offset_key[] = { 0, 1, 0, 1, 'g' };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct groups others;
        groups_init(&others, &options, on_write);
        bytes_t value = bytes_of(values[i].bytes, values[i].size);
        assert_int_equal(group_record_load(&others, bytes_of(key, sizeof key), value), values[i].err);
        struct group *back = groups_find(&others, BYTES_LITERAL("g"));
        assert_int_equal(back->joined_count, values[i].err == ERR_OK ? 1 : 0);
        if (values[i].err == ERR_OK) {
            assert_true(bytes_is(back->leader->id, "m"));
            assert_true(bytes_is(back->leader->assignment, "a"));
            assert_int_equal(back->leader->rebalance_timeout_ms, 9);
        }
        assert_int_equal(group_record_load(&others, bytes_of(offset_key, sizeof offset_key), value), ERR_UNSUPPORTED);
        groups_free(&others);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_written_and_read_as_kafka_does),
        cmocka_unit_test(reads_every_version_of_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
