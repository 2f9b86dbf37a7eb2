// SPDX-License-Identifier: Apache-2.0
// Events in the twin, on the real engine and store: event_sim FIRST_SEED COUNT. Others send events to the door over
// HTTP (event_sender.c); five consumers with filters, ordered and not, with and without a dead letter sink, deliver
// them over HTTP to receivers that accept, refuse, are late, babble, come and go (event_sink.c). Consumers leave and
// come back, the network resets and stalls, the disk is full, power goes, the process is killed, several times in a
// seed. event_model.c knows each record and each attempt: what was acknowledged is in the topic; what is below a
// committed offset was accepted by its receiver, was not wanted, or is a dead letter that was tried as often as it was
// to be; at the end everything is; an ordered consumer gets to an event when the one before is over; what is done as a
// durable commit says (event_commit.c) never comes again; nothing comes twice but for a reason, and reasons are
// counted.
#include "event_run.h"

#include "base/mem.h"
#include "cloudevents/filter/filter.h"
#include "cloudevents/kafka_binding.h"
#include "engine/embedded/embedded.h"
#include "eventing/http_sink.h"
#include "eventing/topic_sink.h"
#include "http/client.h"
#include "io/disk.h"
#include "store/partition.h"
#include "store/store.h"

enum {
    LIVES = 5,
    LIFE_MAX_MS = 6000,
    LIFE_EVENTS = 150, // that are sent in one life, at most
    LIMIT_MS = 60000,
    SETTLE_MS = 60 * 60 * 1000, // for everything that waits for its next attempt
    TOPICS = 2,
};

static const bytes_t topics[TOPICS] = { BYTES_INIT("events"), BYTES_INIT("dead") };
static const char *const groups[CONSUMERS] = { "c0", "c1", "c2", "c3", "c4" };

struct event_totals totals;

// --- on a loop

struct order {
    struct message message;
    struct life *life;
    void (*run)(struct life *life);
};

static void on_order(struct message *message)
{
    const struct order *order = CONTAINER_OF(message, struct order, message);
    order->run(order->life);
}

static bool is_done(void *owner)
{
    const struct life *life = owner;
    return life->is_done || life->is_failed;
}

// Runs FN there, then until is_done. False after a crash, or when the disk failed.
static bool ask(struct life *life, unsigned loop, void (*fn)(struct life *life), int64_t time_ms, const char *what)
{
    struct order *order = mem_alloc(sizeof *order);
    *order = (struct order){ { .on_message = on_order }, life, fn };
    sim_keep(order);
    life->is_done = false;
    loop_post(life->loops[loop], &order->message);
    enum sim_end end =
        sim_run(life->run->sim, (struct sim_until){ .done = is_done, .owner = life, .time_ms = time_ms });
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(life->run, "%s: it hangs", what);
    return end == SIM_DONE && !life->is_failed;
}

static const struct engine_driver *driver(const struct life *life)
{
    return life->engine->driver;
}

// --- a start looks at what is there

static void ensure_next(struct life *life);

static void on_ensured(struct engine_topic_op *op)
{
    struct life *life = CONTAINER_OF(op, struct life, ensure);
    if (op->err == ERR_OK)
        life->ensured++;
    ensure_next(life);
}

static void ensure_next(struct life *life)
{
    life->is_done = life->ensured == TOPICS;
    if (life->is_done || life->is_failed)
        return;
    life->ensure = (struct engine_topic_op){ .on_done = on_ensured,
                                             .name = topics[life->ensured],
                                             .partition_count = life->ensured == 0 ? PARTITIONS : 1 };
    driver(life)->topic_ensure(life->engine, &life->ensure);
}

static void dead_letter_read(struct life *life, const struct engine_record *record)
{
    bytes_t attempt = BYTES_NULL, id = BYTES_NULL, why = BYTES_NULL;
    int64_t number;
    for (size_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        if (bytes_is(header->key, "ce_attempt"))
            attempt = header->value;
        else if (bytes_is(header->key, "ce_id"))
            id = header->value;
        else if (bytes_is(header->key, "ce_knativeerrordest"))
            why = header->value;
    }
    if (why.size == 0 || !bytes_to_int64(attempt, &number))
        FAIL(life->run, "a dead letter says nothing");
    model_dead_letter(life->run, (size_t)number, event_number(id));
}

