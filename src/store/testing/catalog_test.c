// SPDX-License-Identifier: Apache-2.0
#include "store/testing/bench.h"

#include "base/mem.h"
#include "base/test.h"
#include "io/file.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_topics_that_survive_a_restart, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
