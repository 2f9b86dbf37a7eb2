// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/option.h"

#include "base/test.h"

struct config {
    const char *kafka;
    const char *data;
    const char *cluster;
    bool insecure, verbose;
    int64_t loops, max_request, idle_ms, retention_ms;
    int format;
    int64_t count;
    const char *tags, *files;
};

static const char *const formats[] = { "text", "json", NULL };

#define AT(field) offsetof(struct config, field)
static const struct option_row rows[] = {
    { .name = "kafka.listen",
      .flag = "--kafka",
      .env = "EDDY_KAFKA",
      .group = "Doors",
      .type = OPTION_ADDRESS,
      .default_text = "localhost:9092",
      .help = "Where Kafka clients connect",
      .at = AT(kafka) },
    { .name = "kafka.max-request",
      .flag = "--kafka-max-request",
      .env = "EDDY_KAFKA_MAX_REQUEST",
      .group = "Doors",
      .type = OPTION_SIZE,
      .default_text = "100MB",
      .min = 1024,
      .max = 1 << 30,
      .apply = OPTION_LIVE,
      .help = "Largest request that is read before the connection is closed, so that a peer cannot take all memory",
      .limit_reason = "a frame's length is 31 bits",
      .at = AT(max_request) },
    { .name = "idle",
      .flag = "--idle",
      .env = "EDDY_IDLE",
      .group = "Doors",
      .type = OPTION_DURATION,
      .default_text = "10m",
      .help = "Idle connections are closed after this",
      .at = AT(idle_ms) },
    { .name = "retention",
      .flag = "--retention",
      .group = "Store",
      .type = OPTION_DURATION,
      .default_text = "7d",
      .min = -1,
      .max = INT64_MAX,
      .help = "How long records stay",
      .at = AT(retention_ms) },
    { .name = "data",
      .flag = "--data",
      .env = "EDDY_DATA",
      .group = "Store",
      .type = OPTION_PATH,
      .default_text = "./data",
      .value_name = "DIR",
      .help = "The data folder",
      .at = AT(data) },
    { .name = "cluster",
      .flag = "--cluster",
      .env = "EDDY_CLUSTER",
      .group = "Store",
      .type = OPTION_TEXT,
      .help = "A real cluster",
      .at = AT(cluster) },
    { .name = "loops",
      .flag = "--loops",
      .env = "EDDY_LOOPS",
      .group = "Store",
      .type = OPTION_INT,
      .default_text = "1",
      .min = 1,
      .max = 64,
      .help = "Event loops",
      .at = AT(loops) },
    { .name = "log.format",
      .flag = "--log-format",
      .env = "EDDY_LOG_FORMAT",
      .group = "Log",
      .type = OPTION_ENUM,
      .default_text = "text",
      .choices = formats,
      .help = "Form of log lines",
      .at = AT(format) },
    { .name = "insecure",
      .flag = "--insecure",
      .env = "EDDY_INSECURE",
      .group = "Log",
      .type = OPTION_BOOL,
      .default_text = "false",
      .help = "Allow what is not safe",
      .at = AT(insecure) },
    { .flag = "--verbose", .letter = 'v', .group = "Log", .type = OPTION_BOOL, .help = "Say more", .at = AT(verbose) },
    { .flag = "--count", .letter = 'n', .group = "Log", .type = OPTION_INT, .help = "How many", .at = AT(count) },
    { .flag = "--tag",
      .env = "EDDY_TAGS",
      .group = "Log",
      .type = OPTION_TEXT,
      .repeats = true,
      .help = "Some of them",
      .at = AT(tags) },
    { .flag = "--file",
      .group = "Log",
      .type = OPTION_TEXT,
      .repeats = true,
      .joint = ',',
      .help = "Names of files",
      .at = AT(files) },
};
static const struct option_table table = { rows, ARRAY_COUNT(rows) };

struct fixture {
    struct option_set set;
    struct config config;
    diag_t diag;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    option_set_init(&f->set, table, &f->config);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    option_set_free(&f->set);
    free(f);
    return 0;
}

static err_t flags(struct fixture *f, const char *a, const char *b, const char *c)
{
    const char *arguments[] = { a, b, c };
    int count = c != NULL ? 3 : b != NULL ? 2 : 1;
    return option_set_flags(&f->set, count, arguments, NULL, NULL, &f->diag);
}

static err_t file(struct fixture *f, const char *yaml)
{
    return option_set_file(&f->set, bytes_of_text(yaml), "eddy.yaml", &f->diag);
}

