// SPDX-License-Identifier: Apache-2.0
#include "nats/config/conf.h"

#include "base/writer.h"

#include "base/test.h"

struct named_text {
    const char *name, *text;
};

static const struct named_text FILES[] = {
    { "etc/auth.conf", "user: bob\npassword = builder\n" },
    { "etc/deep/a.conf", "include b.conf\nfrom_a: 1" },
    { "etc/deep/b.conf", "from_b: 2" },
    { "etc/itself.conf", "include itself.conf" },
    { "etc/left.conf", "include right.conf" },
    { "etc/right.conf", "include left.conf" },
    { "etc/broken.conf", "a: 1\nb: [" },
    { "etc/secret.conf", "inside: $OUTSIDE" },
};

static const struct named_text VARIABLES[] = {
    { "NUMBER", "12k" },    { "WORD", "hello" },     { "LIST", "[1, two]" },  { "EMPTY", "" },
    { "CHAIN", "$NUMBER" }, { "CIRCLE", "$CIRCLE" }, { "PING", "$PONG" },     { "PONG", "[1, $PING]" },
    { "TWO", "1 2" },       { "OPEN", "[1" },        { "QUOTED", "\"a b\"" }, { "FILE", "{ include x }" },
};

static err_t read_file(void *owner, const char *path, struct arena *arena, bytes_t *ret_text, diag_t *diag)
{
    (void)owner;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        if (strcmp(FILES[i].name, path) == 0) {
            *ret_text = arena_copy(arena, bytes_of_text(FILES[i].text));
            return ERR_OK;
        }
    }
    return diag_fail(diag, ERR_NOT_FOUND, path, "there is no such file");
}

static const char *find_variable(void *owner, const char *name)
{
    (void)owner;
    for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++)
        if (strcmp(VARIABLES[i].name, name) == 0)
            return VARIABLES[i].text;
    return NULL;
}

static const struct conf_source source = { read_file, find_variable, NULL };

static void dump(const struct conf_value *value, struct writer *out)
{
    char text[512];
    switch (value->type) {
    case CONF_STRING:
        snprintf(text, sizeof text, "\"%.*s\"", BYTES_ARG(value->text));
        break;
    case CONF_INTEGER:
    case CONF_DATE:
        snprintf(text, sizeof text, "%s%lld", value->type == CONF_DATE ? "@" : "", (long long)value->integer);
        break;
    case CONF_FLOAT:
        snprintf(text, sizeof text, "%g", value->number);
        break;
    case CONF_BOOL:
        snprintf(text, sizeof text, "%s", value->is_true ? "yes" : "no");
        break;
    case CONF_ARRAY:
    case CONF_MAP:
    case CONF_TYPE_COUNT:
        writer_text(out, value->type == CONF_MAP ? "{" : "[");
        for (const struct conf_value *inner = value->first; inner != NULL; inner = inner->next) {
            if (inner != value->first)
                writer_text(out, " ");
            if (value->type == CONF_MAP) {
                writer_bytes(out, inner->name);
                writer_text(out, "=");
            }
            dump(inner, out);
        }
        snprintf(text, sizeof text, "%s", value->type == CONF_MAP ? "}" : "]");
        break;
    }
    writer_text(out, text);
}

struct row {
    const char *text, *read;
};

// What TEXT is read as, or the complaint.
static void check(const char *text, const char *wanted)
{
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct conf_value *root = NULL;
    diag_t diag = { 0 };
    err_t err = conf_parse(&source, bytes_of_text(text), "etc/a.conf", &arena, &root, &diag);
    if (err == ERR_OK) {
        dump(root, &out);
    } else {
        writer_text(&out, diag.where);
        writer_text(&out, ": ");
        writer_text(&out, diag.text);
    }
    writer_u8(&out, 0);
    const char *read = (const char *)writer_view(&out).data;
    if (err == ERR_OK ? strcmp(read, wanted) != 0 : strncmp(read, wanted, strlen(wanted)) != 0)
        fail_msg("%s\nis read as  %s\ninstead of  %s", text, read, wanted);
    writer_free(&out);
    arena_free(&arena);
}

static void check_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(rows[i].text, rows[i].read);
}
#define CHECK_ALL(...)                                                                                                 \
    do {                                                                                                               \
        static const struct row rows[] = { __VA_ARGS__ };                                                              \
        check_all(rows, sizeof rows / sizeof rows[0]);                                                                 \
    } while (0)

