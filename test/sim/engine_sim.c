// SPDX-License-Identifier: Apache-2.0
// Transactions of the engine in the twin: engine_sim FIRST_SEED COUNT [weak]. Clients on several loops move amounts
// between accounts (rows of two tables), append records for each move, count their moves in a row and in a group's
// offset, all in one transaction; others put and append without one. Power goes, the process is killed, the disk is
// full or fails, the store stops, also while a start applies what was decided. After each start a move that was
// acknowledged is there once, one that was refused is nowhere, one that was under way is there as a whole or not at
// all.
#include "base/assert.h"
#include "base/mem.h"
#include "engine/embedded/embedded.h"
#include "engine/embedded/offsets.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/sim/sim.h"
#include "store/partition.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LOOPS = 3,
    CLIENTS = 4,
    TABLES = 2,
    ACCOUNTS = 6, // the even ones in the first table
    PARTITIONS = 3,
    RECORDS_MAX = 4,
    GENERATIONS = 5,
    RUN_MAX_MS = 100,
    START_FULL_MS = 1000, // how long the disk may be full while a start applies what was decided
    LIMIT_MS = 60000,
};

enum state { UNDER_WAY, DONE, REFUSED };

struct move {
    enum state state;
    int client;
    bool is_plain; // one record without a transaction
    int from, to;
    int64_t amount;
    int record_count;
    int32_t partitions[RECORDS_MAX];
    int64_t offsets[RECORDS_MAX]; // -1: unknown
    int found;
};

struct client {
    struct message message;
    struct run *run;
    struct loop *loop;
    int number;
    size_t move;              // in run->moves
    int64_t done;             // as its row and its offset say
    int step;                 // of reading rows: the next table
    struct table_row rows[3]; // from, to, counter: the versions
    int64_t balances[2], count;
    char name[8], accounts[2][8], values[3][24], records[RECORDS_MAX][24];
    struct engine_transaction_append appends[RECORDS_MAX + 1];
    struct engine_transaction_put puts[3];
    struct engine_offset offset;
    struct engine_transaction_op op;
};

// Puts a row that transactions do not touch, and appends.
struct plain {
    struct message message;
    struct run *run;
    int64_t known, wanted; // of the row
    int64_t version;
    size_t move;
    char value[24], record[24];
    struct engine_put_op put;
    struct engine_append_op append;
};

// A topic that comes and goes; nobody looks what is in it.
struct comer {
    struct message message;
    struct run *run;
    struct timer timer;
    bool is_there;
    struct engine_topic_op op;
};

struct scan {
    struct message message;
    struct engine_reader *reader;
    int32_t partition;
    bool is_done;
};

struct run {
    uint64_t seed;
    bool is_weak; // nothing is flushed: a power loss may take anything, and only what comes after it is looked at
    struct sim *sim;
    struct store *store;
    struct engine *engine;
    struct engine_table *tables[TABLES];
    struct loop *loops[LOOPS];
    struct client clients[CLIENTS];
    struct plain plain;
    struct comer comer;
    struct move *moves;
    size_t move_count, move_capacity;
    struct scan scan;
    struct message message;
    struct engine_topic_op topic;
    bool is_quiet, is_ready, is_stopped, is_failed, has_topic;
};

static struct totals {
    uint64_t moves, refused, conflicts, full, crashes, unknown, replays, failures;
} totals;

#define FAIL(run, ...)                                                                                                 \
    do {                                                                                                               \
        fprintf(stderr, "engine_sim: seed %" PRIu64 ": ", (run)->seed);                                                \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fprintf(stderr, "\n");                                                                                         \
        exit(1);                                                                                                       \
    } while (0)

static const struct engine_driver *driver(const struct run *run)
{
    return run->engine->driver;
}

static uint64_t choose(struct run *run, uint64_t bound)
{
    return sim_choose(run->sim, bound);
}

static size_t move_new(struct run *run, int client, bool is_plain)
{
    MEM_GROW(run->moves, run->move_count, run->move_capacity);
    run->moves[run->move_count] = (struct move){ .client = client, .is_plain = is_plain };
    return run->move_count++;
}

