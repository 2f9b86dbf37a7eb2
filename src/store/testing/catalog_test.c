// SPDX-License-Identifier: Apache-2.0
#include "store/testing/bench.h"

#include "base/mem.h"
#include "base/test.h"
#include "base/topic_name.h"
#include "io/file.h"
#include "store/partition.h"
#include "store/topic_impl.h"

#include <stdio.h>
#include <stdlib.h>

static struct bench bench;

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

static const struct topic *find(const char *name)
{
    return topic_find(bench.store, bytes_of_text(name));
}

static bool folder_exists(const char *name)
{
    char *path = mem_format("%s/%s", bench.folder, name);
    bool exists = file_exists(path);
    free(path);
    return exists;
}

static void creates_topics_that_survive_a_restart(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "orders", 3), ERR_OK);
    assert_int_equal(bench_append(&bench, "orders", 2, "one"), 0);
    struct topic_id id = find("orders")->id;
    assert_true(folder_exists("orders-2"));
    for (int round = 0; round < 2; round++) {
        round == 0 ? bench_stop(&bench) : bench_crash(&bench);
        bench_start(&bench);
        assert_non_null(find("orders"));
        assert_int_equal(find("orders")->partition_count, 3);
        assert_memory_equal(find("orders")->id.bytes, id.bytes, TOPIC_ID_SIZE);
        assert_ptr_equal(topic_find_id(bench.store, &id), find("orders"));
        assert_int_equal(bench_append(&bench, "orders", 2, "next"), round + 1);
    }
}

static void refuses_names_with_kafkas_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "", "Topic name is invalid: the empty string is not allowed" },
        { ".", "Topic name is invalid: '.' is not allowed" },
        { "..", "Topic name is invalid: '..' is not allowed" },
        { "a b",
          "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' "
          "and '-'" },
    };
    diag_t diag;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_int_equal(topic_name_check(bytes_of_text(cases[i].name), &diag), ERR_INVALID);
        assert_string_equal(diag.text, cases[i].text);
    }
    char name[TOPIC_NAME_MAX + 1];
    memset(name, 'x', sizeof name);
    assert_int_equal(topic_name_check(bytes_of(name, TOPIC_NAME_MAX), &diag), ERR_OK);
    assert_int_equal(topic_name_check(bytes_of(name, TOPIC_NAME_MAX + 1), &diag), ERR_INVALID);
    assert_non_null(strstr(diag.text, "is longer than the max allowed length 249"));
}

static void refuses_what_kafka_refuses(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "a.b", 1), ERR_OK);
    assert_int_equal(bench_create(&bench, &op, "a.b", 1), ERR_EXISTS);
    assert_string_equal(op.diag.text, "Topic 'a.b' already exists.");
    assert_int_equal(bench_create(&bench, &op, "a_b", 1), ERR_CONFLICT);
    assert_string_equal(op.diag.text, "Topic 'a_b' collides with existing topic: a.b");
    op.validate_only = true;
    assert_int_equal(bench_create(&bench, &op, "a_b", 1), ERR_CONFLICT);
    assert_int_equal(bench_create(&bench, &op, "c", 1), ERR_OK);
    op.validate_only = false;
    assert_int_equal(bench_create(&bench, &op, "none", 0), ERR_INVALID);
    assert_int_equal(bench_create(&bench, &op, "many", 100001), ERR_LIMIT);
    assert_int_equal(bench_grow(&bench, &op, "a.b", 1), ERR_INVALID);
    assert_string_equal(op.diag.text, "The topic a.b currently has 1 partition(s); 1 would not be an increase.");
    assert_int_equal(bench_grow(&bench, &op, "gone", 2), ERR_NOT_FOUND);
    assert_int_equal(bench_delete(&bench, &op, "gone"), ERR_NOT_FOUND);
    assert_int_equal(bench_delete(&bench, &op, "__eddy_topics"), ERR_INVALID);
    assert_int_equal(bench_configure(&bench, &op, "a.b", "no.such", "1"), ERR_INVALID);
    assert_int_equal(bench_configure(&bench, &op, "a.b", "retention.ms", "-2"), ERR_INVALID);
    assert_int_equal(topic_count(bench.store), 2);
    assert_false(folder_exists("none-0") || folder_exists("c-0"));
}

static void grows_and_configures(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "t", 1), ERR_OK);
    bench_append(&bench, "t", 0, "kept");
    assert_int_equal(bench_grow(&bench, &op, "t", 4), ERR_OK);
    assert_int_equal(find("t")->partition_count, 4);
    assert_int_equal(bench_append(&bench, "t", 0, "next"), 1);
    assert_int_equal(bench_append(&bench, "t", 3, "first"), 0);
    assert_int_equal(bench_configure(&bench, &op, "t", "max.message.bytes", "200"), ERR_OK);
    op = (struct topic_op){ 0 };
    assert_int_equal(bench_grow(&bench, &op, "t", 5), ERR_OK);
    bench_stop(&bench);
    bench_start(&bench);
    const struct topic *topic = find("t");
    assert_int_equal(topic->partition_count, 5);
    assert_int_equal(topic->config.max_message_size, 200);
    assert_int_equal(topic->set_count, 1);
    assert_true(bytes_is(topic->set_names[0], "max.message.bytes"));
    assert_true(bytes_is(topic->set_values[0], "200"));
    for (int32_t i = 0; i < 5; i++)
        assert_int_equal(partition_config(topic->partitions[i])->max_message_size, 200);
    assert_int_equal(bench_append(&bench, "t", 3, "second"), 1);
}

