// SPDX-License-Identifier: Apache-2.0
// Transactions on real loops and files. What crashes do to them is in test/sim/engine_sim.c.
#include "engine/embedded/embedded.h"

#include "base/mem.h"
#include "base/test.h"
#include "engine/embedded/intent.h"
#include "store/log.h"
#include "store/testing/bench.h"

#include <stdio.h>
#include <stdlib.h>

static struct bench bench;
static struct engine *engine;
static struct engine_table *things, *accounts;

static void on_close(void)
{
    embedded_free(engine);
    engine = NULL;
}

static void on_ready(void *owner)
{
    bench_go(owner);
}

static void wait_ready(void *owner)
{
    (void)owner;
}

static void start(void)
{
    assert_int_equal(bench_open(&bench), ERR_OK);
    bench.on_close = on_close;
    assert_int_equal(embedded_open(bench.store, &engine, &bench.diag), ERR_OK);
    assert_int_equal(engine->driver->table_open(engine, "__things", &things, &bench.diag), ERR_OK);
    assert_int_equal(engine->driver->table_open(engine, "__accounts", &accounts, &bench.diag), ERR_OK);
    embedded_on_ready(engine, on_ready, &bench);
    bench_run(&bench);
    bench_wait(&bench, wait_ready, NULL);
}

static void on_stopped(void *owner)
{
    bench_go(owner);
}

static void stop_engine(void *owner)
{
    embedded_stop(engine, on_stopped, owner);
}

static void restart(void)
{
    bench_wait(&bench, stop_engine, &bench);
    bench_stop(&bench);
    start();
}

static int begin(void **state)
{
    (void)state;
    bench_begin(&bench);
    start();
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_stop(&bench);
    bench_end(&bench);
    return 0;
}

static int answers_left;

static void answered(void)
{
    if (--answers_left == 0)
        bench_go(&bench);
}

static void wait_for(int count, void (*fn)(void *owner), void *owner)
{
    answers_left = count;
    bench_wait(&bench, fn, owner);
}

// --- asking

static void on_transaction(struct engine_transaction_op *op)
{
    (void)op;
    answered();
}

static void ask(void *owner)
{
    struct engine_transaction_op *op = owner;
    op->on_done = on_transaction;
    engine->driver->transaction(engine, op);
}

static err_t run(struct engine_transaction_op *op)
{
    wait_for(1, ask, op);
    return op->err;
}

static struct engine_transaction_append append_of(const char *topic, int32_t partition, const char *key,
                                                  const char *value)
{
    return (struct engine_transaction_append){ .topic = bytes_of_text(topic),
                                               .partition = partition,
                                               .record = { .timestamp_ms = -1,
                                                           .key = key == NULL ? BYTES_NULL : bytes_of_text(key),
                                                           .value = bytes_of_text(value) } };
}

static struct engine_transaction_put put_of(struct engine_table *table, const char *key, const char *value,
                                            int64_t expected)
{
    return (struct engine_transaction_put){ .table = table,
                                            .key = bytes_of_text(key),
                                            .value = value == NULL ? BYTES_NULL : bytes_of_text(value),
                                            .expected_version = expected };
}

static struct engine_offset offset_of(const char *group, int64_t offset)
{
    return (struct engine_offset){
        .group = bytes_of_text(group), .topic = BYTES_LITERAL("events"), .offset = offset, .leader_epoch = -1
    };
}

static void make_topic(const char *name, int32_t partition_count)
{
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, name, partition_count), ERR_OK);
}

// --- looking

struct looking {
    struct engine_table *table;
    const char *key;
    char value[32];
    int64_t version;
};

static void look(void *owner)
{
    struct looking *looking = owner;
    struct table_row row = { .version = TABLE_ABSENT };
    looking->value[0] = '\0';
    if (engine->driver->table_get(looking->table, bytes_of_text(looking->key), &row) == ERR_OK)
        snprintf(looking->value, sizeof looking->value, "%.*s", BYTES_ARG(row.value));
    looking->version = row.version;
}