static void move_answer(struct run *run, struct move *move, err_t err)
{
    bool is_known = err == ERR_OK || err == ERR_CONFLICT || err == ERR_NOT_FOUND || err == ERR_NO_SPACE ||
                    err == ERR_CLOSED || err == ERR_IO;
    if (!is_known)
        FAIL(run, "a move of client %d: %s", move->client, err_name(err));
    if (err != ERR_IO)
        move->state = err == ERR_OK ? DONE : REFUSED;
    totals.moves += err == ERR_OK;
    totals.refused += move->state == REFUSED;
    totals.conflicts += err == ERR_CONFLICT;
    totals.full += err == ERR_NO_SPACE;
}

// --- clients

static void client_go(struct client *client);

static void on_transaction(struct engine_transaction_op *op)
{
    struct client *client = CONTAINER_OF(op, struct client, op);
    struct run *run = client->run;
    struct move *move = &run->moves[client->move];
    move_answer(run, move, op->err);
    if (op->err == ERR_NOT_FOUND && (op->failed != ENGINE_PART_APPEND || op->failed_index + 1 != op->append_count))
        FAIL(run, "the wrong part is named: %d, %zu", (int)op->failed, op->failed_index);
    if (op->err == ERR_OK) {
        client->done++;
        for (int i = 0; i < move->record_count; i++) {
            if (client->appends[i].offset < 0 && !run->is_quiet)
                FAIL(run, "a record of client %d was taken for one that is there", client->number);
            move->partitions[i] = client->appends[i].partition;
            move->offsets[i] = client->appends[i].offset;
        }
    }
    if (op->err != ERR_CLOSED && op->err != ERR_IO)
        client_go(client);
}

static int table_of(int account)
{
    return account % TABLES;
}

static void puts_fill(struct client *client, const struct move *move)
{
    struct run *run = client->run;
    const int accounts[] = { move->from, move->to };
    const int64_t changes[] = { -move->amount, move->amount };
    bool is_wrong = choose(run, 12) == 0;
    for (int i = 0; i < 2; i++) {
        snprintf(client->values[i], sizeof client->values[i], "%" PRId64, client->balances[i] + changes[i]);
        client->puts[i] = (struct engine_transaction_put){
            .table = run->tables[table_of(accounts[i])],
            .key = bytes_of_text(client->accounts[i]),
            .value = bytes_of_text(client->values[i]),
            .expected_version = client->rows[i].version + (is_wrong && i == 1 ? 1000000 : 0),
        };
    }
    snprintf(client->values[2], sizeof client->values[2], "%" PRId64, client->done + 1);
    client->puts[2] = (struct engine_transaction_put){ .table = run->tables[client->number % TABLES],
                                                       .key = bytes_of_text(client->name),
                                                       .value = bytes_of_text(client->values[2]),
                                                       .expected_version = TABLE_ANY };
}

static void transaction_go(struct client *client)
{
    struct run *run = client->run;
    struct move *move = &run->moves[client->move];
    puts_fill(client, move);
    move->record_count = 1 + (int)choose(run, RECORDS_MAX - 1);
    for (int i = 0; i < move->record_count; i++) {
        snprintf(client->records[i], sizeof client->records[i], "%zu.%d", client->move, i);
        client->appends[i] = (struct engine_transaction_append){
            .topic = BYTES_LITERAL("moves"),
            .partition = (int32_t)choose(run, PARTITIONS + 1) - 1, // also ENGINE_ANY_PARTITION
            .record = { .timestamp_ms = -1, .value = bytes_of_text(client->records[i]) },
        };
        move->partitions[i] = client->appends[i].partition;
        move->offsets[i] = -1;
    }
    size_t append_count = (size_t)move->record_count;
    if (choose(run, 16) == 0)
        client->appends[append_count - 1].partition = PARTITIONS; // there is no such thing
    else if (choose(run, 4) == 0)
        client->appends[append_count++] =
            (struct engine_transaction_append){ .topic = BYTES_LITERAL("comes-and-goes"),
                                                .record = { .timestamp_ms = -1, .value = BYTES_LITERAL("x") } };
    client->offset = (struct engine_offset){ .group = bytes_of_text(client->name),
                                             .topic = BYTES_LITERAL("moves"),
                                             .offset = client->done + 1,
                                             .leader_epoch = -1 };
    client->op = (struct engine_transaction_op){ .on_done = on_transaction,
                                                 .appends = client->appends,
                                                 .append_count = append_count,
                                                 .offsets = &client->offset,
                                                 .offset_count = 1,
                                                 .puts = client->puts,
                                                 .put_count = 3 };
    driver(run)->transaction(run->engine, &client->op);
}

