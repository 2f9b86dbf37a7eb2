// SPDX-License-Identifier: Apache-2.0
#include "eventing/delivery.h"

#include "base/assert.h"
#include "base/json.h"

#include "base/test.h"

static err_t read_over(const char *text, struct delivery *delivery, diag_t *diag)
{
    static const struct json_limits limits = { .size = 10000, .values = 100 };
    struct arena arena = ARENA_INIT;
    struct json_value *spec;
    assert_int_equal(json_parse(bytes_of_text(text), &limits, &arena, &spec, NULL), ERR_OK);
    err_t err = delivery_read(spec, delivery, diag);
    arena_free(&arena);
    return err;
}

static void waits_as_each_of_knatives_two_does(void **state)
{
    static const struct {
        const char *spec;
        enum backoff_flavour flavour;
        int64_t waits[4];
    } rows[] = {
        { "{\"backoffPolicy\":\"linear\",\"backoffDelay\":\"PT1S\"}", BACKOFF_FROM_ZERO, { 0, 1000, 2000, 3000 } },
        { "{\"backoffPolicy\":\"exponential\",\"backoffDelay\":\"PT1S\"}",
          BACKOFF_FROM_ZERO,
          { 1000, 2000, 4000, 8000 } },
        { "{\"backoffPolicy\":\"linear\",\"backoffDelay\":\"PT1S\"}", BACKOFF_FROM_ONE, { 1000, 2000, 3000, 4000 } },
        { "{\"backoffPolicy\":\"exponential\",\"backoffDelay\":\"PT1S\"}",
          BACKOFF_FROM_ONE,
          { 2000, 4000, 8000, 16000 } },
        { "{\"backoffPolicy\":\"linear\"}", BACKOFF_FROM_ONE, { 0, 0, 0, 0 } },
        { "{\"backoffDelay\":\"PT1S\"}", BACKOFF_FROM_ONE, { 0, 0, 0, 0 } },
        { "{}", BACKOFF_FROM_ZERO, { 0, 0, 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct delivery delivery = delivery_default(rows[i].flavour);
        assert_int_equal(read_over(rows[i].spec, &delivery, NULL), ERR_OK);
        for (int64_t n = 1; n <= 4; n++)
            assert_int_equal(delivery_wait_ms(&delivery, n, 500, -1), rows[i].waits[n - 1]);
    }
}

static void a_wait_has_an_end(void **state)
{
    struct delivery delivery = delivery_default(BACKOFF_FROM_ONE);
    (void)state;
    assert_int_equal(
        read_over("{\"retry\":1000,\"backoffPolicy\":\"exponential\",\"backoffDelay\":\"PT0.2S\"}", &delivery, NULL),
        ERR_OK);
    assert_int_equal(delivery_wait_ms(&delivery, 1000, 500, -1), DELIVERY_WAIT_MAX_MS);
    assert_int_equal(read_over("{\"backoffPolicy\":\"linear\",\"backoffDelay\":\"PT24H\"}", &delivery, NULL), ERR_OK);
    assert_int_equal(delivery_wait_ms(&delivery, 1000, 500, -1), DELIVERY_WAIT_MAX_MS);
}

static void hears_when_to_come_again_if_it_shall(void **state)
{
    struct delivery delivery = delivery_default(BACKOFF_FROM_ZERO);
    (void)state;
    assert_int_equal(read_over("{\"backoffPolicy\":\"exponential\",\"backoffDelay\":\"PT1S\"}", &delivery, NULL),
                     ERR_OK);
    assert_int_equal(delivery_wait_ms(&delivery, 1, 429, 5000), 1000);
    assert_int_equal(read_over("{\"retryAfterMax\":\"PT10S\"}", &delivery, NULL), ERR_OK);
    assert_int_equal(delivery_wait_ms(&delivery, 1, 429, 5000), 5000);
    assert_int_equal(delivery_wait_ms(&delivery, 1, 503, 50000), 10000);
    assert_int_equal(delivery_wait_ms(&delivery, 1, 500, 5000), 1000); // only these two statuses may ask
    assert_int_equal(delivery_wait_ms(&delivery, 4, 503, 5000), 8000); // never less than the backoff
    assert_int_equal(delivery_wait_ms(&delivery, 1, 503, -1), 1000);
    assert_int_equal(read_over("{\"retryAfterMax\":\"PT0S\"}", &delivery, NULL), ERR_OK);
    assert_int_equal(delivery_wait_ms(&delivery, 1, 503, 5000), 1000);
}

static void judges_statuses_as_knative(void **state)
{
    static const struct {
        int status;
        enum verdict verdict;
    } rows[] = {
        { 0, RETRY },       { -1, RETRY },   { 100, FAILED }, { 199, FAILED }, { 200, DELIVERED }, { 202, DELIVERED },
        { 299, DELIVERED }, { 301, FAILED }, { 308, FAILED }, { 400, FAILED }, { 401, FAILED },    { 404, RETRY },
        { 405, FAILED },    { 408, RETRY },  { 409, RETRY },  { 410, FAILED }, { 422, FAILED },    { 429, RETRY },
        { 499, FAILED },    { 500, RETRY },  { 503, RETRY },  { 599, RETRY },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(delivery_judge(rows[i].status), rows[i].verdict);
}

static void says_what_is_wrong_and_changes_nothing(void **state)
{
    static const struct {
        const char *spec, *where, *words;
    } rows[] = {
        { "{\"retry\":-1}", "retry", "-1 is not between 0 and 1000" },
        { "{\"retry\":1001}", "retry", "1001 is not between 0 and 1000" },
        { "{\"backoffPolicy\":\"never\"}", "backoffPolicy", "\"never\" is neither linear nor exponential" },
        { "{\"backoffDelay\":\"1s\"}", "backoffDelay", "\"1s\" is no duration of ISO 8601, such as PT0.2S or PT1M" },
        { "{\"timeout\":\"PT0S\"}", "timeout", "\"PT0S\" is not between PT0.001S and PT24H" },
        { "{\"retry\":3,\"retryAfterMax\":\"P2D\"}", "retryAfterMax", "\"P2D\" is not between PT0S and PT24H" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct delivery delivery = delivery_default(BACKOFF_FROM_ZERO);
        diag_t diag = { 0 };
        assert_int_equal(read_over(rows[i].spec, &delivery, &diag), ERR_INVALID);
        assert_string_equal(diag.where, rows[i].where);
        assert_string_equal(diag.text, rows[i].words);
        assert_int_equal(delivery.retries, 0);
    }
}

static void reads_the_format(void **state)
{
    struct delivery delivery = delivery_default(BACKOFF_FROM_ZERO);
    diag_t diag = { 0 };
    (void)state;
    assert_int_equal(delivery.mode, CLOUDEVENT_MODE_BINARY);
    assert_int_equal(read_over("{\"format\":\"json\"}", &delivery, &diag), ERR_OK);
    assert_int_equal(delivery.mode, CLOUDEVENT_MODE_STRUCTURED);
    assert_int_equal(read_over("{\"format\":\"xml\"}", &delivery, &diag), ERR_INVALID);
    assert_string_equal(diag.where, "format");
    assert_string_equal(diag.text, "\"xml\" is neither json nor binary");
    assert_int_equal(delivery.mode, CLOUDEVENT_MODE_STRUCTURED);
    assert_int_equal(read_over("{\"format\":\"binary\"}", &delivery, &diag), ERR_OK);
    assert_int_equal(delivery.mode, CLOUDEVENT_MODE_BINARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_as_each_of_knatives_two_does),     cmocka_unit_test(a_wait_has_an_end),
        cmocka_unit_test(hears_when_to_come_again_if_it_shall),   cmocka_unit_test(judges_statuses_as_knative),
        cmocka_unit_test(says_what_is_wrong_and_changes_nothing), cmocka_unit_test(reads_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