static void reads_entries_in_every_form(void **state)
{
    (void)state;
    CHECK_ALL({ "", "{}" }, { "\n \t\r\n", "{}" }, { "a = 1", "{a=1}" }, { "a: 1", "{a=1}" }, { "a 1", "{a=1}" },
              { "a=1", "{a=1}" }, { "a:1\nb:2", "{a=1 b=2}" }, { "a:1;b:2", "{a=1 b=2}" }, { "a:1, b:2,", "{a=1 b=2}" },
              { "a: 1;\n b: 2;\r\nc: 3", "{a=1 b=2 c=3}" }, { "\"a b\" = 1", "{a b=1}" }, { "'a:b' : 1", "{a:b=1}" },
              { "a\n\n 1", "{a=1}" }, { "a { b: 1 }", "{a={b=1}}" },
              { "a {\n b 1\n c { d 2 } }\ne 3", "{a={b=1 c={d=2}} e=3}" },
              { "a: { b: 1, c: 2; d: 3\n e:\n 4 }", "{a={b=1 c=2 d=3 e=4}}" }, { "a = {}", "{a={}}" },
              { "a: 1 # b: 2\n# c\nd: 3 // e\n// f", "{a=1 d=3}" }, { "a: { # b\n c: 1 // d\n }", "{a={c=1}}" },
              { "{\"a\": 1, \"b\": {\"c\": [1, 2]}}", "{a=1 b={c=[1 2]}}" }, { "{ a: 1\n}\nb: 2", "{a=1 b=2}" },
              { "a: 1\nb: 2\na: 3", "{b=2 a=3}" }, { "a: {b: 1, b: 2, c: 3, b: 4}", "{a={c=3 b=4}}" },
              { "A: 1\na: 2", "{A=1 a=2}" }, { "a-b_c.d/e: 1", "{a-b_c.d/e=1}" });
}

static void reads_arrays(void **state)
{
    (void)state;
    CHECK_ALL({ "a: []", "{a=[]}" }, { "a: [1, 2, 3]", "{a=[1 2 3]}" }, { "a: [1,]", "{a=[1]}" },
              { "a = [\n 1 # one\n // two\n 2, 3\n]", "{a=[1 2 3]}" },
              { "a: [b, 'c d', \"e\", 1.5, yes]", "{a=[\"b\" \"c d\" \"e\" 1.5 yes]}" },
              { "a: [[1, 2], [3]]", "{a=[[1 2] [3]]}" }, { "a: [ {b: 1}\n {c: 2}, {} ]", "{a=[{b=1} {c=2} {}]}" },
              { "a [b, c]\nd: 1", "{a=[\"b\" \"c\"] d=1}" }, { "a: [1k]", "{a=[1000]}" });
}

static void reads_numbers_times_and_words(void **state)
{
    (void)state;
    CHECK_ALL(
        { "a: 0", "{a=0}" }, { "a: -22", "{a=-22}" }, { "a: 1k", "{a=1000}" }, { "a: 1kb", "{a=1024}" },
        { "a: 1Ki", "{a=1024}" }, { "a: 1KiB", "{a=1024}" }, { "a: 8m", "{a=8000000}" }, { "a: 8MB", "{a=8388608}" },
        { "a: 2g", "{a=2000000000}" }, { "a: 2gib", "{a=2147483648}" }, { "a: 1t", "{a=1000000000000}" },
        { "a: 1tb", "{a=1099511627776}" }, { "a: 1p", "{a=1000000000000000}" }, { "a: 1pi", "{a=1125899906842624}" },
        { "a: 1e", "{a=1000000000000000000}" }, { "a: 1eb", "{a=1152921504606846976}" }, { "a: -3k", "{a=-3000}" },
        { "a: 9223372036854775807", "{a=9223372036854775807}" }, { "a: 1.5", "{a=1.5}" }, { "a: -0.25", "{a=-0.25}" },
        { "a: 10s", "{a=\"10s\"}" }, { "a: 1h30m", "{a=\"1h30m\"}" }, { "a: 2m", "{a=2000000}" },
        { "a: 5e7bcd", "{a=\"5e7bcd\"}" }, { "a: 1kbb", "{a=\"1kbb\"}" }, { "a: 127.0.0.1", "{a=\"127.0.0.1\"}" },
        { "a: 127.0.0.1:4222", "{a=\"127.0.0.1:4222\"}" }, { "a: 2016-05-04T18:53:41Z", "{a=@1462388021}" },
        { "a: true, b: YES, c: On", "{a=yes b=yes c=yes}" }, { "a: false\nb: no\nc: OFF", "{a=no b=no c=no}" },
        { "a: truely", "{a=\"truely\"}" }, { "a: \"true\"", "{a=\"true\"}" },
        { "a: localhost:4222", "{a=\"localhost:4222\"}" }, { "a: foo#bar", "{a=\"foo#bar\"}" },
        { "a: foo.>", "{a=\"foo.>\"}" }, { "a: nats://u:p@h:1/x", "{a=\"nats://u:p@h:1/x\"}" }, { "a: *", "{a=\"*\"}" },
        { "a: /etc/x.pem", "{a=\"/etc/x.pem\"}" });
}

