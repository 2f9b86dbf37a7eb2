// SPDX-License-Identifier: Apache-2.0
#include "nats/config/flags.h"

#include "base/test.h"

enum { ARGUMENTS_MAX = 32 };

static struct arena arena;
static struct nats_config config;
static struct nats_flags flags;
static diag_t diag;

static int give_back(void **state)
{
    (void)state;
    arena_free(&arena);
    arena = ARENA_INIT;
    return 0;
}

// LINE is split at blanks.
static err_t parse(const char *line)
{
    const char *arguments[ARGUMENTS_MAX];
    int count = 0;
    give_back(NULL);
    diag = (diag_t){ 0 };
    char *copy = arena_text(&arena, bytes_of_text(line));
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        arguments[count++] = word;
    err_t err = nats_flags_parse(count, arguments, &arena, &flags, &diag);
    nats_config_default(&config);
    if (err == ERR_OK)
        nats_flags_apply(&flags, &arena, &config);
    return err;
}

static void takes(const char *line)
{
    if (parse(line) != ERR_OK)
        fail_msg("%s is refused: %s", line, diag.text);
}

static void refuses(const char *line, err_t err, const char *words)
{
    if (parse(line) != err || strncmp(diag.text, words, strlen(words)) != 0)
        fail_msg("%s is refused with  %s\ninstead of  %s", line, diag.text, words);
}

static void takes_flags_in_every_form(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-p 4333", "--p 4333", "-p=4333", "--port=4333", "-port 4333", "-p 1 -p 4333"
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        takes(lines[i]);
        assert_int_equal(config.port, 4333);
    }
    takes("-a ::1 -p -1 -m 8222 -n one --pid=/tmp/x -l /tmp/l --ports_file_dir /tmp -sd /data --client_advertise h:1");
    assert_string_equal(config.host, "::1");
    assert_int_equal(config.port, -1);
    assert_int_equal(config.http_port, 8222);
    assert_string_equal(config.server_name, "one");
    assert_string_equal(config.pid_file, "/tmp/x");
    assert_string_equal(config.log_file, "/tmp/l");
    assert_string_equal(config.store_dir, "/data");
    assert_int_equal(flags.action, NATS_RUN);
    takes("--user a --pass b --tls --tlscert c --tlskey k");
    assert_string_equal(config.authorization.user, "a");
    assert_string_equal(config.authorization.password, "b");
    assert_true(config.tls.given && !config.tls.verify);
    takes("--tlsverify");
    assert_true(config.tls.given && config.tls.verify);
}

static void takes_switches(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool debug, trace, more, time;
    } rows[] = {
        { "", false, false, false, true },          { "-D", true, false, false, true },
        { "--debug -V", true, true, false, true },  { "-VV", false, true, true, true },
        { "-DV", true, true, false, true },         { "-DVV", true, true, true, true },
        { "-T=false", false, false, false, false }, { "-DV -D=false", false, true, false, true },
        { "-D=1 -T=f", true, false, false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        takes(rows[i].line);
        assert_int_equal(config.debug, rows[i].debug);
        assert_int_equal(config.trace, rows[i].trace);
        assert_int_equal(config.trace_more, rows[i].more);
        assert_int_equal(config.logtime, rows[i].time);
    }
}

static void flags_are_stronger_than_the_file(void **state)
{
    (void)state;
    takes("-c x.conf -p 5 -D=false -m 0");
    assert_string_equal(flags.config_file, "x.conf");
    nats_config_default(&config);
    config.port = 4;
    config.max_payload = 77;
    config.debug = true;
    config.http_port = 8222;
    nats_flags_apply(&flags, &arena, &config);
    assert_int_equal(config.port, 5);
    assert_int_equal(config.max_payload, 77);
    assert_int_equal(config.http_port, 8222); // 0 says nothing, as in nats-server
    assert_false(config.debug);
}