static err_t env(struct fixture *f, const char *entry)
{
    const char *const entries[] = { "PATH=/bin", "EDDY_SERVICE_HOST=10.0.0.1", entry, NULL };
    return option_set_env(&f->set, entries, &f->diag);
}

static void defaults_are_parsed_like_any_value(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(f->config.kafka, "localhost:9092");
    assert_int_equal(f->config.max_request, 100 << 20);
    assert_int_equal(f->config.idle_ms, 600000);
    assert_int_equal(f->config.retention_ms, 604800000);
    assert_int_equal(f->config.format, 0);
    assert_null(f->config.cluster);
    assert_false(f->config.verbose);
    assert_int_equal(f->config.count, 0);
}

static void the_stronger_source_wins_in_any_order(void **state)
{
    struct fixture *f = *state;
    size_t loops = (size_t)(option_find(table, BYTES_LITERAL("loops")) - rows);
    assert_int_equal(env(f, "EDDY_LOOPS=3"), ERR_OK);
    assert_int_equal(file(f, "loops: 2\n"), ERR_OK);
    assert_int_equal(f->config.loops, 3);
    assert_string_equal(f->set.origins[loops], "EDDY_LOOPS");
    assert_int_equal(flags(f, "--loops=4", "--loops", "5"), ERR_OK);
    assert_int_equal(env(f, "EDDY_LOOPS=6"), ERR_OK);
    assert_int_equal(f->config.loops, 5);
    assert_int_equal(f->set.sources[loops], OPTION_FROM_FLAG);
    assert_int_equal(env(f, "EDDY_LOOPS=x"), ERR_INVALID); // checked even where it does not count
    assert_int_equal(
        option_set_value(&f->set, BYTES_LITERAL("loops"), BYTES_LITERAL("7"), OPTION_FROM_RUNTIME, "admin", &f->diag),
        ERR_OK);
    assert_int_equal(f->config.loops, 7);
}

static void an_empty_variable_counts_as_not_set(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(env(f, "EDDY_LOOPS="), ERR_OK);
    assert_int_equal(f->config.loops, 1);
}

static void on_stray(void *owner, bytes_t name, const char *nearest)
{
    writer_format(owner, "%.*s:%s ", BYTES_ARG(name), nearest == NULL ? "-" : nearest);
}

static void finds_variables_that_are_no_options(void **state)
{
    (void)state;
    static const char *const entries[] = { "PATH=/bin",
                                           "EDDY_LOOPS=3",
                                           "EDDY_LOPS=3",
                                           "eddy_loops=3",
                                           "EDDY_loops=3",
                                           "EDDY_KAFKA_MAX_REQ=1",
                                           "EDDY_COLOUR=red",
                                           "EDDY_EMPTY=",
                                           "EDDY_",
                                           "EDDY_SERVICE_HOST=10.0.0.1",
                                           "EDDY_KAFKA_SERVICE_PORT_PLAIN=9092",
                                           "EDDY_PORT=tcp://10.0.0.1:9092",
                                           "EDDY_PORT=9092",
                                           "EDDY_PORT_9092_TCP_PROTO=tcp",
                                           "EDDY_PORTS=9092",
                                           NULL };
    struct writer names = WRITER_INIT;
    option_env_strays(table, "EDDY_", entries, on_stray, &names);
    writer_u8(&names, 0);
    assert_string_equal((const char *)writer_view(&names).data,
                        "EDDY_LOPS:EDDY_LOOPS EDDY_loops:EDDY_LOOPS EDDY_KAFKA_MAX_REQ:EDDY_KAFKA_MAX_REQUEST "
                        "EDDY_COLOUR:- EDDY_PORT:- EDDY_PORTS:- ");
    writer_free(&names);
}

static void reads_all_forms_of_flags(void **state)
{
    struct fixture *f = *state;
    static const char *const arguments[] = {
        "-vn5", "first", "--no-insecure", "--log-format=json", "--data", "--odd-path", "-", "--", "--count"
    };
    const char *rest[ARRAY_COUNT(arguments)];
    int rest_count = 0;
    assert_int_equal(option_set_flags(&f->set, ARRAY_COUNT(arguments), arguments, rest, &rest_count, &f->diag), ERR_OK);
    assert_true(f->config.verbose);
    assert_int_equal(f->config.count, 5);
    assert_int_equal(f->config.format, 1);
    assert_string_equal(f->config.data, "--odd-path");
    assert_int_equal(rest_count, 3);
    assert_string_equal(rest[0], "first");
    assert_string_equal(rest[1], "-");
    assert_string_equal(rest[2], "--count");
    assert_int_equal(flags(f, "--insecure", "-n=7", NULL), ERR_OK);
    assert_int_equal(f->config.count, 7);
    assert_int_equal(flags(f, "--insecure", "-n", "6"), ERR_OK);
    assert_true(f->config.insecure);
    assert_int_equal(f->config.count, 6);
    assert_int_equal(flags(f, "--insecure=no", NULL, NULL), ERR_OK);
    assert_false(f->config.insecure);
    assert_int_equal(flags(f, "--count", "+7", NULL), ERR_OK);
    assert_int_equal(f->config.count, 7);
    assert_int_equal(flags(f, "--count", "+-7", NULL), ERR_INVALID);
    assert_int_equal(flags(f, "--count", "+", NULL), ERR_INVALID);
}