static void reads_quotes_escapes_and_blocks(void **state)
{
    (void)state;
    CHECK_ALL({ "a: 'b\\n\"c'", "{a=\"b\\n\"c\"}" }, { "a: \"b\\tc\\\"d\\\\e\\x41\\n\"", "{a=\"b\tc\"d\\eA\n\"}" },
              { "a: \"\", b: ''", "{a=\"\" b=\"\"}" }, { "a: \"b\nc\"", "{a=\"b\nc\"}" },
              { "a: b\\tc", "{a=\"b\tc\"}" }, { "a: tru\\x65", "{a=\"true\"}" }, { "a: \"b\"# c", "{a=\"b\"}" },
              { "a (\n b\n c)d\n)\ne: 1", "{a=\"\n b\n c)d\n\" e=1}" }, { "a (\n)", "{a=\"\n\"}" },
              { "a: \"x\\\\\" b: 1", "etc/a.conf:1:10: a new line" }, { "a: \"x\\\\\"\nb: 1", "{a=\"x\\\" b=1}" },
              { "a: '\xc3\xa9'", "{a=\"\xc3\xa9\"}" });
}

static void finds_variables(void **state)
{
    (void)state;
    CHECK_ALL({ "x: 1\na: $x", "{x=1 a=1}" }, { "x = [1, 2]\na: $x\nb: [$x, $x]", "{x=[1 2] a=[1 2] b=[[1 2] [1 2]]}" },
              { "x: 1\na { x: 2, b: $x }\nc: $x", "{x=1 a={x=2 b=2} c=1}" },
              { "x: 1\na { b { c: $x } }", "{x=1 a={b={c=1}}}" }, { "x: 1\nx: 2\na: $x", "{x=2 a=2}" },
              { "P { publish: a }\nu: [{ p: $P }]", "{P={publish=\"a\"} u=[{p={publish=\"a\"}}]}" },
              { "a: $NUMBER, b: $WORD, c: $LIST", "{a=12000 b=\"hello\" c=[1 \"two\"]}" },
              { "NUMBER: 1\na: $NUMBER", "{NUMBER=1 a=1}" }, { "a: $CHAIN", "{a=12000}" }, { "a: $EMPTY", "{a=\"\"}" },
              { "a: $QUOTED", "{a=\"a b\"}" }, { "a: $2a$11$ooo", "{a=\"$2a$11$ooo\"}" },
              { "a: $2b$04$ooo", "{a=\"$2b$04$ooo\"}" }, { "a: \"$x\"", "{a=\"$x\"}" }, { "a: $", "{a=\"$\"}" },
              { "a: $x\nx: 1", "etc/a.conf:1:4: there is no $x: no entry above has that name" },
              { "b { x: 1 }\na: $x", "etc/a.conf:2:4: there is no $x" },
              { "a: $CIRCLE", "$CIRCLE: $CIRCLE refers to itself" }, { "a: $PING", "$PONG: $PING refers to itself" },
              { "a: $TWO", "$TWO: the variable holds more than one value" },
              { "a: $OPEN", "$OPEN: this '[' is never closed" },
              { "a: $FILE", "$FILE: a variable of the environment cannot include" });
}

