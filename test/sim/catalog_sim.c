// SPDX-License-Identifier: Apache-2.0
// The catalog and a table in the twin: catalog_sim FIRST_SEED COUNT. Actors create, grow, configure and delete topics,
// append to them, put rows and take producer ids from several loops, until power goes, the process is killed or the
// store stops; the next generation starts on what the disk kept. What was acknowledged must be there, what was under
// way may have happened or not, and nothing else may be.
#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/sim/sim.h"
#include "store/log.h"
#include "store/partition.h"
#include "store/store.h"
#include "store/table.h"
#include "store/topic.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOPS = 3, TOPICS = 6, KEYS = 8, PARTITIONS = 6, GENERATIONS = 6, RUN_MAX_MS = 300, STOP_LIMIT_MS = 60000 };

// What a topic is, or would be.
struct state {
    bool exists;
    int32_t partition_count;
    int64_t retention_ms; // -1: not set
};

enum topic_act { ACT_NONE, ACT_CREATE, ACT_GROW, ACT_CONFIGURE, ACT_DELETE, ACT_APPEND };

struct topic_actor {
    struct message message;
    struct run *run;
    char name[8];
    char retention[24];
    enum topic_act act; // under way
    struct state known, wanted;
    bool has_id;
    struct topic_id id;
    int64_t ends[PARTITIONS]; // of acknowledged appends
    int32_t partition;
    const struct topic *held;
    struct topic_op op;
    struct append_op append;
};

struct row_actor {
    struct message message;
    struct run *run;
    char key[8];
    char value[24], wanted[24]; // empty: there is none
    bool busy;
    int64_t version;
    struct table_op op;
};

struct run {
    uint64_t seed;
    struct sim *sim;
    struct store *store;
    struct table *table;
    struct loop *loops[LOOPS];
    struct topic_actor topics[TOPICS];
    struct row_actor rows[KEYS];
    struct message producer_message;
    struct producer_id_op producer;
    int64_t last_producer_id;
    int64_t counter;
    bool quiet; // nothing new is begun
    bool is_stopped;
    struct message stop;
};

struct totals {
    uint64_t changes, puts, appends, crashes, full;
};
static struct totals totals;

#define FAIL(run, ...)                                                                                                 \
    do {                                                                                                               \
        fprintf(stderr, "catalog_sim: seed %" PRIu64 ": ", (run)->seed);                                               \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fprintf(stderr, "\n");                                                                                         \
        exit(1);                                                                                                       \
    } while (0)

// An actor that meets one of these stays as it is until the next start: its change may have happened or not.
static bool is_expected(err_t err)
{
    totals.full += err == ERR_NO_SPACE;
    return err == ERR_CLOSED || err == ERR_NO_SPACE;
}

// --- topics

static void topic_go(struct topic_actor *actor);

static void on_topic_done(struct topic_op *op)
{
    struct topic_actor *actor = CONTAINER_OF(op, struct topic_actor, op);
    if (op->err != ERR_OK && !is_expected(op->err))
        FAIL(actor->run, "topic %s, act %d: %s, %s", actor->name, (int)actor->act, err_name(op->err), op->diag.text);
    if (op->err != ERR_OK)
        return; // it stops; the row may be written
    if (actor->act == ACT_CREATE) {
        actor->id = op->topic->id;
        memset(actor->ends, 0, sizeof actor->ends);
    }
    actor->has_id = actor->act != ACT_DELETE;
    topic_unref(op->topic);
    actor->known = actor->wanted;
    actor->act = ACT_NONE;
    totals.changes++;
    topic_go(actor);
}

static void on_append_done(struct log_op *op)
{
    struct topic_actor *actor = CONTAINER_OF(CONTAINER_OF(op, struct append_op, op), struct topic_actor, append);
    topic_unref(actor->held);
    actor->held = NULL;
    if (op->err != ERR_OK && !is_expected(op->err))
        FAIL(actor->run, "append to %s: %s", actor->name, err_name(op->err));
    if (op->err != ERR_OK)
        return;
    if (actor->append.base_offset < actor->ends[actor->partition])
        FAIL(actor->run, "%s-%d: offset %" PRId64 " was given before", actor->name, actor->partition,
             actor->append.base_offset);
    actor->ends[actor->partition] = actor->append.base_offset + 1;
    actor->act = ACT_NONE;
    totals.appends++;
    topic_go(actor);
}

