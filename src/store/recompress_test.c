// SPDX-License-Identifier: Apache-2.0
// compression.type, in the twin.
#include "store/testing/world/log_world.h"

#include "io/disk.h"

#include "base/test.h"

static void append_codec(struct asked *asked, enum codec codec, size_t size)
{
    struct batch_options options = BATCH_PLAIN;
    options.codec = codec;
    *asked = asked_of(0);
    asked->op.append.batch = batch_of(size, 1000, options);
    log_append(&asked->op.append);
}

static void batches_are_compressed_anew_and_keep_their_order(void **state)
{
    (void)state;
    world_new(1, 1);
    world.config.compression = CODEC_ZSTD;
    partition_configure(world.partitions[0], &world.config);
    struct asked asked[8], read = asked_of(0);
    for (unsigned i = 0; i < ARRAY_COUNT(asked); i++) // every other one has the codec: it must not overtake
        append_codec(&asked[i], i % 2 == 0 ? CODEC_NONE : CODEC_ZSTD, 20000 + i);
    for (unsigned i = 0; i < ARRAY_COUNT(asked); i++) {
        await(&asked[i]);
        assert_int_equal(asked[i].op.any.err, ERR_OK);
        assert_int_equal(asked[i].op.append.base_offset, i);
    }
    read.op.read.max_size = 1 << 20;
    read.op.read.current_leader_epoch = -1;
    log_read(&read.op.read);
    await(&read);
    assert_int_equal(read.op.any.err, ERR_OK);
    assert_true(read.op.read.size < 8 * 1000);
    int64_t offset = 0;
    for (size_t i = 0; i < read.op.read.slice_count; i++) {
        struct batch_walk walk = batch_walk_of(read.op.read.slices[i].bytes);
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch)) {
            assert_int_equal(batch_codec(&header), CODEC_ZSTD);
            assert_int_equal(header.base_offset, offset++);
            assert_int_equal(batch_check(batch, BATCH_FROM_DISK, &header, NULL), ERR_OK);
        }
        slice_free(&read.op.read.slices[i]);
    }
    assert_int_equal(offset, 8);
    world_free();
}

static void what_is_being_compressed_ends_when_its_topic_is_deleted(void **state)
{
    (void)state;
    world_new(1, 1);
    world.config.compression = CODEC_GZIP;
    partition_configure(world.partitions[0], &world.config);
    struct hold reading;
    struct asked appended, deleted = asked_of(0);
    hold(&reading, DISK_READ, 50);
    append_codec(&appended, CODEC_NONE, 20000);
    partition_delete(&deleted.op.any);
    await(&deleted);
    await(&appended);
    assert_int_equal(appended.op.any.err, ERR_CLOSED);
    world_free();
}

static void what_does_not_open_is_not_compressed_anew(void **state)
{
    (void)state;
    world_new(1, 1);
    world.config.compression = CODEC_GZIP;
    partition_configure(world.partitions[0], &world.config);
    struct batch_options options = BATCH_PLAIN;
    options.codec = CODEC_LZ4;
    struct asked asked = asked_of(0), next;
    asked.op.append.batch = batch_of(20000, 1000, options);
    memset(asked.op.append.batch.buf->data + BATCH_HEADER_SIZE, 0xee, 8);
    log_append(&asked.op.append);
    append_codec(&next, CODEC_NONE, SMALL);
    await(&asked);
    await(&next);
    assert_int_equal(asked.op.any.err, ERR_CORRUPT);
    assert_int_equal(next.op.any.err, ERR_OK);
    assert_int_equal(next.op.append.base_offset, 0);
    world_free();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_compressed_anew_and_keep_their_order),
        cmocka_unit_test(what_is_being_compressed_ends_when_its_topic_is_deleted),
        cmocka_unit_test(what_does_not_open_is_not_compressed_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