static struct looking row_of(struct engine_table *table, const char *key)
{
    struct looking looking = { .table = table, .key = key };
    bench_call(&bench, engine->driver->table_loop(table), look, &looking);
    return looking;
}

static int64_t fetched;

static void on_fetched(struct engine_fetch_op *op)
{
    fetched = op->count == 0 ? -1 : op->items[0].offset;
    answered();
}

static void fetch(void *owner)
{
    engine->driver->offsets_fetch(engine, owner);
}

static int64_t committed(const char *group)
{
    struct engine_fetch_op op = { .on_done = on_fetched, .group = bytes_of_text(group) };
    wait_for(1, fetch, &op);
    return fetched;
}

static char values[4096];
static struct engine_reader *reader;

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    (void)owner;
    assert_int_equal(err, ERR_OK);
    for (size_t i = 0; i < records->count; i++)
        snprintf(values + strlen(values), sizeof values - strlen(values), "%.*s ", BYTES_ARG(records->items[i].value));
    if (records->next_offset < records->high_watermark) {
        engine->driver->reader_next(reader);
        return;
    }
    engine->driver->reader_close(reader);
    answered();
}

static void read_all(void *owner)
{
    int32_t partition = *(const int32_t *)owner;
    reader = engine->driver->reader_open(engine, BYTES_LITERAL("events"), partition, 0, 65536, on_records, NULL);
    engine->driver->reader_next(reader);
}

// What the partition of "events" holds; it must hold something.
static const char *records_of(int32_t partition)
{
    values[0] = '\0';
    wait_for(1, read_all, &partition);
    return values;
}

// --- tests

static void all_of_it_happens(void **state)
{
    (void)state;
    make_topic("events", 3);
    for (int round = 0; round < 3; round++) {
        bool first = round == 0;
        struct looking a = row_of(accounts, "a"), t = row_of(things, "t");
        struct engine_transaction_append appends[] = { append_of("events", 2, NULL, "one"),
                                                       append_of("events", 0, "key", "two"),
                                                       append_of("events", 2, NULL, "three"),
                                                       append_of("events", ENGINE_ANY_PARTITION, "key", "four") };
        struct engine_offset offsets[] = { offset_of("g", 7 + round), offset_of("h", 8 + round) };
        struct engine_transaction_put puts[] = { put_of(accounts, "a", "1", a.version),
                                                 put_of(things, "t", first ? "2" : NULL, t.version),
                                                 put_of(accounts, "b", "3", TABLE_ANY) };
        struct engine_transaction_op op = {
            .appends = appends, .append_count = 4, .offsets = offsets, .offset_count = 2, .puts = puts, .put_count = 3
        };
        assert_int_equal(run(&op), ERR_OK);
        assert_int_equal(op.failed, ENGINE_PART_NONE);
        assert_int_equal(appends[2].offset, appends[0].offset + 1);
        assert_int_equal(appends[0].offset, 2 * round);
        assert_in_range(appends[3].partition, 0, 2);
        assert_int_equal(committed("g"), 7 + round);
        assert_int_equal(committed("h"), 8 + round);
        assert_string_equal(row_of(accounts, "a").value, "1");
        assert_int_equal(row_of(accounts, "a").version, puts[0].version);
        assert_int_equal(row_of(accounts, "b").version, puts[2].version);
        assert_string_equal(row_of(things, "t").value, first ? "2" : "");
        if (round == 1) { // nothing to delete: put it again for the last round
            struct engine_transaction_put again = put_of(things, "t", "2", TABLE_ABSENT);
            assert_int_equal(run(&(struct engine_transaction_op){ .puts = &again, .put_count = 1 }), ERR_OK);
        }
        restart();
    }
    assert_string_equal(records_of(2), "one three one three one three ");
    assert_string_equal(row_of(accounts, "a").value, "1");
    assert_string_equal(row_of(things, "t").value, "");
    assert_int_equal(committed("g"), 9);
}