static void includes_files(void **state)
{
    (void)state;
    CHECK_ALL({ "include auth.conf", "{user=\"bob\" password=\"builder\"}" },
              { "a { include 'auth.conf' }\nb: 1", "{a={user=\"bob\" password=\"builder\"} b=1}" },
              { "INCLUDE \"auth.conf\"; b: $user", "{user=\"bob\" password=\"builder\" b=\"bob\"}" },
              { "user: eve\ninclude auth.conf", "{user=\"bob\" password=\"builder\"}" },
              { "include deep/a.conf", "{from_b=2 from_a=1}" }, { "include: 1", "{include=1}" },
              { "\"include\" x", "{include=\"x\"}" },
              { "include nothing.conf", "etc/a.conf:1:1: cannot include etc/nothing.conf: there is no such file" },
              { "include", "etc/a.conf:1:8: a value is expected here" },
              { "include \nx", "etc/a.conf:1:9: the name of a file is expected" },
              { "x: 1\ninclude itself.conf", "etc/itself.conf:1:1: this file includes itself" },
              { "include left.conf", "etc/right.conf:1:1: this file includes itself" },
              { "include broken.conf", "etc/broken.conf:2:4: this '[' is never closed" },
              { "OUTSIDE: 1\ninclude secret.conf", "etc/secret.conf:1:9: there is no $OUTSIDE" });
}

static void complains_with_the_place(void **state)
{
    (void)state;
    CHECK_ALL(
        { "a", "etc/a.conf:1:2: a value is expected here" }, { "a:\nb: 1", "etc/a.conf:1:3: a value is expected here" },
        { "a: 1\n  b: 1 2", "etc/a.conf:2:8: a new line, ',' or ';' is expected behind an entry" },
        { "a: }", "etc/a.conf:1:4: a value is expected here" },
        { "a: 1\n}", "etc/a.conf:2:1: a name is expected here" },
        { "a: {\n b: 1\n", "etc/a.conf:1:4: this '{' is never closed" },
        { "{ a: 1", "etc/a.conf:1:1: this '{' is never closed" },
        { "a: [1, 2\n", "etc/a.conf:1:4: this '[' is never closed" },
        { "a: [1 2]", "etc/a.conf:1:7: a new line, ',' or ']' is expected" },
        { "a: [,]", "etc/a.conf:1:5: a value is expected here" },
        { "a: \"b", "etc/a.conf:1:4: this quote is never closed" },
        { "a: 'b", "etc/a.conf:1:4: this quote is never closed" },
        { "'a", "etc/a.conf:1:1: this quote is never closed" }, { "a: \"\\q\"", "etc/a.conf:1:6: behind '\\' stands" },
        { "a: \"\\x4g\"", "etc/a.conf:1:8: behind '\\' stands" },
        { "a: b'c", "etc/a.conf:1:5: a quote in the middle of a word" },
        { "a: (b\n", "etc/a.conf:1:4: this block is never closed" },
        { "a: .5", "etc/a.conf:1:4: a digit is expected here" },
        { "a: 1.x", "etc/a.conf:1:6: a digit is expected behind the point" },
        { "a: -x", "etc/a.conf:1:5: a digit is expected here" },
        { "a: [ -//", "etc/a.conf:1:7: a digit is expected here" }, { "a: -5x", "etc/a.conf:1:7: this is no number" },
        { "a: 1.5s", "etc/a.conf:1:7: a new line, ',' or ';' is expected behind a value" },
        { "a: 9223372036854775808", "etc/a.conf:1:23: a number larger than any that is understood" },
        { "a: 10e", "etc/a.conf:1:7: a number larger" }, { "a: 2016-05-04", "etc/a.conf:1:8: a time has the form" },
        { "a: 2016-13-04T18:53:41Z", "etc/a.conf:1:8: a time has the form" },
        { "a: 1, , b: 2", "etc/a.conf:1:7: a name is expected here" },
        { "= 1", "etc/a.conf:1:1: a name is expected here" });
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct conf_value *root;
    diag_t diag = { 0 };
    assert_int_equal(conf_parse(&source, bytes_of("a: 1\0", 5), "f", &arena, &root, &diag), ERR_MALFORMED);
    assert_string_equal(diag.text, "there is a zero byte in the file: it is no text");
    char *large = calloc(1, CONF_SIZE_MAX + 1);
    memset(large, '\n', CONF_SIZE_MAX + 1);
    assert_int_equal(conf_parse(&source, bytes_of(large, CONF_SIZE_MAX), "f", &arena, &root, &diag), ERR_OK);
    assert_int_equal(conf_parse(&source, bytes_of(large, CONF_SIZE_MAX + 1), "f", &arena, &root, &diag), ERR_TOO_LARGE);
    free(large);
    arena_free(&arena);
}