static void append_go(struct topic_actor *actor)
{
    struct run *run = actor->run;
    const struct topic *topic = topic_find(run->store, bytes_of_text(actor->name));
    if (topic == NULL || topic->partition_count != actor->known.partition_count)
        FAIL(run, "topic %s is not as it was acknowledged", actor->name);
    actor->held = topic_ref(topic);
    actor->partition = (int32_t)sim_choose(run->sim, (uint64_t)topic->partition_count);
    struct batch_builder builder;
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, BYTES_LITERAL("key"), BYTES_LITERAL("value"), NULL, 0, clock_wall_ms());
    actor->append =
        (struct append_op){ .op = { .partition = topic->partitions[actor->partition], .on_done = on_append_done } };
    err_t err = batch_builder_finish(&builder, &actor->append.batch);
    ASSERT(err == ERR_OK);
    batch_builder_free(&builder);
    log_append(&actor->append);
}

static void change_go(struct topic_actor *actor)
{
    struct run *run = actor->run;
    static const bytes_t names[] = { { (const uint8_t *)"retention.ms", 12 } };
    static bytes_t values[TOPICS];
    bytes_t *value = &values[actor - run->topics];
    actor->op = (struct topic_op){ .on_done = on_topic_done, .name = bytes_of_text(actor->name) };
    snprintf(actor->retention, sizeof actor->retention, "%" PRId64, actor->wanted.retention_ms);
    *value = bytes_of_text(actor->retention);
    if (actor->wanted.retention_ms >= 0) {
        actor->op.config_names = names;
        actor->op.config_values = value;
        actor->op.config_count = 1;
    }
    actor->op.partition_count = actor->wanted.partition_count;
    if (actor->act == ACT_CREATE)
        topic_create(run->store, &actor->op);
    else if (actor->act == ACT_GROW)
        topic_grow(run->store, &actor->op);
    else if (actor->act == ACT_CONFIGURE)
        topic_configure(run->store, &actor->op);
    else
        topic_delete(run->store, &actor->op);
}

static void topic_go(struct topic_actor *actor)
{
    struct run *run = actor->run;
    if (run->quiet)
        return;
    uint64_t choice = sim_choose(run->sim, 10);
    actor->wanted = actor->known;
    if (!actor->known.exists) {
        actor->act = ACT_CREATE;
        bool configured = sim_choose(run->sim, 2) == 0;
        actor->wanted = (struct state){ .exists = true,
                                        .partition_count = 1 + (int32_t)sim_choose(run->sim, PARTITIONS - 1),
                                        .retention_ms = configured ? ++run->counter : -1 };
    } else if (choice == 0) {
        actor->act = ACT_DELETE;
        actor->wanted = (struct state){ .retention_ms = -1 };
    } else if (choice == 1 && actor->known.partition_count < PARTITIONS) {
        actor->act = ACT_GROW;
        actor->wanted.partition_count++;
    } else if (choice == 2) {
        actor->act = ACT_CONFIGURE;
        actor->wanted.retention_ms = ++run->counter;
    } else {
        actor->act = ACT_APPEND;
        append_go(actor);
        return;
    }
    change_go(actor);
}

static void on_topic_begin(struct message *message)
{
    topic_go(CONTAINER_OF(message, struct topic_actor, message));
}

static struct state state_of(const struct topic *topic)
{
    struct state state = { .exists = topic != NULL, .retention_ms = -1 };
    if (topic == NULL)
        return state;
    state.partition_count = topic->partition_count;
    if (topic->set_count == 1 && !bytes_to_int64(topic->set_values[0], &state.retention_ms))
        state.retention_ms = -2;
    return state;
}

static bool state_equal(struct state a, struct state b)
{
    return a.exists == b.exists && a.partition_count == b.partition_count && a.retention_ms == b.retention_ms;
}

static void topic_check(struct topic_actor *actor)
{
    struct run *run = actor->run;
    const struct topic *topic = topic_find(run->store, bytes_of_text(actor->name));
    struct state state = state_of(topic);
    bool under_way = actor->act != ACT_NONE && actor->act != ACT_APPEND;
    if (!state_equal(state, actor->known) && !(under_way && state_equal(state, actor->wanted)))
        FAIL(run, "topic %s: exists %d, %d partitions, retention %" PRId64 "; known %d, %d, %" PRId64 "; act %d",
             actor->name, state.exists, state.partition_count, state.retention_ms, actor->known.exists,
             actor->known.partition_count, actor->known.retention_ms, (int)actor->act);
    if (topic != NULL && actor->has_id && memcmp(topic->id.bytes, actor->id.bytes, TOPIC_ID_SIZE) != 0)
        FAIL(run, "topic %s has another id", actor->name);
    for (int32_t i = 0; topic != NULL && actor->has_id && i < topic->partition_count; i++) {
        if (partition_end(topic->partitions[i]) < actor->ends[i])
            FAIL(run, "%s-%d ends at %" PRId64 ", acknowledged was %" PRId64, actor->name, i,
                 partition_end(topic->partitions[i]), actor->ends[i]);
    }
    if (topic != NULL)
        actor->id = topic->id;
    if (topic == NULL || !actor->has_id)
        memset(actor->ends, 0, sizeof actor->ends);
    actor->has_id = topic != NULL;
    actor->known = state;
    actor->act = ACT_NONE;
    topic_unref(actor->held);
    actor->held = NULL;
}

