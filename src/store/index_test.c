// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include "base/test.h"
#include "io/file.h"
#include "io/sim/sim.h"

#include <stdlib.h>

static bytes_t offsets_of(struct writer *w, const uint32_t pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_u32(w, pairs[i][0]);
        writer_u32(w, pairs[i][1]);
    }
    return writer_view(w);
}

static void looks_up_the_last_entry_that_is_not_above(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = { { 10, 4096 }, { 20, 8192 }, { 30, 12288 } };
    struct writer w = WRITER_INIT;
    bytes_t entries = offsets_of(&w, pairs, 3);
    assert_int_equal(index_lookup(entries, 1000, 1000), 0);
    assert_int_equal(index_lookup(entries, 1000, 1009), 0);
    assert_int_equal(index_lookup(entries, 1000, 1010), 4096);
    assert_int_equal(index_lookup(entries, 1000, 1029), 8192);
    assert_int_equal(index_lookup(entries, 1000, 5000), 12288);
    assert_int_equal(index_lookup(BYTES_NULL, 1000, 5000), 0);
    writer_free(&w);
}

static void trusts_entries_only_while_they_rise(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = { { 10, 4096 }, { 20, 8192 }, { 20, 12288 }, { 40, 16384 } };
    struct writer w = WRITER_INIT;
    bytes_t entries = offsets_of(&w, pairs, 4);
    assert_int_equal(index_valid_offsets(entries, 1 << 20, 1 << 20), 2);
    assert_int_equal(index_valid_offsets(entries, 8192, 1 << 20), 1);
    assert_int_equal(index_valid_offsets(entries, 1 << 20, 20), 1);
    static const uint8_t zeros[64];
    assert_int_equal(index_valid_offsets(bytes_of(zeros, sizeof zeros), 1 << 20, 1 << 20), 0);
    writer_free(&w);
}

static void time_lookup_never_skips_a_timestamp(void **state)
{
    (void)state;
    struct writer w = WRITER_INIT;
    for (int i = 1; i <= 3; i++) {
        writer_i64(&w, i * 100);
        writer_u32(&w, (uint32_t)(i * 10));
    }
    bytes_t entries = writer_view(&w);
    assert_int_equal(index_time_lookup(entries, 500, 100), 500); // the entry itself may be the answer
    assert_int_equal(index_time_lookup(entries, 500, 101), 510);
    assert_int_equal(index_time_lookup(entries, 500, 300), 520);
    assert_int_equal(index_time_lookup(entries, 500, 301), 530);
    assert_int_equal(index_valid_times(entries, 1000), 3);
    assert_int_equal(index_valid_times(entries, 30), 2);
    writer_free(&w);
}

// What is in the first COUNT entries of a file, each looked for through the file and in memory.
static void seek_all(struct sim *sim, bytes_t offsets, bytes_t times, size_t count, size_t step)
{
    bytes_t some_offsets = bytes_of(offsets.data, count * INDEX_OFFSET_ENTRY_SIZE);
    bytes_t some_times = bytes_of(times.data, count * INDEX_TIME_ENTRY_SIZE);
    assert_int_equal(file_replace("data/00000000000000001000.index", some_offsets), ERR_OK);
    assert_int_equal(file_replace("data/00000000000000001000.timeindex", some_times), ERR_OK);
    for (size_t i = 0; i <= 10 * count + 10; i += step) {
        uint64_t before = sim_operation_count(sim);
        assert_int_equal(index_seek("data", 1000, 1000 + (int64_t)i),
                         index_lookup(some_offsets, 1000, 1000 + (int64_t)i));
        assert_int_equal(index_time_seek("data", 1000, (int64_t)i), index_time_lookup(some_times, 1000, (int64_t)i));
        assert_true(sim_operation_count(sim) - before < 20); // a few reads, however many entries there are
    }
}

static void seeks_in_files_of_any_size(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct sim *sim = sim_new(1, &(struct sim_options){ .steady = true });
    struct writer offsets = WRITER_INIT, times = WRITER_INIT;
    for (uint32_t i = 1; i <= COUNT; i++) {
        writer_u32(&offsets, i * 10);
        writer_u32(&offsets, i * 4096);
        writer_i64(&times, i * 10);
        writer_u32(&times, i * 10);
    }
    assert_int_equal(dir_make("data"), ERR_OK);
    assert_int_equal(index_seek("data", 1000, 1500), 0); // there is no file
    assert_int_equal(index_time_seek("data", 1000, 1500), 1000);
    for (size_t count = 0; count < 4; count++)
        seek_all(sim, writer_view(&offsets), writer_view(&times), count, 1);
    for (size_t count = 511; count <= 1025; count = count == 513 ? 1023 : count + 1)
        seek_all(sim, writer_view(&offsets), writer_view(&times), count, 5);
    seek_all(sim, writer_view(&offsets), writer_view(&times), COUNT, 5);
    writer_free(&offsets);
    writer_free(&times);
    sim_free(sim);
}

static void pending_entries_are_found_and_cut(void **state)
{
    (void)state;
    struct partition partition = { .config = { .index_interval_size = 100 }, .indexed_timestamp = -1 };
    partition_segment_add(&partition, 50);
    for (int64_t i = 0; i < 20; i++) {
        struct batch_header header = { .base_offset = 50 + i, .length = 88, .max_timestamp = 1000 + i };
        index_add_batch(&partition, &header, (uint64_t)i * 100);
    }
    uint64_t position = 0;
    assert_false(index_pending_find(&partition, 50, 51, &position));
    assert_true(index_pending_find(&partition, 50, 69, &position));
    assert_true(position >= 1700);
    assert_false(index_pending_find(&partition, 40, 69, &position));
    index_cut(&partition, 50, 60);
    assert_true(index_pending_find(&partition, 50, 69, &position));
    assert_true(position < 1000);
    index_free(&partition);
    free(partition.segments);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_up_the_last_entry_that_is_not_above),
        cmocka_unit_test(trusts_entries_only_while_they_rise),
        cmocka_unit_test(time_lookup_never_skips_a_timestamp),
        cmocka_unit_test(seeks_in_files_of_any_size),
        cmocka_unit_test(pending_entries_are_found_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
