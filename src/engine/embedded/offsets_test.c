// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/offsets.h"

#include "base/test.h"

// Version 1: group "g", topic "tt", partition 3.
static const uint8_t key[] = { 0, 1, 0, 1, 'g', 0, 2, 't', 't', 0, 0, 0, 3 };

static void writes_kafkas_key_and_value(void **state)
{
    (void)state;
    static const uint8_t value[] = { 0, 3, 0, 0,   0,   0, 0, 0, 1,    2,    0,    0,    0,
                                     7, 0, 2, 'm', 'd', 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0x00 };
    struct writer w = WRITER_INIT;
    offsets_key_write(&w, BYTES_LITERAL("g"), BYTES_LITERAL("tt"), 3);
    assert_true(bytes_equal(writer_view(&w), bytes_of(key, sizeof key)));
    writer_reset(&w);
    struct engine_offset offset = { .offset = 258, .leader_epoch = 7, .metadata = BYTES_LITERAL("md") };
    offsets_value_write(&w, &offset, 0x18bcfe56800);
    assert_true(bytes_equal(writer_view(&w), bytes_of(value, sizeof value)));
    struct engine_offset back;
    assert_int_equal(offsets_row_read(bytes_of(key, sizeof key), writer_view(&w), &back), ERR_OK);
    assert_int_equal(back.partition, 3);
    assert_int_equal(back.offset, 258);
    assert_int_equal(back.leader_epoch, 7);
    assert_true(bytes_is(back.metadata, "md"));
    assert_int_equal(back.commit_time_ms, 0x18bcfe56800);
    for (size_t size = 0; size < sizeof value; size++)
        assert_int_equal(offsets_row_read(bytes_of(key, sizeof key), bytes_of(value, size), &back), ERR_TRUNCATED);
    writer_free(&w);
}

static void reads_every_version_that_kafka_wrote(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[40];
        size_t size;
        int32_t leader_epoch;
    } values[] = {
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 9 }, 21, -1 },
        { { 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 10 }, 29, -1 },
        { { 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 9 }, 21, -1 },
        { { 0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 0, 1, 'm', 0, 0, 0, 0, 0, 0, 0, 9 }, 25, 4 },
        { { 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 2, 'm', 0, 0, 0, 0, 0, 0, 0, 9, 0 }, 25, 4 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct engine_offset offset;
        bytes_t value = bytes_of(values[i].bytes, values[i].size);
        assert_int_equal(offsets_row_read(bytes_of(key, sizeof key), value, &offset), ERR_OK);
        assert_int_equal(offset.offset, 5);
        assert_int_equal(offset.leader_epoch, values[i].leader_epoch);
        assert_int_equal(offset.commit_time_ms, 9);
        assert_true(bytes_is(offset.metadata, "m"));
    }
}

// As Kafka does it: with a time of its own the record has version 1, which has no epoch.
static void keeps_a_time_of_expiry(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    struct engine_offset offset = { .offset = 258, .leader_epoch = 7, .expire_time_ms = 77 }, back;
    offsets_value_write(&w, &offset, 11);
    assert_int_equal(offsets_row_read(bytes_of(key, sizeof key), writer_view(&w), &back), ERR_OK);
    assert_int_equal(writer_view(&w).data[1], 1);
    assert_int_equal(back.offset, 258);
    assert_int_equal(back.leader_epoch, -1);
    assert_int_equal(back.commit_time_ms, 11);
    assert_int_equal(back.expire_time_ms, 77);
    writer_free(&w);
}

static void leaves_records_of_other_kinds_alone(void **state)
{
    (void)state;
    static const uint8_t group[] = { 0, 2, 0, 1, 'g' }, newer[] = { 0, 5 };
    struct engine_offset offset;
    assert_int_equal(offsets_row_read(bytes_of(group, sizeof group), BYTES_LITERAL("x"), &offset), ERR_UNSUPPORTED);
    assert_int_equal(offsets_row_read(bytes_of(key, sizeof key), bytes_of(newer, sizeof newer), &offset),
                     ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_kafkas_key_and_value),
        cmocka_unit_test(reads_every_version_that_kafka_wrote),
        cmocka_unit_test(keeps_a_time_of_expiry),
        cmocka_unit_test(leaves_records_of_other_kinds_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