static void event_read(struct life *life, int32_t partition, const struct engine_record *record)
{
    size_t event = NO_EVENT;
    for (size_t i = 0; i < record->header_count; i++) {
        if (bytes_is(record->headers[i].key, "ce_id"))
            event = event_number(record->headers[i].value);
    }
    model_record(life->run, partition, record->offset, event);
}

static void scan_next(struct life *life);

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct life *life = owner;
    if (err != ERR_OK)
        FAIL(life->run, "a topic cannot be read: %s", err_name(err));
    for (size_t i = 0; i < records->count; i++) {
        if (life->scanned < PARTITIONS)
            event_read(life, life->scanned, &records->items[i]);
        else
            dead_letter_read(life, &records->items[i]);
    }
    if (records->next_offset < records->high_watermark) {
        driver(life)->reader_next(life->reader);
        return;
    }
    driver(life)->reader_close(life->reader);
    life->scanned++;
    scan_next(life);
}

// An empty partition has no piece to give: the reader would wait.
static void scan_next(struct life *life)
{
    for (;; life->scanned++) {
        if (life->scanned == PARTITIONS + 1) {
            life->is_done = true;
            return;
        }
        bool is_dead = life->scanned == PARTITIONS;
        int32_t partition = is_dead ? 0 : life->scanned;
        const struct topic *topic = topic_find(life->store, topics[is_dead]);
        if (partition_high_watermark(topic->partitions[partition]) == 0)
            continue;
        life->reader =
            driver(life)->reader_open(life->engine, topics[is_dead], partition, 0, 1 << 20, on_records, life);
        driver(life)->reader_next(life->reader);
        return;
    }
}

static void fetch_next(struct life *life);

static void on_fetched(struct engine_fetch_op *op)
{
    struct life *life = CONTAINER_OF(op, struct life, fetch);
    int found = 0;
    if (op->err != ERR_OK)
        FAIL(life->run, "the offsets cannot be read: %s", err_name(op->err));
    for (size_t i = 0; i < op->count; i++, found++) {
        struct held held = commit_read(life, &op->items[i]);
        model_committed(life->run, life->fetched, op->items[i].partition, &held);
    }
    if (found < PARTITIONS && life->run->stays[life->fetched] > 0)
        FAIL(life->run, "consumer %d had joined and has no offsets", life->fetched);
    life->fetched++;
    fetch_next(life);
}

static void fetch_next(struct life *life)
{
    life->is_done = life->fetched == CONSUMERS;
    if (life->is_done)
        return;
    life->fetch = (struct engine_fetch_op){ .on_done = on_fetched, .group = bytes_of_text(groups[life->fetched]) };
    driver(life)->offsets_fetch(life->engine, &life->fetch);
}

// --- consumers

static struct filter filters[CONSUMERS];
static struct arena filter_arena;

// Any of the types that the model says.
static void filters_make(void)
{
    static const struct json_limits limits = { .size = 1000, .values = 100 };
    for (int consumer = 0; consumer < CONSUMERS; consumer++) {
        const char *types = "";
        struct json_value *spec;
        for (size_t type = 0; type < TYPES; type++) {
            if (model_wants(consumer, type))
                types = arena_format(&filter_arena, "%s%s{\"exact\":{\"type\":\"t%zu\"}}", types,
                                     types[0] == '\0' ? "" : ",", type);
        }
        const char *text = arena_format(&filter_arena, "{\"filters\":[{\"any\":[%s]}]}", types);
        if (json_parse(bytes_of_text(text), &limits, &filter_arena, &spec, NULL) != ERR_OK ||
            filter_compile(spec, &filter_arena, &filters[consumer], NULL) != ERR_OK)
            abort();
    }
}

void life_joined(struct life *life, int consumer, const struct consumer *member)
{
    if (life->is_joined[consumer])
        return;
    life->is_joined[consumer] = true;
    model_joined(life->run, consumer, member);
}

static void on_joined(struct hub_member *member, err_t err)
{
    const struct witness *witness = member->consumer.owner;
    struct life *life = witness->life;
    if (err == ERR_OK) {
        life_joined(life, witness->consumer, &member->consumer);
    } else { // a full disk, or the end
        hub_leave(member, false);
        life->is_in[witness->consumer] = false;
    }
}

