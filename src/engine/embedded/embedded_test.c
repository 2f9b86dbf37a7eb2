// SPDX-License-Identifier: Apache-2.0
#include "engine/embedded/embedded.h"

#include "base/mem.h"
#include "base/test.h"
#include "store/testing/bench.h"

#include <stdio.h>
#include <stdlib.h>

static struct bench bench;
static struct engine *engine;
static struct engine_table *table;

static void start(void)
{
    assert_int_equal(bench_open(&bench), ERR_OK);
    assert_int_equal(embedded_open(bench.store, &engine, &bench.diag), ERR_OK);
    assert_int_equal(engine->driver->table_open(engine, "__things", &table, &bench.diag), ERR_OK);
    bench_run(&bench);
}

static void stop(void)
{
    bench_stop(&bench);
    embedded_free(engine);
    engine = NULL;
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
    stop();
    bench_end(&bench);
    return 0;
}

static int answers_left;

static void answered(void)
{
    if (--answers_left == 0)
        bench_go(&bench);
}

// Runs FN until COUNT answers came.
static void wait_for(int count, void (*fn)(void *owner), void *owner)
{
    answers_left = count;
    bench_wait(&bench, fn, owner);
}

// --- topics

// What is found is valid during on_topic only, so it is written down.
static char found_text[400];
static int32_t found_count;

static void on_topic(struct engine_topic_op *op)
{
    const struct engine_topic *found = &op->found;
    found_count = found->partition_count;
    int size = snprintf(found_text, sizeof found_text, "%d", (int)found->partition_count);
    for (size_t i = 0; i < found->config_count; i++)
        size += snprintf(found_text + size, sizeof found_text - (size_t)size, " %.*s=%.*s",
                         BYTES_ARG(found->config_names[i]), BYTES_ARG(found->config_values[i]));
    answered();
}

static void ensure(void *owner)
{
    engine->driver->topic_ensure(engine, owner);
}

static int32_t ensure_topic(const char *name, int32_t partition_count)
{
    struct engine_topic_op op = { .on_done = on_topic,
                                  .name = bytes_of_text(name),
                                  .partition_count = partition_count };
    wait_for(1, ensure, &op);
    assert_int_equal(op.err, ERR_OK);
    return found_count;
}

static void remove_topic(void *owner)
{
    engine->driver->topic_delete(engine, owner);
}

static err_t delete_topic(const char *name)
{
    struct engine_topic_op op = { .on_done = on_topic, .name = bytes_of_text(name) };
    wait_for(1, remove_topic, &op);
    return op.err;
}

static void a_topic_that_is_there_keeps_its_partitions(void **state)
{
    (void)state;
    assert_int_equal(ensure_topic("events", 3), 3);
    assert_int_equal(ensure_topic("events", 5), 3);
    assert_int_equal(delete_topic("events"), ERR_OK);
    assert_int_equal(delete_topic("events"), ERR_NOT_FOUND);
}

static void describe(void *owner)
{
    engine->driver->topic_describe(engine, owner);
}

static void alter(void *owner)
{
    engine->driver->topic_alter(engine, owner);
}

static err_t alter_topic(struct engine_topic_op *op, const char *name, int32_t partition_count, size_t config_count)
{
    const bytes_t names[] = { BYTES_LITERAL("retention.ms"), BYTES_LITERAL("cleanup.policy") };
    const bytes_t values[] = { BYTES_LITERAL("1000"), BYTES_LITERAL("compact") };
    *op = (struct engine_topic_op){ .on_done = on_topic,
                                    .name = bytes_of_text(name),
                                    .partition_count = partition_count,
                                    .config_names = names,
                                    .config_values = values,
                                    .config_count = config_count };
    wait_for(1, alter, op);
    return op->err;
}