static int64_t number_of(struct run *run, struct engine_table *table, const char *key, int64_t *ret_version)
{
    struct table_row row = { .version = TABLE_ABSENT };
    int64_t number = 0;
    if (driver(run)->table_get(table, bytes_of_text(key), &row) == ERR_OK && !bytes_to_int64(row.value, &number))
        FAIL(run, "row %s is '%.*s'", key, BYTES_ARG(row.value));
    *ret_version = row.version;
    return number;
}

// Visits the loops of both tables, then asks.
static void on_client(struct message *message)
{
    struct client *client = CONTAINER_OF(message, struct client, message);
    struct run *run = client->run;
    const struct move *move = &run->moves[client->move];
    const int accounts[] = { move->from, move->to };
    if (client->step >= 0) {
        for (int i = 0; i < 2; i++) {
            if (table_of(accounts[i]) == client->step)
                client->balances[i] =
                    number_of(run, run->tables[client->step], client->accounts[i], &client->rows[i].version);
        }
        if (client->number % TABLES == client->step)
            client->count = number_of(run, run->tables[client->step], client->name, &client->rows[2].version);
    }
    if (++client->step < TABLES) {
        loop_post(driver(run)->table_loop(run->tables[client->step]), message);
    } else if (loop_current() != client->loop) {
        loop_post(client->loop, message);
    } else {
        if (client->count != client->done)
            FAIL(run, "client %d does not see its own moves: %" PRId64 " of %" PRId64, client->number, client->count,
                 client->done);
        transaction_go(client);
    }
}

static void client_go(struct client *client)
{
    struct run *run = client->run;
    if (run->is_quiet)
        return;
    client->move = move_new(run, client->number, false);
    struct move *move = &run->moves[client->move];
    move->from = (int)choose(run, ACCOUNTS);
    move->to = (move->from + 1 + (int)choose(run, ACCOUNTS - 1)) % ACCOUNTS;
    move->amount = 1 + (int64_t)choose(run, 100);
    snprintf(client->accounts[0], sizeof client->accounts[0], "a%d", move->from);
    snprintf(client->accounts[1], sizeof client->accounts[1], "a%d", move->to);
    client->step = -1;
    client->message.on_message = on_client;
    loop_post(client->loop, &client->message);
}

// --- without transactions

static void plain_go(struct plain *plain);

static void on_plain_appended(struct engine_append_op *op)
{
    struct plain *plain = CONTAINER_OF(op, struct plain, append);
    struct move *move = &plain->run->moves[plain->move];
    move_answer(plain->run, move, op->err);
    move->offsets[0] = op->err == ERR_OK ? op->offset : -1;
    if (op->err != ERR_CLOSED && op->err != ERR_IO)
        plain_go(plain);
}

static void on_plain_put(struct engine_put_op *op)
{
    struct plain *plain = CONTAINER_OF(op, struct plain, put);
    struct run *run = plain->run;
    if (op->err == ERR_CLOSED || op->err == ERR_IO)
        return;
    if (op->err == ERR_OK) {
        plain->known = plain->wanted;
        plain->version = op->version;
    } else if (op->err != ERR_NO_SPACE) {
        FAIL(run, "a put: %s", err_name(op->err));
    }
    plain->wanted = plain->known;
    plain->move = move_new(run, -1, true);
    struct move *move = &run->moves[plain->move];
    move->record_count = 1;
    move->partitions[0] = (int32_t)choose(run, PARTITIONS);
    move->offsets[0] = -1;
    snprintf(plain->record, sizeof plain->record, "%zu.0", plain->move);
    struct engine_record record = { .timestamp_ms = -1, .value = bytes_of_text(plain->record) };
    plain->append = (struct engine_append_op){ .on_done = on_plain_appended };
    driver(run)->append(run->engine, BYTES_LITERAL("moves"), move->partitions[0], &record, &plain->append);
}

static void plain_go(struct plain *plain)
{
    struct run *run = plain->run;
    if (run->is_quiet)
        return;
    plain->wanted = plain->known + 1;
    snprintf(plain->value, sizeof plain->value, "%" PRId64, plain->wanted);
    plain->put = (struct engine_put_op){ .on_done = on_plain_put,
                                         .table = run->tables[0],
                                         .key = BYTES_LITERAL("plain"),
                                         .value = bytes_of_text(plain->value),
                                         .expected_version = choose(run, 2) == 0 ? TABLE_ANY : plain->version };
    driver(run)->table_put(&plain->put);
}