static void count_folders(void *owner)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count, *folders = owner;
    assert_int_equal(dir_list(bench.folder, &arena, &entries, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        *folders += entries[i].is_dir;
    arena_free(&arena);
}

// Deleted folders go in the background.
static void wait_for_folders(size_t wanted)
{
    size_t count = wanted + 1;
    for (int i = 0; count != wanted && i < 1000000; i++) {
        count = 0;
        bench_call(&bench, bench.loops[0], count_folders, &count);
    }
    assert_int_equal(count, wanted);
}

static void deleted_topics_leave_nothing_behind(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    for (int round = 0; round < 3; round++) {
        assert_int_equal(bench_create(&bench, &op, "t", 2), ERR_OK);
        assert_int_equal(bench_append(&bench, "t", 1, "value"), 0);
        assert_int_equal(bench_delete(&bench, &op, "t"), ERR_OK);
        assert_null(find("t"));
        assert_false(folder_exists("t-0"));
        wait_for_folders(1);
        if (round == 0)
            bench_crash(&bench);
        else
            bench_stop(&bench);
        bench_start(&bench);
        assert_null(find("t"));
        assert_int_equal(topic_count(bench.store), 1);
    }
}

struct look {
    bool found;
    int32_t partition_count;
};

static void look(void *owner)
{
    struct look *l = owner;
    const struct topic *topic = find("t");
    l->found = topic != NULL;
    l->partition_count = topic == NULL ? 0 : topic->partition_count;
}

static void the_copy_of_every_loop_is_the_same(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    for (int step = 0; step < 3; step++) {
        if (step == 0)
            assert_int_equal(bench_create(&bench, &op, "t", 2), ERR_OK);
        else if (step == 1)
            assert_int_equal(bench_grow(&bench, &op, "t", 3), ERR_OK);
        else
            assert_int_equal(bench_delete(&bench, &op, "t"), ERR_OK);
        for (size_t i = 0; i < BENCH_LOOPS; i++) {
            struct look l = { 0 };
            bench_call(&bench, bench.loops[i], look, &l);
            assert_int_equal(l.found, step < 2);
            assert_int_equal(l.partition_count, step == 0 ? 2 : step == 1 ? 3 : 0);
        }
    }
}

static void lists_topics_in_the_order_of_their_names(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    static const char *const names[] = { "m", "b", "z", "a", "c" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_int_equal(bench_create(&bench, &op, names[i], 1), ERR_OK);
    for (int round = 0; round < 2; round++) {
        char text[64] = "";
        const struct topic *topic = NULL;
        while ((topic = topic_next(bench.store, topic)) != NULL)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ", BYTES_ARG(topic->name));
        assert_string_equal(text, "__eddy_topics a b c m z ");
        bench_stop(&bench);
        bench_start(&bench);
    }
}

static void move(const char *from, const char *to)
{
    char *a = mem_format("%s/%s", bench.folder, from), *b = mem_format("%s/%s", bench.folder, to);
    assert_int_equal(file_rename(a, b), ERR_OK);
    free(a);
    free(b);
}

// As if `orders` had been copied from elsewhere.
static void adopts_folders_with_their_topic_id(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "orders", 2), ERR_OK);
    assert_int_equal(bench_append(&bench, "orders", 1, "one"), 0);
    struct topic_id id = find("orders")->id;
    bench_stop(&bench);
    move("orders-0", "aside.0");
    move("orders-1", "aside.1");
    bench_start(&bench);
    assert_true(folder_exists("orders-1")); // a missing folder is made anew
    assert_int_equal(bench_append(&bench, "orders", 0, "new"), 0);
    assert_int_equal(bench_append(&bench, "orders", 1, "new"), 1); // not 0: that offset was given out
    assert_int_equal(bench_delete(&bench, &op, "orders"), ERR_OK);
    bench_stop(&bench);
    move("aside.0", "sales.eu-0");
    move("aside.1", "sales.eu-1");
    for (int round = 0; round < 2; round++) {
        bench_start(&bench);
        assert_non_null(find("sales.eu"));
        assert_int_equal(find("sales.eu")->partition_count, 2);
        assert_memory_equal(find("sales.eu")->id.bytes, id.bytes, TOPIC_ID_SIZE);
        assert_int_equal(bench_append(&bench, "sales.eu", 1, "two"), round + 1);
        bench_stop(&bench);
    }
}

