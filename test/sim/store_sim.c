// SPDX-License-Identifier: Apache-2.0
// Clients append to, read from and cut several partitions while the disk fails, the power goes and the process is
// killed; after every restart all that was promised is looked for. `store_sim --seeds 1..1000 [--verbose]`; exit code 1
// and the seed's number when a promise was broken. With `--flush interval`, `--flush never` or `--acks-written` a power
// loss may take the end of a log, and nothing else; a kill takes nothing.
#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/sim/sim.h"
#include "store/core.h"
#include "store_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PARTITIONS_MAX = 8,
    LOOPS_MAX = 2,
    OPERATIONS_MIN = 220,
    FAULTS_MIN = 3,
    IN_FLIGHT_MAX = 5, // of an idempotent producer
    OPEN_TRIES = 50,
    PATIENCE_MS = 60000, // virtual
};

// A batch that an idempotent producer has sent and not heard of.
struct pending {
    struct slice copy;
    size_t index; // in the model
};

struct client {
    struct run *run;
    struct partition *partition;
    struct model_partition model;
    int64_t producer_id;
    int32_t next_sequence;
    struct pending pending[IN_FLIGHT_MAX];
    unsigned pending_count;
    unsigned in_flight;
    bool give_up;    // the producer's batches cannot be sent again
    bool power_lost; // and nobody has looked since
};

struct operation {
    struct list_node node;
    struct client *client;
    size_t index;
    bool idempotent;
    union {
        struct log_op any;
        struct append_op append;
        struct read_op read;
        struct wait_op wait;
        struct offset_op find;
        struct delete_records_op cut;
        struct segment_drop_op drop;
    } op;
    struct message message;
};

struct run {
    uint64_t seed;
    struct sim *sim;
    struct store *store;
    struct store_options options;
    struct topic_config config;
    struct loop *loops[LOOPS_MAX];
    unsigned loop_count;
    struct client clients[PARTITIONS_MAX];
    unsigned client_count;
    struct list_node operations;
    uint64_t next_number;
    unsigned operation_count, acked_count, power_losses, clean_stops;
    bool failed; // the store said so
    bool stopped;
    bool power_planned; // the fault that is planned is a power loss
    bool one_fault;     // a fault loop: nothing else happens than this one
    int32_t epoch;      // of the last generation
    bool was_clean;     // how it ended
    bool stop_begun;    // and perhaps ended, before a crash
    uint64_t fault_number;
    enum sim_fault fault;
    const char *wrong;
    char detail[128];
};

static struct run *the_run; // store_part has no owner

// What the command line says about all runs.
static enum flush_mode flush_mode = FLUSH_COMMIT;
static bool acks_written;
static unsigned lost_total; // logs that a power loss made shorter

static bool is_weak(void)
{
    return flush_mode != FLUSH_COMMIT || acks_written;
}

static uint64_t choose(struct run *run, uint64_t bound)
{
    return sim_choose(run->sim, bound);
}

static void judge(struct client *client, const char *wrong)
{
    struct run *run = client->run;
    if (wrong == NULL || run->wrong != NULL)
        return;
    run->wrong = wrong;
    snprintf(run->detail, sizeof run->detail, "partition %d", (int)(client - run->clients));
}

// --- operations

static struct operation *operation_new(struct client *client, void (*on_done)(struct log_op *op))
{
    struct operation *operation = mem_zalloc(1, sizeof *operation);
    operation->client = client;
    operation->op.any.partition = client->partition;
    operation->op.any.on_done = on_done;
    list_append(&client->run->operations, &operation->node);
    client->run->operation_count++;
    return operation;
}

static struct operation *operation_of(struct log_op *op)
{
    return CONTAINER_OF(op, struct operation, op.any);
}

static void operation_free(struct operation *operation)
{
    list_remove(&operation->node);
    free(operation);
}

static bool is_refusal(err_t err)
{
    return err == ERR_BAD_SEQUENCE || err == ERR_TOO_LARGE || err == ERR_STALE_EPOCH || err == ERR_INVALID;
}

static void pending_remove(struct client *client, unsigned at)
{
    slice_free(&client->pending[at].copy);
    client->pending_count--;
    memmove(&client->pending[at], &client->pending[at + 1], (client->pending_count - at) * sizeof client->pending[0]);
}

static void pending_drop(struct client *client)
{
    while (client->pending_count > 0)
        pending_remove(client, client->pending_count - 1);
}

