// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/batch.h"
#include "base/endian.h"

#include "base/test.h"

// Three records, made byte by byte by an independent encoder: base offset 100, epoch 5, producer 42 epoch 3 sequence 7.
static const char golden[] = "\x00\x00\x00\x00\x00\x00\x00\x64\x00\x00\x00\x9e\x00\x00\x00\x05\x02\x3a\x4b\x1c\x45\x00"
                             "\x00\x00\x00\x00\x02\x00\x00"
                             "\x01\x8b\xcf\xe5\x68\x00\x00\x00\x01\x8b\xcf\xe5\x68\x05\x00\x00\x00\x00\x00\x00\x00\x2a"
                             "\x00\x03\x00\x00\x00\x07\x00"
                             "\x00\x00\x03\x2c\x00\x00\x00\x04\x6b\x31\x0a\x68\x65\x6c\x6c\x6f\x04\x04\x68\x31\x02\x78"
                             "\x04\x68\x32\x01\x0c\x00\x0a"
                             "\x02\x01\x01\x00\x9a\x01\x00\x05\x04\x00\x8c\x01"
                             "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
                             "\x00";
#define GOLDEN BYTES_LITERAL(golden)
#define TIME   INT64_C(1700000000000)

static struct slice build_golden(struct batch_options options)
{
    const struct record_header headers[] = {
        { BYTES_LITERAL("h1"), BYTES_LITERAL("x") },
        { BYTES_LITERAL("h2"), BYTES_NULL },
    };
    char v[70];
    memset(v, 'v', sizeof v);
    struct batch_builder builder;
    batch_builder_init(&builder, options);
    batch_builder_add(&builder, BYTES_LITERAL("k1"), BYTES_LITERAL("hello"), headers, 2, TIME);
    batch_builder_add(&builder, BYTES_NULL, BYTES_NULL, NULL, 0, TIME + 5);
    batch_builder_add(&builder, BYTES_LITERAL(""), bytes_of(v, sizeof v), NULL, 0, TIME - 3);
    struct slice batch;
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    return batch;
}

static struct batch_options golden_options(enum codec codec)
{
    return (struct batch_options){ codec, 0, 42, 3, 7 };
}

static void the_builder_makes_the_golden_bytes(void **state)
{
    (void)state;
    struct slice batch = build_golden(golden_options(CODEC_NONE));
    batch_assign(batch.buf->data, 100, 5);
    assert_int_equal(batch.bytes.size, GOLDEN.size);
    assert_memory_equal(batch.bytes.data, golden, GOLDEN.size);
    slice_free(&batch);
}

static void reads_the_header_and_every_record(void **state)
{
    (void)state;
    struct batch_header header;
    enum batch_reason reason;
    assert_int_equal(batch_check(GOLDEN, BATCH_FROM_CLIENT, &header, &reason), ERR_OK);
    assert_int_equal(reason, BATCH_REASON_NONE);
    assert_int_equal(batch_header_size(&header), GOLDEN.size);
    assert_int_equal(batch_last_offset(&header), 102);
    assert_int_equal(batch_last_sequence(&header), 9);
    assert_int_equal(header.leader_epoch, 5);
    assert_int_equal(header.max_timestamp, TIME + 5);
    bytes_t records;
    assert_int_equal(batch_records(GOLDEN, &header, 0, NULL, &records), ERR_OK);
    struct record_walk walk = record_walk_of(records, header.record_count);
    struct record record;
    struct record_header item;
    assert_true(record_walk_next(&walk, &record));
    assert_true(bytes_is(record.key, "k1") && bytes_is(record.value, "hello"));
    struct reader at = reader_of(record.headers);
    assert_true(record_header_next(&at, &item));
    assert_true(bytes_is(item.key, "h1") && bytes_is(item.value, "x"));
    assert_true(record_header_next(&at, &item));
    assert_true(bytes_is(item.key, "h2") && item.value.data == NULL);
    assert_false(record_header_next(&at, &item));
    assert_true(record_walk_next(&walk, &record));
    assert_true(record.key.data == NULL && record.value.data == NULL);
    assert_int_equal(record_offset(&header, &record), 101);
    assert_true(record_walk_next(&walk, &record));
    assert_true(record.key.data != NULL && record.key.size == 0 && record.value.size == 70);
    assert_int_equal(record_timestamp(&header, &record), TIME - 3);
    assert_false(record_walk_next(&walk, &record));
    assert_int_equal(walk.err, ERR_OK);
}

