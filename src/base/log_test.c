// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/writer.h"

#include "base/test.h"

static struct writer lines;

static void sink(void *context, enum log_level level, bytes_t line)
{
    (void)level;
    writer_bytes(context, line);
}

static int64_t now_ms(void *context)
{
    (void)context;
    return 1767323045678;
}

static void begin(enum log_format format, enum log_level level)
{
    writer_reset(&lines);
    log_start(&(struct log_config){ level, format, sink, now_ms, &lines, 0, false });
}

static void assert_lines(const char *expected)
{
    writer_u8(&lines, 0);
    assert_string_equal((const char *)lines.buf->data, expected);
    writer_reset(&lines);
}

static void drops_everything_before_it_is_started(void **state)
{
    (void)state;
    assert_false(log_enabled(LOG_ERROR));
    log_line(LOG_ERROR, "nobody hears this", LOG_NONE);
    assert_null(lines.buf);
}

static void writes_text_lines(void **state)
{
    (void)state;
    begin(LOG_AS_TEXT, LOG_INFO);
    log_line(LOG_INFO, "listening",
             LOG_FIELDS(log_text("door", "kafka"), log_int("port", -9092), log_bool("tls", false)));
    log_line(LOG_WARN, "bare", LOG_NONE);
    log_line(LOG_ERROR, "flush failed", LOG_FIELDS(log_err(ERR_NO_SPACE), log_text("path", NULL)));
    assert_lines("2026-01-02T03:04:05.678Z INFO listening door=kafka port=-9092 tls=false\n"
                 "2026-01-02T03:04:05.678Z WARN bare\n"
                 "2026-01-02T03:04:05.678Z ERROR flush failed error=\"the disk is full\" path=\"\"\n");
}

static void data_can_neither_split_nor_imitate_a_line(void **state)
{
    (void)state;
    begin(LOG_AS_TEXT, LOG_INFO);
    log_line(LOG_INFO, "got\nx",
             LOG_FIELDS(log_text("a", "x\ny"), log_text("b", "level=info"), log_text("c", "\x1b[2J\xff"),
                        log_text("d", "\xe2\x80\xa8\xc2\x85"), log_text("e", "\"")));
    assert_lines("2026-01-02T03:04:05.678Z INFO got x a=\"x\\ny\" b=\"level=info\" c=\"\\u001b[2J\xef\xbf\xbd\" "
                 "d=\"\\u2028\\u0085\" e=\"\\\"\"\n");
    begin(LOG_AS_JSON, LOG_INFO);
    log_line(LOG_INFO, "got", LOG_FIELDS(log_text("a", "x\ny\"\xff")));
    assert_lines("{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"message\":\"got\","
                 "\"a\":\"x\\ny\\\"\xef\xbf\xbd\"}\n");
}

static void writes_json_objects(void **state)
{
    (void)state;
    begin(LOG_AS_JSON, LOG_DEBUG);
    log_line(LOG_DEBUG, "tick", LOG_FIELDS(log_int("n", INT64_MAX), log_bool("ok", true)));
    assert_lines("{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"debug\",\"message\":\"tick\","
                 "\"n\":9223372036854775807,\"ok\":true}\n");
}

static void writes_lines_as_nats_server_does(void **state)
{
    (void)state;
    struct log_config as_nats = { LOG_TRACE, LOG_AS_NATS, sink, now_ms, &lines, 4711, false };
    writer_reset(&lines);
    log_start(&as_nats);
    log_line(LOG_TRACE, "<<- [PING]", LOG_NONE);
    log_line(LOG_DEBUG, "d", LOG_NONE);
    log_line(LOG_INFO, "got\nx", LOG_FIELDS(log_text("why", "a\nb")));
    log_line(LOG_WARN, "w", LOG_NONE);
    as_nats.is_timeless = true;
    log_start(&as_nats);
    log_line(LOG_ERROR, "e", LOG_NONE);
    assert_lines("[4711] 2026/01/02 03:04:05.678000 [TRC] <<- [PING]\n"
                 "[4711] 2026/01/02 03:04:05.678000 [DBG] d\n"
                 "[4711] 2026/01/02 03:04:05.678000 [INF] got x why=\"a\\nb\"\n"
                 "[4711] 2026/01/02 03:04:05.678000 [WRN] w\n"
                 "[4711] [ERR] e\n");
}

static void lower_levels_are_dropped_and_the_level_may_change(void **state)
{
    (void)state;
    begin(LOG_AS_TEXT, LOG_WARN);
    log_line(LOG_INFO, "quiet", LOG_NONE);
    assert_false(log_enabled(LOG_INFO));
    log_set_level(LOG_DEBUG);
    assert_true(log_enabled(LOG_DEBUG));
    log_line(LOG_DEBUG, "loud", LOG_NONE);
    assert_lines("2026-01-02T03:04:05.678Z DEBUG loud\n");
}

static void long_values_are_cut(void **state)
{
    (void)state;
    begin(LOG_AS_TEXT, LOG_INFO);
    char *value = calloc(1, 10001);
    memset(value, 'x', 10000);
    log_line(LOG_INFO, "m", LOG_FIELDS(log_text("v", value)));
    assert_int_equal(lines.size, strlen("2026-01-02T03:04:05.678Z INFO m v=\n") + 4096);
    free(value);
}

static void levels_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
        enum log_level level = LOG_LEVEL_COUNT;
        assert_true(log_level_from_name(bytes_of_text(log_level_name((enum log_level)i)), &level));
        assert_int_equal(level, i);
    }
    enum log_level level;
    assert_false(log_level_from_name(BYTES_LITERAL("loud"), &level));
    writer_free(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_everything_before_it_is_started),
        cmocka_unit_test(writes_text_lines),
        cmocka_unit_test(data_can_neither_split_nor_imitate_a_line),
        cmocka_unit_test(writes_json_objects),
        cmocka_unit_test(writes_lines_as_nats_server_does),
        cmocka_unit_test(lower_levels_are_dropped_and_the_level_may_change),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
