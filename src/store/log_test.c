// SPDX-License-Identifier: Apache-2.0
// The log core in the twin, one promise for each test. What happens at random is in test/sim/store_sim.c.
#include "store/log.h"

#include "base/endian.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/test.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/sim/sim.h"
#include "store/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTITIONS_MAX = 12, SMALL = 200, PATIENCE_MS = 60000 };

static struct world {
    struct sim *sim;
    struct loop *loop;
    struct store *store;
    struct store_options options;
    struct topic_config config;
    unsigned count;
    bool internal, first_is_internal;
    struct partition *partitions[PARTITIONS_MAX];
    bool stopped;
} world;

static err_t part_open(struct store *store, diag_t *diag)
{
    for (unsigned i = 0; i < world.count; i++) {
        struct partition_spec spec = { .topic = BYTES_LITERAL("t"),
                                       .number = (int32_t)i,
                                       .config = &world.config,
                                       .id = { { 7 } },
                                       .internal = world.internal || (world.first_is_internal && i == 0) };
        err_t err = partition_open(store, &spec, &world.partitions[i], diag);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static const struct store_part part = { .open = part_open };

static err_t world_try_open(void)
{
    const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    diag_t diag = { 0 };
    disk_start(threads);
    world.loop = loop_new(0);
    err_t err = store_core_open(&world.options, &world.loop, 1, &part, &world.store, &diag);
    if (err == ERR_OK)
        loop_start_thread(world.loop);
    else
        world.store = NULL;
    return err;
}

static void world_open(void)
{
    assert_int_equal(world_try_open(), ERR_OK);
}

static void world_make(uint64_t seed, unsigned partition_count)
{
    world = (struct world){ .sim = sim_new(seed, &(struct sim_options){ .loss = SIM_LOSS_ALL, .steady = true }),
                            .count = partition_count };
    world.config = (struct topic_config){
        .cleanup = CLEANUP_DELETE,
        .retention_ms = -1,
        .retention_size = -1,
        .segment_size = 1 << 20,
        .segment_ms = INT64_MAX,
        .index_interval_size = 4096,
        .segment_index_size = 10 << 20,
        .max_message_size = 1 << 20,
        .timestamp_before_max_ms = INT64_MAX,
        .timestamp_after_max_ms = INT64_MAX,
    };
    world.options = (struct store_options){
        .folder = "data",
        .memory_size = 1 << 20,
        .journal_size = 256 << 10,
        .direct_flush_size = 64 << 10,
        .direct_io = true,
        .direct_read_size = 1000,
        .checkpoint_interval_ms = 1000000,
        .retention_interval_ms = 1000000,
        .producer_expiration_ms = 24 * 60 * 60 * 1000,
        .open_segments = 100,
    };
}

static void world_new(uint64_t seed, unsigned partition_count)
{
    world_make(seed, partition_count);
    world_open();
}

static void world_close(void)
{
    store_free(world.store);
    disk_stop();
    loop_free(world.loop);
}

static void lose_power(void)
{
    if (!sim_crashed(world.sim))
        sim_power_loss(world.sim);
    world_close();
    sim_restart(world.sim);
}

static void world_free(void)
{
    sim_power_loss(world.sim);
    world_close();
    sim_free(world.sim);
}

static void on_stopped(void *owner, err_t err)
{
    (void)owner;
    assert_int_equal(err, ERR_OK);
    world.stopped = true;
}

static bool is_stopped(void *owner)
{
    (void)owner;
    return world.stopped;
}

static void restart_clean(void)
{
    world.stopped = false;
    store_stop(world.store, on_stopped, NULL);
    assert_int_equal(sim_run(world.sim, (struct sim_until){ .done = is_stopped, .time_ms = PATIENCE_MS }), SIM_DONE);
    loop_stop(world.loop);
    loop_join(world.loop);
    world_close();
    world_open();
}

// --- operations

struct asked {
    union {
        struct log_op any;
        struct append_op append;
        struct read_op read;
        struct offset_op find;
        struct segment_replace_op replace;
        struct delete_records_op cut;
        struct segment_drop_op drop;
    } op;
    struct message message;
    int64_t first_offset; // that was read
    bool done;
};

static void on_done(struct log_op *op)
{
    CONTAINER_OF(op, struct asked, op.any)->done = true;
}

static bool is_done(void *owner)
{
    return ((const struct asked *)owner)->done;
}

static void await(struct asked *asked)
{
    assert_int_equal(sim_run(world.sim, (struct sim_until){ .done = is_done, .owner = asked, .time_ms = PATIENCE_MS }),
                     SIM_DONE);
}

static struct asked asked_of(unsigned partition)
{
    return (struct asked){ .op.any = { .partition = world.partitions[partition], .on_done = on_done } };
}

static struct slice batch_of(size_t size, int64_t timestamp, struct batch_options options)
{
    struct batch_builder builder;
    struct slice batch;
    uint8_t *value = mem_zalloc(1, size);
    batch_builder_init(&builder, options);
    batch_builder_add(&builder, BYTES_LITERAL("key"), bytes_of(value, size), NULL, 0, timestamp);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    free(value);
    return batch;
}

static void append(struct asked *asked, unsigned partition, size_t size, int64_t timestamp)
{
    *asked = asked_of(partition);
    asked->op.append.batch = batch_of(size, timestamp, BATCH_PLAIN);
    log_append(&asked->op.append);
}

// The same batch to every partition, in one commit.
static void append_round(size_t size)
{
    struct asked asked[PARTITIONS_MAX];
    for (unsigned i = 0; i < world.count; i++)
        append(&asked[i], i, size, 1000);
    for (unsigned i = 0; i < world.count; i++) {
        await(&asked[i]);
        assert_int_equal(asked[i].op.any.err, ERR_OK);
    }
}

static void make_journal(void)
{
    append_round(SMALL);
    sim_run_ms(world.sim, 1000);
    assert_true(file_exists("data/journal"));
}

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

// Keeps the only thread of a queue busy.
struct hold {
    struct disk_job job;
    int flushes;
};

static void hold_run(struct disk_job *job)
{
    for (int i = 0; i < CONTAINER_OF(job, struct hold, job)->flushes; i++)
        assert_int_equal(dir_sync("data"), ERR_OK);
}

static void hold_on_done(struct disk_job *job)
{
    (void)job;
}

static void hold(struct hold *hold, enum disk_queue queue, int flushes)
{
    *hold =
        (struct hold){ .job = { .loop = world.loop, .run = hold_run, .on_done = hold_on_done }, .flushes = flushes };
    disk_submit(queue, &hold->job);
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

// --- replacing segments

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

static void read_at(struct asked *asked, unsigned partition, int64_t offset, size_t max_size)
{
    *asked = asked_of(partition);
    asked->op.read.offset = offset;
    asked->op.read.max_size = max_size;
    asked->op.read.at_least_one = true;
    asked->op.read.current_leader_epoch = -1;
    log_read(&asked->op.read);
    await(asked);
    asked->first_offset = asked->op.read.size == 0 ? -1 : (int64_t)get_u64(asked->op.read.slices[0].bytes.data);
    for (size_t i = 0; i < asked->op.read.slice_count; i++)
        slice_free(&asked->op.read.slices[i]);
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

static uint64_t segment_size(unsigned partition, int64_t base)
{
    char path[1024];
    struct buf *buf;
    partition_segment_path(world.partitions[partition], base, ".log", path, sizeof path);
    assert_int_equal(file_read_whole(path, 1 << 20, &buf), ERR_OK);
    uint64_t size = buf->capacity;
    buf_unref(buf);
    return size;
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

// --- a full disk

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

// --- DeleteRecords

static bool segment_is_there(int64_t base)
{
    char path[1024];
    partition_segment_path(world.partitions[0], base, ".log", path, sizeof path);
    return file_exists(path);
}

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

// --- compression.type

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
        cmocka_unit_test(a_full_lap_of_the_journal_is_replayed),
        cmocka_unit_test(appends_fail_when_the_ring_is_full_and_a_checkpoint_finds_no_room),
        cmocka_unit_test(only_internal_topics_use_the_reserve),
        cmocka_unit_test(a_full_tail_refuses_when_a_checkpoint_finds_no_room),
        cmocka_unit_test(a_frame_that_finds_no_room_is_refused),
        cmocka_unit_test(a_refused_frame_does_not_end_the_replay_at_the_wrap),
        cmocka_unit_test(frames_are_refused_while_there_is_no_room),
        cmocka_unit_test(deleted_records_give_their_disk_back_at_once),
        cmocka_unit_test(a_full_disk_behind_segments_that_were_dropped_refuses_and_goes_on),
        cmocka_unit_test(a_duplicate_waits_for_the_flush_of_the_first_copy),
        cmocka_unit_test(times_are_found_after_a_segment_was_replaced),
        cmocka_unit_test(the_journal_does_not_undo_a_replaced_segment),
        cmocka_unit_test(a_full_journal_does_not_hold_up_the_pass_that_empties_it),
        cmocka_unit_test(what_is_too_large_for_the_journal_goes_to_its_segment),
        cmocka_unit_test(a_time_is_found_in_what_is_written_while_the_files_are_searched),
        cmocka_unit_test(a_partition_is_not_starved_by_those_that_fill_each_group),
        cmocka_unit_test(memory_that_comes_free_is_shared_by_those_that_wait_for_it),
        cmocka_unit_test(the_largest_time_survives_what_the_time_index_lost),
        cmocka_unit_test(index_entries_are_filed_when_they_are_worth_it),
        cmocka_unit_test(a_checkpoint_waits_for_the_cut_of_what_the_journal_holds),
        cmocka_unit_test(a_start_that_failed_leaves_nothing_unflushed_for_the_next),
        cmocka_unit_test(a_replaced_file_of_the_same_size_is_not_taken_for_the_old_one),
        cmocka_unit_test(zeros_behind_a_log_are_no_damage),
        cmocka_unit_test(what_a_full_disk_refused_does_not_come_back),
        cmocka_unit_test(what_was_decided_is_appended_once_and_by_nobody_else),
        cmocka_unit_test(what_retention_drops_is_still_known_of_producers),
        cmocka_unit_test(batches_are_compressed_anew_and_keep_their_order),
        cmocka_unit_test(what_is_being_compressed_ends_when_its_topic_is_deleted),
        cmocka_unit_test(what_does_not_open_is_not_compressed_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