static void nothing_is_a_transaction_too(void **state)
{
    (void)state;
    struct engine_transaction_op op = { .append_count = 0 };
    assert_int_equal(run(&op), ERR_OK);
    struct engine_offset only = offset_of("g", 3);
    op = (struct engine_transaction_op){ .offsets = &only, .offset_count = 1 };
    assert_int_equal(run(&op), ERR_OK);
    assert_int_equal(committed("g"), 3);
}

enum { LARGE = 1500 << 10, HALF = 600 << 10 }; // two halves are more than a topic allows

// What is wrong with each comes last, behind parts that are fine.
static void each_refusal_leaves_nothing(void **state)
{
    (void)state;
    make_topic("events", 2);
    make_topic("compacted", 1);
    struct topic_op configure = { .internal = false };
    assert_int_equal(bench_configure(&bench, &configure, "compacted", "cleanup.policy", "compact"), ERR_OK);
    char *large = mem_zalloc(1, LARGE + 1);
    memset(large, 'x', LARGE);
    struct engine_transaction_append fine = append_of("events", 0, NULL, "fine");
    const char *half = large + LARGE - HALF;
    const struct {
        struct engine_transaction_append append;
        struct engine_transaction_put put;
        struct engine_offset offset;
        err_t err;
        enum engine_part failed;
    } cases[] = {
        { .append = append_of("absent", 0, NULL, "x"), .err = ERR_NOT_FOUND, .failed = ENGINE_PART_APPEND },
        { .append = append_of("events", 2, NULL, "x"), .err = ERR_NOT_FOUND, .failed = ENGINE_PART_APPEND },
        { .append = append_of("events", 0, NULL, large), .err = ERR_TOO_LARGE, .failed = ENGINE_PART_APPEND },
        { .append = append_of("events", 1, NULL, half), .err = ERR_TOO_LARGE, .failed = ENGINE_PART_APPEND },
        { .append = append_of("compacted", 0, NULL, "x"), .err = ERR_INVALID, .failed = ENGINE_PART_APPEND },
        { .put = put_of(things, "t", "x", 77), .err = ERR_CONFLICT, .failed = ENGINE_PART_PUT },
        { .put = put_of(things, "t", NULL, TABLE_ANY), .err = ERR_NOT_FOUND, .failed = ENGINE_PART_PUT },
        { .put = put_of(things, "fine", "x", TABLE_ANY), .err = ERR_INVALID, .failed = ENGINE_PART_PUT },
        { .append = append_of("events", 0, NULL, large),
          .put = put_of(things, "t", large, TABLE_ANY),
          .err = ERR_LIMIT,
          .failed = ENGINE_PART_NONE },
        { .offset = offset_of("bad", -2), .err = ERR_INVALID, .failed = ENGINE_PART_OFFSET },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct engine_transaction_append appends[] = { fine, append_of("events", 1, NULL, half), cases[i].append };
        struct engine_transaction_put puts[] = { put_of(things, "fine", "1", TABLE_ABSENT),
                                                 put_of(accounts, "large", large, TABLE_ABSENT), cases[i].put };
        struct engine_offset offsets[] = { offset_of("fine", 1), offset_of("good", 2), cases[i].offset };
        struct engine_transaction_op op = {
            .appends = appends,
            .append_count = cases[i].append.topic.data == NULL ? 2 : 3,
            .offsets = offsets,
            .offset_count = cases[i].offset.group.data == NULL ? 2 : 3,
            .puts = puts,
            .put_count = cases[i].put.table == NULL ? 2 : 3,
        };
        bool too_much = cases[i].err == ERR_LIMIT;
        assert_int_equal(run(&op), cases[i].err);
        assert_int_equal(op.failed, cases[i].failed);
        assert_int_equal(op.failed_index, too_much ? 0 : 2);
        if (cases[i].err == ERR_CONFLICT)
            assert_int_equal(puts[2].version, TABLE_ABSENT);
    }
    free(large);
    restart();
    assert_int_equal(committed("fine"), -1);
    assert_int_equal(row_of(things, "fine").version, TABLE_ABSENT);
    assert_int_equal(row_of(accounts, "large").version, TABLE_ABSENT);
    assert_int_equal(run(&(struct engine_transaction_op){ .appends = &fine, .append_count = 1 }), ERR_OK);
    assert_int_equal(fine.offset, 0);
}