static void a_topic_is_described_as_it_was_altered(void **state)
{
    (void)state;
    struct engine_topic_op op;
    assert_int_equal(ensure_topic("events", 3), 3);
    assert_int_equal(alter_topic(&op, "events", 5, 2), ERR_OK);
    assert_string_equal(found_text, "5 retention.ms=1000 cleanup.policy=compact");
    uint8_t id[ENGINE_TOPIC_ID_SIZE];
    memcpy(id, op.found.id, sizeof id);
    op = (struct engine_topic_op){ .on_done = on_topic, .name = BYTES_LITERAL("events") };
    wait_for(1, describe, &op);
    assert_int_equal(op.err, ERR_OK);
    assert_string_equal(found_text, "5 retention.ms=1000 cleanup.policy=compact");
    assert_memory_equal(op.found.id, id, sizeof id);
    assert_false(op.found.is_internal);
}

static void a_configuration_goes_back_to_its_default(void **state)
{
    (void)state;
    const bytes_t names[] = { BYTES_LITERAL("retention.ms") }, values[] = { BYTES_NULL };
    struct engine_topic_op op;
    assert_int_equal(ensure_topic("events", 1), 1);
    assert_int_equal(alter_topic(&op, "events", 0, 2), ERR_OK);
    op = (struct engine_topic_op){ .on_done = on_topic,
                                   .name = BYTES_LITERAL("events"),
                                   .config_names = names,
                                   .config_values = values,
                                   .config_count = 1 };
    wait_for(1, alter, &op);
    assert_int_equal(op.err, ERR_OK);
    assert_string_equal(found_text, "1 cleanup.policy=compact");
}

static void what_cannot_be_altered_is_said(void **state)
{
    (void)state;
    const bytes_t names[] = { BYTES_LITERAL("retention.ms") }, values[] = { BYTES_LITERAL("soon") };
    struct engine_topic_op op;
    assert_int_equal(alter_topic(&op, "events", 2, 0), ERR_NOT_FOUND);
    assert_int_equal(alter_topic(&op, "events", 0, 0), ERR_NOT_FOUND);
    assert_string_equal(op.diag.text, "The topic 'events' does not exist.");
    assert_int_equal(ensure_topic("events", 3), 3);
    assert_int_equal(alter_topic(&op, "events", 2, 0), ERR_INVALID);
    op = (struct engine_topic_op){ .on_done = on_topic,
                                   .name = BYTES_LITERAL("events"),
                                   .partition_count = 9,
                                   .config_names = names,
                                   .config_values = values,
                                   .config_count = 1 };
    wait_for(1, alter, &op);
    assert_int_equal(op.err, ERR_INVALID);
    assert_non_null(strstr(op.diag.text, "soon"));
    assert_int_equal(alter_topic(&op, "events", 0, 0), ERR_OK);
    assert_string_equal(found_text, "3");
}

// --- appending

enum { APPENDS = 1000 };
static struct engine_append_op appends[APPENDS];
static int appends_left;

static void on_appended(struct engine_append_op *op)
{
    (void)op;
    if (--appends_left == 0)
        answered();
}

struct appending {
    const char *topic;
    int32_t partition;
    int count;
    const char *key;
};

// All in one turn; the value is the number.
static void append(void *owner)
{
    const struct appending *a = owner;
    appends_left = a->count;
    for (int i = 0; i < a->count; i++) {
        char value[16];
        snprintf(value, sizeof value, "%d", i);
        struct record_header headers[] = { { BYTES_LITERAL("ce_id"), bytes_of_text(value) } };
        struct engine_record record = { .timestamp_ms = -1,
                                        .key = a->key == NULL ? BYTES_NULL : bytes_of_text(a->key),
                                        .value = bytes_of_text(value),
                                        .headers = headers,
                                        .header_count = 1 };
        appends[i] = (struct engine_append_op){ .on_done = on_appended };
        engine->driver->append(engine, bytes_of_text(a->topic), a->partition, &record, &appends[i]);
        assert_int_equal(appends_left, a->count);
    }
}

static void append_some(const char *topic, int32_t partition, int count, const char *key)
{
    struct appending a = { topic, partition, count, key };
    wait_for(1, append, &a);
}