static void on_append(struct log_op *op)
{
    struct operation *operation = operation_of(op);
    struct client *client = operation->client;
    struct append_op *append = &operation->op.append;
    bool stored = op->err == ERR_OK || (op->err == ERR_DUPLICATE && operation->idempotent);
    if (stored && append->ack == APPEND_WRITTEN && !is_weak()) {
        client->run->acked_count++; // not a promise for a power loss
    } else if (stored) {
        judge(client, model_on_ack(&client->model, operation->index, append->base_offset));
        client->run->acked_count++;
    } else if (is_refusal(op->err) && !operation->idempotent) {
        client->model.batches[operation->index].state = MODEL_REFUSED;
    }
    if (operation->idempotent) {
        client->in_flight--;
        for (unsigned i = 0; i < client->pending_count && stored; i++) {
            if (client->pending[i].index == operation->index)
                pending_remove(client, i);
        }
        client->give_up = client->give_up || (!stored && op->err != ERR_IO && op->err != ERR_CLOSED);
    }
    operation_free(operation);
}

static void append_send(struct client *client, struct slice batch, size_t index, bool idempotent)
{
    struct operation *operation = operation_new(client, on_append);
    operation->index = index;
    operation->idempotent = idempotent;
    operation->op.append.batch = batch;
    bool written = choose(client->run, 6) == 0 || acks_written;
    operation->op.append.ack = written ? APPEND_WRITTEN : APPEND_FLUSHED;
    log_append(&operation->op.append);
}

// A new producer id when the old one's sequence is lost.
static void producer_renew(struct client *client)
{
    pending_drop(client);
    client->producer_id = (int64_t)++client->run->next_number;
    client->next_sequence = 0;
    client->give_up = false;
}

static void do_append(struct client *client)
{
    struct run *run = client->run;
    bool idempotent = choose(run, 2) == 0 && client->pending_count < IN_FLIGHT_MAX;
    if (idempotent && client->give_up) {
        if (client->in_flight > 0)
            return;
        producer_renew(client);
    }
    int32_t count = 1 + (int32_t)choose(run, 4);
    size_t size = choose(run, 5) == 0 ? choose(run, 30000) : choose(run, 600);
    struct batch_options options = BATCH_PLAIN;
    if (idempotent) {
        options.producer_id = client->producer_id;
        options.producer_epoch = 0;
        options.base_sequence = client->next_sequence;
        client->next_sequence += count;
    }
    struct slice batch;
    size_t index = model_make(&client->model, ++run->next_number, count, size, &options, clock_wall_ms(), &batch);
    if (idempotent) {
        struct buf *copy = buf_copy(batch.bytes);
        client->pending[client->pending_count++] =
            (struct pending){ { copy, bytes_of(copy->data, batch.bytes.size) }, index };
        client->in_flight++;
    }
    append_send(client, batch, index, idempotent);
}

// After a restart a producer sends again what it has not heard of, in order.
static void resend_pending(struct client *client)
{
    for (unsigned i = 0; i < client->pending_count; i++) {
        struct buf *copy = buf_copy(client->pending[i].copy.bytes);
        client->in_flight++;
        append_send(client, (struct slice){ copy, bytes_of(copy->data, client->pending[i].copy.bytes.size) },
                    client->pending[i].index, true);
    }
}

static void take_slices(struct operation *operation, int64_t *next)
{
    struct read_op *read = &operation->op.read;
    for (size_t i = 0; i < read->slice_count; i++) {
        if (read->op.err == ERR_OK)
            judge(operation->client, model_on_read(&operation->client->model, *next, read->slices[i].bytes, next));
        slice_free(&read->slices[i]);
    }
}

static void on_read(struct log_op *op)
{
    struct operation *operation = operation_of(op);
    struct client *client = operation->client;
    int64_t next = operation->op.read.offset;
    take_slices(operation, &next);
    if (op->err == ERR_OK || op->err == ERR_OUT_OF_RANGE)
        judge(client, model_on_high_watermark(&client->model, operation->op.read.high_watermark));
    if (op->err == ERR_CORRUPT)
        judge(client, "a read met damage that nobody did");
    operation_free(operation);
}

static void do_read(struct client *client)
{
    struct operation *operation = operation_new(client, on_read);
    struct read_op *read = &operation->op.read;
    read->offset = (int64_t)choose(client->run, (uint64_t)client->model.high_watermark + 1);
    read->max_size = 1 + choose(client->run, 8000);
    read->at_least_one = choose(client->run, 4) != 0;
    read->current_leader_epoch = -1;
    log_read(read);
}