static void too_many_parts_are_refused(void **state)
{
    (void)state;
    size_t count = ENGINE_TRANSACTION_PARTS_MAX + 1;
    struct engine_offset *offsets = mem_zalloc(count, sizeof *offsets);
    char(*names)[8] = mem_zalloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "g%zu", i);
        offsets[i] = offset_of(names[i], (int64_t)i);
    }
    struct engine_transaction_op op = { .offsets = offsets, .offset_count = count };
    assert_int_equal(run(&op), ERR_LIMIT);
    assert_int_equal(committed("g5"), -1);
    op.offset_count--;
    assert_int_equal(run(&op), ERR_OK);
    assert_int_equal(committed("g5"), 5);
    assert_int_equal(committed("g9999"), 9999);
    free(offsets);
    free(names);
}

struct rivals {
    struct engine_transaction_op ops[2];
    struct engine_put_op put;
};

static void on_put(struct engine_put_op *op)
{
    (void)op;
    answered();
}

static void ask_rivals(void *owner)
{
    struct rivals *rivals = owner;
    ask(&rivals->ops[0]);
    ask(&rivals->ops[1]);
    rivals->put.on_done = on_put;
    engine->driver->table_put(&rivals->put);
}

// All three expect the same version: one gets it.
static void one_of_two_that_expect_the_same_wins(void **state)
{
    (void)state;
    make_topic("events", 1);
    for (int i = 0; i < 20; i++) {
        int64_t version = row_of(things, "row").version;
        struct engine_transaction_put puts[] = { put_of(things, "row", "first", version),
                                                 put_of(things, "row", "second", version) };
        struct engine_transaction_append appends[] = { append_of("events", 0, NULL, "first"),
                                                       append_of("events", 0, NULL, "second") };
        struct rivals rivals = { .put = { .table = things,
                                          .key = BYTES_LITERAL("row"),
                                          .value = BYTES_LITERAL("put"),
                                          .expected_version = version } };
        for (int k = 0; k < 2; k++)
            rivals.ops[k] = (struct engine_transaction_op){
                .appends = &appends[k], .append_count = 1, .puts = &puts[k], .put_count = 1
            };
        wait_for(3, ask_rivals, &rivals);
        err_t errs[] = { rivals.ops[0].err, rivals.ops[1].err, rivals.put.err };
        int won = 0;
        for (int k = 0; k < 3; k++) {
            assert_true(errs[k] == ERR_OK || errs[k] == ERR_CONFLICT);
            won += errs[k] == ERR_OK;
        }
        assert_int_equal(won, 1);
        struct looking row = row_of(things, "row");
        assert_string_equal(row.value, errs[0] == ERR_OK ? "first" : errs[1] == ERR_OK ? "second" : "put");
        for (int k = 0; k < 2; k++) {
            if (errs[k] == ERR_CONFLICT)
                assert_int_equal(puts[k].version, row.version);
        }
    }
}

enum { MANY = 200 };
static struct many {
    struct engine_transaction_op ops[MANY];
    struct engine_transaction_append appends[MANY];
    struct engine_transaction_put puts[MANY];
    struct engine_put_op plain[MANY];
    char values[MANY][8];
} many;