// --- reading

struct reading {
    struct engine_reader *reader;
    const char *topic;
    int64_t offset;
    int wanted; // records
    int got;
    int pieces;
    err_t err;
    int64_t next_offset;
    bool close;
};

static void on_records(void *owner, err_t err, struct engine_records *records)
{
    struct reading *reading = owner;
    reading->pieces++;
    reading->err = err;
    reading->next_offset = records == NULL ? -1 : records->next_offset;
    for (size_t i = 0; err == ERR_OK && i < records->count; i++) {
        const struct engine_record *record = &records->items[i];
        int64_t number;
        assert_true(bytes_to_int64(record->value, &number));
        assert_int_equal(record->offset, number);
        assert_true(record->timestamp_ms > 0);
        assert_int_equal(record->header_count, 1);
        assert_true(bytes_is(record->headers[0].key, "ce_id"));
        assert_true(bytes_equal(record->headers[0].value, record->value));
        reading->got++;
    }
    bool over = err != ERR_OK || reading->got >= reading->wanted;
    if (over && (reading->close || err != ERR_OK))
        engine->driver->reader_close(reading->reader);
    else if (!over)
        engine->driver->reader_next(reading->reader);
    if (over)
        answered();
}

static void read_start(void *owner)
{
    struct reading *reading = owner;
    reading->reader = engine->driver->reader_open(engine, bytes_of_text(reading->topic), 0, reading->offset, 4096,
                                                  on_records, reading);
    engine->driver->reader_next(reading->reader);
}

static void read_some(struct reading *reading)
{
    reading->close = true;
    wait_for(1, read_start, reading);
}

static void reads_what_was_appended_in_one_turn(void **state)
{
    (void)state;
    assert_int_equal(ensure_topic("events", 1), 1);
    append_some("events", 0, APPENDS, NULL);
    for (int i = 0; i < APPENDS; i++) {
        assert_int_equal(appends[i].err, ERR_OK);
        assert_int_equal(appends[i].offset, i);
        assert_int_equal(appends[i].partition, 0);
    }
    struct reading all = { .topic = "events", .offset = ENGINE_EARLIEST, .wanted = APPENDS };
    read_some(&all);
    assert_int_equal(all.got, APPENDS);
    assert_true(all.pieces > 1); // the limit is smaller than all
    assert_int_equal(all.next_offset, APPENDS);
    struct reading rest = { .topic = "events", .offset = 777, .wanted = APPENDS - 777 };
    read_some(&rest);
    assert_int_equal(rest.got, APPENDS - 777);
    // After a restart the bytes come from the disk.
    stop();
    start();
    struct reading again = { .topic = "events", .offset = 5, .wanted = APPENDS - 5 };
    read_some(&again);
    assert_int_equal(again.got, APPENDS - 5);
}

static void on_found(struct engine_find_op *op)
{
    (void)op;
    answered();
}

static void find(void *owner)
{
    struct engine_find_op *op = owner;
    op->on_done = on_found;
    engine->driver->offset_find(engine, op);
}

static int64_t find_time_ms;

static err_t found_at(const char *topic, int32_t partition, int64_t which, int64_t *ret_offset)
{
    struct engine_find_op op = {
        .topic = bytes_of_text(topic), .partition = partition, .offset = which, .timestamp_ms = find_time_ms
    };
    wait_for(1, find, &op);
    *ret_offset = op.offset;
    return op.err;
}