static void summarises_times_and_missing_keys(void **state)
{
    (void)state;
    struct batch_header header;
    struct record_summary summary;
    assert_int_equal(batch_header_read(GOLDEN, &header), ERR_OK);
    bytes_t records = bytes_of(golden + BATCH_HEADER_SIZE, GOLDEN.size - BATCH_HEADER_SIZE);
    assert_int_equal(batch_records_check(records, &header, &summary), ERR_OK);
    assert_int_equal(summary.min_timestamp, TIME - 3);
    assert_int_equal(summary.max_timestamp, TIME + 5);
    assert_int_equal(summary.keyless_count, 1);
    assert_int_equal(summary.first_keyless, 1);
}

static void every_codec_keeps_the_records(void **state)
{
    (void)state;
    for (unsigned codec = 0; codec < CODEC_COUNT; codec++) {
        struct slice batch = build_golden(golden_options((enum codec)codec));
        struct batch_header header;
        struct writer room = WRITER_INIT;
        bytes_t records;
        assert_int_equal(batch_check(batch.bytes, BATCH_FROM_CLIENT, &header, NULL), ERR_OK);
        assert_int_equal(batch_codec(&header), codec);
        assert_int_equal(batch_records(batch.bytes, &header, 1000, &room, &records), ERR_OK);
        assert_true(bytes_equal(records, bytes_of(golden + BATCH_HEADER_SIZE, GOLDEN.size - BATCH_HEADER_SIZE)));
        if (codec != CODEC_NONE)
            assert_int_equal(batch_records(batch.bytes, &header, 10, &room, &records), ERR_TOO_LARGE);
        writer_free(&room);
        slice_free(&batch);
    }
}

static void rejects_every_truncation(void **state)
{
    (void)state;
    for (size_t size = 0; size < GOLDEN.size; size++) {
        struct batch_header header;
        enum batch_reason reason;
        uint8_t *exact = malloc(size == 0 ? 1 : size);
        memcpy(exact, golden, size);
        assert_int_equal(batch_check(bytes_of(exact, size), BATCH_FROM_DISK, NULL, &reason), ERR_TRUNCATED);
        assert_int_equal(reason, BATCH_REASON_TRUNCATED);
        struct batch_walk walk = batch_walk_of(bytes_of(exact, size));
        bytes_t batch;
        assert_false(batch_walk_next(&walk, &header, &batch));
        assert_int_equal(walk.err, size == 0 ? ERR_OK : ERR_TRUNCATED);
        free(exact);
    }
}