static struct sink *receiver_sink(struct life *life, const char *path, int consumer)
{
    char uri[80];
    struct sink *sink;
    snprintf(uri, sizeof uri, "http://localhost:%u/%s/%d", (unsigned)life->receiver_address.port, path, consumer);
    if (http_sink_new(life->client, bytes_of_text(uri), CLOUDEVENT_MODE_BINARY, NULL, &sink, NULL) != ERR_OK)
        FAIL(life->run, "%s is no address", uri);
    return sink;
}

static void sinks_make(struct life *life, int consumer)
{
    struct witness *witnesses = life->witnesses[consumer];
    witness_init(&witnesses[TO_SUBSCRIBER], life, consumer, TO_SUBSCRIBER, receiver_sink(life, "c", consumer));
    witness_init(&witnesses[TO_DEAD_LETTER_SINK], life, consumer, TO_DEAD_LETTER_SINK,
                 receiver_sink(life, "dead", consumer));
    witness_init(&witnesses[TO_DEAD_LETTER_TOPIC], life, consumer, TO_DEAD_LETTER_TOPIC,
                 topic_sink_new(life->engine, topics[1], CLOUDEVENT_MODE_BINARY, TOPIC_SINK_PLAIN, "kafka:dead"));
}

static void join(struct life *life, int consumer)
{
    struct hub_member *member = &life->members[consumer];
    struct witness *witnesses = life->witnesses[consumer];
    struct run *run = life->run;
    *member = (struct hub_member){ .group = bytes_of_text(groups[consumer]),
                                   .from = consumer == LATEST ? ENGINE_LATEST : ENGINE_EARLIEST,
                                   .on_joined = on_joined };
    member->consumer = (struct consumer){
        .filter = &filters[consumer],
        .owner = &witnesses[TO_SUBSCRIBER],
        .delivery = { .retries = (int64_t)choose(run, 6),
                      .backoff = choose(run, 2) == 0 ? BACKOFF_LINEAR : BACKOFF_EXPONENTIAL,
                      .flavour = BACKOFF_FROM_ONE,
                      .delay_ms = (int64_t)choose(run, 200),
                      .timeout_ms = 100 + (int64_t)choose(run, 1000),
                      .retry_after_max_ms = consumer == 0 ? 2000 : -1 },
        .is_ordered = model_is_ordered(consumer),
        .has_hops = true,
        .sink = &witnesses[TO_SUBSCRIBER].sink,
        .dead_letters = consumer == 2 || consumer == 3 ? &witnesses[TO_DEAD_LETTER_SINK].sink : NULL,
        .last = &witnesses[TO_DEAD_LETTER_TOPIC].sink,
        .counts = &life->counts[consumer],
    };
    life->is_in[consumer] = true;
    life->is_joined[consumer] = false;
    hub_join(&life->hub, member);
}

// A consumer leaves, or those that are not there come; a record that is no event comes into the topic.
static void on_garbage(struct engine_append_op *op)
{
    CONTAINER_OF(op, struct life, garbage)->is_garbage_away = false;
}

static void garbage_append(struct life *life)
{
    struct engine_record record = { .timestamp_ms = -1, .value = BYTES_LITERAL("not an event") };
    if (life->is_garbage_away)
        return;
    life->is_garbage_away = true;
    life->garbage = (struct engine_append_op){ .on_done = on_garbage };
    driver(life)->append(life->engine, topics[0], (int32_t)choose(life->run, PARTITIONS), &record, &life->garbage);
}

static void on_goer(struct timer *timer)
{
    struct life *life = CONTAINER_OF(timer, struct life, goer);
    int consumer = (int)choose(life->run, CONSUMERS);
    if (!life->is_in[consumer]) {
        join(life, consumer);
    } else if (!life->is_quiet && choose(life->run, 2) == 0) {
        hub_leave(&life->members[consumer], false);
        life->is_in[consumer] = false;
        if (choose(life->run, 2) == 0)
            join(life, consumer); // what it has just committed is under way
    } else if (!life->is_quiet && life->is_joined[consumer]) {
        consumer_nudge(&life->members[consumer].consumer);
    }
    if (!life->is_quiet)
        garbage_append(life);
    timer_start(timer, 50 + (int64_t)choose(life->run, 1000));
}

// The topic cannot be read any more: the disk has failed.
static void on_hub_end(struct hub *hub, err_t err)
{
    struct life *life = hub->owner;
    if (err != ERR_IO && err != ERR_CLOSED)
        FAIL(life->run, "the hub ends: %s", err_name(err));
    life->is_failed = true;
}

