// SPDX-License-Identifier: Apache-2.0
#include "app/nats_settings.h"

#include "base/assert.h"
#include "io/file.h"
#include "io/system.h"

#include <stdio.h>

#include "base/test.h"

// The settings of a file with CONTENT (NULL: without a file), and of FLAGS, at most 6 of them.
static err_t read_settings(const char *content, const char *const *flags, struct nats_settings *settings, diag_t *diag)
{
    char path[64];
    const char *arguments[8] = { "-c", path };
    int count = content == NULL ? 0 : 2;
    struct arena arena = ARENA_INIT;
    struct nats_flags parsed;
    snprintf(path, sizeof path, "/tmp/eddy-nats-settings-%llu.conf", (unsigned long long)system_process_id());
    if (content != NULL)
        assert_int_equal(file_replace(path, bytes_of_text(content)), ERR_OK);
    for (; *flags != NULL; flags++)
        arguments[count++] = *flags;
    assert_int_equal(nats_flags_parse(count, arguments, &arena, &parsed, diag), ERR_OK);
    err_t err = nats_settings_read(&parsed, settings, diag);
    arena_free(&arena);
    if (content != NULL)
        assert_int_equal(file_remove(path), ERR_OK);
    return err;
}

static const char *const no_flags[] = { NULL };

static void the_doors_options_are_those_of_the_file(void **state)
{
    (void)state;
    struct nats_settings settings;
    struct nats_options options;
    static const char content[] = "server_name: s, client_advertise: \"h:1\"\n"
                                  "max_payload: 1000, max_control_line: 100, max_pending: 2000, max_connections: 3\n"
                                  "max_subscriptions: 4, max_sub_tokens: 5, ping_interval: 6s, ping_max: 7\n"
                                  "write_deadline: 8s, no_fast_producer_stall: true, lame_duck_duration: 40s\n"
                                  "lame_duck_grace_period: 9s, max_traced_msg_len: 10, trace_headers: true\n"
                                  "no_header_support: true\n";
    assert_int_equal(read_settings(content, no_flags, &settings, NULL), ERR_OK);
    nats_settings_options(&settings, &options);
    assert_string_equal(options.server_name, "s");
    assert_string_equal(options.advertise, "h:1");
    const int64_t got[] = { options.max_payload,        options.max_control_line,  options.max_pending,
                            options.max_connections,    options.max_subscriptions, options.max_subject_tokens,
                            options.ping_interval_ms,   options.ping_max,          options.write_deadline_ms,
                            options.lame_duck_grace_ms, options.trace_size,        options.lame_duck_duration_ms };
    static const int64_t wanted[] = { 1000, 100, 2000, 3, 4, 5, 6000, 7, 8000, 9000, 10, 40000 };
    assert_memory_equal(got, wanted, sizeof wanted);
    assert_true(options.trace_headers && options.no_headers && !options.producer_stall);
    assert_int_equal(strlen(settings.digest), 64);
    nats_settings_free(&settings);
}

static void without_a_file_they_are_the_defaults(void **state)
{
    (void)state;
    static const char *const flags[] = { "-p", "1", "-n", "other", NULL };
    struct nats_settings settings;
    struct nats_options options;
    assert_int_equal(read_settings(NULL, flags, &settings, NULL), ERR_OK);
    nats_settings_options(&settings, &options);
    assert_string_equal(settings.config.host, "0.0.0.0");
    assert_int_equal(settings.config.port, 1);
    assert_string_equal(options.server_name, "other");
    assert_int_equal(options.max_payload, 1 << 20);
    assert_int_equal(options.max_subscriptions, 0);
    assert_true(options.producer_stall && !options.no_headers);
    assert_string_equal(settings.digest, "");
    nats_settings_free(&settings);
}

static void no_limit_of_connections_is_the_largest_there_is(void **state)
{
    (void)state;
    struct nats_settings settings;
    struct nats_options options;
    assert_int_equal(read_settings("max_connections: -1, max_subscriptions: -1", no_flags, &settings, NULL), ERR_OK);
    nats_settings_options(&settings, &options);
    assert_int_equal(options.max_connections, 10000000);
    assert_int_equal(options.max_closed_clients, 10000);
    assert_int_equal(options.max_subscriptions, 0);
    nats_settings_free(&settings);
}

static void names_what_a_reload_cannot_change(void **state)
{
    (void)state;
    static const struct {
        const char *content, *name;
    } rows[] = {
        { "port: 1", "port" },
        { "host: h", "host" },
        { "server_name: n", "server_name" },
        { "log_file: l", "log_file" },
        { "pid_file: p", "pid_file" },
        { "client_advertise: \"h:1\"", "client_advertise" },
        { "ports_file_dir: d", "ports_file_dir" },
        { "http_port: 8222", "http_port" },
        { "http: \"h:8222\"", "http_host" },
        { "max_closed_clients: 5", "max_closed_clients" },
        { "max_payload: 5", NULL },
        { "trace: true", NULL },
    };
    struct nats_settings first, next;
    assert_int_equal(read_settings("", no_flags, &first, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(read_settings(rows[i].content, no_flags, &next, NULL), ERR_OK);
        const char *name = nats_settings_fixed(&first, &next);
        assert_true((name == NULL) == (rows[i].name == NULL));
        if (name != NULL)
            assert_string_equal(name, rows[i].name);
        assert_null(nats_settings_fixed(&next, &next));
        nats_settings_free(&next);
    }
    nats_settings_free(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_doors_options_are_those_of_the_file),
        cmocka_unit_test(without_a_file_they_are_the_defaults),
        cmocka_unit_test(no_limit_of_connections_is_the_largest_there_is),
        cmocka_unit_test(names_what_a_reload_cannot_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
