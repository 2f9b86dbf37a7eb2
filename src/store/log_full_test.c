// SPDX-License-Identifier: Apache-2.0
// The log core on a disk that is full, in the twin. What happens at random is in test/sim/store_sim.c.
#include "store/testing/world/log_world.h"

#include "io/file.h"
#include "io/sim/sim.h"

#include "base/test.h"

static void what_a_full_disk_refused_does_not_come_back(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct asked asked[5];
        world_new(seed, 1);
        append_round(SMALL);
        sim_options_of(world.sim)->loss = SIM_LOSS_NONE;
        sim_options_of(world.sim)->steady = false;
        // Part of what the write had to write may be there.
        sim_fault_at(world.sim, sim_operation_count(world.sim) + 1 + seed % 2, SIM_FAULT_NO_SPACE);
        for (unsigned i = 0; i < ARRAY_COUNT(asked); i++)
            append(&asked[i], 0, 2000, 1000);
        int64_t end = 1;
        for (unsigned i = 0; i < ARRAY_COUNT(asked); i++) {
            await(&asked[i]);
            refused += asked[i].op.any.err == ERR_NO_SPACE;
            end += asked[i].op.any.err == ERR_OK;
        }
        lose_power();
        world_open();
        assert_int_equal(partition_end(world.partitions[0]), end);
        world_free();
    }
    assert_true(refused > 20);
}

// What is left of the disk, beyond what the files have now.
static void leave_room(uint64_t size)
{
    struct sim_options *options = sim_options_of(world.sim);
    uint64_t free_size, total;
    options->disk_quota = UINT64_C(1) << 40;
    assert_int_equal(dir_space("data", &free_size, &total), ERR_OK);
    options->disk_quota = total - free_size + size;
}

// One append to each partition: the first may be alone in a commit and go to its segment, the others share a frame.
// Returns what the last one got; ENDS counts what was accepted.
static err_t append_all(size_t size, int64_t ends[PARTITIONS_MAX])
{
    struct asked asked[PARTITIONS_MAX];
    for (unsigned i = 0; i < world.count; i++)
        append(&asked[i], i, size, 1000);
    for (unsigned i = 0; i < world.count; i++) {
        await(&asked[i]);
        assert_true(asked[i].op.any.err == ERR_OK || asked[i].op.any.err == ERR_NO_SPACE);
        assert_true(asked[i].op.any.err != ERR_OK || asked[i].op.append.base_offset == ends[i]);
        ends[i] += asked[i].op.any.err == ERR_OK;
    }
    return asked[world.count - 1].op.any.err;
}

static void check_ends(const int64_t ends[PARTITIONS_MAX])
{
    assert_false(store_failed(world.store));
    for (unsigned i = 0; i < world.count; i++) {
        struct asked asked;
        assert_int_equal(partition_end(world.partitions[i]), ends[i]);
        assert_int_equal(partition_high_watermark(world.partitions[i]), ends[i]);
        read_at(&asked, i, ends[i] - 1, 1);
        assert_int_equal(asked.op.any.err, ERR_OK);
        assert_int_equal(asked.first_offset, ends[i] - 1);
    }
}

static void appends_fail_when_the_ring_is_full_and_a_checkpoint_finds_no_room(void **state)
{
    (void)state;
    for (unsigned internal = 0; internal < 2; internal++) {
        int64_t ends[PARTITIONS_MAX] = { 1, 1, 1, 1 };
        world_new(1, 4);
        world.internal = internal != 0; // refused by the ring, not because the disk is known to be nearly full
        restart_clean();
        make_journal();
        leave_room(6000); // for the checkpoint's own files
        while (append_all(3000, ends) == ERR_OK)
            assert_true(ends[3] < 40); // 16 to 21 rounds fill the ring
        assert_true(internal == 0 || ends[3] > 12);
        assert_int_equal(append_all(3000, ends), ERR_NO_SPACE);
        check_ends(ends);
        leave_room(UINT64_C(1) << 30);
        sim_run_ms(world.sim, 3000); // a checkpoint is tried again
        assert_int_equal(append_all(3000, ends), ERR_OK);
        check_ends(ends);
        leave_room(6000);
        while (append_all(3000, ends) == ERR_OK)
            continue;
        lose_power();
        sim_options_of(world.sim)->disk_quota = UINT64_C(1) << 40;
        world_open();
        check_ends(ends);
        world_free();
    }
}