static void chooses_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum nats_action action;
    } rows[] = {
        { "-t -c x", NATS_TEST },
        { "--help", NATS_SHOW_HELP },
        { "-h=false", NATS_RUN },
        { "-v -h", NATS_SHOW_VERSION },
        { "version", NATS_SHOW_VERSION },
        { "-D help", NATS_SHOW_HELP },
        { "-- version", NATS_SHOW_VERSION },
        { "--help_tls", NATS_SHOW_HELP_TLS },
        { "-sl ldm", NATS_SEND_SIGNAL },
        { "-sl stop -t -c x", NATS_SEND_SIGNAL },
        { "--signal x -v", NATS_SHOW_VERSION },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        takes(rows[i].line);
        if (flags.action != rows[i].action)
            fail_msg("%s means %d", rows[i].line, (int)flags.action);
    }
    takes("--signal reload=123");
    assert_string_equal(flags.signal, "reload");
    assert_string_equal(flags.signal_target, "123");
    takes("-sl quit=/run/x.pid");
    assert_string_equal(flags.signal_target, "/run/x.pid");
    takes("-sl term");
    assert_null(flags.signal_target);
}

static void refuses_with_the_words_of_nats_server(void **state)
{
    (void)state;
    refuses("-zzz", ERR_MALFORMED, "flag provided but not defined: -zzz");
    refuses("--zzz=1", ERR_MALFORMED, "flag provided but not defined: -zzz");
    refuses("-p", ERR_MALFORMED, "flag needs an argument: -p");
    refuses("-p x", ERR_MALFORMED, "invalid value \"x\" for flag -p: parse error");
    refuses("-p=", ERR_MALFORMED, "invalid value \"\" for flag -p: parse error");
    refuses("-D=maybe", ERR_MALFORMED, "invalid boolean value \"maybe\" for -D: parse error");
    refuses("---p 1", ERR_MALFORMED, "bad flag syntax: ---p");
    refuses("-=1", ERR_MALFORMED, "bad flag syntax: -=1");
    refuses("foo", ERR_INVALID, "unrecognized command: \"foo\"");
    refuses("- x", ERR_INVALID, "unrecognized command: \"-\"");
    refuses("-t", ERR_INVALID, "must specify [-c, --config] option to check configuration file syntax");
    refuses("-p 65536", ERR_INVALID, "-p is -1 to 65535, not 65536");
    refuses("-sl maybe", ERR_INVALID, "unknown signal \"maybe\"");
}

static void refuses_what_is_not_served(void **state)
{
    (void)state;
    refuses("-js", ERR_UNSUPPORTED, "-js: JetStream is not served yet");
    refuses("--routes nats://a:1", ERR_UNSUPPORTED, "-routes: eddy is one server");
    refuses("--cluster_name=x", ERR_UNSUPPORTED, "-cluster_name: eddy is one server");
    refuses("-s", ERR_UNSUPPORTED, "-s: log lines go to the standard error");
    takes("-js=false --syslog=false");
    takes("--profile 6060 --log_size_limit 1");
    assert_string_equal(config.notes->text, "-profile changes nothing: there is no profiler in eddy");
    assert_non_null(config.notes->next);
}

static void the_help_names_every_flag(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    nats_flags_write_help(&out);
    writer_u8(&out, 0);
    const char *help = (const char *)writer_view(&out).data;
    static const char *const wanted[] = { "\n    -p, --port <port>",
                                          "\n    -a, --addr, --net <host>",
                                          "\n    -ms, --https_port <port>",
                                          "\n    -DVV ",
                                          "\n    -c, --config <file>",
                                          "\n    --tlscacert <file>",
                                          "\n    -sl, --signal <signal[=pid]>",
                                          "\n    -h, --help " };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (strstr(help, wanted[i]) == NULL)
            fail_msg("%s is not in\n%s", wanted[i], help);
    writer_free(&out);
    out = WRITER_INIT;
    nats_flags_write_help_tls(&out);
    assert_true(writer_view(&out).size > 0);
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_flags_in_every_form, give_back),
        cmocka_unit_test_teardown(takes_switches, give_back),
        cmocka_unit_test_teardown(flags_are_stronger_than_the_file, give_back),
        cmocka_unit_test_teardown(chooses_what_to_do, give_back),
        cmocka_unit_test_teardown(refuses_with_the_words_of_nats_server, give_back),
        cmocka_unit_test_teardown(refuses_what_is_not_served, give_back),
        cmocka_unit_test(the_help_names_every_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