static void on_plain(struct message *message)
{
    plain_go(CONTAINER_OF(message, struct plain, message));
}

static void on_client_begin(struct message *message)
{
    client_go(CONTAINER_OF(message, struct client, message));
}

// --- the topic that comes and goes

static void on_comer_done(struct engine_topic_op *op)
{
    struct comer *comer = CONTAINER_OF(op, struct comer, op);
    comer->is_there = op->err == ERR_OK ? !comer->is_there : comer->is_there && op->err != ERR_NOT_FOUND;
    if (op->err != ERR_CLOSED && op->err != ERR_IO && !comer->run->is_quiet)
        timer_start(&comer->timer, 1 + (int64_t)choose(comer->run, 10));
}

static void on_comer_timer(struct timer *timer)
{
    struct comer *comer = CONTAINER_OF(timer, struct comer, timer);
    struct run *run = comer->run;
    comer->op = (struct engine_topic_op){ .on_done = on_comer_done,
                                          .name = BYTES_LITERAL("comes-and-goes"),
                                          .partition_count = 1 };
    if (comer->is_there)
        driver(run)->topic_delete(run->engine, &comer->op);
    else
        driver(run)->topic_ensure(run->engine, &comer->op);
}

static void on_comer(struct message *message)
{
    struct comer *comer = CONTAINER_OF(message, struct comer, message);
    timer_init(&comer->timer, loop_current(), on_comer_timer);
    timer_start(&comer->timer, 0);
}

// --- what is there

static void record_check(struct run *run, int32_t partition, const struct engine_record *record, int64_t *last)
{
    char text[24];
    size_t number;
    int index;
    snprintf(text, sizeof text, "%.*s", BYTES_ARG(record->value));
    if (sscanf(text, "%zu.%d", &number, &index) != 2 || number >= run->move_count)
        FAIL(run, "record '%s' is nobody's", text);
    struct move *move = &run->moves[number];
    if (move->state == REFUSED)
        FAIL(run, "move %zu was refused, and record %d is there", number, index);
    if (move->offsets[index] >= 0 && (move->offsets[index] != record->offset || move->partitions[index] != partition))
        FAIL(run, "record %s is at %d/%" PRId64 ", and was at %d/%" PRId64, text, partition, record->offset,
             move->partitions[index], move->offsets[index]);
    if (move->partitions[index] >= 0 && move->partitions[index] != partition)
        FAIL(run, "record %s is in partition %d instead of %d", text, partition, move->partitions[index]);
    int64_t at = (int64_t)number * RECORDS_MAX + index;
    if (!move->is_plain && *last / RECORDS_MAX == (int64_t)number && at <= *last)
        FAIL(run, "records of move %zu are not in order", number);
    *last = at;
    move->partitions[index] = partition;
    move->offsets[index] = record->offset;
    move->found |= move->found & 1 << index ? 1 << RECORDS_MAX : 1 << index;
}

static void scan_next(struct run *run);

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct run *run = owner;
    int64_t last = -1;
    if (err != ERR_OK)
        FAIL(run, "partition %d cannot be read: %s", run->scan.partition, err_name(err));
    for (size_t i = 0; i < records->count; i++)
        record_check(run, run->scan.partition, &records->items[i], &last);
    if (records->next_offset < records->high_watermark) {
        driver(run)->reader_next(run->scan.reader);
        return;
    }
    driver(run)->reader_close(run->scan.reader);
    run->scan.partition++;
    scan_next(run);
}

// An empty partition has no piece to give: the reader would wait.
static void scan_next(struct run *run)
{
    const struct topic *topic = topic_find(run->store, BYTES_LITERAL("moves"));
    while (topic != NULL && run->scan.partition < PARTITIONS &&
           partition_high_watermark(topic->partitions[run->scan.partition]) == 0)
        run->scan.partition++;
    run->has_topic = topic != NULL;
    run->scan.is_done = topic == NULL || run->scan.partition == PARTITIONS;
    if (run->scan.is_done)
        return;
    run->scan.reader =
        driver(run)->reader_open(run->engine, BYTES_LITERAL("moves"), run->scan.partition, 0, 1 << 20, on_records, run);
    driver(run)->reader_next(run->scan.reader);
}

static void on_scan(struct message *message)
{
    scan_next(CONTAINER_OF(message, struct run, message));
}