static void on_cut(struct log_op *op)
{
    struct operation *operation = operation_of(op);
    struct model_partition *model = &operation->client->model;
    if (op->err == ERR_OK && operation->op.cut.log_start_offset > model->log_start_acked)
        model->log_start_acked = operation->op.cut.log_start_offset;
    operation_free(operation);
}

static void do_cut(struct client *client)
{
    struct operation *operation = operation_new(client, on_cut);
    operation->op.cut.offset = (int64_t)choose(client->run, (uint64_t)client->model.high_watermark + 1);
    if (operation->op.cut.offset > client->model.log_start_asked)
        client->model.log_start_asked = operation->op.cut.offset;
    log_delete_records(&operation->op.cut);
}

static void on_drop(struct log_op *op)
{
    struct operation *operation = operation_of(op);
    struct model_partition *model = &operation->client->model;
    if (op->err == ERR_OK && operation->op.drop.dropped > 0 &&
        operation->op.drop.log_start_offset > model->log_start_acked)
        model->log_start_acked = operation->op.drop.log_start_offset;
    operation_free(operation);
}

static void on_owner_drop(struct message *message)
{
    struct operation *operation = CONTAINER_OF(message, struct operation, message);
    partition_drop_segments(&operation->op.drop);
}

// Retention keeps at least half of what is there, so that there is something to lose.
static void do_drop(struct client *client)
{
    struct operation *operation = operation_new(client, on_drop);
    struct model_partition *model = &client->model;
    operation->op.drop.before = model->high_watermark / 2;
    if (operation->op.drop.before > model->log_start_asked)
        model->log_start_asked = operation->op.drop.before;
    operation->message.on_message = on_owner_drop;
    loop_post(partition_loop(client->partition), &operation->message);
}

static void on_owner_roll(struct message *message)
{
    struct operation *operation = CONTAINER_OF(message, struct operation, message);
    partition_roll(operation->client->partition);
    operation_free(operation);
}

static void do_roll(struct client *client)
{
    struct operation *operation = operation_new(client, NULL);
    operation->message.on_message = on_owner_roll;
    loop_post(partition_loop(client->partition), &operation->message);
}

static void on_any(struct log_op *op)
{
    operation_free(operation_of(op));
}

static void do_find(struct client *client)
{
    struct operation *operation = operation_new(client, on_any);
    operation->op.find.timestamp = choose(client->run, 3) == 0 ? (int64_t)choose(client->run, 5) - 5
                                                               : clock_wall_ms() - (int64_t)choose(client->run, 20000);
    log_find_offset(&operation->op.find);
}

static void do_wait(struct client *client)
{
    struct operation *operation = operation_new(client, on_any);
    operation->op.wait.offset = client->model.high_watermark;
    log_wait(&operation->op.wait);
}

static void do_operation(struct run *run)
{
    static const struct {
        unsigned weight;
        void (*act)(struct client *client);
    } table[] = {
        { 60, do_append }, { 20, do_read }, { 3, do_cut },  { 4, do_drop },
        { 4, do_roll },    { 4, do_find },  { 2, do_wait },
    };
    unsigned total = 0;
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        total += table[i].weight;
    unsigned at = (unsigned)choose(run, total);
    for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
        if (at < table[i].weight) {
            table[i].act(&run->clients[choose(run, run->client_count)]);
            return;
        }
        at -= table[i].weight;
    }
}

// --- the store