static void a_flag_that_may_come_again_keeps_all_its_values(void **state)
{
    struct fixture *f = *state;
    assert_null(f->config.tags);
    assert_int_equal(env(f, "EDDY_TAGS=x"), ERR_OK);
    assert_int_equal(flags(f, "--tag=a", "--tag", "b"), ERR_OK);
    assert_string_equal(f->config.tags, "a b"); // the flags' own, not the variable's too
    assert_int_equal(flags(f, "--tag=c", "--cluster=a", "--cluster=b"), ERR_OK);
    assert_string_equal(f->config.tags, "a b c");
    assert_int_equal(flags(f, "--file=a b", "--file", "c"), ERR_OK);
    assert_string_equal(f->config.files, "a b,c");
    assert_int_equal(option_flag_source(&f->set, "--file"), OPTION_FROM_FLAG);
    assert_int_equal(option_flag_source(&f->set, "--data"), OPTION_FROM_DEFAULT);
    assert_string_equal(f->config.cluster, "b");
}

static void complaints_about_flags_say_what_to_do(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *a, *b;
        err_t err;
        const char *where, *text;
    } cases[] = {
        { "--kafak", "x", ERR_NOT_FOUND, "--kafak", "there is no such flag; did you mean --kafka?" },
        { "--lops=3", NULL, ERR_NOT_FOUND, "--lops", "there is no such flag; did you mean --loops?" },
        { "--something-else", NULL, ERR_NOT_FOUND, "--something-else", "there is no such flag" },
        { "--no-loops", NULL, ERR_NOT_FOUND, "--no-loops", "there is no such flag; did you mean --loops?" },
        { "-x", NULL, ERR_NOT_FOUND, "-x", "there is no such flag" },
        { "--loops", NULL, ERR_INVALID, "--loops", "needs a value; expected a whole number" },
        { "--loops", "", ERR_INVALID, "--loops", "\"\" is not valid; expected a whole number" },
        { "--loops", "65", ERR_INVALID, "--loops", "65 is out of range; allowed is 1 to 64" },
        { "--kafka-max-request", "2GB", ERR_INVALID, "--kafka-max-request",
          "2GB is out of range; allowed is 1KB to 1GB (a frame's length is 31 bits)" },
        { "--log-format", "xml", ERR_INVALID, "--log-format", "\"xml\" is not valid; expected one of text, json" },
        { "--idle", "5", ERR_INVALID, "--idle",
          "\"5\" is not valid; expected a duration such as 250ms, 5s, 10m, 1h or 7d" },
        { "--kafka", "host", ERR_INVALID, "--kafka",
          "\"host\" is not valid; expected an address such as 127.0.0.1:9092, [::1]:9092, :9092 or off" },
        { "stray", NULL, ERR_INVALID, "stray", "is no option, and nothing else is expected here" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_int_equal(flags(f, cases[i].a, cases[i].b, NULL), cases[i].err);
        assert_string_equal(f->diag.where, cases[i].where);
        assert_string_equal(f->diag.text, cases[i].text);
    }
}

static void an_option_without_a_flag_names_its_other_ways(void **state)
{
    (void)state;
    static const struct option_row some[] = {
        { .name = "log", .flag = "--log", .type = OPTION_INT, .at = AT(count) },
        { .name = "log.depth-max", .env = "EDDY_LOG_DEPTH_MAX", .type = OPTION_INT, .at = AT(loops) },
    };
    struct fixture f = { 0 };
    option_set_init(&f.set, (struct option_table){ some, ARRAY_COUNT(some) }, &f.config);
    assert_int_equal(flags(&f, "--log-depth-max=3", NULL, NULL), ERR_NOT_FOUND);
    assert_string_equal(f.diag.where, "--log-depth-max");
    assert_string_equal(f.diag.text,
                        "this option has no flag: set EDDY_LOG_DEPTH_MAX in the environment, or log.depth-max in "
                        "the config file");
    assert_int_equal(flags(&f, "--log-depth-maxi", NULL, NULL), ERR_NOT_FOUND);
    assert_string_equal(f.diag.text, "there is no such flag; did you mean --log?");
    option_set_free(&f.set);
}