static void only_internal_topics_use_the_reserve(void **state)
{
    (void)state;
    struct asked asked[2], checkpoint;
    world_new(1, 2);
    world.first_is_internal = true;
    world.options.reserve_size = 1 << 20;
    restart_clean();
    for (unsigned short_of_room = 0; short_of_room < 2; short_of_room++) {
        leave_room((UINT64_C(2) << 20) - short_of_room * (UINT64_C(3) << 19));
        checkpoint = asked_of(0); // cutting nothing asks for one, which looks at the disk
        log_delete_records(&checkpoint.op.cut);
        await(&checkpoint);
        for (unsigned i = 0; i < 2; i++) {
            append(&asked[i], i, SMALL, 1000);
            await(&asked[i]);
        }
        assert_int_equal(asked[0].op.any.err, ERR_OK);
        assert_int_equal(asked[1].op.any.err, short_of_room ? ERR_NO_SPACE : ERR_OK);
    }
    leave_room(UINT64_C(2) << 20);
    sim_run_ms(world.sim, 2000); // it is looked at again although nothing is appended
    append(&asked[1], 1, SMALL, 1000);
    await(&asked[1]);
    assert_int_equal(asked[1].op.any.err, ERR_OK);
    world_free();
}

static void a_full_tail_refuses_when_a_checkpoint_finds_no_room(void **state)
{
    (void)state;
    int64_t ends[PARTITIONS_MAX] = { 1, 1, 1, 1 };
    world_new(1, 4);
    world.internal = true;
    world.options.memory_size = 100 << 10; // less than the ring holds
    restart_clean();
    make_journal();
    leave_room(6000);
    while (append_all(3000, ends) == ERR_OK)
        assert_true(ends[3] < 40);
    check_ends(ends);
    leave_room(UINT64_C(1) << 30);
    sim_run_ms(world.sim, 3000);
    assert_int_equal(append_all(3000, ends), ERR_OK);
    check_ends(ends);
    world_free();
}

// What was refused may stand in the ring all the same: it must not come back over what was accepted later.
static void a_frame_that_finds_no_room_is_refused(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        int64_t ends[PARTITIONS_MAX] = { 1, 1, 1 };
        bool once = seed % 2 == 0; // else the empty frame in its place finds no room either
        world_new(seed, 3);
        make_journal();
        sim_options_of(world.sim)->copy_on_write = true;
        uint64_t next = sim_operation_count(world.sim) + 1;
        if (once)
            sim_fault_at(world.sim, next, SIM_FAULT_NO_SPACE);
        else
            sim_fault_from(world.sim, next, SIM_FAULT_NO_SPACE);
        refused += append_all(SMALL, ends) == ERR_NO_SPACE;
        sim_fault_at(world.sim, 0, SIM_FAULT_NONE);
        check_ends(ends);
        size_t newest = SMALL;
        if (seed % 4 != 0) {
            assert_int_equal(append_all(100000, ends), ERR_OK); // goes to the segments
            newest = 100000;
        }
        if (seed % 3 == 0) {
            assert_int_equal(append_all(3000, ends), ERR_OK); // goes to the ring
            newest = 3000;
        }
        check_ends(ends);
        sim_kill(world.sim); // what a failed write left stays
        lose_power();
        world_open();
        check_ends(ends);
        for (unsigned i = 0; i < 3; i++) {
            struct asked asked;
            read_at(&asked, i, ends[i] - 1, 1);
            assert_true(asked.op.read.size > newest);
        }
        world_free();
    }
    assert_true(refused > 100);
}