static void program_open(struct life *life)
{
    struct ingress_options options = { 0 };
    struct address address = { .host = "127.0.0.1" };
    struct http_client_config config;
    diag_t diag = { 0 };
    http_client_config_default(&config);
    config.connection_count = 1 + (uint32_t)choose(life->run, 16);
    config.waiting_count = 20U << choose(life->run, 8);
    life->client = http_client_open(life->loops[0], &config);
    http_limits_default(&options.limits);
    inboxes_init(&life->inboxes);
    inbox_put(&life->inboxes, INBOX_BROKER, BYTES_LITERAL("sim"), BYTES_LITERAL("default"), topics[0],
              CLOUDEVENT_MODE_BINARY);
    if (ingress_open(life->loops[0], life->engine, &life->inboxes, &address, &options, &life->ingress, &diag) != ERR_OK)
        FAIL(life->run, "%s: %s", diag.where, diag.text);
    hub_open(&life->hub, life->engine, topics[0], topic_find(life->store, topics[0])->id.bytes, PARTITIONS);
    life->hub.on_end = on_hub_end;
    life->hub.owner = life;
    for (int i = 0; i < CONSUMERS; i++) {
        sinks_make(life, i);
        if (life->run->number > 1 || choose(life->run, 2) == 0)
            join(life, i);
    }
    timer_init(&life->goer, life->loops[0], on_goer);
    timer_start(&life->goer, 50 + (int64_t)choose(life->run, 1000));
    life->is_open = life->is_done = true;
}

static void receiver_open_first(struct life *life)
{
    receiver_start(life);
    life->is_done = true;
}

static void others_start(struct life *life)
{
    sender_start(life);
    life->is_done = true;
}

// --- a life begins

static void on_failure(void *owner, err_t err, const char *path)
{
    (void)err;
    (void)path;
    ((struct life *)owner)->is_failed = true;
}

static void on_ready(void *owner)
{
    ((struct life *)owner)->is_done = true;
}

static void store_start(struct life *life)
{
    struct run *run = life->run;
    struct store_options options = { .folder = "/data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 20 + (int64_t)choose(run, 500),
                                     .retention_interval_ms = 20,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    diag_t diag = { 0 };
    topic_config_default(&options.topic_defaults);
    options.topic_defaults.retention_ms = -1;
    options.topic_defaults.segment_size = 16 << 10;
    err_t err = store_open(&options, life->loops, LOOPS, &life->store, &diag);
    if (err == ERR_OK)
        err = embedded_open(life->store, &life->engine, &diag);
    if (err != ERR_OK)
        FAIL(run, "the store does not open: %s, %s: %s", err_name(err), diag.where, diag.text);
    commits_watch(life);
    store_on_failure(life->store, on_failure, life);
    embedded_on_ready(life->engine, on_ready, life);
}

static struct life *life_new(struct run *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    struct life *life = mem_zalloc(1, sizeof *life);
    life->run = run;
    list_init(&life->handings);
    list_init(&life->sendings);
    list_init(&life->answers);
    list_init(&life->commits);
    disk_start(threads);
    for (unsigned i = 0; i <= LOOPS; i++)
        life->loops[i] = loop_new(i);
    run->number++;
    totals.lives++;
    return life;
}

// False after a crash on the way.
static bool life_start(struct life *life, bool may_crash)
{
    struct run *run = life->run;
    struct sim *sim = run->sim;
    store_start(life);
    if (may_crash && choose(run, 5) == 0)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + choose(run, 40), SIM_FAULT_POWER_LOSS);
    for (unsigned i = 0; i <= LOOPS; i++)
        loop_start_thread(life->loops[i]);
    enum sim_end end = sim_run(sim, (struct sim_until){ .done = is_done, .owner = life, .time_ms = LIMIT_MS });
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "the engine does not get ready");
    if (end == SIM_CRASHED || life->is_failed || !ask(life, 0, ensure_next, LIMIT_MS, "making topics") ||
        !ask(life, 0, scan_next, LIMIT_MS, "reading topics"))
        return false;
    model_check_records(run);
    if (!ask(life, 0, fetch_next, LIMIT_MS, "reading offsets"))
        return false;
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    return true;
}

// --- a life ends