// --- rows

static void row_go(struct row_actor *actor);

static void on_row_done(struct table_op *op)
{
    struct row_actor *actor = CONTAINER_OF(op, struct row_actor, op);
    if (op->err != ERR_OK && !is_expected(op->err))
        FAIL(actor->run, "put of %s: %s", actor->key, err_name(op->err));
    if (op->err != ERR_OK)
        return;
    memcpy(actor->value, actor->wanted, sizeof actor->value);
    actor->version = actor->value[0] == '\0' ? TABLE_ABSENT : op->version;
    actor->busy = false;
    totals.puts++;
    row_go(actor);
}

static void row_go(struct row_actor *actor)
{
    struct run *run = actor->run;
    if (run->quiet)
        return;
    bool removal = actor->value[0] != '\0' && sim_choose(run->sim, 4) == 0;
    bool any = sim_choose(run->sim, 2) == 0;
    actor->wanted[0] = '\0';
    if (!removal)
        snprintf(actor->wanted, sizeof actor->wanted, "%" PRId64, ++run->counter);
    actor->busy = true;
    actor->op = (struct table_op){ .table = run->table,
                                   .on_done = on_row_done,
                                   .key = bytes_of_text(actor->key),
                                   .value = removal ? BYTES_NULL : bytes_of_text(actor->wanted),
                                   .expected_version = any ? TABLE_ANY : actor->version };
    table_put(&actor->op);
}

static void on_row_begin(struct message *message)
{
    row_go(CONTAINER_OF(message, struct row_actor, message));
}

static void row_check(struct row_actor *actor)
{
    struct run *run = actor->run;
    struct table_row row = { .value = BYTES_LITERAL("") };
    bool found = table_get(run->table, bytes_of_text(actor->key), &row) == ERR_OK;
    bool is_old = bytes_is(row.value, actor->value) && row.version == actor->version;
    bool is_new = actor->busy && bytes_is(row.value, actor->wanted) && (!found || row.version > actor->version);
    if (!is_old && !is_new)
        FAIL(run, "row %s is '%.*s' version %" PRId64 "; acknowledged '%s' version %" PRId64 ", under way %d '%s'",
             actor->key, BYTES_ARG(row.value), row.version, actor->value, actor->version, actor->busy, actor->wanted);
    snprintf(actor->value, sizeof actor->value, "%.*s", BYTES_ARG(row.value));
    actor->version = row.version;
    actor->busy = false;
}

// --- producer ids

static void producer_go(struct run *run);

static void on_producer(struct producer_id_op *op)
{
    struct run *run = CONTAINER_OF(op, struct run, producer);
    if (op->err != ERR_OK)
        return;
    if (op->producer_id <= run->last_producer_id)
        FAIL(run, "producer id %" PRId64 " was given before", op->producer_id);
    run->last_producer_id = op->producer_id;
    producer_go(run);
}

static void producer_go(struct run *run)
{
    if (run->quiet)
        return;
    run->producer = (struct producer_id_op){ .on_done = on_producer };
    producer_id_allocate(run->store, &run->producer);
}

static void on_producer_begin(struct message *message)
{
    producer_go(CONTAINER_OF(message, struct run, producer_message));
}

// --- generations