// The next frame is too large for the place of the one that was refused, and goes to the start of the ring.
static void a_refused_frame_does_not_end_the_replay_at_the_wrap(void **state)
{
    (void)state;
    for (unsigned rounds = 58; rounds < 64; rounds++) {
        int64_t ends[PARTITIONS_MAX] = { 1, 1, 1 };
        world_new(rounds, 3);
        make_journal();
        for (unsigned i = 0; i < rounds; i++)
            assert_int_equal(append_all(SMALL, ends), ERR_OK);
        sim_run_ms(world.sim, 1000); // a checkpoint makes room
        sim_options_of(world.sim)->copy_on_write = true;
        sim_fault_at(world.sim, sim_operation_count(world.sim) + 1, SIM_FAULT_NO_SPACE);
        assert_int_equal(append_all(SMALL, ends), ERR_NO_SPACE);
        sim_run_ms(world.sim, 1000); // what was refused is cut off
        assert_int_equal(append_all(7000, ends), ERR_OK);
        check_ends(ends);
        sim_kill(world.sim);
        lose_power();
        world_open();
        check_ends(ends);
        struct asked asked;
        read_at(&asked, 2, ends[2] - 1, 1);
        assert_true(asked.op.read.size > 7000);
        world_free();
    }
}

static void frames_are_refused_while_there_is_no_room(void **state)
{
    (void)state;
    int64_t ends[PARTITIONS_MAX] = { 1, 1, 1 };
    world_new(1, 3);
    make_journal();
    sim_options_of(world.sim)->copy_on_write = true;
    leave_room(0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(append_all(i % 2 == 0 ? SMALL : 100000, ends), ERR_NO_SPACE);
    check_ends(ends);
    leave_room(UINT64_C(1) << 30);
    sim_run_ms(world.sim, 2000);
    assert_int_equal(append_all(100000, ends), ERR_OK);
    assert_int_equal(append_all(SMALL, ends), ERR_OK);
    restart_clean();
    check_ends(ends);
    world_free();
}

static void on_roll(struct message *message)
{
    struct asked *asked = CONTAINER_OF(message, struct asked, message);
    partition_roll(asked->op.any.partition);
    asked->done = true;
}

// What was refused began a segment whose predecessors had all been dropped.
static void a_full_disk_behind_segments_that_were_dropped_refuses_and_goes_on(void **state)
{
    (void)state;
    struct asked asked;
    world_new(1, 1);
    append_round(SMALL);
    asked = asked_of(0);
    asked.message.on_message = on_roll;
    loop_post(world.loop, &asked.message);
    await(&asked);
    asked = asked_of(0);
    asked.op.cut.offset = 1;
    log_delete_records(&asked.op.cut);
    await(&asked);
    sim_run_ms(world.sim, 1000);
    assert_false(segment_is_there(0));
    sim_options_of(world.sim)->steady = false;
    sim_fault_at(world.sim, sim_operation_count(world.sim) + 3, SIM_FAULT_NO_SPACE);
    append(&asked, 0, SMALL, 1000);
    await(&asked);
    assert_int_equal(asked.op.any.err, ERR_NO_SPACE);
    append(&asked, 0, SMALL, 1000);
    await(&asked);
    assert_int_equal(asked.op.append.base_offset, 1);
    uint64_t size = segment_size(0, 1);
    lose_power();
    world_open();
    assert_int_equal(partition_end(world.partitions[0]), 2);
    assert_true(segment_size(0, 1) <= size);
    read_at(&asked, 0, 1, 1);
    assert_int_equal(asked.op.any.err, ERR_OK);
    assert_int_equal(asked.first_offset, 1);
    world_free();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_fail_when_the_ring_is_full_and_a_checkpoint_finds_no_room),
        cmocka_unit_test(only_internal_topics_use_the_reserve),
        cmocka_unit_test(a_full_tail_refuses_when_a_checkpoint_finds_no_room),
        cmocka_unit_test(a_frame_that_finds_no_room_is_refused),
        cmocka_unit_test(a_refused_frame_does_not_end_the_replay_at_the_wrap),
        cmocka_unit_test(frames_are_refused_while_there_is_no_room),
        cmocka_unit_test(a_full_disk_behind_segments_that_were_dropped_refuses_and_goes_on),
        cmocka_unit_test(what_a_full_disk_refused_does_not_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
