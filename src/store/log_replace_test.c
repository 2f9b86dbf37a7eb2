// SPDX-License-Identifier: Apache-2.0
// Segments whose files are replaced, and what is found by time in them, in the twin.
#include "store/testing/world/log_world.h"

#include "io/disk.h"
#include "io/file.h"
#include "io/sim/sim.h"

#include "base/test.h"

static void on_replace(struct message *message)
{
    partition_replace_segments(&CONTAINER_OF(message, struct asked, message)->op.replace);
}

// The file of the segment FIRST without its first BYTES.
static void write_cleaned(unsigned partition, int64_t first, size_t bytes)
{
    char path[1024];
    struct buf *old;
    partition_segment_path(world.partitions[partition], first, ".log", path, sizeof path);
    assert_int_equal(file_read_whole(path, 1 << 20, &old), ERR_OK);
    partition_segment_path(world.partitions[partition], first, ".log.cleaned", path, sizeof path);
    assert_int_equal(file_replace(path, bytes_of(old->data + bytes, old->capacity - bytes)), ERR_OK);
    buf_unref(old);
}

static void replace(struct asked *asked, unsigned partition, int64_t first)
{
    *asked = asked_of(partition);
    asked->op.replace.first = asked->op.replace.last = first;
    asked->message.on_message = on_replace;
    loop_post(world.loop, &asked->message);
    await(asked);
}

static void times_are_found_after_a_segment_was_replaced(void **state)
{
    (void)state;
    struct asked asked;
    world_new(1, 1);
    world.config.segment_size = 4000;
    restart_clean(); // with the new configuration
    for (int64_t i = 0; i < 10; i++) {
        append(&asked, 0, i == 0 ? 300 : 1000, 1000 + i);
        await(&asked);
    }
    restart_clean(); // the tail is empty, and everything is settled
    read_at(&asked, 0, 0, 1);
    size_t first_size = asked.op.read.size;
    read_at(&asked, 0, 1, 1); // the next reader of this segment would go on behind it
    write_cleaned(0, 0, first_size);
    replace(&asked, 0, 0);
    assert_int_equal(asked.op.any.err, ERR_OK);
    asked = asked_of(0);
    asked.op.find.timestamp = 1002;
    log_find_offset(&asked.op.find);
    await(&asked);
    assert_int_equal(asked.op.any.err, ERR_OK);
    assert_int_equal(asked.op.find.offset, 2);
    world_free();
}

static void ask_time(struct asked *asked, int64_t timestamp)
{
    *asked = asked_of(0);
    asked->op.find.timestamp = timestamp;
    log_find_offset(&asked->op.find);
}

static void a_time_is_found_in_what_is_written_while_the_files_are_searched(void **state)
{
    (void)state;
    enum { MORE = 40, LARGE = 100000 }; // more than the memory of the tail
    for (int more = 0; more <= MORE; more += MORE) {
        struct hold reads;
        struct asked asked, newest, rest[MORE];
        world_new(1, 1);
        append(&asked, 0, SMALL, 1000);
        await(&asked);
        hold(&reads, DISK_READ, 10000);
        append(&newest, 0, SMALL, 5000); // in the tail only when the time is asked for
        ask_time(&asked, 4000);
        await(&newest);
        for (int i = 0; i < more; i++) {
            append(&rest[i], 0, LARGE, 1000);
            await(&rest[i]);
        }
        assert_false(asked.done);
        await(&asked);
        assert_int_equal(asked.op.any.err, ERR_OK);
        assert_int_equal(asked.op.find.offset, 1);
        assert_int_equal(asked.op.find.found_timestamp, 5000);
        world_free();
    }
}

static void a_replaced_file_of_the_same_size_is_not_taken_for_the_old_one(void **state)
{
    (void)state;
    struct asked asked;
    char path[1024];
    struct buf *second;
    world_new(1, 1);
    world.config.segment_size = 10; // one batch each
    restart_clean();
    for (unsigned i = 0; i < 4; i++) {
        append(&asked, 0, SMALL, 1000);
        await(&asked);
    }
    restart_clean(); // all is settled
    partition_segment_path(world.partitions[0], 1, ".log", path, sizeof path);
    assert_int_equal(file_read_whole(path, 1 << 20, &second), ERR_OK);
    partition_segment_path(world.partitions[0], 0, ".log.cleaned", path, sizeof path);
    assert_int_equal(file_replace(path, bytes_of(second->data, second->capacity)), ERR_OK);
    buf_unref(second);
    asked = asked_of(0);
    asked.op.replace.last = 1;
    asked.message.on_message = on_replace;
    loop_post(world.loop, &asked.message);
    await(&asked);
    assert_int_equal(asked.op.any.err, ERR_OK);
    lose_power();
    world_open();
    read_at(&asked, 0, 1, 1);
    assert_int_equal(asked.op.any.err, ERR_OK);
    assert_int_equal(asked.first_offset, 1);
    world_free();
}

static void make_checkpoint(void)
{
    struct asked asked = asked_of(0); // cutting nothing asks for one
    log_delete_records(&asked.op.cut);
    await(&asked);
}

