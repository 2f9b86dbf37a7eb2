// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include "base/test.h"

enum { NOW_MS = 1000000, SIZE = 100 };

// Four segments of ten records and 100 bytes, the newest record of each at 100 s, 200 s, 300 s, 400 s; the last one is
// active.
static const struct segment_info four[] = {
    { .base_offset = 0, .last_offset = 9, .max_timestamp = 100000, .size = SIZE, .settled = true },
    { .base_offset = 10, .last_offset = 19, .max_timestamp = 200000, .size = SIZE, .settled = true },
    { .base_offset = 20, .last_offset = 29, .max_timestamp = 300000, .size = SIZE, .settled = true },
    { .base_offset = 30, .last_offset = 39, .max_timestamp = 400000, .size = SIZE, .active = true },
};

static struct topic_config config_of(uint32_t cleanup)
{
    struct topic_config config;
    topic_config_default(&config);
    config.cleanup = cleanup;
    config.retention_ms = config.retention_size = -1;
    return config;
}

static void keeps_everything_without_limits(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_DELETE);
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 0);
    assert_false(retention_wants_roll(four, 4, &config, 0, NOW_MS));
}

static void drops_what_is_older_than_the_time(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_DELETE);
    config.retention_ms = NOW_MS - 250000;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 20);
    config.retention_ms = NOW_MS - 200000;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 10);
}

static void drops_while_more_than_the_size_would_be_left(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_DELETE);
    config.retention_size = 2 * SIZE;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 20);
    config.retention_size = 2 * SIZE + 1;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 10);
}

static void never_drops_the_active_segment_but_rolls_it(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_DELETE);
    config.retention_ms = 1;
    config.retention_size = 0;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 30);
    assert_true(retention_wants_roll(four, 4, &config, 0, NOW_MS));
    assert_int_equal(retention_drop_before(four + 3, 1, &config, 0, NOW_MS), 30);
}

static void leaves_no_hole_before_an_unsettled_segment(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_DELETE);
    config.retention_ms = 1;
    struct segment_info segments[4];
    memcpy(segments, four, sizeof(four));
    segments[1].settled = false;
    assert_int_equal(retention_drop_before(segments, 4, &config, 0, NOW_MS), 10);
}

static void compacted_topics_do_not_expire(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_COMPACT);
    config.retention_ms = 1;
    assert_int_equal(retention_drop_before(four, 4, &config, 0, NOW_MS), 0);
    assert_false(retention_wants_roll(four, 4, &config, 0, NOW_MS));
}

static void drops_what_lies_below_the_log_start_whatever_the_policy(void **state)
{
    (void)state;
    static const uint32_t policies[] = { CLEANUP_DELETE, CLEANUP_COMPACT };
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        struct topic_config config = config_of(policies[i]);
        assert_int_equal(retention_drop_before(four, 4, &config, 9, NOW_MS), 0);
        assert_int_equal(retention_drop_before(four, 4, &config, 10, NOW_MS), 10);
        assert_int_equal(retention_drop_before(four, 4, &config, 29, NOW_MS), 20);
        assert_int_equal(retention_drop_before(four, 4, &config, 40, NOW_MS), 30);
        // The records of the active one are all deleted only when the last one is.
        assert_false(retention_wants_roll(four, 4, &config, 39, NOW_MS));
        assert_true(retention_wants_roll(four, 4, &config, 40, NOW_MS));
    }
    struct segment_info segments[4];
    memcpy(segments, four, sizeof(four));
    segments[1].settled = false;
    struct topic_config config = config_of(CLEANUP_COMPACT);
    assert_int_equal(retention_drop_before(segments, 4, &config, 40, NOW_MS), 10);
}

static void compacts_when_enough_is_dirty(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_COMPACT);
    config.min_cleanable_dirty_ratio = 0.5;
    assert_int_equal(compaction_wants(four, 4, &config, 0, NOW_MS), 3);
    assert_int_equal(compaction_wants(four, 4, &config, 10, NOW_MS), 3);
    assert_int_equal(compaction_wants(four, 4, &config, 20, NOW_MS), 0);
    assert_int_equal(compaction_wants(four, 4, &config, 30, NOW_MS), 0);
    config.cleanup = CLEANUP_DELETE;
    assert_int_equal(compaction_wants(four, 4, &config, 0, NOW_MS), 0);
}

static void compaction_respects_its_lags(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_COMPACT);
    config.min_cleanable_dirty_ratio = 0.5;
    config.min_compaction_lag_ms = NOW_MS - 150000;
    assert_int_equal(compaction_wants(four, 4, &config, 0, NOW_MS), 1);
    config.min_compaction_lag_ms = 0;
    config.max_compaction_lag_ms = NOW_MS - 350000;
    assert_int_equal(compaction_wants(four, 4, &config, 20, NOW_MS), 3);
}

static void groups_small_neighbours(void **state)
{
    (void)state;
    struct topic_config config = config_of(CLEANUP_COMPACT);
    config.segment_size = 2 * SIZE;
    assert_int_equal(compaction_group(four, 3, 0, &config), 2);
    assert_int_equal(compaction_group(four, 3, 2, &config), 1);
    config.segment_size = 1;
    assert_int_equal(compaction_group(four, 3, 0, &config), 1);
    struct segment_info far[2] = { four[0], four[1] };
    far[1].base_offset = far[1].last_offset = (int64_t)INT32_MAX + 5;
    config.segment_size = 100 * SIZE;
    assert_int_equal(compaction_group(far, 2, 0, &config), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_everything_without_limits),
        cmocka_unit_test(drops_what_is_older_than_the_time),
        cmocka_unit_test(drops_while_more_than_the_size_would_be_left),
        cmocka_unit_test(never_drops_the_active_segment_but_rolls_it),
        cmocka_unit_test(leaves_no_hole_before_an_unsettled_segment),
        cmocka_unit_test(compacted_topics_do_not_expire),
        cmocka_unit_test(drops_what_lies_below_the_log_start_whatever_the_policy),
        cmocka_unit_test(compacts_when_enough_is_dirty),
        cmocka_unit_test(compaction_respects_its_lags),
        cmocka_unit_test(groups_small_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
