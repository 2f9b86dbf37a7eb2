// SPDX-License-Identifier: Apache-2.0
#include "store/topic_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static err_t set(struct topic_config *config, const char *name, const char *value, diag_t *diag)
{
    return topic_config_set(config, bytes_of_text(name), bytes_of_text(value), diag);
}

static void shown_is(const struct topic_config *config, const char *name, const char *expected)
{
    char text[64];
    topic_config_get(config, topic_config_find(bytes_of_text(name)), text, sizeof text);
    assert_string_equal(text, expected);
}

static void shows_every_default_as_kafka_prints_it(void **state)
{
    (void)state;
    struct topic_config config;
    topic_config_default(&config);
    for (size_t i = 0; i < topic_config_row_count; i++)
        shown_is(&config, topic_config_rows[i].name, topic_config_rows[i].default_value);
    assert_int_equal(config.retention_ms, INT64_C(604800000));
    assert_int_equal(config.cleanup, CLEANUP_DELETE);
    assert_int_equal(config.compression, -1);
}

static void names_are_sorted_and_documented(void **state)
{
    (void)state;
    for (size_t i = 0; i < topic_config_row_count; i++) {
        assert_true(strlen(topic_config_rows[i].documentation) > 10);
        if (i > 0)
            assert_true(strcmp(topic_config_rows[i - 1].name, topic_config_rows[i].name) < 0);
    }
}

static void sets_what_the_code_reads(void **state)
{
    (void)state;
    struct topic_config config;
    topic_config_default(&config);
    assert_int_equal(set(&config, "cleanup.policy", "compact, delete", NULL), ERR_OK);
    assert_int_equal(config.cleanup, CLEANUP_COMPACT | CLEANUP_DELETE);
    assert_int_equal(set(&config, "cleanup.policy", "compact", NULL), ERR_OK);
    shown_is(&config, "cleanup.policy", "compact");
    assert_int_equal(set(&config, "compression.type", "zstd", NULL), ERR_OK);
    assert_int_equal(config.compression, 4);
    assert_int_equal(set(&config, "compression.type", "uncompressed", NULL), ERR_OK);
    assert_int_equal(config.compression, 0);
    assert_int_equal(set(&config, "compression.gzip.level", "9", NULL), ERR_OK);
    assert_int_equal(config.level[CODEC_GZIP], 9);
    assert_int_equal(set(&config, "compression.gzip.level", "-1", NULL), ERR_OK);
    assert_int_equal(config.level[CODEC_GZIP], -1);
    assert_int_equal(config.level[CODEC_LZ4], codec_level_default(CODEC_LZ4));
    assert_int_equal(config.level[CODEC_ZSTD], codec_level_default(CODEC_ZSTD));
    assert_int_equal(set(&config, "message.timestamp.type", "LogAppendTime", NULL), ERR_OK);
    assert_true(config.log_append_time);
    assert_int_equal(set(&config, "min.cleanable.dirty.ratio", "0.01", NULL), ERR_OK);
    shown_is(&config, "min.cleanable.dirty.ratio", "0.01");
    assert_int_equal(set(&config, "retention.ms", " -1 ", NULL), ERR_OK);
    assert_int_equal(config.retention_ms, -1);
    assert_int_equal(set(&config, "segment.bytes", "1048576", NULL), ERR_OK);
    assert_int_equal(config.segment_size, 1048576);
}

static void refuses_with_kafkas_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *sentence;
    } rows[] = {
        { "retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG" },
        { "retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1" },
        { "retention.ms", "", "Invalid value  for configuration retention.ms: Not a number of type LONG" },
        { "compression.gzip.level", "0",
          "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1" },
        { "compression.gzip.level", "-2",
          "Invalid value -2 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1" },
        { "compression.gzip.level", "10",
          "Invalid value 10 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1" },
        { "compression.lz4.level", "18",
          "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17" },
        { "segment.bytes", "4294967296",
          "Invalid value 4294967296 for configuration segment.bytes: Not a number of type INT" },
        { "segment.bytes", "1024",
          "Invalid value 1024 for configuration segment.bytes: Value must be at least 1048576" },
        { "min.cleanable.dirty.ratio", "1.5",
          "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1" },
        { "min.cleanable.dirty.ratio", "nan",
          "Invalid value nan for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE" },
        { "cleanup.policy", "compact,shred",
          "Invalid value shred for configuration cleanup.policy: String must be one of: delete, compact" },
        { "compression.type", "brotli",
          "Invalid value brotli for configuration compression.type: String must be one of: producer, uncompressed, "
          "gzip, snappy, lz4, zstd" },
        { "preallocate", "yes",
          "Invalid value yes for configuration preallocate: Expected value to be either true or false" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct topic_config config, before;
        diag_t diag;
        memset(&config, 0, sizeof config);
        memset(&before, 0, sizeof before);
        assert_int_equal(set(&config, rows[i].name, rows[i].value, &diag), ERR_INVALID);
        assert_string_equal(diag.text, rows[i].sentence);
        assert_string_equal(diag.where, rows[i].name);
        assert_memory_equal(&config, &before, sizeof config);
    }
}

static void refuses_an_unknown_name(void **state)
{
    (void)state;
    struct topic_config config = { 0 };
    diag_t diag;
    assert_int_equal(set(&config, "retention.hours", "1", &diag), ERR_NOT_FOUND);
    assert_string_equal(diag.text, "Unknown topic config name: retention.hours");
}

static void accepts_without_effect_what_needs_a_cluster(void **state)
{
    (void)state;
    struct topic_config config, before;
    topic_config_default(&config);
    before = config;
    assert_int_equal(set(&config, "min.insync.replicas", "2", NULL), ERR_OK);
    assert_int_equal(set(&config, "leader.replication.throttled.replicas", "0:1,1:2", NULL), ERR_OK);
    assert_int_equal(set(&config, "min.insync.replicas", "0", NULL), ERR_INVALID);
    assert_int_equal(config.max_message_size, before.max_message_size);
    assert_false(topic_config_has_effect(topic_config_find(BYTES_LITERAL("min.insync.replicas"))));
    assert_true(topic_config_has_effect(topic_config_find(BYTES_LITERAL("retention.ms"))));
}

static void refuses_a_minimum_above_the_maximum(void **state)
{
    (void)state;
    struct topic_config config;
    diag_t diag;
    topic_config_default(&config);
    assert_int_equal(topic_config_check(&config, NULL), ERR_OK);
    assert_int_equal(set(&config, "min.compaction.lag.ms", "10", NULL), ERR_OK);
    assert_int_equal(set(&config, "max.compaction.lag.ms", "9", NULL), ERR_OK);
    assert_int_equal(topic_config_check(&config, &diag), ERR_INVALID);
    assert_string_equal(diag.text,
                        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (9)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_default_as_kafka_prints_it),
        cmocka_unit_test(names_are_sorted_and_documented),
        cmocka_unit_test(sets_what_the_code_reads),
        cmocka_unit_test(refuses_with_kafkas_sentences),
        cmocka_unit_test(refuses_an_unknown_name),
        cmocka_unit_test(accepts_without_effect_what_needs_a_cluster),
        cmocka_unit_test(refuses_a_minimum_above_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