static bool is_scanned(void *owner)
{
    return ((const struct run *)owner)->scan.is_done;
}

static void records_check(struct run *run)
{
    run->scan = (struct scan){ .partition = 0 };
    run->message.on_message = on_scan;
    loop_post(run->loops[0], &run->message);
    if (sim_run(run->sim, (struct sim_until){ .done = is_scanned, .owner = run, .time_ms = LIMIT_MS }) != SIM_DONE)
        FAIL(run, "the records cannot be read");
}

static void moves_check(struct run *run, int64_t *balances, int64_t *counts)
{
    for (size_t i = 0; i < run->move_count; i++) {
        struct move *move = &run->moves[i];
        int all = (1 << move->record_count) - 1;
        if (move->found != 0 && move->found != all)
            FAIL(run, "move %zu: records %x of %x are there", i, (unsigned)move->found, (unsigned)all);
        if (move->state == DONE && move->found == 0)
            FAIL(run, "move %zu was acknowledged and is not there", i);
        totals.unknown += move->state == UNDER_WAY && move->found != 0;
        move->state = move->found != 0 ? DONE : REFUSED;
        move->found = 0;
        if (move->state == REFUSED || move->is_plain)
            continue;
        balances[move->from] -= move->amount;
        balances[move->to] += move->amount;
        counts[move->client]++;
    }
}

// Takes over what a power loss left, whatever it is.
static void all_adopt(struct run *run)
{
    int64_t version;
    for (int i = 0; i < CLIENTS; i++)
        run->clients[i].done = number_of(run, run->tables[i % TABLES], run->clients[i].name, &version);
    run->plain.known = run->plain.wanted = number_of(run, run->tables[0], "plain", &run->plain.version);
    run->has_topic = topic_find(run->store, BYTES_LITERAL("moves")) != NULL;
    run->move_count = 0;
}

// Everything that is there says the same. The loops stand still.
static void all_check(struct run *run)
{
    int64_t balances[ACCOUNTS] = { 0 }, counts[CLIENTS] = { 0 }, sum = 0, version;
    moves_check(run, balances, counts);
    for (int i = 0; i < ACCOUNTS; i++) {
        char key[8];
        snprintf(key, sizeof key, "a%d", i);
        int64_t balance = number_of(run, run->tables[table_of(i)], key, &version);
        sum += balance;
        if (balance != balances[i])
            FAIL(run, "account %d has %" PRId64 ", its moves say %" PRId64, i, balance, balances[i]);
    }
    if (sum != 0)
        FAIL(run, "the sum is %" PRId64, sum);
    for (int i = 0; i < CLIENTS; i++) {
        struct client *client = &run->clients[i];
        struct engine_offset offset = { .offset = 0 };
        client->done = number_of(run, run->tables[i % TABLES], client->name, &version);
        err_t err = offsets_find(embedded_offsets(run->engine), bytes_of_text(client->name), BYTES_LITERAL("moves"), 0,
                                 &offset);
        if (client->done != counts[i] || (err == ERR_OK) != (counts[i] > 0) || offset.offset != counts[i])
            FAIL(run, "client %d: its row says %" PRId64 ", its offset %" PRId64 ", its records %" PRId64, i,
                 client->done, offset.offset, counts[i]);
    }
    struct plain *plain = &run->plain;
    int64_t value = number_of(run, run->tables[0], "plain", &plain->version);
    if (value != plain->known && value != plain->wanted)
        FAIL(run, "the plain row is %" PRId64 ", acknowledged was %" PRId64, value, plain->known);
    plain->known = plain->wanted = value;
}

// --- generations

static void on_failure(void *owner, err_t err, const char *path)
{
    struct run *run = owner;
    (void)err;
    (void)path;
    run->is_failed = true;
}

static void on_ready(void *owner)
{
    ((struct run *)owner)->is_ready = true;
}

static bool is_ready(void *owner)
{
    const struct run *run = owner;
    return run->is_ready || run->is_failed;
}