static void ask_many(void *owner)
{
    (void)owner;
    for (int i = 0; i < MANY; i++) {
        snprintf(many.values[i], sizeof many.values[i], "%d", i);
        many.appends[i] = append_of("events", 0, NULL, many.values[i]);
        many.puts[i] = put_of(i % 2 == 0 ? things : accounts, i % 10 == 0 ? "same" : many.values[i], "x", TABLE_ANY);
        many.ops[i] = (struct engine_transaction_op){
            .appends = &many.appends[i], .append_count = 1, .puts = &many.puts[i], .put_count = 1
        };
        ask(&many.ops[i]);
        many.plain[i] = (struct engine_put_op){ .on_done = on_put,
                                                .table = things,
                                                .key = bytes_of_text(many.values[i]),
                                                .value = BYTES_LITERAL("plain"),
                                                .expected_version = TABLE_ANY };
        engine->driver->table_put(&many.plain[i]);
    }
}

static void many_at_once_happen_in_order_among_plain_puts(void **state)
{
    (void)state;
    make_topic("events", 1);
    wait_for(2 * MANY, ask_many, NULL);
    char expected[4096] = "";
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many.ops[i].err, ERR_OK);
        assert_int_equal(many.plain[i].err, ERR_OK);
        assert_int_equal(many.appends[i].offset, i);
        if (i >= 10 && i % 10 == 0)
            assert_true(many.puts[i].version > many.puts[i - 10].version);
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%d ", i);
    }
    assert_string_equal(records_of(0), expected);
    struct looking row = row_of(things, "12");
    bool is_plain = many.plain[12].version > many.puts[12].version;
    assert_string_equal(row.value, is_plain ? "plain" : "x");
    assert_int_equal(row.version, is_plain ? many.plain[12].version : many.puts[12].version);
}

// --- crashes

static void a_start_finds_what_was_applied(void **state)
{
    (void)state;
    make_topic("events", 1);
    struct engine_transaction_append append = append_of("events", 0, NULL, "once");
    struct engine_transaction_put put = put_of(things, "t", "1", TABLE_ABSENT);
    struct engine_offset offset = offset_of("g", 4);
    struct engine_transaction_op op = {
        .appends = &append, .append_count = 1, .offsets = &offset, .offset_count = 1, .puts = &put, .put_count = 1
    };
    assert_int_equal(run(&op), ERR_OK);
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            bench_crash(&bench);
        else
            bench_stop(&bench); // without embedded_stop
        start();
        assert_string_equal(records_of(0), "once ");
        assert_int_equal(row_of(things, "t").version, put.version);
        assert_int_equal(committed("g"), 4);
    }
}

static struct slice batch_of(const char *key, const char *value)
{
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, key == NULL ? BYTES_NULL : bytes_of_text(key), bytes_of_text(value), NULL, 0, 1000);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    return batch;
}

static struct intent_part part_of(const char *topic, bytes_t batch)
{
    struct intent_part part = { .topic = bytes_of_text(topic), .id = { { 9 } }, .batch = batch };
    const struct topic *found = topic_find(bench.store, part.topic);
    if (found != NULL)
        part.id = found->id;
    return part;
}

static void write_intent(const struct writer *value)
{
    struct topic_op op = { .internal = true };
    if (topic_find(bench.store, BYTES_LITERAL(INTENTS_TOPIC)) == NULL)
        assert_int_equal(bench_create(&bench, &op, INTENTS_TOPIC, 1), ERR_OK);
    (void)bench_append_bytes(&bench, INTENTS_TOPIC, 0, writer_view(value));
}

static void write_three_parts(void)
{
    struct slice event = batch_of(NULL, "late"), row = batch_of("t", "late"), gone = batch_of(NULL, "gone");
    struct intent_part parts[] = { part_of("deleted", gone.bytes), part_of("events", event.bytes),
                                   part_of("__things", row.bytes) };
    struct writer value = WRITER_INIT;
    intent_write(&value, &(struct intent){ .producer_id = LOG_DECIDED_PRODUCER_ID + 7,
                                           .parts = parts,
                                           .part_count = ARRAY_COUNT(parts) });
    write_intent(&value);
    writer_free(&value);
    slice_free(&event);
    slice_free(&row);
    slice_free(&gone);
}

