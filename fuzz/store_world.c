// SPDX-License-Identifier: Apache-2.0
#include "store_world.h"

#include "base/assert.h"
#include "io/disk.h"
#include "io/sim/sim.h"
#include "store/partition.h"

#include <string.h>

enum {
    PATIENCE_MS = 60000, // virtual
    STEPS_MAX = 400000,  // a loop that goes round without time passing
    QUOTA = 64 << 20,    // a write far behind the end of a file meets a full disk
    JOURNAL_SIZE = 256 << 10,
    SEGMENT_SIZE = 2000,
    INDEX_INTERVAL = 200,
};

void world_begin(struct store_world *world, const struct folder_image *image)
{
    *world = (struct store_world){ 0 };
    // Other random numbers than those that made the image: ids must not come again.
    world->sim = sim_new(image == NULL ? 1 : 2, &(struct sim_options){ .steady = true, .disk_quota = QUOTA });
    if (image != NULL)
        image_write(image);
}

void world_end(struct store_world *world)
{
    ASSERT(world->store == NULL);
    sim_free(world->sim);
}

static bool is_done(void *owner)
{
    return ((const struct store_world *)owner)->done;
}

static void wait_done(struct store_world *world)
{
    struct sim_until until = { .done = is_done, .owner = world, .time_ms = PATIENCE_MS, .steps = STEPS_MAX };
    enum sim_end end = sim_run(world->sim, until);
    ASSERT(end == SIM_DONE);
}

static void on_failure(void *owner, err_t err, const char *path)
{
    struct store_world *world = owner;
    ASSERT(err != ERR_OK && path != NULL);
    world->failed = true;
}

err_t world_open(struct store_world *world, bool has_journal, diag_t *diag)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    struct store_options options = { .folder = WORLD_FOLDER,
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = has_journal ? JOURNAL_SIZE : 0,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = PATIENCE_MS,
                                     .retention_interval_ms = PATIENCE_MS,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    options.topic_defaults.segment_size = SEGMENT_SIZE;
    options.topic_defaults.index_interval_size = INDEX_INTERVAL;
    world->failed = false;
    disk_start(threads);
    world->loop = loop_new(0);
    err_t err = store_open(&options, &world->loop, 1, &world->store, diag);
    if (err == ERR_OK) {
        store_on_failure(world->store, on_failure, world);
        loop_start_thread(world->loop);
        return err;
    }
    world->store = NULL;
    loop_free(world->loop);
    disk_stop();
    return err;
}

static void close_all(struct store_world *world)
{
    loop_stop(world->loop);
    loop_join(world->loop);
    disk_stop();
    store_free(world->store);
    loop_free(world->loop);
    world->store = NULL;
}

struct stop {
    struct store_world *world;
    err_t err;
};

static void on_stopped(void *owner, err_t err)
{
    struct stop *stop = owner;
    stop->err = err;
    stop->world->done = true;
}

err_t world_stop(struct store_world *world)
{
    struct stop stop = { world, ERR_OK };
    world->done = false;
    store_stop(world->store, on_stopped, &stop);
    wait_done(world);
    sim_run(world->sim, (struct sim_until){ .time_ms = 10 }); // answers that are on their way
    close_all(world);
    return stop.err;
}

void world_drop(struct store_world *world)
{
    sim_kill(world->sim);
    store_free(world->store);
    world->store = NULL;
    disk_stop();
    loop_free(world->loop);
    sim_restart(world->sim);
}

// --- what the store is asked

struct create {
    struct topic_op op;
    struct store_world *world;
};

static void on_created(struct topic_op *op)
{
    CONTAINER_OF(op, struct create, op)->world->done = true;
}

void world_create(struct store_world *world, const char *topic, int32_t partitions, bool is_compacted)
{
    const bytes_t name = BYTES_LITERAL("cleanup.policy"), value = BYTES_LITERAL("compact");
    struct create create = { .world = world,
                             .op = { .on_done = on_created,
                                     .name = bytes_of_text(topic),
                                     .partition_count = partitions,
                                     .config_names = &name,
                                     .config_values = &value,
                                     .config_count = is_compacted } };
    world->done = false;
    topic_create(world->store, &create.op);
    wait_done(world);
    ASSERT(create.op.err == ERR_OK);
    topic_unref(create.op.topic);
}

struct list {
    struct message message;
    struct store_world *world;
};

static void on_list(struct message *message)
{
    struct store_world *world = CONTAINER_OF(message, struct list, message)->world;
    world->partition_count = 0;
    for (const struct topic *topic = topic_next(world->store, NULL); topic != NULL;
         topic = topic_next(world->store, topic)) {
        for (int32_t i = 0; i < topic->partition_count && world->partition_count < WORLD_PARTITIONS_MAX; i++) {
            world->internal[world->partition_count] = topic->internal;
            world->partitions[world->partition_count++] = topic->partitions[i];
        }
    }
    world->done = true;
}

void world_list(struct store_world *world)
{
    struct list list = { .message.on_message = on_list, .world = world };
    world->done = false;
    loop_post(world->loop, &list.message);
    wait_done(world);
}

static struct store_world *the_world; // log_op has no owner
static size_t in_flight;

static void on_done(struct log_op *op)
{
    (void)op;
    the_world->done = --in_flight == 0;
}

static void op_begin(struct store_world *world, struct log_op *op)
{
    the_world = world;
    world->done = false;
    in_flight++;
    op->on_done = on_done;
}

void world_append_begin(struct store_world *world, struct append_op *op)
{
    op_begin(world, &op->op);
    log_append(op);
}

void world_append_end(struct store_world *world, const struct append_op *ops, size_t count)
{
    wait_done(world);
    for (size_t i = 0; i < count; i++)
        ASSERT(ops[i].op.err == ERR_OK);
}

err_t world_append(struct store_world *world, struct append_op *op)
{
    world_append_begin(world, op);
    wait_done(world);
    return op->op.err;
}

err_t world_read(struct store_world *world, struct read_op *op)
{
    op_begin(world, &op->op);
    log_read(op);
    wait_done(world);
    return op->op.err;
}
