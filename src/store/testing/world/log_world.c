// SPDX-License-Identifier: Apache-2.0
#include "store/testing/world/log_world.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/loop.h"

#include "base/test.h"

struct log_world world;

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

err_t world_try_open(void)
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

void world_open(void)
{
    assert_int_equal(world_try_open(), ERR_OK);
}

void world_make(uint64_t seed, unsigned partition_count)
{
    world = (struct log_world){ .sim = sim_new(seed, &(struct sim_options){ .loss = SIM_LOSS_ALL, .steady = true }),
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

void world_new(uint64_t seed, unsigned partition_count)
{
    world_make(seed, partition_count);
    world_open();
}

void world_close(void)
{
    store_free(world.store);
    disk_stop();
    loop_free(world.loop);
}

void lose_power(void)
{
    if (!sim_crashed(world.sim))
        sim_power_loss(world.sim);
    world_close();
    sim_restart(world.sim);
}

void world_free(void)
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

void restart_clean(void)
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

static void on_done(struct log_op *op)
{
    CONTAINER_OF(op, struct asked, op.any)->done = true;
}

static bool is_done(void *owner)
{
    return ((const struct asked *)owner)->done;
}

void await(struct asked *asked)
{
    assert_int_equal(sim_run(world.sim, (struct sim_until){ .done = is_done, .owner = asked, .time_ms = PATIENCE_MS }),
                     SIM_DONE);
}

struct asked asked_of(unsigned partition)
{
    return (struct asked){ .op.any = { .partition = world.partitions[partition], .on_done = on_done } };
}

struct slice batch_of(size_t size, int64_t timestamp, struct batch_options options)
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

void append(struct asked *asked, unsigned partition, size_t size, int64_t timestamp)
{
    *asked = asked_of(partition);
    asked->op.append.batch = batch_of(size, timestamp, BATCH_PLAIN);
    log_append(&asked->op.append);
}

// The same batch to every partition, in one commit.
void append_round(size_t size)
{
    struct asked asked[PARTITIONS_MAX];
    for (unsigned i = 0; i < world.count; i++)
        append(&asked[i], i, size, 1000);
    for (unsigned i = 0; i < world.count; i++) {
        await(&asked[i]);
        assert_int_equal(asked[i].op.any.err, ERR_OK);
    }
}

void make_journal(void)
{
    append_round(SMALL);
    sim_run_ms(world.sim, 1000);
    assert_true(file_exists("data/journal"));
}

void read_at(struct asked *asked, unsigned partition, int64_t offset, size_t max_size)
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

static void hold_run(struct disk_job *job)
{
    for (int i = 0; i < CONTAINER_OF(job, struct hold, job)->flushes; i++)
        assert_int_equal(dir_sync("data"), ERR_OK);
}

static void hold_on_done(struct disk_job *job)
{
    (void)job;
}

void hold(struct hold *hold, enum disk_queue queue, int flushes)
{
    *hold =
        (struct hold){ .job = { .loop = world.loop, .run = hold_run, .on_done = hold_on_done }, .flushes = flushes };
    disk_submit(queue, &hold->job);
}

// --- files

uint64_t segment_size(unsigned partition, int64_t base)
{
    char path[1024];
    struct buf *buf;
    partition_segment_path(world.partitions[partition], base, ".log", path, sizeof path);
    assert_int_equal(file_read_whole(path, 1 << 20, &buf), ERR_OK);
    uint64_t size = buf->capacity;
    buf_unref(buf);
    return size;
}

bool segment_is_there(int64_t base)
{
    char path[1024];
    partition_segment_path(world.partitions[0], base, ".log", path, sizeof path);
    return file_exists(path);
}
