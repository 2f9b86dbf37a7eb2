// SPDX-License-Identifier: Apache-2.0
#include "kafka/fetch_session.h"

#include "base/test.h"
#include "kafka/api/fetch.h"
#include "kafka/kafka.h"

enum { SLOTS = 3, EVICTION_MS = 120000, PARTITIONS = 10 };

static struct kafka_metrics metrics;
static struct kafka_fetch_cache cache;

static int set_up(void **state)
{
    (void)state;
    kafka_fetch_cache_init(&cache, SLOTS, &metrics);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kafka_fetch_cache_deinit(&cache);
    return 0;
}

// Asks for a new session of COUNT partitions; its id, or 0 when there is none.
static int32_t session_new(int32_t count, int64_t now_ms)
{
    struct kafka_fetch_partition partitions[PARTITIONS] = { 0 };
    for (int32_t i = 0; i < count; i++)
        partitions[i].partition = i;
    struct kafka_fetch_topic topic = { .topic = BYTES_LITERAL("t"), .partitions = { partitions, count } };
    struct kafka_fetch_request request = { .session_epoch = KAFKA_FETCH_EPOCH_INITIAL, .topics = { &topic, 1 } };
    struct kafka_fetch_session *session;
    bool is_incremental;
    assert_int_equal(kafka_fetch_cache_take(&cache, &request, false, now_ms, &session, &is_incremental), 0);
    assert_false(is_incremental);
    int32_t id = session == NULL ? 0 : session->id;
    kafka_fetch_session_unref(session);
    return id;
}

// Whether the session is there; it was used then.
static bool session_use(int32_t id, int32_t epoch, int64_t now_ms)
{
    struct kafka_fetch_request request = { .session_id = id, .session_epoch = epoch };
    struct kafka_fetch_session *session;
    bool is_incremental;
    int16_t error = kafka_fetch_cache_take(&cache, &request, false, now_ms, &session, &is_incremental);
    kafka_fetch_session_unref(session);
    return error == 0;
}

static void a_new_session_takes_the_place_of_one_that_is_unused(void **state)
{
    (void)state;
    int32_t ids[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        ids[i] = session_new(1, i);
    assert_true(session_use(ids[0], 1, 10));
    assert_int_equal(session_new(1, EVICTION_MS), 0);
    assert_int_not_equal(session_new(1, EVICTION_MS + 2), 0);
    assert_false(session_use(ids[1], 1, EVICTION_MS + 3)); // unused for longest
    assert_true(session_use(ids[0], 2, EVICTION_MS + 3));
}

static void a_larger_session_takes_the_place_of_a_smaller_one_that_is_not_new(void **state)
{
    (void)state;
    int32_t ids[SLOTS];
    for (int32_t i = 0; i < SLOTS; i++)
        ids[i] = session_new(i + 2, 0);
    int64_t now_ms = EVICTION_MS + 1;
    for (int i = 0; i < SLOTS; i++)
        assert_true(session_use(ids[i], 1, now_ms)); // all are in use
    assert_int_equal(session_new(2, now_ms), 0);     // none is smaller
    assert_int_not_equal(session_new(3, now_ms), 0); // although 2 were refused just before
    assert_false(session_use(ids[0], 2, now_ms));
    assert_true(session_use(ids[1], 2, now_ms));
}

static void a_refusal_stands_for_no_longer_than_a_second(void **state)
{
    (void)state;
    int32_t ids[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        ids[i] = session_new(1, 0);
    int64_t now_ms = EVICTION_MS;
    for (int i = 0; i < SLOTS; i++)
        assert_true(session_use(ids[i], 1, now_ms));
    assert_int_equal(session_new(PARTITIONS, now_ms), 0); // they are new
    assert_int_not_equal(session_new(PARTITIONS, now_ms + 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_session_takes_the_place_of_one_that_is_unused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_larger_session_takes_the_place_of_a_smaller_one_that_is_not_new, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_stands_for_no_longer_than_a_second, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