static void limits_depth(void **state)
{
    (void)state;
    char text[2 * CONF_DEPTH_MAX + 16] = "a: ";
    memset(text + 3, '[', CONF_DEPTH_MAX);
    memset(text + 3 + CONF_DEPTH_MAX, ']', CONF_DEPTH_MAX);
    struct arena arena = ARENA_INIT;
    struct conf_value *root;
    diag_t diag = { 0 };
    assert_int_equal(conf_parse(&source, bytes_of_text(text), "f", &arena, &root, &diag), ERR_OK);
    memset(text + 3, '[', CONF_DEPTH_MAX + 1);
    assert_int_equal(conf_parse(&source, bytes_of_text(text), "f", &arena, &root, &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.where, "f:1:68");
    arena_free(&arena);
}

// Each line refers ten times to the line before: few bytes that would take years to walk.
static void limits_what_variables_unfold_to(void **state)
{
    (void)state;
    struct writer text = WRITER_INIT;
    writer_text(&text, "v0: [1]\n");
    for (int i = 1; i < 12; i++) {
        char line[128];
        snprintf(line, sizeof line, "v%d: [$v%d,$v%d,$v%d,$v%d,$v%d,$v%d,$v%d,$v%d,$v%d,$v%d]\n", i, i - 1, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        writer_text(&text, line);
    }
    struct arena arena = ARENA_INIT;
    struct conf_value *root;
    diag_t diag = { 0 };
    assert_int_equal(conf_parse(&source, writer_view(&text), "f", &arena, &root, &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "more values than a configuration may have");
    writer_free(&text);
    arena_free(&arena);
}

static void remembers_what_variables_refer_to(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct conf_value *root;
    diag_t diag = { 0 };
    bytes_t text = BYTES_LITERAL("Own: 1\nPort: 2\nport: $Own");
    assert_int_equal(conf_parse(&source, text, "f", &arena, &root, &diag), ERR_OK);
    assert_true(conf_get(root, "own")->is_variable);
    assert_false(conf_get(root, "PORT")->is_variable);
    assert_int_equal(conf_get(root, "PORT")->integer, 2);
    assert_null(conf_get(root, "none"));
    assert_int_equal(root->first->next->next->place.line, 3);
    assert_int_equal(root->first->next->next->place.column, 1);
    arena_free(&arena);
}

static void refuses_every_truncation_or_reads_less(void **state)
{
    (void)state;
    static const char text[] =
        "a { b: [1, \"x\\n\", { c: 'd' }], e: 1.5 }\nf (\n g\n)\nh: $WORD // i\ninclude auth.conf\n";
    for (size_t size = 0; size < sizeof text; size++) {
        char *copy = malloc(size + 1);
        memcpy(copy, text, size);
        struct arena arena = ARENA_INIT;
        struct conf_value *root = NULL;
        diag_t diag = { 0 };
        err_t err = conf_parse(&source, bytes_of(copy, size), "etc/a.conf", &arena, &root, &diag);
        assert_true((err == ERR_OK) == (root != NULL));
        assert_true((err == ERR_OK) == (diag.text[0] == '\0'));
        arena_free(&arena);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_entries_in_every_form),
        cmocka_unit_test(reads_arrays),
        cmocka_unit_test(reads_numbers_times_and_words),
        cmocka_unit_test(reads_quotes_escapes_and_blocks),
        cmocka_unit_test(finds_variables),
        cmocka_unit_test(includes_files),
        cmocka_unit_test(complains_with_the_place),
        cmocka_unit_test(refuses_what_is_no_text),
        cmocka_unit_test(limits_depth),
        cmocka_unit_test(limits_what_variables_unfold_to),
        cmocka_unit_test(remembers_what_variables_refer_to),
        cmocka_unit_test(refuses_every_truncation_or_reads_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
