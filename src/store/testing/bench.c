// SPDX-License-Identifier: Apache-2.0
#include "store/testing/bench.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// One request: sent on the first loop; the answer ends its run.
struct request {
    struct message message;
    struct bench *bench;
    void (*send)(struct request *request);
    union {
        struct topic_op *topic;
        struct producer_id_op *producer;
        struct table_op *table;
        struct append_op *append;
    } op;
    void (*topic_call)(struct store *store, struct topic_op *op);
};

static void remove_folder(const char *path)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count = 0;
    if (dir_list(path, &arena, &entries, &count) != ERR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        char *inner = mem_format("%s/%s", path, entries[i].name);
        if (entries[i].is_dir)
            remove_folder(inner);
        else
            ASSERT(file_remove(inner) == ERR_OK);
        free(inner);
    }
    arena_free(&arena);
    ASSERT(dir_remove(path) == ERR_OK);
}

void bench_begin(struct bench *bench)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    *bench = (struct bench){ 0 };
    snprintf(bench->folder, sizeof bench->folder, "/tmp/eddy-store-%016" PRIx64, random_u64());
    disk_start(threads);
}

void bench_end(struct bench *bench)
{
    if (bench->store != NULL)
        bench_stop(bench);
    disk_stop();
    remove_folder(bench->folder);
}

err_t bench_open(struct bench *bench)
{
    struct store_options options = { .folder = bench->folder,
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 16 << 20,
                                     .journal_size = 8 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 60000,
                                     .retention_interval_ms = 60000,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 256 };
    topic_config_default(&options.topic_defaults);
    for (unsigned i = 0; i < BENCH_LOOPS; i++)
        bench->loops[i] = loop_new(i);
    err_t err = store_open(&options, bench->loops, BENCH_LOOPS, &bench->store, &bench->diag);
    if (err == ERR_OK)
        return err;
    for (unsigned i = 0; i < BENCH_LOOPS; i++)
        loop_free(bench->loops[i]);
    bench->store = NULL;
    return err;
}

void bench_run(struct bench *bench)
{
    for (unsigned i = 1; i < BENCH_LOOPS; i++)
        loop_start_thread(bench->loops[i]);
}

void bench_start(struct bench *bench)
{
    err_t err = bench_open(bench);
    if (err != ERR_OK)
        fprintf(stderr, "%s: %s\n", bench->diag.where, bench->diag.text);
    ASSERT(err == ERR_OK);
    bench_run(bench);
}

static void bench_close(struct bench *bench)
{
    for (unsigned i = 1; i < BENCH_LOOPS; i++) {
        loop_stop(bench->loops[i]);
        loop_join(bench->loops[i]);
    }
    if (bench->on_close != NULL)
        bench->on_close();
    store_free(bench->store);
    for (unsigned i = 0; i < BENCH_LOOPS; i++)
        loop_free(bench->loops[i]);
    bench->store = NULL;
}

static void on_stopped(void *owner, err_t err)
{
    struct bench *bench = owner;
    ASSERT(err == ERR_OK);
    loop_stop(bench->loops[0]);
}

static void on_stop(struct message *message)
{
    struct request *request = CONTAINER_OF(message, struct request, message);
    store_stop(request->bench->store, on_stopped, request->bench);
}

void bench_stop(struct bench *bench)
{
    struct request request = { .message.on_message = on_stop, .bench = bench };
    loop_post(bench->loops[0], &request.message);
    loop_run(bench->loops[0]);
    bench_close(bench);
}

void bench_crash(struct bench *bench)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    disk_stop(); // jobs end, and nobody hears of it
    bench_close(bench);
    disk_start(threads);
}

struct call {
    struct message message;
    struct bench *bench;
    void (*fn)(void *owner);
    void *owner;
};

static void on_called(struct message *message)
{
    loop_stop(CONTAINER_OF(message, struct call, message)->bench->loops[0]);
}

static void on_call(struct message *message)
{
    struct call *call = CONTAINER_OF(message, struct call, message);
    call->fn(call->owner);
    message->on_message = on_called;
    loop_post(call->bench->loops[0], message);
}

void bench_call(struct bench *bench, struct loop *loop, void (*fn)(void *owner), void *owner)
{
    struct call call = { .message.on_message = on_call, .bench = bench, .fn = fn, .owner = owner };
    loop_post(loop, &call.message);
    loop_run(bench->loops[0]);
}

static void on_wait(struct message *message)
{
    struct call *call = CONTAINER_OF(message, struct call, message);
    call->fn(call->owner);
}

void bench_wait(struct bench *bench, void (*fn)(void *owner), void *owner)
{
    struct call call = { .message.on_message = on_wait, .bench = bench, .fn = fn, .owner = owner };
    loop_post(bench->loops[0], &call.message);
    loop_run(bench->loops[0]);
}

void bench_go(struct bench *bench)
{
    loop_stop(bench->loops[0]);
}