static void open_all(struct run *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    disk_start(threads);
    for (unsigned i = 0; i < LOOPS; i++)
        run->loops[i] = loop_new(i);
    struct store_options options = { .folder = "/data",
                                     .flush = run->is_weak ? FLUSH_NEVER : FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 20 + (int64_t)choose(run, 500),
                                     .retention_interval_ms = 20,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    options.topic_defaults.retention_ms = -1;
    options.topic_defaults.segment_size = 4 << 10; // so that tables are compacted
    diag_t diag = { .where = "", .text = "" };
    err_t err = store_open(&options, run->loops, LOOPS, &run->store, &diag);
    if (err == ERR_OK)
        err = embedded_open(run->store, &run->engine, &diag);
    if (err == ERR_OK)
        err = driver(run)->table_open(run->engine, "__even", &run->tables[0], &diag);
    if (err == ERR_OK)
        err = driver(run)->table_open(run->engine, "__odd", &run->tables[1], &diag);
    if (err != ERR_OK)
        FAIL(run, "the store does not open: %s, %s: %s", err_name(err), diag.where, diag.text);
    run->is_quiet = run->is_ready = run->is_stopped = run->is_failed = false;
    store_on_failure(run->store, on_failure, run);
    embedded_on_ready(run->engine, on_ready, run);
}

static void crash(struct run *run, bool is_kill)
{
    struct sim *sim = run->sim;
    sim_options_of(sim)->space_error_ppm = 0;
    if (!sim_crashed(sim) && is_kill)
        sim_kill(sim);
    else if (!sim_crashed(sim))
        sim_power_loss(sim);
    // What was under way is reachable only from here.
    struct run *kept = mem_alloc(sizeof *kept);
    *kept = *run;
    sim_keep(kept);
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(run->loops[i]);
    sim_restart(sim);
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    totals.crashes++;
}

static void on_topic(struct engine_topic_op *op)
{
    (void)op;
}

static void on_topic_begin(struct message *message)
{
    struct run *run = CONTAINER_OF(message, struct run, message);
    run->topic =
        (struct engine_topic_op){ .on_done = on_topic, .name = BYTES_LITERAL("moves"), .partition_count = PARTITIONS };
    driver(run)->topic_ensure(run->engine, &run->topic);
}

// True when everything is there and was looked at; false after a crash on the way.
static bool generation_start(struct run *run)
{
    struct sim *sim = run->sim;
    if (choose(run, 4) == 0)
        sim_wall_jump(sim, (int64_t)30 * 24 * 60 * 60 * 1000); // longer than producers are remembered
    open_all(run);
    run->comer = (struct comer){ .run = run };
    uint64_t how = choose(run, 8);
    if (how < 2)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + choose(run, 30), SIM_FAULT_POWER_LOSS);
    else if (how == 2)
        sim_options_of(sim)->space_error_ppm = 300000;
    for (unsigned i = 0; i < LOOPS; i++)
        loop_start_thread(run->loops[i]);
    struct sim_until until = { .done = is_ready, .owner = run, .time_ms = START_FULL_MS };
    enum sim_end end = sim_run(sim, until);
    sim_options_of(sim)->space_error_ppm = 0;
    until.time_ms = LIMIT_MS;
    if (end == SIM_TIME)
        end = sim_run(sim, until);
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "what was decided is not applied");
    totals.replays++;
    if (end == SIM_CRASHED || run->is_failed) {
        crash(run, false);
        return false;
    }
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    if (run->is_weak) {
        all_adopt(run);
    } else {
        records_check(run);
        all_check(run);
    }
    if (run->has_topic)
        return true;
    run->message.on_message = on_topic_begin;
    loop_post(run->loops[0], &run->message);
    (void)sim_run_ms(sim, 1000);
    return true;
}

static void clients_begin(struct run *run)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &run->clients[i];
        client->loop = run->loops[i % LOOPS];
        client->message.on_message = on_client_begin;
        loop_post(client->loop, &client->message);
    }
    run->plain.message.on_message = on_plain;
    loop_post(run->loops[0], &run->plain.message);
    if (run->is_weak)
        return; // a power loss may leave the folder of another topic of that name
    run->comer.message.on_message = on_comer;
    loop_post(run->loops[1], &run->comer.message);
}

static void on_store_stopped(void *owner, err_t err)
{
    (void)err; // a checkpoint that met the full disk: the next start recovers
    ((struct run *)owner)->is_stopped = true;
}

static void on_engine_stopped(void *owner)
{
    struct run *run = owner;
    store_stop(run->store, on_store_stopped, run);
}

static void on_stop(struct message *message)
{
    struct run *run = CONTAINER_OF(message, struct run, message);
    if (choose(run, 3) == 0)
        store_stop(run->store, on_store_stopped, run); // as if nobody knew better
    else
        embedded_stop(run->engine, on_engine_stopped, run);
}