static void reads_nested_maps_from_a_file(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        file(f, "# comment\nkafka:\n  listen: \"[::1]:1234\"\n  max-request: 64KB\nlog.format: json\ncluster: ''\n"
                "retention: -1\ninsecure: yes\n"),
        ERR_OK);
    assert_string_equal(f->config.kafka, "[::1]:1234");
    assert_int_equal(f->config.max_request, 65536);
    assert_int_equal(f->config.format, 1);
    assert_string_equal(f->config.cluster, "");
    assert_int_equal(f->config.retention_ms, -1);
    assert_true(f->config.insecure);
    assert_string_equal(f->set.origins[1], "eddy.yaml line 4");
}

static void a_file_without_content_is_fine(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(file(f, ""), ERR_OK);
    assert_int_equal(file(f, "# nothing\n"), ERR_OK);
    assert_int_equal(file(f, "---\n"), ERR_OK);
    assert_int_equal(file(f, "{}\n"), ERR_OK);
    assert_int_equal(file(f, "kafka: {}\n"), ERR_OK);
}

static void complaints_about_a_file_name_line_and_key(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *yaml, *where, *text;
    } cases[] = {
        { "loops: 1\nkafka:\n  lisen: off\n", "eddy.yaml line 3",
          "kafka.lisen: there is no such option; did you mean kafka.listen?" },
        { "lops: 1\n", "eddy.yaml line 1", "lops: there is no such option; did you mean loops?" },
        { "--loops: 1\n", "eddy.yaml line 1", "--loops: there is no such option; did you mean loops?" },
        { "\nloops: many\n", "eddy.yaml line 2", "loops: \"many\" is not valid; expected a whole number" },
        { "loops:\n", "eddy.yaml line 1", "loops: has no value" },
        { "loops: ~\n", "eddy.yaml line 1", "loops: has no value" },
        { "loops: 1\nloops: 2\n", "eddy.yaml line 2", "loops: is given twice" },
        { "loops: [1]\n", "eddy.yaml line 1", "loops: expected one value, not a list" },
        { "loops: {a: 1}\n", "eddy.yaml line 1", "loops: expected one value, not a map" },
        { "- loops\n", "eddy.yaml line 1", "expected lines of the form name: value" },
        { "just text\n", "eddy.yaml line 1", "expected lines of the form name: value" },
        { "{a: 1}: 2\n", "eddy.yaml line 1", "a map cannot be a key" },
        { "loops: &a 1\nidle: *a\n", "eddy.yaml line 2", "aliases are not supported" },
        { "loops: 1\n---\nloops: 2\n", "eddy.yaml line 2", "there is more than one document" },
        { "data: \"a\\0b\"\n", "eddy.yaml line 1", "data: \"a\" is not valid; expected a path" },
        { "a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n", "eddy.yaml line 1", "maps are nested too deeply" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_int_not_equal(file(f, cases[i].yaml), ERR_OK);
        assert_string_equal(f->diag.where, cases[i].where);
        assert_string_equal(f->diag.text, cases[i].text);
    }
    assert_int_equal(file(f, "loops: \"1\n"), ERR_INVALID);
    assert_non_null(strstr(f->diag.text, "this is not YAML"));
    assert_int_equal(file(f, "a: \xff\n"), ERR_INVALID);
    char key[1000];
    (void)snprintf(key, sizeof key, "%0900d: 1\n", 7);
    assert_int_equal(file(f, key), ERR_INVALID);
}

static void sizes_and_durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t size, ms; // -1: not one
    } cases[] = {
        { "0", 0, 0 },
        { "1024", 1024, -1 },
        { "64KB", 65536, -1 },
        { "64kb", 65536, -1 },
        { "1MiB", 1 << 20, -1 },
        { "3G", INT64_C(3) << 30, -1 },
        { "5s", -1, 5000 },
        { "250ms", -1, 250 },
        { "1h30m", -1, 5400000 },
        { "7d", -1, 604800000 },
        { "2M", 2 << 20, 120000 },
        { "", -1, -1 },
        { "-1", -1, -1 },
        { "KB", -1, -1 },
        { "1.5MB", -1, -1 },
        { "1 MB", -1, -1 },
        { "9223372036854775807GB", -1, -1 },
        { "9223372036854775807d", -1, -1 },
        { "9223372036854775807ms1ms", -1, -1 },
        { "99999999999999999999", -1, -1 },
        { "1x", -1, -1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t size = -1, ms = -1;
        assert_int_equal(option_parse_size(bytes_of_text(cases[i].text), &size), cases[i].size != -1);
        assert_int_equal(option_parse_duration(bytes_of_text(cases[i].text), &ms), cases[i].ms != -1);
        if (cases[i].size != -1)
            assert_true(size == cases[i].size);
        if (cases[i].ms != -1)
            assert_true(ms == cases[i].ms);
    }
}

