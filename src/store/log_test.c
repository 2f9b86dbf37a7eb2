// SPDX-License-Identifier: Apache-2.0
// The log core in the twin, one promise for each test. What happens at random is in test/sim/store_sim.c.
#include "store/testing/world/log_world.h"
#include "store/impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/sim/sim.h"

#include "base/test.h"

#include <inttypes.h>

// --- the journal

static void a_full_lap_of_the_journal_is_replayed(void **state)
{
    (void)state;
    for (int64_t rounds = 60; rounds < 70; rounds++) { // 64 frames of one block fill the ring to the last byte
        world_new(1, 2);
        make_journal();
        for (int64_t i = 0; i < rounds; i++)
            append_round(SMALL);
        lose_power();
        world_open();
        assert_int_equal(partition_end(world.partitions[0]), rounds + 1);
        assert_int_equal(partition_end(world.partitions[1]), rounds + 1);
        world_free();
    }
}

// The next start finds files that the cache holds as clean and the disk does not have.
static void a_start_that_failed_leaves_nothing_unflushed_for_the_next(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (uint64_t operation = 1; operation < 80; operation++) {
        world_make(1, 2);
        sim_fault_at(world.sim, operation, SIM_FAULT_IO);
        while (world_try_open() != ERR_OK) {
            failed++;
            world_close();
            sim_fault_at(world.sim, 0, SIM_FAULT_NONE);
        }
        sim_fault_at(world.sim, 0, SIM_FAULT_NONE);
        make_journal();
        append_round(SMALL);
        lose_power();
        world_open();
        assert_int_equal(partition_end(world.partitions[0]), 2);
        assert_int_equal(partition_end(world.partitions[1]), 2);
        world_free();
    }
    assert_true(failed > 10);
}

static void a_full_journal_does_not_hold_up_the_pass_that_empties_it(void **state)
{
    (void)state;
    struct hold background, flush;
    struct asked checkpoint, asked[3];
    world_new(1, 3);
    world.options.journal_size = 1 << 20;
    world.options.memory_size = 32 << 20;
    restart_clean();
    make_journal();
    checkpoint = asked_of(0); // cutting nothing asks for one
    hold(&background, DISK_BACKGROUND, 2000);
    log_delete_records(&checkpoint.op.cut);
    for (unsigned i = 0; i < 16; i++) { // 15 of 256 blocks each
        for (unsigned j = 0; j < 2; j++)
            append(&asked[j], j, 30000, 1000);
        await(&asked[0]);
        await(&asked[1]);
    }
    assert_false(checkpoint.done);
    hold(&flush, DISK_FLUSH, 4000);
    for (unsigned j = 0; j < 3; j++) // the last one goes to its segment, the others wait for the ring
        append(&asked[j], j, j == 2 ? 100000 : 40000, 1000);
    await(&checkpoint);
    assert_false(asked[2].done);
    for (unsigned j = 0; j < 3; j++)
        await(&asked[j]);
    world_free();
}

// A table has its rows in memory already.
static void what_an_internal_topic_has_written_leaves_memory(void **state)
{
    (void)state;
    world_new(1, 2);
    world.first_is_internal = true;
    restart_clean();
    for (unsigned i = 0; i < 2; i++) {
        struct asked asked[2];
        append(&asked[0], i, SMALL, 1000);
        await(&asked[0]);
        assert_int_equal(asked[0].op.any.err, ERR_OK);
        assert_int_equal(partition_high_watermark(world.partitions[i]), 1);
        assert_true((world.partitions[i]->tail_first == NULL) == (i == 0));
        read_at(&asked[1], i, 0, 1);
        assert_int_equal(asked[1].op.any.err, ERR_OK);
        assert_int_equal(asked[1].first_offset, 0);
    }
    world_free();
}

static void what_is_too_large_for_the_journal_goes_to_its_segment(void **state)
{
    (void)state;
    world_new(1, 3);
    world.options.direct_flush_size = 1 << 20; // more than a group may carry
    restart_clean();
    make_journal();
    append_round(40000);
    world_free();
}