static void on_request(struct message *message)
{
    struct request *request = CONTAINER_OF(message, struct request, message);
    request->send(request);
}

static void request_run(struct bench *bench, struct request *request)
{
    request->message.on_message = on_request;
    request->bench = bench;
    loop_post(bench->loops[0], &request->message);
    loop_run(bench->loops[0]);
}

static void on_topic_done(struct topic_op *op)
{
    (void)op;
    loop_stop(loop_current());
}

static void send_topic(struct request *request)
{
    request->op.topic->on_done = on_topic_done;
    request->topic_call(request->bench->store, request->op.topic);
}

static err_t topic_run(struct bench *bench, struct topic_op *op,
                       void (*topic_call)(struct store *store, struct topic_op *op))
{
    struct request request = { .send = send_topic, .op.topic = op, .topic_call = topic_call };
    request_run(bench, &request);
    topic_unref(op->topic);
    return op->err;
}

err_t bench_create(struct bench *bench, struct topic_op *op, const char *name, int32_t partition_count)
{
    op->name = bytes_of_text(name);
    op->partition_count = partition_count;
    return topic_run(bench, op, topic_create);
}

err_t bench_grow(struct bench *bench, struct topic_op *op, const char *name, int32_t partition_count)
{
    op->name = bytes_of_text(name);
    op->partition_count = partition_count;
    return topic_run(bench, op, topic_grow);
}

err_t bench_configure(struct bench *bench, struct topic_op *op, const char *name, const char *config, const char *value)
{
    bytes_t config_name = bytes_of_text(config), config_value = bytes_of_text(value);
    op->name = bytes_of_text(name);
    op->config_names = &config_name;
    op->config_values = &config_value;
    op->config_count = 1;
    return topic_run(bench, op, topic_configure);
}

err_t bench_delete(struct bench *bench, struct topic_op *op, const char *name)
{
    op->name = bytes_of_text(name);
    return topic_run(bench, op, topic_delete);
}

static void on_producer_done(struct producer_id_op *op)
{
    (void)op;
    loop_stop(loop_current());
}

static void send_producer(struct request *request)
{
    request->op.producer->on_done = on_producer_done;
    producer_id_allocate(request->bench->store, request->op.producer);
}

int64_t bench_producer_id(struct bench *bench)
{
    struct producer_id_op op = { .err = ERR_OK };
    struct request request = { .send = send_producer, .op.producer = &op };
    request_run(bench, &request);
    ASSERT(op.err == ERR_OK);
    return op.producer_id;
}

static void on_put_done(struct table_op *op)
{
    (void)op;
    loop_stop(loop_current());
}

static void send_put(struct request *request)
{
    request->op.table->on_done = on_put_done;
    table_put(request->op.table);
}

err_t bench_put(struct bench *bench, struct table *table, const char *key, const char *value, int64_t expected,
                int64_t *ret_version)
{
    struct table_op op = { .table = table,
                           .key = bytes_of_text(key),
                           .value = value == NULL ? BYTES_NULL : bytes_of_text(value),
                           .expected_version = expected };
    struct request request = { .send = send_put, .op.table = &op };
    request_run(bench, &request);
    if (ret_version != NULL)
        *ret_version = op.version;
    return op.err;
}

struct get {
    struct table *table;
    const char *key;
    char *value;
};

static void get(void *owner)
{
    struct get *g = owner;
    struct table_row row;
    if (table_get(g->table, bytes_of_text(g->key), &row) == ERR_OK)
        g->value = bytes_to_text(row.value);
}

char *bench_get(struct bench *bench, struct table *table, const char *key)
{
    struct get g = { table, key, NULL };
    bench_call(bench, table_loop(table), get, &g);
    return g.value;
}

static void on_append_done(struct log_op *op)
{
    (void)op;
    loop_stop(loop_current());
}

static void send_append(struct request *request)
{
    request->op.append->op.on_done = on_append_done;
    log_append(request->op.append);
}

int64_t bench_append(struct bench *bench, const char *topic, int32_t partition, const char *value)
{
    return bench_append_bytes(bench, topic, partition, bytes_of_text(value));
}

int64_t bench_append_bytes(struct bench *bench, const char *topic, int32_t partition, bytes_t value)
{
    const struct topic *found = topic_find(bench->store, bytes_of_text(topic));
    ASSERT(found != NULL && partition < found->partition_count);
    struct batch_builder builder;
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, BYTES_NULL, value, NULL, 0, clock_wall_ms());
    struct append_op op = { .op.partition = found->partitions[partition] };
    ASSERT(batch_builder_finish(&builder, &op.batch) == ERR_OK);
    batch_builder_free(&builder);
    struct request request = { .send = send_append, .op.append = &op };
    request_run(bench, &request);
    ASSERT(op.op.err == ERR_OK);
    return op.base_offset;
}