static void finds_where_a_partition_begins_and_ends(void **state)
{
    int64_t offset;
    (void)state;
    assert_int_equal(ensure_topic("events", 1), 1);
    assert_int_equal(found_at("events", 0, ENGINE_LATEST, &offset), ERR_OK);
    assert_int_equal(offset, 0);
    append_some("events", 0, APPENDS, NULL);
    assert_int_equal(found_at("events", 0, ENGINE_LATEST, &offset), ERR_OK);
    assert_int_equal(offset, APPENDS);
    assert_int_equal(found_at("events", 0, ENGINE_EARLIEST, &offset), ERR_OK);
    assert_int_equal(offset, 0);
    find_time_ms = 0;
    assert_int_equal(found_at("events", 0, ENGINE_AT_TIME, &offset), ERR_OK);
    assert_int_equal(offset, 0);
    find_time_ms = INT64_MAX / 2; // behind all of them
    assert_int_equal(found_at("events", 0, ENGINE_AT_TIME, &offset), ERR_OK);
    assert_int_equal(offset, APPENDS);
    assert_int_equal(found_at("events", 1, ENGINE_LATEST, &offset), ERR_NOT_FOUND);
    assert_int_equal(found_at("absent", 0, ENGINE_LATEST, &offset), ERR_NOT_FOUND);
}

static void read_and_append(void *owner)
{
    read_start(owner);
    static struct appending a = { "events", 0, 1, NULL };
    append(&a);
}

static void a_reader_at_the_end_waits_for_the_next_record(void **state)
{
    (void)state;
    assert_int_equal(ensure_topic("events", 1), 1);
    struct reading reading = { .topic = "events", .offset = 0, .wanted = 1, .close = true };
    wait_for(2, read_and_append, &reading);
    assert_int_equal(reading.got, 1);
}

static void close_reader(void *owner)
{
    struct reading *reading = owner;
    engine->driver->reader_close(reading->reader);
}

static void open_only(void *owner)
{
    read_start(owner);
    answered();
}

static void no_callback_comes_after_close(void **state)
{
    (void)state;
    assert_int_equal(ensure_topic("events", 1), 1);
    struct reading waiting = { .topic = "events", .offset = 0, .wanted = 1 };
    wait_for(1, open_only, &waiting);
    bench_call(&bench, bench.loops[0], close_reader, &waiting);
    append_some("events", 0, 1, NULL);
    struct reading after = { .topic = "events", .offset = 0, .wanted = 1 };
    read_some(&after);
    assert_int_equal(after.got, 1);
    assert_int_equal(waiting.pieces, 0);
}

static void a_reader_learns_why_it_ended(void **state)
{
    (void)state;
    struct reading absent = { .topic = "absent", .offset = 0, .wanted = 1 };
    read_some(&absent);
    assert_int_equal(absent.err, ERR_NOT_FOUND);
    assert_int_equal(ensure_topic("events", 1), 1);
    append_some("events", 0, 3, NULL);
    struct reading beyond = { .topic = "events", .offset = 9, .wanted = 1 };
    read_some(&beyond);
    assert_int_equal(beyond.err, ERR_OUT_OF_RANGE);
    assert_int_equal(beyond.next_offset, 3);
    struct reading waiting = { .topic = "events", .offset = 3, .wanted = 1 };
    wait_for(1, open_only, &waiting);
    struct engine_topic_op op = { .on_done = on_topic, .name = BYTES_LITERAL("events") };
    wait_for(2, remove_topic, &op);
    assert_int_equal(waiting.err, ERR_CLOSED);
}

static void a_record_that_the_topic_refuses_is_refused_alone(void **state)
{
    (void)state;
    append_some("absent", 0, 1, NULL);
    assert_int_equal(appends[0].err, ERR_NOT_FOUND);
    struct topic_op op = { .internal = false };
    assert_int_equal(ensure_topic("events", 2), 2);
    append_some("events", 2, 1, NULL);
    assert_int_equal(appends[0].err, ERR_NOT_FOUND);
    assert_int_equal(bench_configure(&bench, &op, "events", "cleanup.policy", "compact"), ERR_OK);
    append_some("events", 0, 1, NULL);
    assert_int_equal(appends[0].err, ERR_INVALID);
    append_some("events", ENGINE_ANY_PARTITION, 2, "key");
    assert_int_equal(appends[0].err, ERR_OK);
    assert_int_equal(appends[1].partition, appends[0].partition);
    assert_int_equal(appends[1].offset, 1);
    assert_int_equal(bench_configure(&bench, &op, "events", "max.message.bytes", "150"), ERR_OK);
    append_some("events", 0, 1, "a key that is so long that the record is larger than the topic allows");
    assert_int_equal(appends[0].err, ERR_TOO_LARGE);
}

