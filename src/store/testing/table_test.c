// SPDX-License-Identifier: Apache-2.0
#include "store/testing/bench.h"

#include "base/batch.h"
#include "base/mem.h"
#include "base/test.h"
#include "io/file.h"
#include "store/log.h"

#include <stdio.h>
#include <stdlib.h>

static struct bench bench;
static struct table *table;

static int begin(void **state)
{
    (void)state;
    bench_begin(&bench);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bench_end(&bench);
    return 0;
}

static void start(void)
{
    assert_int_equal(bench_open(&bench), ERR_OK);
    assert_int_equal(table_open(bench.store, "__rows", &table, &bench.diag), ERR_OK);
    bench_run(&bench);
}

static void put(const char *key, const char *value)
{
    assert_int_equal(bench_put(&bench, table, key, value, TABLE_ANY, NULL), ERR_OK);
}

static void assert_value(const char *key, const char *value)
{
    char *found = bench_get(&bench, table, key);
    if (value == NULL) {
        assert_null(found);
    } else {
        assert_non_null(found);
        assert_string_equal(found, value);
    }
    free(found);
}

static char *snapshot_path(void)
{
    return mem_format("%s/__rows-0/table.snapshot", bench.folder);
}

static void versions_are_the_offset_plus_one(void **state)
{
    (void)state;
    start();
    int64_t version;
    assert_int_equal(bench_put(&bench, table, "a", "1", TABLE_ABSENT, &version), ERR_OK);
    assert_int_equal(version, 1);
    assert_int_equal(bench_put(&bench, table, "b", "1", TABLE_ANY, &version), ERR_OK);
    assert_int_equal(version, 2);
    assert_int_equal(bench_put(&bench, table, "a", "2", TABLE_ABSENT, &version), ERR_CONFLICT);
    assert_int_equal(version, 1);
    assert_int_equal(bench_put(&bench, table, "a", "2", 2, NULL), ERR_CONFLICT);
    assert_int_equal(bench_put(&bench, table, "a", "2", 1, &version), ERR_OK);
    assert_int_equal(version, 3);
    assert_int_equal(bench_put(&bench, table, "a", NULL, 1, NULL), ERR_CONFLICT);
    assert_int_equal(bench_put(&bench, table, "a", NULL, 3, NULL), ERR_OK);
    assert_int_equal(bench_put(&bench, table, "a", NULL, TABLE_ANY, NULL), ERR_NOT_FOUND);
    assert_int_equal(bench_put(&bench, table, "e", "", TABLE_ABSENT, NULL), ERR_OK);
    assert_value("a", NULL);
    assert_value("b", "1");
    assert_value("e", "");
    char *large = mem_zalloc(1, (9 << 20) + 1);
    memset(large, 'x', 9 << 20);
    assert_int_equal(bench_put(&bench, table, "large", large, TABLE_ANY, NULL), ERR_TOO_LARGE);
    free(large);
}

// What stays: b, c and the versions.
static void write_some(void)
{
    put("a", "1");
    put("b", "1");
    put("a", NULL);
    put("c", "1");
    put("b", "2");
}

static void assert_some(void)
{
    assert_value("a", NULL);
    assert_value("b", "2");
    assert_value("c", "1");
    assert_int_equal(table_count(table), 2);
    assert_int_equal(table_version(table), 5);
    int64_t version;
    assert_int_equal(bench_put(&bench, table, "b", "3", 4, &version), ERR_CONFLICT);
    assert_int_equal(version, 5);
}

static void survives_a_crash_without_a_snapshot(void **state)
{
    (void)state;
    start();
    write_some();
    bench_crash(&bench);
    char *path = snapshot_path();
    assert_false(file_exists(path));
    free(path);
    start();
    assert_some();
}

static void loads_the_snapshot_and_the_tail_behind_it(void **state)
{
    (void)state;
    start();
    write_some();
    bench_stop(&bench);
    char *path = snapshot_path();
    assert_true(file_exists(path));
    free(path);
    start();
    assert_some();
    put("d", "1");
    put("c", NULL);
    bench_crash(&bench);
    start();
    assert_value("c", NULL);
    assert_value("d", "1");
    assert_value("b", "2");
    assert_int_equal(table_version(table), 7);
}

static void a_damaged_snapshot_is_replaced_by_the_log(void **state)
{
    (void)state;
    start();
    write_some();
    char *path = snapshot_path();
    for (uint64_t at = 0; at < 80; at += 11) {
        bench_stop(&bench);
        struct file *file;
        uint8_t byte;
        size_t size;
        assert_int_equal(file_open(path, FILE_WRITE, &file), ERR_OK);
        assert_int_equal(file_read_at(file, at, &byte, 1, &size), ERR_OK);
        byte ^= 0x40;
        bytes_t part = bytes_of(&byte, 1);
        assert_int_equal(file_write_at(file, at, &part, 1), ERR_OK);
        file_close(file);
        start();
        assert_some();
    }
    free(path);
}