static bool is_stopped(void *owner)
{
    const struct run *run = owner;
    return run->is_stopped || run->is_failed;
}

static void generation_stop(struct run *run)
{
    run->is_quiet = true;
    run->message.on_message = on_stop;
    loop_post(run->loops[0], &run->message);
    struct sim_until until = { .done = is_stopped, .owner = run, .time_ms = LIMIT_MS };
    enum sim_end end = sim_run(run->sim, until);
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "the store does not stop");
    sim_fault_at(run->sim, 0, SIM_FAULT_NONE);
    sim_options_of(run->sim)->space_error_ppm = 0;
    if (end == SIM_CRASHED || run->is_failed) {
        crash(run, true);
        return;
    }
    disk_stop();
    if (run->comer.timer.loop != NULL)
        timer_stop(&run->comer.timer);
    embedded_free(run->engine);
    store_free(run->store);
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(run->loops[i]);
}

static void generation_run(struct run *run)
{
    struct sim *sim = run->sim;
    uint64_t how = choose(run, 8), operation = sim_operation_count(sim) + 1 + choose(run, 200);
    if (how < 3)
        sim_fault_at(sim, operation, SIM_FAULT_POWER_LOSS);
    else if (how == 3)
        sim_fault_at(sim, operation, SIM_FAULT_IO);
    else if (how == 4)
        sim_fault_from(sim, operation, SIM_FAULT_NO_SPACE);
    if (run->seed % 4 == 0)
        sim_options_of(sim)->space_error_ppm = 5000;
    clients_begin(run);
    enum sim_end end = sim_run_ms(sim, 1 + (int64_t)choose(run, RUN_MAX_MS));
    if (how == 4 && end != SIM_CRASHED && choose(run, 2) == 0) {
        sim_fault_at(sim, 0, SIM_FAULT_NONE); // there is room again
        end = sim_run_ms(sim, 1 + (int64_t)choose(run, RUN_MAX_MS));
    }
    totals.failures += run->is_failed;
    if (end != SIM_CRASHED && !run->is_failed && (how == 7 || choose(run, 3) == 0))
        generation_stop(run);
    else
        crash(run, how == 6);
}

static uint64_t seed_run(uint64_t seed, bool is_weak)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    run->seed = seed;
    run->is_weak = is_weak;
    run->sim = sim_new(seed, NULL);
    run->plain.run = run;
    for (int i = 0; i < CLIENTS; i++) {
        run->clients[i].run = run;
        run->clients[i].number = i;
        snprintf(run->clients[i].name, sizeof run->clients[i].name, "c%d", i);
    }
    sim_options_of(run->sim)->disk_delay_ppm = 20000;
    sim_options_of(run->sim)->disk_delay_max_ms = 10;
    for (int i = 0; i < GENERATIONS; i++) {
        if (generation_start(run))
            generation_run(run);
    }
    while (!generation_start(run)) {
    }
    generation_stop(run);
    uint64_t hash = sim_trace_hash(run->sim);
    sim_free(run->sim);
    free(run->moves);
    free(run);
    return hash;
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t seeds = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    bool is_weak = count > 3 && strcmp(arguments[3], "weak") == 0;
    uint64_t hash = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        hash = seed_run(seed, is_weak);
    printf("%" PRIu64 " seeds: %" PRIu64 " moves, %" PRIu64 " refused (%" PRIu64 " conflicts, %" PRIu64
           " times full), %" PRIu64 " crashes, %" PRIu64 " failed disks, %" PRIu64 " starts, %" PRIu64
           " unanswered and there\n",
           seeds, totals.moves, totals.refused, totals.conflicts, totals.full, totals.crashes, totals.failures,
           totals.replays, totals.unknown);
    if (seed_run(first + seeds - 1, is_weak) != hash) {
        fprintf(stderr, "engine_sim: seed %" PRIu64 " is not the same run twice\n", first + seeds - 1);
        return 1;
    }
    bool is_little = totals.moves < seeds * 20 || totals.conflicts < seeds || totals.unknown < seeds / 20 ||
                     totals.full < seeds / 20 || totals.crashes < seeds;
    if (seeds >= 100 && !is_weak && is_little) {
        fprintf(stderr, "engine_sim: too little was tried\n");
        return 1;
    }
    return 0;
}