static void notices_every_flipped_bit_behind_the_crc(void **state)
{
    (void)state;
    uint8_t copy[sizeof golden - 1];
    memcpy(copy, golden, sizeof copy);
    for (size_t bit = BATCH_CRC_AT * 8; bit < sizeof copy * 8; bit++) {
        enum batch_reason reason;
        copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(batch_check(bytes_of(copy, sizeof copy), BATCH_FROM_DISK, NULL, &reason), ERR_CORRUPT);
        assert_int_equal(reason, BATCH_REASON_CRC);
        copy[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}

static void record_bytes_that_lie_are_malformed(void **state)
{
    (void)state;
    bytes_t records = bytes_of(golden + BATCH_HEADER_SIZE, GOLDEN.size - BATCH_HEADER_SIZE);
    for (size_t size = 0; size < records.size; size++) {
        struct record_walk walk = record_walk_of(bytes_of(records.data, size), 3);
        for (struct record record; record_walk_next(&walk, &record);) {
        }
        assert_int_equal(walk.err, ERR_MALFORMED);
    }
    static const struct {
        const char *bytes;
        size_t size;
        int32_t count;
    } rows[] = {
        { "\x0c\x00\x00\x00\x01\x01\x00", 7, 0 },         // more than none
        { "\x0c\x00\x00\x00\x01\x01\x00", 7, 2 },         // fewer than two
        { "\x0c\x00\x00\x00\x01\x01\x00", 7, -1 },        // a count below zero
        { "\x01", 1, 1 },                                 // length -1
        { "\x0e\x00\x00\x00\x01\x01\x00\x00", 8, 1 },     // a byte too many inside
        { "\x0c\x00\x00\x00\x03\x01\x00", 7, 1 },         // key length -2
        { "\x0c\x00\x00\x00\x01\x01\x01", 7, 1 },         // header count -1
        { "\x0c\x00\x00\x00\x01\x01\x02", 7, 1 },         // a header that is not there
        { "\x10\x00\x00\x00\x01\x01\x02\x01\x01", 9, 1 }, // a null header key
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct record_walk walk = record_walk_of(bytes_of(rows[i].bytes, rows[i].size), rows[i].count);
        for (struct record record; record_walk_next(&walk, &record);) {
        }
        assert_int_equal(walk.err, ERR_MALFORMED);
    }
    struct record_walk fine = record_walk_of(BYTES_LITERAL("\x0c\x00\x00\x00\x01\x01\x00"), 1);
    struct record record;
    assert_true(record_walk_next(&fine, &record));
    assert_false(record_walk_next(&fine, &record));
    assert_int_equal(fine.err, ERR_OK);
}

// One change to the golden batch, sealed again, and what must come of it.
static void clients_are_held_to_the_rules_and_the_disk_to_fewer(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t size; // of the field
        uint64_t value;
        enum batch_reason client, disk;
    } rows[] = {
        { BATCH_MAGIC_AT, 1, 1, BATCH_REASON_MAGIC, BATCH_REASON_MAGIC },
        { BATCH_MAGIC_AT, 1, 0, BATCH_REASON_MAGIC, BATCH_REASON_MAGIC },
        { BATCH_RECORD_COUNT_AT, 4, 4, BATCH_REASON_COUNT, BATCH_REASON_COUNT },
        { BATCH_RECORD_COUNT_AT, 4, 2, BATCH_REASON_COUNT, BATCH_REASON_NONE },
        { BATCH_RECORD_COUNT_AT, 4, 0, BATCH_REASON_COUNT, BATCH_REASON_NONE },
        { BATCH_RECORD_COUNT_AT, 4, 0xffffffff, BATCH_REASON_COUNT, BATCH_REASON_COUNT },
        { BATCH_LAST_OFFSET_DELTA_AT, 4, 0x7fffffff, BATCH_REASON_COUNT, BATCH_REASON_NONE },
        { BATCH_LAST_OFFSET_DELTA_AT, 4, 0xffffffff, BATCH_REASON_COUNT, BATCH_REASON_COUNT },
        { BATCH_ATTRIBUTES_AT, 2, 5, BATCH_REASON_CODEC, BATCH_REASON_CODEC },
        { BATCH_ATTRIBUTES_AT, 2, BATCH_LOG_APPEND_TIME, BATCH_REASON_APPEND_TIME, BATCH_REASON_NONE },
        { BATCH_ATTRIBUTES_AT, 2, BATCH_CONTROL, BATCH_REASON_CONTROL, BATCH_REASON_NONE },
        { BATCH_ATTRIBUTES_AT, 2, BATCH_TRANSACTIONAL, BATCH_REASON_NONE, BATCH_REASON_NONE },
        { BATCH_ATTRIBUTES_AT, 2, BATCH_DELETE_HORIZON, BATCH_REASON_ATTRIBUTES, BATCH_REASON_NONE },
        { BATCH_ATTRIBUTES_AT, 2, 0x8000, BATCH_REASON_ATTRIBUTES, BATCH_REASON_NONE },
        { BATCH_BASE_SEQUENCE_AT, 4, 0xffffffff, BATCH_REASON_SEQUENCE, BATCH_REASON_NONE },
        { BATCH_PRODUCER_EPOCH_AT, 2, 0xffff, BATCH_REASON_SEQUENCE, BATCH_REASON_NONE },
        { BATCH_HEADER_SIZE, 1, 0x2a, BATCH_REASON_RECORDS, BATCH_REASON_NONE },
        { BATCH_HEADER_SIZE + 3, 1, 0x02, BATCH_REASON_RECORDS, BATCH_REASON_NONE }, // offset delta 1 first
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t copy[sizeof golden - 1];
        memcpy(copy, golden, sizeof copy);
        for (uint8_t byte = 0; byte < rows[i].size; byte++)
            copy[rows[i].at + byte] = (uint8_t)(rows[i].value >> (8 * (rows[i].size - 1 - byte)));
        batch_seal(copy, sizeof copy);
        enum batch_reason reason;
        err_t err = batch_check(bytes_of(copy, sizeof copy), BATCH_FROM_CLIENT, NULL, &reason);
        assert_int_equal(reason, rows[i].client);
        assert_int_equal(err == ERR_OK, reason == BATCH_REASON_NONE);
        err = batch_check(bytes_of(copy, sizeof copy), BATCH_FROM_DISK, NULL, &reason);
        assert_int_equal(reason, rows[i].disk);
        assert_int_equal(err == ERR_OK, reason == BATCH_REASON_NONE);
        assert_true(strlen(batch_reason_text(reason)) > 5);
    }
}

static void the_length_field_is_not_trusted(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        enum batch_reason reason;
        size_t size;
    } rows[] = {
        { 0, BATCH_REASON_LENGTH, 0 },          { 48, BATCH_REASON_LENGTH, 0 },
        { 49, BATCH_REASON_TRAILING, 61 },      { 0x80000000, BATCH_REASON_LENGTH, 0 },
        { 0xffffffff, BATCH_REASON_LENGTH, 0 }, { 0x7fffffff, BATCH_REASON_TRUNCATED, (size_t)INT32_MAX + 12 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t copy[sizeof golden - 1];
        enum batch_reason reason;
        memcpy(copy, golden, sizeof copy);
        put_u32(copy + BATCH_LENGTH_AT, rows[i].length);
        assert_int_not_equal(batch_check(bytes_of(copy, sizeof copy), BATCH_FROM_DISK, NULL, &reason), ERR_OK);
        assert_int_equal(reason, rows[i].reason);
        assert_int_equal(batch_size(bytes_of(copy, sizeof copy)), rows[i].size);
    }
    assert_int_equal(batch_size(bytes_of(golden, BATCH_FRAME_SIZE - 1)), 0);
}

static void walks_joined_batches_and_stops_at_a_cut(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    for (int i = 0; i < 3; i++)
        writer_bytes(&w, GOLDEN);
    struct batch_walk walk = batch_walk_of(bytes_of(w.buf->data, w.size - 1));
    struct batch_header header;
    bytes_t batch;
    for (int i = 0; i < 2; i++) {
        assert_true(batch_walk_next(&walk, &header, &batch));
        assert_true(bytes_equal(batch, GOLDEN));
    }
    assert_false(batch_walk_next(&walk, &header, &batch));
    assert_int_equal(walk.err, ERR_TRUNCATED);
    assert_int_equal(walk.at, 2 * GOLDEN.size);
    assert_int_equal(batch_check(writer_view(&w), BATCH_FROM_DISK, NULL, NULL), ERR_INVALID);
    writer_free(&w);
}

static void append_time_replaces_the_time_of_all_records(void **state)
{
    (void)state;
    uint8_t copy[sizeof golden - 1];
    struct batch_header header;
    memcpy(copy, golden, sizeof copy);
    batch_stamp_append_time(copy, sizeof copy, TIME + 99);
    assert_int_equal(batch_check(bytes_of(copy, sizeof copy), BATCH_FROM_DISK, &header, NULL), ERR_OK);
    assert_int_equal(header.max_timestamp, TIME + 99);
    struct record_walk walk =
        record_walk_of(bytes_of(copy + BATCH_HEADER_SIZE, sizeof copy - BATCH_HEADER_SIZE), header.record_count);
    for (struct record record; record_walk_next(&walk, &record);)
        assert_int_equal(record_timestamp(&header, &record), TIME + 99);
}

static void recompressing_changes_the_codec_and_nothing_else(void **state)
{
    (void)state;
    for (int from = CODEC_NONE; from < CODEC_COUNT; from++) {
        for (int to = CODEC_NONE; to < CODEC_COUNT; to++) {
            struct slice before = build_golden(golden_options((enum codec)from)), after, back;
            struct batch_header header;
            batch_assign(before.buf->data, 100, 5);
            assert_int_equal(batch_header_read(before.bytes, &header), ERR_OK);
            assert_int_equal(batch_recompress(before.bytes, &header, (enum codec)to, 1, 1 << 20, &after), ERR_OK);
            assert_int_equal(batch_check(after.bytes, BATCH_FROM_CLIENT, &header, NULL), ERR_OK);
            assert_int_equal(batch_codec(&header), to);
            assert_int_equal(batch_recompress(after.bytes, &header, CODEC_NONE, 0, 1 << 20, &back), ERR_OK);
            assert_int_equal(back.bytes.size, GOLDEN.size);
            assert_memory_equal(back.bytes.data, golden, GOLDEN.size);
            slice_free(&before);
            slice_free(&after);
            slice_free(&back);
        }
    }
}

static void recompressing_refuses_what_does_not_open(void **state)
{
    (void)state;
    struct slice batch = build_golden(golden_options(CODEC_ZSTD)), after;
    struct batch_header header;
    assert_int_equal(batch_header_read(batch.bytes, &header), ERR_OK);
    assert_int_equal(batch_recompress(batch.bytes, &header, CODEC_LZ4, 9, 10, &after), ERR_TOO_LARGE);
    header.record_count++;
    assert_int_equal(batch_recompress(batch.bytes, &header, CODEC_LZ4, 9, 1 << 20, &after), ERR_MALFORMED);
    memset(batch.buf->data + BATCH_HEADER_SIZE, 0xff, 8);
    assert_int_equal(batch_recompress(batch.bytes, &header, CODEC_LZ4, 9, 1 << 20, &after), ERR_CORRUPT);
    slice_free(&batch);
}

static void rewriting_keeps_offsets_producer_and_times(void **state)
{
    (void)state;
    struct batch_header original, header;
    struct slice batch;
    struct record record;
    assert_int_equal(batch_header_read(GOLDEN, &original), ERR_OK);
    original.attributes |= CODEC_ZSTD;
    struct record_walk walk =
        record_walk_of(bytes_of(golden + BATCH_HEADER_SIZE, GOLDEN.size - BATCH_HEADER_SIZE), original.record_count);
    struct batch_builder builder;
    batch_builder_init_like(&builder, &original);
    while (record_walk_next(&walk, &record)) {
        if (record.offset_delta == 1)
            batch_builder_add_record(&builder, &record, record_timestamp(&original, &record));
    }
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    assert_int_equal(batch_check(batch.bytes, BATCH_FROM_DISK, &header, NULL), ERR_OK);
    assert_int_equal(header.record_count, 1);
    assert_int_equal(header.base_offset, 100);
    assert_int_equal(header.leader_epoch, 5);
    assert_int_equal(batch_last_offset(&header), 102);
    assert_int_equal(batch_last_sequence(&header), 9);
    assert_int_equal(header.base_timestamp, TIME);
    assert_int_equal(batch_codec(&header), CODEC_ZSTD);
    slice_free(&batch);
    batch_builder_init_like(&builder, &original); // with no record left
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    assert_int_equal(batch_check(batch.bytes, BATCH_FROM_DISK, &header, NULL), ERR_OK);
    assert_int_equal(batch.bytes.size, BATCH_HEADER_SIZE);
    assert_int_equal(header.max_timestamp, original.max_timestamp);
    assert_int_equal(batch_last_offset(&header), 102);
    slice_free(&batch);
}

static void a_new_batch_needs_a_record(void **state)
{
    (void)state;
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, BATCH_PLAIN);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_INVALID);
    batch_builder_free(&builder);
}