static err_t part_open(struct store *store, diag_t *diag)
{
    struct run *run = the_run;
    for (unsigned i = 0; i < run->client_count; i++) {
        struct partition_spec spec = {
            .topic = BYTES_LITERAL("orders"), .number = (int32_t)i, .config = &run->config, .id = { { 1, 2, 3 } }
        };
        err_t err = partition_open(store, &spec, &run->clients[i].partition, diag);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

static const struct store_part part = { .open = part_open };

static void on_failure(void *owner, err_t err, const char *path)
{
    struct run *run = owner;
    (void)err;
    (void)path;
    run->failed = true;
}

static void calm(struct run *run)
{
    if (run->one_fault)
        return;
    struct sim_options *options = sim_options_of(run->sim);
    options->read_error_ppm = options->write_error_ppm = options->sync_error_ppm = options->space_error_ppm = 0;
    sim_fault_at(run->sim, 0, SIM_FAULT_NONE);
    run->power_planned = false;
}

static void close_store(struct run *run)
{
    while (!list_empty(&run->operations)) {
        struct operation *operation = LIST_ITEM(list_first(&run->operations), struct operation, node);
        if (operation->op.any.on_done == on_append && operation->op.append.batch.buf != NULL)
            sim_keep(operation->op.append.batch.buf);
        list_remove(&operation->node);
        sim_keep(operation); // messages in flight may name it
    }
    store_free(run->store);
    run->store = NULL;
    disk_stop();
    for (unsigned i = 0; i < run->loop_count; i++)
        loop_free(run->loops[i]);
    for (unsigned i = 0; i < run->client_count; i++)
        run->clients[i].in_flight = 0;
}

static void power_lost(struct run *run)
{
    for (unsigned i = 0; i < run->client_count; i++)
        run->clients[i].power_lost = true;
}

static void crash(struct run *run, bool power)
{
    run->was_clean = false;
    if (!sim_crashed(run->sim)) {
        if (power)
            sim_power_loss(run->sim);
        else
            sim_kill(run->sim);
        run->power_losses += power;
    } else {
        power = run->power_planned;
        run->power_losses += power;
    }
    if (power)
        power_lost(run);
    close_store(run);
    sim_restart(run->sim);
}

static bool open_once(struct run *run)
{
    unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    threads[DISK_FLUSH] = 1 + (unsigned)choose(run, 2);
    disk_start(threads);
    for (unsigned i = 0; i < run->loop_count; i++)
        run->loops[i] = loop_new(i);
    diag_t diag = { 0 };
    err_t err = store_core_open(&run->options, run->loops, run->loop_count, &part, &run->store, &diag);
    if (err == ERR_OK && !sim_crashed(run->sim)) {
        store_on_failure(run->store, on_failure, run);
        int32_t epoch = store_leader_epoch(run->store);
        // A crash at the very end of a stop may find it clean already.
        bool may_stay = run->was_clean || run->stop_begun;
        run->stop_begun = false;
        if (may_stay ? epoch < run->epoch : epoch <= run->epoch)
            run->wrong = "the leader epoch does not rise";
        run->epoch = epoch;
        for (unsigned i = 0; i < run->loop_count; i++)
            loop_start_thread(run->loops[i]);
        return true;
    }
    if (err != ERR_OK)
        run->store = NULL;
    if (err == ERR_UNSUPPORTED || err == ERR_MALFORMED || err == ERR_CONFLICT) {
        run->wrong = "the store cannot be opened";
        snprintf(run->detail, sizeof run->detail, "%.60s %.60s", diag.where, diag.text);
    }
    bool crashed = sim_crashed(run->sim);
    close_store(run);
    if (crashed && run->power_planned)
        power_lost(run);
    if (crashed)
        sim_restart(run->sim);
    return false;
}

// Opens, through crashes and errors in the middle of recovery.
static bool open_store(struct run *run)
{
    run->failed = false;
    for (unsigned i = 0; i < OPEN_TRIES && run->wrong == NULL; i++) {
        if (run->one_fault && sim_operation_count(run->sim) < run->fault_number) // a restart forgets the plan
            sim_fault_at(run->sim, run->fault_number, run->fault);
        if (!run->one_fault && i < 3 && choose(run, 4) == 0) {
            static const enum sim_fault faults[] = { SIM_FAULT_POWER_LOSS, SIM_FAULT_KILL, SIM_FAULT_IO };
            enum sim_fault fault = faults[choose(run, 3)];
            run->power_planned = fault == SIM_FAULT_POWER_LOSS;
            sim_fault_at(run->sim, sim_operation_count(run->sim) + 1 + choose(run, 120), fault);
        } else {
            calm(run);
        }
        if (open_once(run)) {
            calm(run);
            return true;
        }
    }
    if (run->wrong == NULL)
        run->wrong = "the store does not open";
    return false;
}

// --- looking at everything

struct walk {
    struct run *run;
    struct client *client;
    struct operation *operation;
    int64_t log_start, high_watermark;
    bool done;
};
static struct walk the_walk;

static void on_walk_read(struct log_op *op)
{
    struct walk *walk = &the_walk;
    struct operation *operation = walk->operation;
    struct read_op *read = &operation->op.read;
    struct client *client = walk->client;
    walk->log_start = read->log_start_offset;
    walk->high_watermark = read->high_watermark;
    if (op->err == ERR_OUT_OF_RANGE && read->offset < read->log_start_offset) {
        read->offset = read->log_start_offset;
        log_read(read);
        return;
    }
    if (op->err == ERR_IO && client->run->one_fault) {
        log_read(read); // this was the one fault
        return;
    }
    if (op->err != ERR_OK) {
        judge(client, op->err == ERR_CORRUPT ? "the walk met damage that nobody did" : "the walk cannot read");
        snprintf(client->run->detail, sizeof client->run->detail,
                 "partition %d at %" PRId64 " of %" PRId64 "..%" PRId64 ": %s", (int)(client - client->run->clients),
                 read->offset, read->log_start_offset, read->high_watermark, err_text(op->err));
        walk->done = true;
        return;
    }
    int64_t next = read->offset;
    take_slices(operation, &next);
    if (next == read->offset && next < read->high_watermark)
        judge(client, "the walk does not get on");
    read->offset = next;
    walk->done = next >= read->high_watermark || client->run->wrong != NULL;
    if (!walk->done)
        log_read(read);
}

static bool walk_is_done(void *owner)
{
    (void)owner;
    return the_walk.done;
}

// A weak promise: the end of the log is gone. What has not been acknowledged is sent again.
static void forget_lost(struct client *client, int64_t high_watermark)
{
    size_t seen_count = client->model.seen_count;
    model_forget_above(&client->model, high_watermark);
    lost_total += client->model.seen_count < seen_count;
    for (unsigned i = 0; i < client->pending_count; i++)
        client->model.batches[client->pending[i].index].state = MODEL_TRIED;
}

static void look_at(struct run *run, struct client *client)
{
    struct operation *operation = operation_new(client, on_walk_read);
    the_walk = (struct walk){ .run = run, .client = client, .operation = operation };
    struct read_op *read = &operation->op.read;
    read->offset = client->model.log_start_acked;
    read->max_size = 2000 + choose(run, 30000);
    read->at_least_one = true;
    read->current_leader_epoch = -1;
    model_walk_begin(&client->model);
    log_read(read);
    enum sim_end end = sim_run(run->sim, (struct sim_until){ .done = walk_is_done, .time_ms = PATIENCE_MS });
    if (end != SIM_DONE && !sim_crashed(run->sim)) {
        judge(client, "the walk does not end");
        return;
    }
    if (sim_crashed(run->sim))
        return; // close_store finds the operation
    operation_free(operation);
    if (run->wrong != NULL)
        return;
    if (is_weak() && client->power_lost)
        forget_lost(client, the_walk.high_watermark);
    client->power_lost = false;
    judge(client, model_walk_end(&client->model, the_walk.log_start, the_walk.high_watermark));
    judge(client, model_on_high_watermark(&client->model, the_walk.high_watermark));
}

static void look_at_all(struct run *run)
{
    for (unsigned i = 0; i < run->client_count && run->wrong == NULL && !sim_crashed(run->sim); i++)
        look_at(run, &run->clients[i]);
}

// --- generations

static void on_stopped(void *owner, err_t err)
{
    struct run *run = owner;
    run->stopped = true;
    (void)err;
}

static bool run_is_stopped(void *owner)
{
    return ((struct run *)owner)->stopped;
}

static void stop_cleanly(struct run *run)
{
    run->stopped = false;
    run->stop_begun = true;
    store_stop(run->store, on_stopped, run);
    enum sim_end end =
        sim_run(run->sim, (struct sim_until){ .done = run_is_stopped, .owner = run, .time_ms = PATIENCE_MS });
    if (end != SIM_DONE && !sim_crashed(run->sim)) {
        run->wrong = "the stop does not end";
        return;
    }
    if (sim_crashed(run->sim)) {
        crash(run, false);
        return;
    }
    run->clean_stops++;
    run->was_clean = true;
    sim_run_ms(run->sim, 20); // answers that are on their way
    for (unsigned i = 0; i < run->loop_count; i++) {
        loop_stop(run->loops[i]);
        loop_join(run->loops[i]);
    }
    close_store(run);
}

static void choose_faults(struct run *run)
{
    struct sim_options *options = sim_options_of(run->sim);
    calm(run);
    options->copy_on_write = choose(run, 3) == 0; // then the journal meets a full disk too
    switch (choose(run, 6)) {
    case 0:
        run->power_planned = true;
        sim_fault_at(run->sim, sim_operation_count(run->sim) + 1 + choose(run, 300), SIM_FAULT_POWER_LOSS);
        break;
    case 1:
        options->space_error_ppm = 5000 + (uint32_t)choose(run, 50000);
        break;
    case 2:
        sim_fault_at(run->sim, sim_operation_count(run->sim) + 1 + choose(run, 400), SIM_FAULT_IO);
        break;
    case 3:
        sim_fault_from(run->sim, sim_operation_count(run->sim) + 1 + choose(run, 200), SIM_FAULT_NO_SPACE);
        break;
    case 4:
        options->read_error_ppm = 20000;
        break;
    default:
        break;
    }
}

static void generation(struct run *run)
{
    unsigned operations = 20 + (unsigned)choose(run, 80);
    choose_faults(run);
    for (unsigned i = 0; i < run->client_count; i++)
        resend_pending(&run->clients[i]);
    for (unsigned i = 0; i < operations && !run->failed && !sim_crashed(run->sim) && run->wrong == NULL; i++) {
        do_operation(run);
        if (choose(run, 25) == 0)
            sim_run_ms(run->sim, 1 + (int64_t)choose(run, 400));
        else if (choose(run, 3) != 0)
            sim_run(run->sim, (struct sim_until){ .steps = 1 + choose(run, 60) });
    }
    if (run->wrong != NULL)
        return;
    if (run->failed || sim_crashed(run->sim) || choose(run, 4) != 0) {
        crash(run, sim_crashed(run->sim) || choose(run, 3) != 0);
        return;
    }
    calm(run);
    stop_cleanly(run);
}

static void choose_options(struct run *run)
{
    run->loop_count = 1 + (unsigned)choose(run, LOOPS_MAX);
    run->client_count = 3 + (unsigned)choose(run, PARTITIONS_MAX - 2);
    run->config = (struct topic_config){
        .cleanup = CLEANUP_DELETE,
        .retention_ms = -1,
        .retention_size = -1,
        .segment_size = 2000 + (int64_t)choose(run, 60000),
        .segment_ms = INT64_MAX,
        .index_interval_size = 200 + (int64_t)choose(run, 4000),
        .segment_index_size = 10 << 20,
        .max_message_size = 64 << 10,
        .timestamp_before_max_ms = INT64_MAX,
        .timestamp_after_max_ms = INT64_MAX,
    };
    run->options = (struct store_options){
        .folder = "data",
        .flush = flush_mode,
        .flush_interval_ms = 20,
        .memory_size = 256 << 10,
        .journal_size = choose(run, 4) == 0 ? 0 : (256 + 128 * choose(run, 4)) << 10,
        .direct_flush_size = 500 + choose(run, 8000),
        .direct_io = choose(run, 4) > 0,
        .direct_read_size = 1000,
        .checkpoint_interval_ms = 10 + (int64_t)choose(run, 200),
        .retention_interval_ms = 1000,
        .producer_expiration_ms = 24 * 60 * 60 * 1000,
        .open_segments = 8 + (uint32_t)choose(run, 16),
        .topic_defaults = run->config,
    };
    for (unsigned i = 0; i < run->client_count; i++) {
        run->clients[i].run = run;
        producer_renew(&run->clients[i]);
    }
}

static struct run *run_new(uint64_t seed)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    the_run = run;
    run->seed = seed;
    run->epoch = -1;
    list_init(&run->operations);
    run->sim = sim_new(seed, NULL);
    choose_options(run);
    return run;
}

static void run_free(struct run *run)
{
    if (run->store != NULL) {
        if (!sim_crashed(run->sim))
            sim_kill(run->sim);
        close_store(run);
    }
    for (unsigned i = 0; i < run->client_count; i++) {
        pending_drop(&run->clients[i]);
        model_free(&run->clients[i].model);
    }
    sim_free(run->sim);
    free(run);
}

static bool run_seed(uint64_t seed, bool verbose)
{
    struct run *run = run_new(seed);
    bool enough = false;
    while (run->wrong == NULL && !enough) {
        if (!open_store(run))
            break;
        look_at_all(run);
        enough =
            run->operation_count >= OPERATIONS_MIN && sim_fault_count(run->sim) >= FAULTS_MIN && run->power_losses > 0;
        if (run->wrong == NULL && !enough)
            generation(run);
    }
    if (run->wrong != NULL || verbose)
        printf("seed %" PRIu64 ": %s %s (%u operations, %u acknowledged, %" PRIu64 " faults, %u power losses, %u clean "
               "stops, trace %016" PRIx64 ")\n",
               seed, run->wrong == NULL ? "fine" : run->wrong, run->detail, run->operation_count, run->acked_count,
               sim_fault_count(run->sim), run->power_losses, run->clean_stops, sim_trace_hash(run->sim));
    bool fine = run->wrong == NULL;
    run_free(run);
    return fine;
}

// --- one fault at every operation

static void operate(struct run *run, unsigned count)
{
    for (unsigned i = 0; i < run->client_count; i++)
        resend_pending(&run->clients[i]);
    for (unsigned i = 0; i < count && !run->failed && !sim_crashed(run->sim) && run->wrong == NULL; i++) {
        do_operation(run);
        sim_run(run->sim, (struct sim_until){ .steps = 1 + choose(run, 40) });
        if (i % 8 == 7)
            sim_run_ms(run->sim, 100);
    }
}

// Opens, works, loses power, recovers, works, stops, opens again; FAULT happens at operation NUMBER of the file system.
// *ret_more is false when there were fewer operations than that.
static const char *run_one_fault(uint64_t number, enum sim_fault fault, bool *ret_more)
{
    struct run *run = run_new(7);
    run->one_fault = true;
    run->fault_number = number;
    run->fault = fault;
    for (unsigned round = 0; round < 4 && run->wrong == NULL; round++) {
        if (!open_store(run))
            break;
        look_at_all(run);
        operate(run, 30);
        if (run->wrong != NULL)
            break;
        if (round == 1 && !run->failed && !sim_crashed(run->sim))
            stop_cleanly(run);
        else
            crash(run, true);
    }
    // A crash in the middle of looking is looked at again; there is one fault at most.
    for (unsigned i = 0; i < 2 && run->wrong == NULL && open_store(run); i++) {
        look_at_all(run);
        if (!sim_crashed(run->sim))
            break;
        crash(run, true);
    }
    const char *wrong = run->wrong;
    *ret_more = sim_operation_count(run->sim) >= number;
    if (wrong != NULL)
        printf("fault %d at operation %" PRIu64 ": %s %s\n", (int)fault, number, wrong, run->detail);
    run_free(run);
    return wrong;
}

static bool run_all_faults(void)
{
    static const enum sim_fault faults[] = { SIM_FAULT_IO, SIM_FAULT_NO_SPACE, SIM_FAULT_POWER_LOSS, SIM_FAULT_KILL };
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        bool more = true;
        uint64_t number = 1;
        for (; more; number++) {
            if (run_one_fault(number, faults[i], &more) != NULL)
                return false;
        }
        printf("fault %d at each of %" PRIu64 " operations is fine\n", (int)faults[i], number - 2);
    }
    return true;
}