// Each file loses its unflushed pages for itself: here .index none, .timeindex the LOST bytes at its end.
static void lose_times(size_t lost, bool zeros)
{
    char path[1024];
    struct buf *times;
    partition_segment_path(world.partitions[0], 0, ".timeindex", path, sizeof path);
    sim_kill(world.sim);
    world_close();
    sim_restart(world.sim);
    assert_int_equal(file_read_whole(path, 1 << 20, &times), ERR_OK);
    assert_true(times->capacity > lost);
    memset(times->data + times->capacity - lost, 0, lost);
    assert_int_equal(file_replace(path, bytes_of(times->data, times->capacity - (zeros ? 0 : lost))), ERR_OK);
    buf_unref(times);
}

static void the_largest_time_survives_what_the_time_index_lost(void **state)
{
    (void)state;
    enum { BATCHES = 80, PEAK = 50, PEAK_TIME = 5000 };
    for (int64_t lost = 1; lost <= 10; lost++) {
        struct asked asked;
        struct segment_info segment;
        world_new(1, 1);
        for (int64_t i = 0; i < BATCHES; i++) { // an entry for every third of them, up to the peak
            append(&asked, 0, 2000, i == PEAK ? PEAK_TIME : 1000 + i);
            await(&asked);
        }
        make_checkpoint();
        lose_times((size_t)lost * 12, lost % 2 == 0);
        world_open();
        assert_int_equal(partition_segments(world.partitions[0], &segment, 1), 1);
        assert_int_equal(segment.max_timestamp, PEAK_TIME);
        ask_time(&asked, 1020);
        await(&asked);
        assert_int_equal(asked.op.find.offset, 20);
        ask_time(&asked, 4000);
        await(&asked);
        assert_int_equal(asked.op.find.offset, PEAK);
        world_free();
    }
}

static uint64_t file_size_of(int64_t base, const char *suffix)
{
    char path[1024];
    struct buf *buf;
    partition_segment_path(world.partitions[0], base, suffix, path, sizeof path);
    if (file_read_whole(path, 1 << 20, &buf) != ERR_OK)
        return 0;
    uint64_t size = buf->capacity;
    buf_unref(buf);
    return size;
}

static void index_entries_are_filed_when_they_are_worth_it(void **state)
{
    (void)state;
    struct asked asked;
    world_new(1, 1);
    for (int64_t i = 0; i < 60; i++) {
        append(&asked, 0, 4000, 1000 + i);
        await(&asked);
        if (i == 10)
            make_checkpoint();
        if (i < 30)
            assert_int_equal(file_size_of(0, ".index") + file_size_of(0, ".timeindex"), 0);
        if (i == 30)
            make_checkpoint();
    }
    uint64_t filed = file_size_of(0, ".index");
    assert_true(filed > 0);
    make_checkpoint();
    assert_true(file_size_of(0, ".index") > filed);
    append(&asked, 0, 4000, 2000);
    await(&asked);
    restart_clean(); // everything
    assert_int_equal(file_size_of(0, ".index") / 8, 30);
    assert_int_equal(file_size_of(0, ".timeindex") / 12, 30);
    world_free();
}

// The newest segment that may be replaced, -1 when there is none.
static int64_t newest_settled(unsigned partition)
{
    struct segment_info segments[256];
    size_t count = partition_segments(world.partitions[partition], segments, ARRAY_COUNT(segments));
    int64_t base = -1;
    for (size_t i = 0; i < count && !segments[i].active && segments[i].settled; i++)
        base = segments[i].base_offset;
    return base;
}

static void the_journal_does_not_undo_a_replaced_segment(void **state)
{
    (void)state;
    unsigned replaced = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct asked appended[80], asked, checkpoint;
        world_new(seed, 3);
        make_journal();
        size_t first_size = segment_size(0, 0);
        world.config.segment_size = 1200;
        world.options.direct_flush_size = 4000;
        restart_clean();
        checkpoint = asked_of(0); // cutting nothing asks for one
        for (unsigned i = 0; i < ARRAY_COUNT(appended); i++) {
            append(&appended[i], i % 4 % 3, i % 4 == 2 ? 5000 : SMALL, 1000); // the last partition goes to its segment
            if (i == 40)
                log_delete_records(&checkpoint.op.cut);
            if (i % 4 == 3 && !checkpoint.done)
                sim_run(world.sim, (struct sim_until){ .steps = 1 + sim_choose(world.sim, 12) });
        }
        await(&checkpoint);
        int64_t base = newest_settled(0);
        if (base > 0) {
            write_cleaned(0, base, first_size);
            replace(&asked, 0, base);
            assert_int_equal(asked.op.any.err, ERR_OK);
            replaced++;
        }
        uint64_t size = base > 0 ? segment_size(0, base) : 0;
        for (unsigned i = 0; i < ARRAY_COUNT(appended); i++) {
            if (!appended[i].done && appended[i].op.append.batch.buf != NULL)
                sim_keep(appended[i].op.append.batch.buf);
        }
        lose_power();
        world_open();
        if (base > 0)
            assert_int_equal(segment_size(0, base), size);
        world_free();
    }
    assert_true(replaced > 30);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_found_after_a_segment_was_replaced),
        cmocka_unit_test(the_journal_does_not_undo_a_replaced_segment),
        cmocka_unit_test(a_time_is_found_in_what_is_written_while_the_files_are_searched),
        cmocka_unit_test(the_largest_time_survives_what_the_time_index_lost),
        cmocka_unit_test(index_entries_are_filed_when_they_are_worth_it),
        cmocka_unit_test(a_replaced_file_of_the_same_size_is_not_taken_for_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