// --- offsets

static void on_committed(struct engine_commit_op *op)
{
    (void)op;
    answered();
}

static void commit(void *owner)
{
    engine->driver->offsets_commit(engine, owner);
}

static err_t commit_offsets(const struct engine_offset *items, size_t count)
{
    struct engine_commit_op op = { .on_done = on_committed, .items = items, .count = count };
    wait_for(1, commit, &op);
    return op.err;
}

static char fetched[256];

static void on_fetched(struct engine_fetch_op *op)
{
    fetched[0] = '\0';
    for (size_t i = 0; i < op->count; i++) {
        const struct engine_offset *item = &op->items[i];
        assert_true(bytes_equal(item->group, op->group));
        assert_true(item->commit_time_ms > 0);
        snprintf(fetched + strlen(fetched), sizeof fetched - strlen(fetched), "%.*s/%d=%d(%.*s) ",
                 BYTES_ARG(item->topic), (int)item->partition, (int)item->offset, BYTES_ARG(item->metadata));
    }
    answered();
}

static void fetch(void *owner)
{
    engine->driver->offsets_fetch(engine, owner);
}

static const char *fetch_offsets(const char *group)
{
    struct engine_fetch_op op = { .on_done = on_fetched, .group = bytes_of_text(group) };
    wait_for(1, fetch, &op);
    assert_int_equal(op.err, ERR_OK);
    return fetched;
}

static void commits_offsets_of_many_groups_at_once(void **state)
{
    (void)state;
    struct engine_offset items[] = {
        { .group = BYTES_LITERAL("g"), .topic = BYTES_LITERAL("t"), .partition = 1, .offset = 7 },
        { .group = BYTES_LITERAL("g"), .topic = BYTES_LITERAL("t"), .partition = 0, .offset = 5 },
        { .group = BYTES_LITERAL("h"),
          .topic = BYTES_LITERAL("t"),
          .partition = 0,
          .offset = 9,
          .metadata = BYTES_LITERAL("note") },
        { .group = BYTES_LITERAL("g"), .topic = BYTES_LITERAL("u"), .partition = 0, .offset = 1 },
        { .group = BYTES_LITERAL("gg"), .topic = BYTES_LITERAL("t"), .partition = 0, .offset = 2 },
    };
    assert_int_equal(commit_offsets(items, ARRAY_COUNT(items)), ERR_OK);
    for (int round = 0; round < 2; round++) {
        assert_string_equal(fetch_offsets("g"), "t/0=5() t/1=7() u/0=1() ");
        assert_string_equal(fetch_offsets("h"), "t/0=9(note) ");
        assert_string_equal(fetch_offsets("nobody"), "");
        stop();
        start();
    }
    items[0].offset = -1;
    items[1].offset = 6;
    items[3].offset = -1;
    assert_int_equal(commit_offsets(items, 4), ERR_OK);
    assert_string_equal(fetch_offsets("g"), "t/0=6() ");
    assert_int_equal(commit_offsets(items, 1), ERR_OK); // forgotten twice
    assert_int_equal(commit_offsets(items, 0), ERR_OK);
    items[0].partition = -1;
    assert_int_equal(commit_offsets(items, 1), ERR_INVALID);
}

// Not awaited: the fetch comes right behind it.
static struct engine_commit_op unawaited;

static void on_unawaited(struct engine_commit_op *op)
{
    assert_int_equal(op->err, ERR_OK);
}

static void commit_and_fetch(void *owner)
{
    engine->driver->offsets_commit(engine, &unawaited);
    engine->driver->offsets_fetch(engine, owner);
}