static void print_line(void *context, enum log_level level, bytes_t line)
{
    (void)context;
    (void)level;
    fwrite(line.data, 1, line.size, stdout);
}

static int64_t now_ms(void *context)
{
    (void)context;
    return clock_wall_ms();
}

int main(int argc, char **argv)
{
    uint64_t from = 1, to = 100;
    bool verbose = false, every = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--every-operation") == 0)
            every = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc &&
                 sscanf(argv[i + 1], "%" SCNu64 "..%" SCNu64, &from, &to) == 2)
            i++;
        else if (strcmp(argv[i], "--flush") == 0 && i + 1 < argc)
            flush_mode = strcmp(argv[++i], "never") == 0 ? FLUSH_NEVER : FLUSH_INTERVAL;
        else if (strcmp(argv[i], "--acks-written") == 0)
            acks_written = true;
        else {
            printf("usage: store_sim [--seeds FROM..TO | --every-operation] [--verbose] [--flush interval|never] "
                   "[--acks-written]\n");
            return 2;
        }
    }
    if (verbose)
        log_start(&(struct log_config){ LOG_DEBUG, LOG_AS_TEXT, print_line, now_ms, NULL, 0, false });
    if (every)
        return run_all_faults() ? 0 : 1;
    for (uint64_t seed = from; seed <= to; seed++) {
        if (!run_seed(seed, verbose))
            return 1;
    }
    printf("%" PRIu64 " seeds are fine, a power loss took the end of %u logs\n", to - from + 1, lost_total);
    return is_weak() && lost_total == 0 ? 1 : 0;
}