static void a_checkpoint_waits_for_the_cut_of_what_the_journal_holds(void **state)
{
    (void)state;
    unsigned cuts = 0;
    for (uint64_t operation = 1; operation <= 5; operation++) {
        struct asked large, checkpoint;
        struct hold flush;
        world_new(1, 2);
        make_journal();
        append_round(SMALL); // in the journal, not in the segments
        append(&large, 0, 100000, 1000);
        sim_fault_at(world.sim, sim_operation_count(world.sim) + operation, SIM_FAULT_NO_SPACE);
        sim_run(world.sim, (struct sim_until){ .steps = 2 });
        hold(&flush, DISK_FLUSH, 1000); // the cut comes behind it
        checkpoint = asked_of(0);       // cutting nothing asks for one
        log_delete_records(&checkpoint.op.cut);
        await(&large);
        cuts += large.op.any.err == ERR_NO_SPACE;
        await(&checkpoint);
        lose_power();
        world_open();
        assert_int_equal(partition_end(world.partitions[0]), large.op.any.err == ERR_OK ? 3 : 2);
        assert_int_equal(partition_end(world.partitions[1]), 2);
        world_free();
    }
    assert_true(cuts > 0);
}

// --- turns

static void a_partition_is_not_starved_by_those_that_fill_each_group(void **state)
{
    (void)state;
    enum { BUSY = 3, ROUNDS = 5, SIZE = 7000 }; // two of them fit a group of 16 KB, the third fills it
    struct asked busy[ROUNDS][BUSY], other;
    world_new(1, BUSY + 1);
    make_journal();
    for (unsigned round = 0; round < ROUNDS; round++) { // each while the commit of the one before is in flight
        for (unsigned i = 0; i < BUSY; i++)
            append(&busy[round][i], i, SIZE, 1000);
        if (round == 1)
            append(&other, BUSY, SMALL, 1000);
        if (round == 0)
            sim_run(world.sim, (struct sim_until){ .steps = 2 });
        else
            await(&busy[round - 1][0]);
    }
    assert_true(other.done);
    for (unsigned i = 0; i < BUSY; i++)
        await(&busy[ROUNDS - 1][i]);
    world_free();
}

static void memory_that_comes_free_is_shared_by_those_that_wait_for_it(void **state)
{
    (void)state;
    enum { MANY = 60, LARGE = 100000 };
    struct asked busy[MANY], other;
    world_new(1, 2);
    for (unsigned i = 0; i < MANY; i++)
        append(&busy[i], 0, LARGE, 1000);
    append(&other, 1, LARGE, 1000);
    await(&other);
    assert_false(busy[MANY / 2].done);
    await(&busy[MANY - 1]);
    world_free();
}

// --- acknowledgements

static void a_duplicate_waits_for_the_flush_of_the_first_copy(void **state)
{
    (void)state;
    struct batch_options producer = BATCH_PLAIN;
    producer.producer_id = 5;
    producer.producer_epoch = 0;
    producer.base_sequence = 0;
    world_new(1, 1);
    struct asked asked[3];
    append(&asked[2], 0, SMALL, 1000);
    await(&asked[2]);
    for (int i = 0; i < 2; i++) {
        asked[i] = asked_of(0);
        asked[i].op.append.batch = batch_of(SMALL, 1000, producer);
        log_append(&asked[i].op.append);
    }
    await(&asked[1]);
    assert_int_equal(asked[1].op.any.err, ERR_DUPLICATE);
    assert_int_equal(asked[1].op.append.base_offset, 1);
    assert_true(asked[0].done);
    lose_power();
    world_open();
    assert_int_equal(partition_end(world.partitions[0]), 2);
    world_free();
}

static unsigned damage_lines;

static void take_line(void *context, enum log_level level, bytes_t line)
{
    (void)context, (void)level;
    static const char words[] = "damaged data set aside";
    for (size_t i = 0; i + sizeof words - 1 <= line.size; i++)
        damage_lines += memcmp(line.data + i, words, sizeof words - 1) == 0;
}

static int64_t line_time_ms(void *context)
{
    (void)context;
    return 0;
}