static void a_fetch_sees_what_was_committed_before_it(void **state)
{
    (void)state;
    for (int64_t offset = 1; offset < 20; offset++) {
        const struct engine_offset item = {
            .group = BYTES_LITERAL("g"), .topic = BYTES_LITERAL("t"), .offset = offset, .metadata = BYTES_LITERAL("m")
        };
        struct engine_fetch_op op = { .on_done = on_fetched, .group = BYTES_LITERAL("g") };
        char wanted[32];
        unawaited = (struct engine_commit_op){ .on_done = on_unawaited, .items = &item, .count = 1 };
        wait_for(1, commit_and_fetch, &op);
        snprintf(wanted, sizeof wanted, "t/0=%d(m) ", (int)offset);
        assert_string_equal(fetched, wanted);
    }
}

static void a_deleted_topic_takes_its_offsets_with_it(void **state)
{
    (void)state;
    const struct engine_offset items[] = {
        { .group = BYTES_LITERAL("a"), .topic = BYTES_LITERAL("gone"), .partition = 0, .offset = 7 },
        { .group = BYTES_LITERAL("a"), .topic = BYTES_LITERAL("stays"), .partition = 0, .offset = 8 },
        { .group = BYTES_LITERAL("b"), .topic = BYTES_LITERAL("gone"), .partition = 1, .offset = 9 },
    };
    (void)ensure_topic("gone", 2);
    assert_int_equal(commit_offsets(items, ARRAY_COUNT(items)), ERR_OK);
    assert_int_equal(delete_topic("gone"), ERR_OK);
    assert_string_equal(fetch_offsets("a"), "stays/0=8() ");
    assert_string_equal(fetch_offsets("b"), "");
}

// --- tables

static void on_put(struct engine_put_op *op)
{
    (void)op;
    answered();
}

static void put(void *owner)
{
    struct engine_put_op *op = owner;
    op->on_done = on_put;
    op->table = table;
    engine->driver->table_put(op);
}

static void get(void *owner)
{
    struct table_row row;
    assert_int_equal(engine->driver->table_get(table, BYTES_LITERAL("a"), &row), ERR_OK);
    assert_true(bytes_is(row.value, "2"));
    assert_true(engine->driver->table_seek(table, BYTES_NULL, true, &row));
    assert_true(bytes_is(row.key, "a"));
    *(int64_t *)owner = row.version;
}

static void a_table_row_is_put_with_the_version_it_expects(void **state)
{
    (void)state;
    struct engine_put_op first = { .key = BYTES_LITERAL("a"), .value = BYTES_LITERAL("1") };
    wait_for(1, put, &first);
    assert_int_equal(first.err, ERR_OK);
    struct engine_put_op again = { .key = BYTES_LITERAL("a"), .value = BYTES_LITERAL("1") };
    wait_for(1, put, &again);
    assert_int_equal(again.err, ERR_CONFLICT);
    assert_int_equal(again.version, first.version);
    again.value = BYTES_LITERAL("2");
    again.expected_version = first.version;
    wait_for(1, put, &again);
    assert_int_equal(again.err, ERR_OK);
    int64_t version = 0;
    bench_call(&bench, engine->driver->table_loop(table), get, &version);
    assert_int_equal(version, again.version);
    assert_true(version > first.version);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_topic_that_is_there_keeps_its_partitions),
        TEST(a_topic_is_described_as_it_was_altered),
        TEST(a_configuration_goes_back_to_its_default),
        TEST(what_cannot_be_altered_is_said),
        TEST(finds_where_a_partition_begins_and_ends),
        TEST(reads_what_was_appended_in_one_turn),
        TEST(a_reader_at_the_end_waits_for_the_next_record),
        TEST(no_callback_comes_after_close),
        TEST(a_reader_learns_why_it_ended),
        TEST(a_record_that_the_topic_refuses_is_refused_alone),
        TEST(commits_offsets_of_many_groups_at_once),
        TEST(a_fetch_sees_what_was_committed_before_it),
        TEST(a_deleted_topic_takes_its_offsets_with_it),
        TEST(a_table_row_is_put_with_the_version_it_expects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