static void generation_start(struct run *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    disk_start(threads);
    for (unsigned i = 0; i < LOOPS; i++)
        run->loops[i] = loop_new(i);
    struct store_options options = { .folder = "/data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 50 + (int64_t)sim_choose(run->sim, 1000),
                                     .retention_interval_ms = 60000,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    diag_t diag = { .where = "", .text = "" };
    err_t err = store_open(&options, run->loops, LOOPS, &run->store, &diag);
    if (err == ERR_OK)
        err = table_open(run->store, "__rows", &run->table, &diag);
    if (err != ERR_OK)
        FAIL(run, "the store does not open: %s, %s: %s", err_name(err), diag.where, diag.text);
    for (size_t i = 0; i < TOPICS; i++)
        topic_check(&run->topics[i]);
    for (size_t i = 0; i < KEYS; i++)
        row_check(&run->rows[i]);
    run->quiet = run->is_stopped = false;
    // The disk is full now and then, but never while the store opens: that would only end the run.
    sim_options_of(run->sim)->space_error_ppm = run->seed % 4 == 0 ? 2000 : 0;
    for (unsigned i = 0; i < LOOPS; i++)
        loop_start_thread(run->loops[i]);
    for (size_t i = 0; i < TOPICS; i++)
        loop_post(run->loops[i % LOOPS], &run->topics[i].message);
    for (size_t i = 0; i < KEYS; i++)
        loop_post(run->loops[i % LOOPS], &run->rows[i].message);
    loop_post(run->loops[0], &run->producer_message);
}

static void loops_free(struct run *run)
{
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(run->loops[i]);
}

static void on_stopped(void *owner, err_t err)
{
    struct run *run = owner;
    // A checkpoint under way may have met the full disk: then the next start recovers as after a crash.
    if (err != ERR_OK && !is_expected(err))
        FAIL(run, "the store does not stop cleanly: %s", err_name(err));
    run->is_stopped = true;
}

static void on_stop(struct message *message)
{
    struct run *run = CONTAINER_OF(message, struct run, stop);
    store_stop(run->store, on_stopped, run);
}

static bool is_stopped(void *owner)
{
    const struct run *run = owner;
    return run->is_stopped;
}

// Changes may be under way: they end, or are refused.
static void generation_stop(struct run *run)
{
    run->quiet = true;
    run->stop.on_message = on_stop;
    loop_post(run->loops[0], &run->stop);
    struct sim_until until = { .done = is_stopped, .owner = run, .time_ms = STOP_LIMIT_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        FAIL(run, "the store does not stop");
    disk_stop();
    store_free(run->store);
    loops_free(run);
}

static void generation_run(struct run *run)
{
    struct sim *sim = run->sim;
    uint64_t how = sim_choose(sim, 4);
    if (how == 0)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + sim_choose(sim, 300), SIM_FAULT_POWER_LOSS);
    enum sim_end end = sim_run_ms(sim, 1 + (int64_t)sim_choose(sim, RUN_MAX_MS));
    sim_options_of(sim)->space_error_ppm = 0;
    if (end != SIM_CRASHED && how == 3) {
        generation_stop(run);
        return;
    }
    if (end != SIM_CRASHED && how == 1)
        sim_kill(sim);
    else if (end != SIM_CRASHED)
        sim_power_loss(sim);
    // What was under way is reachable only from here.
    struct run *kept = mem_alloc(sizeof *kept);
    *kept = *run;
    sim_keep(kept);
    for (size_t i = 0; i < TOPICS; i++)
        run->topics[i].held = NULL;
    loops_free(run);
    sim_restart(sim);
    totals.crashes++;
}

static uint64_t seed_run(uint64_t seed)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    run->seed = seed;
    run->sim = sim_new(seed, NULL);
    run->last_producer_id = -1;
    for (size_t i = 0; i < TOPICS; i++) {
        struct topic_actor *actor = &run->topics[i];
        actor->run = run;
        actor->known.retention_ms = -1;
        actor->message.on_message = on_topic_begin;
        snprintf(actor->name, sizeof actor->name, "t%zu", i);
    }
    for (size_t i = 0; i < KEYS; i++) {
        run->rows[i].run = run;
        run->rows[i].message.on_message = on_row_begin;
        snprintf(run->rows[i].key, sizeof run->rows[i].key, "k%zu", i);
    }
    run->producer_message.on_message = on_producer_begin;
    sim_options_of(run->sim)->disk_delay_ppm = 20000;
    sim_options_of(run->sim)->disk_delay_max_ms = 30;
    for (int i = 0; i < GENERATIONS; i++) {
        generation_start(run);
        generation_run(run);
    }
    generation_start(run);
    generation_stop(run);
    uint64_t hash = sim_trace_hash(run->sim);
    sim_free(run->sim);
    free(run);
    return hash;
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t seeds = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    uint64_t hash = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        hash = seed_run(seed);
    printf("%" PRIu64 " seeds: %" PRIu64 " changes of topics, %" PRIu64 " puts, %" PRIu64 " appends, %" PRIu64
           " crashes, %" PRIu64 " times full\n",
           seeds, totals.changes, totals.puts, totals.appends, totals.crashes, totals.full);
    if (seed_run(first + seeds - 1) != hash) {
        fprintf(stderr, "catalog_sim: seed %" PRIu64 " is not the same run twice\n", first + seeds - 1);
        return 1;
    }
    return 0;
}