static void pad(int64_t base, size_t padding)
{
    char path[100];
    struct file *file;
    uint64_t size;
    uint8_t *zeros = mem_zalloc(1, padding);
    bytes_t bytes = bytes_of(zeros, padding);
    snprintf(path, sizeof path, "data/t-0/%020" PRId64 ".log", base); // the partition is not open
    assert_int_equal(file_open(path, FILE_WRITE, &file), ERR_OK);
    assert_int_equal(file_size(file, &size), ERR_OK);
    assert_int_equal(file_write_at(file, size, &bytes, 1), ERR_OK);
    assert_int_equal(file_sync(file), ERR_OK);
    file_close(file);
    free(zeros);
}

// Segments that are flushed themselves are written ahead; a power loss may leave that behind.
static void zeros_behind_a_log_are_no_damage(void **state)
{
    (void)state;
    struct asked asked;
    world_new(1, 1);
    world.config.segment_size = 10; // one batch each
    restart_clean();
    for (unsigned i = 0; i < 3; i++) {
        append(&asked, 0, SMALL, 1000);
        await(&asked);
    }
    uint64_t size = segment_size(0, 0);
    assert_int_equal(segment_size(0, 1), size); // cut when the next was begun
    assert_int_equal(segment_size(0, 2), 4096);
    lose_power();
    pad(0, 5000);
    pad(1, 100);
    log_start(&(struct log_config){ LOG_INFO, LOG_AS_TEXT, take_line, line_time_ms, NULL, 0, false });
    world_open();
    assert_int_equal(damage_lines, 0);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(segment_size(0, i), size);
        read_at(&asked, 0, i, 1);
        assert_int_equal(asked.op.any.err, ERR_OK);
        assert_int_equal(asked.first_offset, i);
    }
    append(&asked, 0, SMALL, 1000);
    await(&asked);
    assert_int_equal(segment_size(0, 3), 4096);
    restart_clean();
    assert_int_equal(segment_size(0, 3), size);
    world_free();
}

static struct slice decided_batch(int64_t producer_id, int32_t sequence, bytes_t key)
{
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, (struct batch_options){ .producer_id = producer_id, .base_sequence = sequence });
    batch_builder_add(&builder, key, BYTES_LITERAL("value"), NULL, 0, 1000);
    batch_builder_add(&builder, key, BYTES_LITERAL("value"), NULL, 0, 1000);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    return batch;
}

static err_t append_decided(int64_t producer_id, int32_t sequence, bool decided)
{
    struct asked asked = asked_of(0);
    asked.op.append.batch = decided_batch(producer_id, sequence, BYTES_NULL);
    asked.op.append.decided = decided;
    log_append(&asked.op.append);
    await(&asked);
    return asked.op.any.err;
}

static void what_was_decided_is_appended_once_and_by_nobody_else(void **state)
{
    (void)state;
    const int64_t first = LOG_DECIDED_PRODUCER_ID + 5, second = LOG_DECIDED_PRODUCER_ID + 1;
    world_new(1, 1);
    world.config.cleanup = CLEANUP_COMPACT; // its rule, a key, was asked before
    restart_clean();
    assert_int_equal(append_decided(first, 7, false), ERR_INVALID); // a client's
    assert_int_equal(append_decided(7, 7, true), ERR_INVALID);
    assert_int_equal(append_decided(first, 7, true), ERR_OK);
    assert_int_equal(append_decided(first, 8, true), ERR_OK); // one for a batch, whatever it holds
    assert_int_equal(append_decided(first, 7, true), ERR_DUPLICATE);
    assert_int_equal(append_decided(first, 2000, true), ERR_OK);
    for (int i = 0; i < 2; i++) {
        lose_power();
        sim_wall_jump(world.sim, (int64_t)365 * 24 * 60 * 60 * 1000);
        world_open();
        partition_expire_producers(world.partitions[0], clock_wall_ms());
        assert_int_equal(append_decided(first, 8, true), ERR_DUPLICATE);
        assert_int_equal(append_decided(first, 2000, true), ERR_DUPLICATE);
        partition_expire_producers(world.partitions[0], clock_wall_ms());
        assert_int_equal(append_decided(first, 2000, true), ERR_DUPLICATE);
    }
    assert_int_equal(append_decided(second, 3, true), ERR_OK); // another run
    assert_int_equal(partition_end(world.partitions[0]), 8);
    world_free();
}

