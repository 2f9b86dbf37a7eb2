// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/test.h"
#include "store/topic_config.h"

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void names_every_option_once(void **state)
{
    (void)state;
    struct option_table table = app_option_table();
    for (size_t i = 0; i < table.count; i++) {
        const struct option_row *a = &table.rows[i];
        assert_non_null(a->help);
        assert_non_null(a->group);
        assert_non_null(a->env); // every option of serve can be set in a container
        for (size_t k = i + 1; k < table.count; k++) {
            const struct option_row *b = &table.rows[k];
            assert_false(same(a->name, b->name) || same(a->flag, b->flag) || same(a->env, b->env));
            assert_int_not_equal(a->at, b->at);
        }
    }
}

static void every_default_is_within_its_limits(void **state)
{
    (void)state;
    struct app_config config = { 0 };
    struct option_set set;
    option_set_init(&set, app_option_table(), &config);
    for (size_t i = 0; i < set.table.count; i++) {
        const struct option_row *row = &set.table.rows[i];
        if (row->name == NULL || row->default_text == NULL)
            continue;
        diag_t diag = { 0 };
        assert_int_equal(option_set_value(&set, bytes_of_text(row->name), bytes_of_text(row->default_text),
                                          OPTION_FROM_FILE, "test", &diag),
                         ERR_OK);
    }
    option_set_free(&set);
}

static void flags_win_whatever_stands_in_the_file(void **state)
{
    (void)state;
    struct app_config config = { 0 };
    struct option_set set;
    diag_t diag = { 0 };
    option_set_init(&set, app_option_table(), &config);
    static const char *const flags[] = { "--kafka", "127.0.0.1:0", "--acks-one=written", "-d", "/x" };
    assert_int_equal(option_set_flags(&set, ARRAY_COUNT(flags), flags, NULL, NULL, &diag), ERR_OK);
    assert_int_equal(option_set_file(&set, BYTES_LITERAL("kafka: off\nlog:\n  level: debug\n"), "f", &diag), ERR_OK);
    assert_string_equal(config.kafka_address, "127.0.0.1:0");
    assert_string_equal(config.data, "/x");
    assert_int_equal(config.kafka.acks_one, KAFKA_ACKS_ONE_WRITTEN);
    assert_int_equal(config.log_level, LOG_DEBUG);
    option_set_free(&set);
}

static unsigned live, restart;

static void on_change(const struct option_row *row, bool needs_restart)
{
    (void)row;
    if (needs_restart)
        restart++;
    else
        live++;
}

static void takes_over_what_applies_live_and_names_the_rest(void **state)
{
    (void)state;
    struct app_config now = { 0 }, next = { 0 };
    struct option_set set, fresh;
    diag_t diag = { 0 };
    option_set_init(&set, app_option_table(), &now);
    option_set_init(&fresh, app_option_table(), &next);
    assert_int_equal(
        option_set_file(&fresh, BYTES_LITERAL("log.level: warn\nhttp.body: 7\ndata: /y\nmemory: 65MB\n"), "f", &diag),
        ERR_OK);
    app_config_merge(&set, &fresh, on_change);
    option_set_free(&fresh);
    assert_int_equal(live, 2);
    assert_int_equal(restart, 2);
    assert_int_equal(now.log_level, LOG_WARN);
    assert_int_equal(now.http_body_size, 7);
    assert_string_equal(now.data, "./eddy-data");
    option_set_free(&set);
}

// Where a default of ours is Kafka's, it is the same as the table of topic configurations says.
static void topic_defaults_are_kafkas(void **state)
{
    (void)state;
    struct app_config config = { 0 };
    struct option_set set;
    struct store_options options;
    struct topic_config kafkas;
    option_set_init(&set, app_option_table(), &config);
    app_store_options(&config, &options);
    topic_config_default(&kafkas);
    assert_int_equal(options.topic_defaults.retention_ms, kafkas.retention_ms);
    assert_int_equal(options.topic_defaults.retention_size, kafkas.retention_size);
    assert_int_equal(options.topic_defaults.segment_size, kafkas.segment_size);
    assert_int_equal(options.topic_defaults.max_message_size, kafkas.max_message_size);
    option_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_option_once),
        cmocka_unit_test(every_default_is_within_its_limits),
        cmocka_unit_test(flags_win_whatever_stands_in_the_file),
        cmocka_unit_test(takes_over_what_applies_live_and_names_the_rest),
        cmocka_unit_test(topic_defaults_are_kafkas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