static void network_trouble(struct run *run, bool is_on)
{
    struct sim_options *options = sim_options_of(run->sim);
    options->disk_delay_ppm = is_on ? 20000 : 0;
    options->disk_delay_max_ms = 10;
    options->reset_ppm = is_on && choose(run, 2) == 0 ? 3000 : 0;
    options->refuse_ppm = is_on && choose(run, 2) == 0 ? 30000 : 0;
    options->stall_ppm = is_on && choose(run, 2) == 0 ? 5000 : 0;
    options->stall_max_ms = 1500;
    options->space_error_ppm = is_on && run->seed % 4 == 0 ? 20000 : 0;
}

static void crash(struct life *life, bool is_kill)
{
    struct sim *sim = life->run->sim;
    network_trouble(life->run, false);
    if (!sim_crashed(sim) && is_kill)
        sim_kill(sim);
    else if (!sim_crashed(sim))
        sim_power_loss(sim);
    sim_keep(life); // what was under way is reachable only from here
    for (size_t i = 0; i <= LOOPS; i++)
        loop_free(life->loops[i]);
    sim_restart(sim);
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    totals.crashes++;
}

static void on_closed(void *owner)
{
    ((struct life *)owner)->closing--;
}

static void program_close(struct life *life)
{
    timer_stop(&life->goer);
    for (int i = 0; i < CONSUMERS; i++) {
        if (life->is_in[i])
            hub_leave(&life->members[i], false);
    }
    hub_close(&life->hub);
    for (int i = 0; i < CONSUMERS; i++) {
        for (int way = 0; way < WAYS; way++)
            sink_unref(&life->witnesses[i][way].sink);
    }
    ingress_close(life->ingress, on_closed, life);
    http_client_close(life->client, on_closed, life);
    life->is_done = true;
}

static void others_stop(struct life *life)
{
    sender_stop(life);
    receiver_stop(life);
    life->is_done = true;
}

static bool is_closed(void *owner)
{
    const struct life *life = owner;
    return life->closing == 0 || life->is_failed;
}

static void on_store_stopped(void *owner, err_t err)
{
    struct life *life = owner;
    (void)err;
    life->is_done = true;
}

static void on_engine_stopped(void *owner)
{
    store_stop(((struct life *)owner)->store, on_store_stopped, owner);
}

static void engine_stop(struct life *life)
{
    embedded_stop(life->engine, on_engine_stopped, life);
}

static void life_free(struct life *life)
{
    disk_stop();
    if (life->is_open)
        inboxes_deinit(&life->inboxes);
    embedded_free(life->engine);
    store_free(life->store);
    for (size_t i = 0; i <= LOOPS; i++)
        loop_free(life->loops[i]);
    free(life);
}

// In order. False after a crash.
static bool life_stop(struct life *life)
{
    struct sim *sim = life->run->sim;
    life->is_stopping = true;
    life->closing = 4;
    if (!ask(life, 0, program_close, LIMIT_MS, "closing the program") ||
        !ask(life, LOOPS, others_stop, LIMIT_MS, "closing the others"))
        return false;
    enum sim_end end = sim_run(sim, (struct sim_until){ .done = is_closed, .owner = life, .time_ms = LIMIT_MS });
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(life->run, "%d parts do not close", life->closing);
    if (end == SIM_CRASHED || life->is_failed || !ask(life, 0, engine_stop, LIMIT_MS, "stopping the engine"))
        return false;
    life_free(life);
    return true;
}

// --- a life

static bool life_open(struct life *life)
{
    return ask(life, LOOPS, receiver_open_first, LIMIT_MS, "opening") &&
           ask(life, 0, program_open, LIMIT_MS, "opening") && ask(life, LOOPS, others_start, LIMIT_MS, "opening");
}

// With every kind of trouble.
static void life_run(struct run *run)
{
    struct life *life = run->life = life_new(run);
    struct sim *sim = run->sim;
    if (!life_start(life, true) || !life_open(life)) {
        crash(life, false);
        return;
    }
    uint64_t how = choose(run, 8);
    run->record_limit = run->sent_count + choose(run, LIFE_EVENTS);
    network_trouble(run, true);
    if (how < 2)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + choose(run, 400), SIM_FAULT_POWER_LOSS);
    else if (how == 2)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + choose(run, 400), SIM_FAULT_IO);
    enum sim_end end = sim_run_ms(sim, 1 + (int64_t)choose(run, LIFE_MAX_MS));
    bool is_over = end == SIM_CRASHED || life->is_failed || how < 6;
    network_trouble(run, false);
    if (is_over || !life_stop(life))
        crash(life, how >= 4);
}