static void on_drop(struct message *message)
{
    partition_drop_segments(&CONTAINER_OF(message, struct asked, message)->op.drop);
}

static void what_retention_drops_is_still_known_of_producers(void **state)
{
    (void)state;
    const int64_t id = LOG_DECIDED_PRODUCER_ID;
    struct asked asked;
    world_new(1, 1);
    assert_int_equal(append_decided(id, 7, true), ERR_OK);
    world.config.segment_size = SMALL;
    partition_configure(world.partitions[0], &world.config);
    append_round(SMALL);
    append_round(SMALL);
    for (int i = 0; i < 2; i++) { // settles the first segments
        asked = asked_of(0);
        log_delete_records(&asked.op.cut);
        await(&asked);
    }
    asked = asked_of(0);
    asked.op.drop.before = 3;
    asked.message.on_message = on_drop;
    loop_post(world.loop, &asked.message);
    await(&asked);
    assert_int_equal(asked.op.drop.dropped, 2);
    lose_power();
    world_open();
    assert_int_equal(append_decided(id, 7, true), ERR_DUPLICATE);
    assert_int_equal(append_decided(id, 8, true), ERR_OK);
    world_free();
}

// --- DeleteRecords

static void deleted_records_give_their_disk_back_at_once(void **state)
{
    (void)state;
    struct asked asked;
    world_new(1, 1);
    world.config.segment_size = 1000; // three batches each
    restart_clean();
    for (int i = 0; i < 18; i++) {
        append(&asked, 0, SMALL, 1000);
        await(&asked);
    }
    struct segment_info segments[8];
    assert_int_equal(partition_segments(world.partitions[0], segments, 8), 6);
    assert_int_equal(segments[2].base_offset, 6);
    for (int64_t offset = 7; offset <= 18; offset += 11) { // into the third, then to the end
        asked = asked_of(0);
        asked.op.cut.offset = offset;
        log_delete_records(&asked.op.cut);
        await(&asked);
        assert_int_equal(asked.op.any.err, ERR_OK);
        sim_run_ms(world.sim, 1000); // retention looks around much later
        assert_false(segment_is_there(0));
        assert_false(segment_is_there(3));
        assert_int_equal(segment_is_there(6), offset == 7);
        assert_int_equal(segment_is_there(12), offset == 7);
        assert_true(segment_is_there(15)); // the active one
        read_at(&asked, 0, offset, 1);
        assert_int_equal(asked.op.any.err, ERR_OK);
        assert_int_equal(asked.op.read.log_start_offset, offset);
    }
    lose_power();
    world_open();
    assert_int_equal(partition_log_start(world.partitions[0]), 18);
    assert_int_equal(partition_end(world.partitions[0]), 18);
    world_free();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_lap_of_the_journal_is_replayed),
        cmocka_unit_test(deleted_records_give_their_disk_back_at_once),
        cmocka_unit_test(a_duplicate_waits_for_the_flush_of_the_first_copy),
        cmocka_unit_test(a_full_journal_does_not_hold_up_the_pass_that_empties_it),
        cmocka_unit_test(what_an_internal_topic_has_written_leaves_memory),
        cmocka_unit_test(what_is_too_large_for_the_journal_goes_to_its_segment),
        cmocka_unit_test(a_partition_is_not_starved_by_those_that_fill_each_group),
        cmocka_unit_test(memory_that_comes_free_is_shared_by_those_that_wait_for_it),
        cmocka_unit_test(a_checkpoint_waits_for_the_cut_of_what_the_journal_holds),
        cmocka_unit_test(a_start_that_failed_leaves_nothing_unflushed_for_the_next),
        cmocka_unit_test(zeros_behind_a_log_are_no_damage),
        cmocka_unit_test(what_was_decided_is_appended_once_and_by_nobody_else),
        cmocka_unit_test(what_retention_drops_is_still_known_of_producers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