// What another Kafka had in its internal topics is read as tables: nothing of it may go by age.
static void an_internal_topic_is_adopted_as_a_compacted_one(void **state)
{
    (void)state;
    bench_start(&bench);
    struct topic_op op = { .internal = false };
    assert_int_equal(bench_create(&bench, &op, "offsets", 1), ERR_OK);
    bench_stop(&bench);
    move("offsets-0", "aside");
    bench_start(&bench);
    assert_int_equal(bench_delete(&bench, &op, "offsets"), ERR_OK);
    bench_stop(&bench);
    move("aside", "__offsets-0");
    for (int round = 0; round < 2; round++) {
        bench_start(&bench);
        assert_true(find("__offsets")->internal);
        assert_int_equal(find("__offsets")->config.cleanup, CLEANUP_COMPACT);
        assert_int_equal(find("__offsets")->config.max_message_size, 16777216);
        bench_stop(&bench);
    }
}

static void producer_ids_are_never_given_twice(void **state)
{
    (void)state;
    int64_t last = -1;
    for (int round = 0; round < 4; round++) {
        bench_start(&bench);
        for (int i = 0; i < 3 + 1100 * (round == 1); i++) {
            int64_t id = bench_producer_id(&bench);
            assert_true(id > last);
            last = id;
        }
        round % 2 == 0 ? bench_crash(&bench) : bench_stop(&bench);
    }
}

static void a_row_of_a_newer_version_is_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    static const bytes_t names[] = { { (const uint8_t *)"retention.ms", 12 } };
    static const bytes_t values[] = { { (const uint8_t *)"5", 1 } };
    struct topic_def def = { .name = BYTES_LITERAL("t"), .partition_count = 7, .internal = true };
    def.set_names = names;
    def.set_values = values;
    def.set_count = 1;
    struct slice value = topic_def_encode(&def);
    struct topic_def back;
    diag_t diag;
    assert_int_equal(topic_def_decode(def.name, value.bytes, &arena, &back, &diag), ERR_OK);
    assert_int_equal(back.partition_count, 7);
    assert_true(back.internal && !back.deleting);
    assert_true(bytes_equal(back.set_values[0], values[0]));
    for (size_t size = 0; size < value.bytes.size; size++)
        assert_int_equal(topic_def_decode(def.name, bytes_of(value.bytes.data, size), &arena, &back, &diag),
                         ERR_MALFORMED);
    value.buf->data[0] = 2;
    assert_int_equal(topic_def_decode(def.name, value.bytes, &arena, &back, &diag), ERR_UNSUPPORTED);
    assert_non_null(strstr(diag.text, "start the newer version"));
    slice_free(&value);
    arena_free(&arena);
}

// Many at once, from every loop, for the same few names: one of each wins.
enum { RACERS = 60, RACE_NAMES = 5 };
struct racer {
    struct topic_op op;
    char name[8];
    struct message message;
};
static struct racer racers[RACERS];
static struct message race_over[RACERS];
static int race_left;

static void on_race_over(struct message *message)
{
    (void)message;
    if (--race_left == 0)
        loop_stop(bench.loops[0]);
}

static void on_race_done(struct topic_op *op)
{
    struct racer *racer = CONTAINER_OF(op, struct racer, op);
    struct message *message = &race_over[racer - racers];
    message->on_message = on_race_over;
    topic_unref(op->topic);
    loop_post(bench.loops[0], message);
}

static void on_race(struct message *message)
{
    struct racer *racer = CONTAINER_OF(message, struct racer, message);
    racer->op = (struct topic_op){ .on_done = on_race_done, .name = bytes_of_text(racer->name), .partition_count = 2 };
    topic_create(bench.store, &racer->op);
}

static void of_many_creators_of_a_name_one_wins(void **state)
{
    (void)state;
    bench_start(&bench);
    race_left = RACERS;
    for (int i = 0; i < RACERS; i++) {
        // Half of the names differ only in the character that counts as the same.
        snprintf(racers[i].name, sizeof racers[i].name, "r%c%d", i % 2 == 0 ? '.' : '_', i % RACE_NAMES);
        racers[i].message.on_message = on_race;
        loop_post(bench.loops[i % BENCH_LOOPS], &racers[i].message);
    }
    loop_run(bench.loops[0]);
    int created = 0;
    for (int i = 0; i < RACERS; i++) {
        assert_true(racers[i].op.err == ERR_OK || racers[i].op.err == ERR_EXISTS || racers[i].op.err == ERR_CONFLICT);
        created += racers[i].op.err == ERR_OK;
    }
    assert_int_equal(created, RACE_NAMES);
    assert_int_equal(topic_count(bench.store), RACE_NAMES + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_names_with_kafkas_sentences),
        cmocka_unit_test(a_row_of_a_newer_version_is_refused),
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
        TEST(creates_topics_that_survive_a_restart),
        TEST(refuses_what_kafka_refuses),
        TEST(grows_and_configures),
        TEST(deleted_topics_leave_nothing_behind),
        TEST(the_copy_of_every_loop_is_the_same),
        TEST(lists_topics_in_the_order_of_their_names),
        TEST(adopts_folders_with_their_topic_id),
        TEST(an_internal_topic_is_adopted_as_a_compacted_one),
        TEST(producer_ids_are_never_given_twice),
        TEST(of_many_creators_of_a_name_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