// --- many changes at once

enum { MANY = 3000 };
struct many {
    struct table_op op;
    struct message over;
    char key[16];
};
static struct many many[MANY];
static int many_left;

static void on_many_over(struct message *message)
{
    (void)message;
    if (--many_left == 0)
        loop_stop(bench.loops[0]);
}

static void on_many_done(struct table_op *op)
{
    struct many *one = CONTAINER_OF(op, struct many, op);
    one->over.on_message = on_many_over;
    loop_post(bench.loops[0], &one->over);
}

static void put_third(void *owner)
{
    for (int i = *(int *)owner; i < MANY; i += BENCH_LOOPS) {
        many[i].op = (struct table_op){ .table = table,
                                        .on_done = on_many_done,
                                        .key = bytes_of_text(many[i].key),
                                        .value = bytes_of_text(many[i].key),
                                        .expected_version = TABLE_ABSENT };
        table_put(&many[i].op);
    }
}

static void of_many_who_expect_the_same_one_wins(void **state)
{
    (void)state;
    start();
    many_left = MANY + 1; // one for the calls themselves
    for (int i = 0; i < MANY; i++)
        snprintf(many[i].key, sizeof many[i].key, "key%d", i % 100);
    for (int i = 0; i < BENCH_LOOPS; i++)
        bench_call(&bench, bench.loops[i], put_third, &i);
    if (--many_left > 0)
        loop_run(bench.loops[0]);
    int won = 0;
    for (int i = 0; i < MANY; i++) {
        assert_true(many[i].op.err == ERR_OK || many[i].op.err == ERR_CONFLICT);
        won += many[i].op.err == ERR_OK;
    }
    assert_int_equal(won, 100);
    assert_int_equal(table_count(table), 100);
}

// --- waiting

enum { ASKED = 2 };
static struct table_op asked[ASKED];
static struct table_op sync_first, sync_last;
static char synced[64]; // what each saw
static struct message sync_over;

static void on_sync_over(struct message *message)
{
    (void)message;
    loop_stop(bench.loops[0]);
}

static void on_asked(struct table_op *op)
{
    (void)op;
}

static void on_synced(struct table_op *op)
{
    struct table_row row;
    size_t size = strlen(synced);
    for (int i = 0; i < ASKED; i++) {
        bool is_there = table_get(table, asked[i].key, &row) == ERR_OK;
        snprintf(synced + size, sizeof synced - size, "%c", is_there ? (char)row.value.data[0] : '-');
        size++;
    }
    snprintf(synced + size, sizeof synced - size, " ");
    sync_over.on_message = on_sync_over;
    if (op == &sync_last)
        loop_post(bench.loops[0], &sync_over);
}

// Two puts and one that is refused, each of the two who wait behind what they see.
static void ask(void *owner)
{
    static struct table_op refused;
    (void)owner;
    synced[0] = '\0';
    refused = (struct table_op){
        .table = table, .on_done = on_asked, .key = BYTES_LITERAL("nothing"), .expected_version = TABLE_ANY
    };
    for (int i = 0; i < ASKED; i++) {
        asked[i] = (struct table_op){ .table = table,
                                      .on_done = on_asked,
                                      .key = i == 0 ? BYTES_LITERAL("a") : BYTES_LITERAL("b"),
                                      .value = i == 0 ? BYTES_LITERAL("1") : BYTES_LITERAL("2"),
                                      .expected_version = TABLE_ANY };
    }
    sync_first = sync_last = (struct table_op){ .table = table, .on_done = on_synced };
    table_put(&asked[0]);
    table_put(&refused);
    table_sync(&sync_first);
    table_put(&asked[1]);
    table_sync(&sync_last);
}

static void wait_alone(void *owner)
{
    (void)owner;
    table_sync(&sync_last);
}

static void who_waits_sees_what_was_asked_for_before(void **state)
{
    (void)state;
    start();
    bench_call(&bench, table_loop(table), ask, NULL);
    loop_run(bench.loops[0]);
    assert_string_equal(synced + strlen(synced) - 3, "12 ");
    assert_int_equal(synced[0], '1');
    assert_int_equal(sync_last.err, ERR_OK);
    synced[0] = '\0';
    sync_last = (struct table_op){ .table = table, .on_done = on_synced };
    bench_call(&bench, table_loop(table), wait_alone, NULL); // nothing is under way
    loop_run(bench.loops[0]);
    assert_string_equal(synced, "12 ");
}

// A change that was decided elsewhere, behind one that is refused and somebody who waits.
static struct table_group decided;
static struct message late;

static void on_decided(struct table_group *group)
{
    assert_int_equal(group->err, ERR_OK);
    sync_over.on_message = on_sync_over;
    loop_post(bench.loops[0], &sync_over);
}

static struct slice decided_batch(void)
{
    struct batch_options options = { CODEC_NONE, 0, LOG_DECIDED_PRODUCER_ID, 0, 1 };
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, options);
    batch_builder_add(&builder, BYTES_LITERAL("decided"), BYTES_LITERAL("1"), NULL, 0, 1);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    return batch;
}