static void a_start_applies_what_was_decided_once(void **state)
{
    (void)state;
    make_topic("events", 1);
    struct engine_transaction_put put = put_of(things, "t", "early", TABLE_ABSENT);
    assert_int_equal(run(&(struct engine_transaction_op){ .puts = &put, .put_count = 1 }), ERR_OK);
    write_three_parts();
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            bench_crash(&bench);
        else
            bench_stop(&bench);
        start();
        assert_string_equal(records_of(0), "late ");
        assert_string_equal(row_of(things, "t").value, "late");
    }
    put = put_of(things, "t", "later", row_of(things, "t").version);
    assert_int_equal(run(&(struct engine_transaction_op){ .puts = &put, .put_count = 1 }), ERR_OK);
    restart();
    assert_string_equal(row_of(things, "t").value, "later");
}

static void refuses_to_start_on_a_newer_form(void **state)
{
    (void)state;
    struct writer value = WRITER_INIT;
    writer_u8(&value, 2);
    write_intent(&value);
    writer_free(&value);
    bench_stop(&bench);
    bench.on_close = NULL;
    assert_int_equal(bench_open(&bench), ERR_OK);
    assert_int_equal(embedded_open(bench.store, &engine, &bench.diag), ERR_UNSUPPORTED);
    assert_string_equal(bench.diag.where, INTENTS_TOPIC);
    bench_run(&bench);
}

static void ask_behind_stop(void *owner)
{
    embedded_stop(engine, on_stopped, &bench);
    answers_left = 2; // the stop ends the wait
    ask(owner);
}

static void nothing_begins_behind_a_stop(void **state)
{
    (void)state;
    struct engine_transaction_op op = { .err = ERR_OK };
    bench_wait(&bench, ask_behind_stop, &op);
    answers_left = 1;
    if (op.err == ERR_OK)
        bench_wait(&bench, wait_ready, NULL);
    assert_int_equal(op.err, ERR_CLOSED);
}

static void an_intent_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct slice batch = batch_of("key", "value");
    struct intent_part part = { BYTES_LITERAL("events"), { { 1, 2, 3 } }, 4, batch.bytes };
    struct intent read, written = { LOG_DECIDED_PRODUCER_ID, &part, 1 };
    struct writer value = WRITER_INIT;
    struct arena arena = ARENA_INIT;
    intent_write(&value, &written);
    assert_int_equal(intent_read(writer_view(&value), &arena, &read), ERR_OK);
    assert_int_equal(read.part_count, 1);
    assert_true(bytes_is(read.parts[0].topic, "events"));
    assert_int_equal(read.parts[0].id.bytes[2], 3);
    assert_int_equal(read.parts[0].partition, 4);
    struct slice stamped = intent_batch(&read, &read.parts[0], ((int64_t)5 << 31) + 6);
    struct batch_header header;
    assert_int_equal(batch_check(stamped.bytes, BATCH_FROM_CLIENT, &header, NULL), ERR_OK);
    assert_int_equal(header.producer_id, LOG_DECIDED_PRODUCER_ID);
    assert_int_equal(header.producer_epoch, 5);
    assert_int_equal(header.base_sequence, 6);
    slice_free(&stamped);
    for (size_t i = 0; i < value.size; i++)
        assert_int_not_equal(intent_read(bytes_of(value.buf->data, i), &arena, &read), ERR_OK);
    writer_u8(&value, 0);
    assert_int_equal(intent_read(writer_view(&value), &arena, &read), ERR_MALFORMED);
    arena_free(&arena);
    writer_free(&value);
    slice_free(&batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(all_of_it_happens),
        TEST(nothing_is_a_transaction_too),
        TEST(each_refusal_leaves_nothing),
        TEST(too_many_parts_are_refused),
        TEST(one_of_two_that_expect_the_same_wins),
        TEST(many_at_once_happen_in_order_among_plain_puts),
        TEST(a_start_finds_what_was_applied),
        TEST(a_start_applies_what_was_decided_once),
        TEST(refuses_to_start_on_a_newer_form),
        TEST(nothing_begins_behind_a_stop),
        cmocka_unit_test(an_intent_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