static bool is_settled(const struct life *life)
{
    for (int i = 0; i < CONSUMERS; i++) {
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            const struct topic *topic = topic_find(life->store, topics[0]);
            if (!life->is_in[i] || !life->is_joined[i] ||
                cursor_floor(&life->members[i].consumer.cursors[partition]) !=
                    partition_high_watermark(topic->partitions[partition]))
                return false;
        }
    }
    return life->run->sent_count == life->run->record_limit && list_empty(&life->sendings);
}

static void on_settle(struct timer *timer)
{
    struct life *life = CONTAINER_OF(timer, struct life, settle);
    if (is_settled(life))
        life->is_done = true;
    else
        timer_start(timer, 20);
}

static void settle(struct life *life)
{
    timer_init(&life->settle, life->loops[0], on_settle);
    timer_start(&life->settle, 20);
}

// Without any; then a start that looks at what is there.
static void life_run_quiet(struct run *run)
{
    struct life *life = run->life = life_new(run);
    run->record_limit = run->sent_count + 1 + choose(run, LIFE_EVENTS);
    life->is_quiet = true;
    if (!life_start(life, false) || !life_open(life) || !ask(life, 0, settle, SETTLE_MS, "settling") ||
        !life_stop(life))
        FAIL(run, "a quiet life fails");
    life = run->life = life_new(run);
    if (!life_start(life, false) || !ask(life, 0, engine_stop, LIMIT_MS, "stopping the engine"))
        FAIL(run, "the last start fails");
    model_check_all(run);
    life_free(life);
}

static uint64_t seed_run(uint64_t seed)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    run->seed = seed;
    run->sim = sim_new(seed, NULL);
    for (int i = 0; i < CONSUMERS; i++) {
        run->trouble[i] = (unsigned)choose(run, 4) * 25;
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            run->fates[i][partition].begin = -1;
    }
    for (int i = 0; i < LIVES; i++)
        life_run(run);
    life_run_quiet(run);
    uint64_t hash = sim_trace_hash(run->sim);
    sim_free(run->sim);
    model_free(run);
    free(run);
    return hash;
}

static void totals_print(uint64_t seeds)
{
    printf("%" PRIu64 " seeds: %" PRIu64 " events acknowledged, %" PRIu64 " not, %" PRIu64 " records, %" PRIu64
           " of them no events; for the consumers %" PRIu64 " delivered, %" PRIu64 " filtered, %" PRIu64
           " in dead letter sinks, %" PRIu64 " in the dead letter topic; %" PRIu64 " attempts, %" PRIu64
           " failed; %" PRIu64 " lives, %" PRIu64 " crashes, %" PRIu64 " stays, %" PRIu64 " times full\n",
           seeds, totals.acked, totals.unknown, totals.records, totals.garbage, totals.delivered, totals.filtered,
           totals.dead_sink, totals.dead_topic, totals.attempts, totals.failed, totals.lives, totals.crashes,
           totals.stays, totals.full);
    printf("delivered again: %" PRIu64 "; no commit had said it yet at a crash %" PRIu64
           ", or when the consumer left and that failed %" PRIu64 ", the answer was lost or too late %" PRIu64
           ", arrived after it was given up %" PRIu64 ", sent once more by the client %" PRIu64 "\n",
           totals.twice, totals.twice_crash, totals.twice_stay, totals.twice_lost, totals.twice_late,
           totals.twice_repeated);
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t seeds = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    uint64_t hash = 0;
    filters_make();
    for (uint64_t seed = first; seed < first + seeds; seed++)
        hash = seed_run(seed);
    totals_print(seeds);
    struct event_totals all = totals;
    uint64_t again = seed_run(first + seeds - 1);
    arena_free(&filter_arena);
    if (again != hash) {
        fprintf(stderr, "event_sim: seed %" PRIu64 " is not the same run twice\n", first + seeds - 1);
        return 1;
    }
    bool is_little = all.delivered < seeds * 100 || all.dead_sink < seeds || all.dead_topic < seeds ||
                     all.crashes < seeds * 2 || all.twice_crash < seeds / 4 || all.twice_lost < seeds || all.full == 0;
    if (seeds >= 50 && is_little) {
        fprintf(stderr, "event_sim: too little was tried\n");
        return 1;
    }
    return 0;
}