static void markers_round_trip(void **state)
{
    (void)state;
    for (int commit = 0; commit < 2; commit++) {
        struct slice batch = batch_marker_build(9, 2, (struct batch_marker){ commit == 1, 17 }, TIME);
        struct batch_header header;
        bytes_t records;
        struct record record;
        struct batch_marker marker;
        assert_int_equal(batch_check(batch.bytes, BATCH_FROM_DISK, &header, NULL), ERR_OK);
        assert_int_equal(header.attributes, BATCH_TRANSACTIONAL | BATCH_CONTROL);
        assert_int_equal(batch_last_sequence(&header), BATCH_NO_SEQUENCE);
        assert_int_equal(batch_records(batch.bytes, &header, 0, NULL, &records), ERR_OK);
        struct record_walk walk = record_walk_of(records, header.record_count);
        assert_true(record_walk_next(&walk, &record));
        assert_int_equal(batch_marker_read(&record, &marker), ERR_OK);
        assert_int_equal(marker.commit, commit == 1);
        assert_int_equal(marker.coordinator_epoch, 17);
        record.value.size--;
        assert_int_equal(batch_marker_read(&record, &marker), ERR_MALFORMED);
        record.key = BYTES_LITERAL("\0\0\0\5");
        assert_int_equal(batch_marker_read(&record, &marker), ERR_UNSUPPORTED);
        record.key = BYTES_NULL;
        assert_int_equal(batch_marker_read(&record, &marker), ERR_MALFORMED);
        slice_free(&batch);
    }
}