static void addresses_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port; // -1: not an address
    } cases[] = {
        { "9092", "", 9092 },
        { ":0", "", 0 },
        { "localhost:65535", "localhost", 65535 },
        { "127.0.0.1:80", "127.0.0.1", 80 },
        { "[::1]:9092", "::1", 9092 },
        { "[fe80::1%eth0]:1", "fe80::1%eth0", 1 },
        { "::1:9092", NULL, -1 },
        { "[]:1", NULL, -1 },
        { "host", NULL, -1 },
        { "host:", NULL, -1 },
        { "host:65536", NULL, -1 },
        { "host:-1", NULL, -1 },
        { "ho st:1", NULL, -1 },
        { "", NULL, -1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        bytes_t host;
        uint16_t port = 0;
        bool ok = option_parse_address(bytes_of_text(cases[i].text), &host, &port);
        assert_int_equal(ok, cases[i].port != -1);
        if (ok)
            assert_true(bytes_is(host, cases[i].host) && port == cases[i].port);
    }
}

static void values_are_written_as_they_are_given(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *size, *ms;
    } cases[] = {
        { 0, "0", "0" },
        { -1, "-1", "-1" },
        { 1000, "1000", "1s" },
        { 1024, "1KB", "1024ms" },
        { 64 << 20, "64MB", "67108864ms" },
        { 604800000, "590625KB", "7d" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct writer out = WRITER_INIT;
        option_write_size(cases[i].number, &out);
        assert_true(bytes_is(writer_view(&out), cases[i].size));
        writer_reset(&out);
        option_write_duration(cases[i].number, &out);
        assert_true(bytes_is(writer_view(&out), cases[i].ms));
        writer_free(&out);
    }
}

static void the_help_is_grouped_aligned_and_narrow(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    option_write_help(table, &out);
    writer_u8(&out, 0);
    const char *text = (const char *)out.buf->data;
    assert_non_null(strstr(text, "Doors:\n      --kafka ADDR              Where Kafka clients connect (default "
                                 "localhost:9092)\n"));
    assert_non_null(strstr(text, "\n\nLog:\n      --log-format text|json    Form of log lines (default text)\n"));
    assert_non_null(strstr(text, "\n  -n, --count N                 How many\n"));
    size_t column = 0;
    for (const char *c = text; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + 1;
        assert_true(column <= 100);
    }
    writer_free(&out);
}

static void the_listing_tells_where_values_come_from(void **state)
{
    struct fixture *f = *state;
    struct writer out = WRITER_INIT;
    assert_int_equal(file(f, "loops: 2\n"), ERR_OK);
    option_write_listing(&f->set, &out);
    writer_u8(&out, 0);
    const char *text = (const char *)out.buf->data;
    assert_non_null(strstr(text, "NAME               VALUE           FROM              DEFAULT         HELP\n"));
    assert_non_null(strstr(text, "loops              2               eddy.yaml line 1  1               Event loops\n"));
    assert_null(strstr(text, "Say more")); // has no key
    writer_reset(&out);
    option_write_json(&f->set, &out);
    writer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.buf->data,
                           "{\"name\":\"loops\",\"value\":\"2\",\"source\":\"file\",\"origin\":\"eddy.yaml line 1\","
                           "\"default\":\"1\",\"live\":false,\"help\":\"Event loops\"}"));
    writer_free(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_parsed_like_any_value),
        TEST(the_stronger_source_wins_in_any_order),
        TEST(an_empty_variable_counts_as_not_set),
        TEST(finds_variables_that_are_no_options),
        TEST(reads_all_forms_of_flags),
        TEST(a_flag_that_may_come_again_keeps_all_its_values),
        TEST(complaints_about_flags_say_what_to_do),
        cmocka_unit_test(an_option_without_a_flag_names_its_other_ways),
        TEST(reads_nested_maps_from_a_file),
        TEST(a_file_without_content_is_fine),
        TEST(complaints_about_a_file_name_line_and_key),
        TEST(sizes_and_durations_have_units),
        TEST(addresses_are_split),
        TEST(values_are_written_as_they_are_given),
        TEST(the_help_is_grouped_aligned_and_narrow),
        TEST(the_listing_tells_where_values_come_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
