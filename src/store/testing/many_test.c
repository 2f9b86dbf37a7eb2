// SPDX-License-Identifier: Apache-2.0
// What thousands of idle partitions cost: time to start, open files, memory.
#include "io/clock.h"
#include "io/system.h"
#include "store/testing/bench.h"

#include "base/test.h"

enum {
    PARTITIONS = 10000,
    // The promise is one second and 2 KB with the release build on a quiet machine; sanitizers and a busy one cost
    // more.
    START_MS_MAX = 10000,
    PARTITION_SIZE_MAX = 32 * 1024,
};

static void ten_thousand_partitions_start_soon_and_cost_little(void **state)
{
    (void)state;
    struct bench bench;
    struct topic_op op = { 0 };
    // Memory from before the first one was made: what the allocator keeps after a stop counts too.
    struct system_usage before, after;
    system_usage_read(&before);
    bench_begin(&bench);
    bench_start(&bench);
    err_t err = bench_create(&bench, &op, "many", PARTITIONS);
    if (err != ERR_OK)
        print_message("%s: %s\n", op.diag.where, op.diag.text);
    assert_int_equal(err, ERR_OK);
    bench_stop(&bench);

    int64_t started_ns = clock_mono_ns();
    assert_int_equal(bench_open(&bench), ERR_OK);
    int64_t start_ms = (clock_mono_ns() - started_ns) / 1000000;
    system_usage_read(&after);
    const struct topic *topic = topic_find(bench.store, BYTES_LITERAL("many"));
    assert_non_null(topic);
    assert_int_equal(topic->partition_count, PARTITIONS);
    bench_run(&bench);
    uint64_t size = after.resident_size > before.resident_size ? after.resident_size - before.resident_size : 0;
    print_message("%d partitions: start %lld ms, %llu bytes each, %lld more open files\n", PARTITIONS,
                  (long long)start_ms, (unsigned long long)(size / PARTITIONS),
                  (long long)(after.open_files - before.open_files));
    assert_true(start_ms < START_MS_MAX);
    assert_true(size / PARTITIONS < PARTITION_SIZE_MAX);
    assert_true(after.open_files < before.open_files + 64);
    bench_stop(&bench);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ten_thousand_partitions_start_soon_and_cost_little) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