static void on_late(struct message *message)
{
    static struct table_op refused;
    (void)message;
    refused = (struct table_op){
        .table = table, .on_done = on_asked, .key = BYTES_LITERAL("nothing"), .expected_version = TABLE_ANY
    };
    sync_first = (struct table_op){ .table = table, .on_done = on_asked };
    decided = (struct table_group){ .table = table, .on_done = on_decided, .batch = decided_batch() };
    table_put(&refused);
    table_sync(&sync_first);
    table_group_apply(&decided);
}

static void put_and_be_late(void *owner)
{
    (void)owner;
    asked[0] = (struct table_op){ .table = table,
                                  .on_done = on_asked,
                                  .key = BYTES_LITERAL("a"),
                                  .value = BYTES_LITERAL("1"),
                                  .expected_version = TABLE_ANY };
    table_put(&asked[0]);
    late.on_message = on_late;
    loop_post(table_loop(table), &late); // while that is being written
}

static void what_was_decided_is_not_forgotten_behind_what_changes_nothing(void **state)
{
    (void)state;
    start();
    put("b", "1"); // the topic is there
    bench_call(&bench, table_loop(table), put_and_be_late, NULL);
    loop_run(bench.loops[0]);
    assert_value("decided", "1");
}

// --- watching

struct seen {
    struct table_watch watch;
    int64_t last;
    int changes, deletes, replaces;
};

static void on_change(struct table_watch *watch, const struct table_row *row, const struct table_row *old)
{
    struct seen *seen = CONTAINER_OF(watch, struct seen, watch);
    assert_true(row->version > seen->last);
    if (old != NULL) {
        assert_true(bytes_equal(old->key, row->key));
        assert_true(old->version < row->version);
        assert_non_null(old->value.data);
        seen->replaces++;
    }
    seen->last = row->version;
    seen->changes++;
    seen->deletes += row->value.data == NULL;
}

static void watch_start(void *owner)
{
    struct seen *seen = owner;
    table_watch(table, &seen->watch);
}

static void watch_stop(void *owner)
{
    struct seen *seen = owner;
    table_unwatch(&seen->watch);
}

static void a_watch_sees_every_durable_change_in_order(void **state)
{
    (void)state;
    start();
    struct seen seen = { .watch.on_change = on_change };
    bench_call(&bench, table_loop(table), watch_start, &seen);
    write_some();
    bench_call(&bench, table_loop(table), watch_stop, &seen);
    put("unseen", "1");
    assert_int_equal(seen.changes, 5);
    assert_int_equal(seen.deletes, 1);
    assert_int_equal(seen.replaces, 2);
    assert_int_equal(seen.last, 5);
}

static void saves_itself_after_some_megabytes(void **state)
{
    (void)state;
    start();
    char *value = mem_zalloc(1, (1 << 20) + 1), *path = snapshot_path();
    memset(value, 'v', 1 << 20);
    for (int i = 0; i < 12; i++)
        put(i % 2 == 0 ? "even" : "odd", value);
    for (int i = 0; i < 10000 && !file_exists(path); i++)
        put("small", "1"); // the job may still be running
    put("small", "2");
    assert_true(file_exists(path));
    bench_crash(&bench);
    start();
    assert_value("odd", value);
    assert_value("small", "2");
    free(path);
    free(value);
}

static void walks_keys_in_order(void **state)
{
    (void)state;
    start();
    put("b/2", "");
    put("a/1", "");
    put("b/1", "");
    put("c/1", "");
    struct table_row row;
    char text[64] = "";
    for (bool found = table_seek(table, BYTES_LITERAL("b/"), false, &row);
         found && row.key.size > 1 && row.key.data[0] == 'b'; found = table_seek(table, row.key, true, &row))
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ", BYTES_ARG(row.key));
    assert_string_equal(text, "b/1 b/2 ");
}

static void refuses_a_topic_with_two_partitions(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "two", 2), ERR_OK);
    bench_stop(&bench);
    assert_int_equal(bench_open(&bench), ERR_OK);
    assert_int_equal(table_open(bench.store, "two", &table, &bench.diag), ERR_INVALID);
    bench_run(&bench);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(versions_are_the_offset_plus_one),
        TEST(survives_a_crash_without_a_snapshot),
        TEST(loads_the_snapshot_and_the_tail_behind_it),
        TEST(a_damaged_snapshot_is_replaced_by_the_log),
        TEST(of_many_who_expect_the_same_one_wins),
        TEST(a_watch_sees_every_durable_change_in_order),
        TEST(saves_itself_after_some_megabytes),
        TEST(walks_keys_in_order),
        TEST(refuses_a_topic_with_two_partitions),
        TEST(who_waits_sees_what_was_asked_for_before),
        TEST(what_was_decided_is_not_forgotten_behind_what_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