static void sequences_wrap_to_zero(void **state)
{
    (void)state;
    assert_int_equal(batch_sequence_add(0, 0), 0);
    assert_int_equal(batch_sequence_add(INT32_MAX, 1), 0);
    assert_int_equal(batch_sequence_add(INT32_MAX - 1, 3), 1);
    assert_int_equal(batch_sequence_add(INT32_MAX, INT32_MAX), INT32_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_builder_makes_the_golden_bytes),
        cmocka_unit_test(reads_the_header_and_every_record),
        cmocka_unit_test(summarises_times_and_missing_keys),
        cmocka_unit_test(every_codec_keeps_the_records),
        cmocka_unit_test(rejects_every_truncation),
        cmocka_unit_test(notices_every_flipped_bit_behind_the_crc),
        cmocka_unit_test(record_bytes_that_lie_are_malformed),
        cmocka_unit_test(clients_are_held_to_the_rules_and_the_disk_to_fewer),
        cmocka_unit_test(the_length_field_is_not_trusted),
        cmocka_unit_test(walks_joined_batches_and_stops_at_a_cut),
        cmocka_unit_test(append_time_replaces_the_time_of_all_records),
        cmocka_unit_test(recompressing_changes_the_codec_and_nothing_else),
        cmocka_unit_test(recompressing_refuses_what_does_not_open),
        cmocka_unit_test(rewriting_keeps_offsets_producer_and_times),
        cmocka_unit_test(a_new_batch_needs_a_record),
        cmocka_unit_test(markers_round_trip),
        cmocka_unit_test(sequences_wrap_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
