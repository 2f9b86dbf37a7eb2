// SPDX-License-Identifier: Apache-2.0
#include "nats/parser.h"

#include "base/assert.h"
#include "base/mem.h"

#include "base/test.h"

static const struct nats_parse_limits limits = { .line_size = 64, .payload_size = 100, .headers = true };

static enum nats_parse parse_text(const char *text, struct nats_command *command, size_t *size)
{
    *command = (struct nats_command){ 0 };
    return nats_parse(&limits, bytes_of_text(text), command, size);
}

static void assert_bytes(bytes_t bytes, const char *text)
{
    if (!bytes_is(bytes, text))
        fail_msg("\"%.*s\" is not \"%s\"", BYTES_ARG(bytes), text);
}

static void cuts_a_publish(void **state)
{
    (void)state;
    static const struct {
        const char *text, *subject, *reply, *body, *tail;
        size_t header_size;
    } rows[] = {
        { "PUB foo 2\r\nhi\r\n", "foo", NULL, "hi", " 2\r\nhi\r\n", 0 },
        { "PUB foo rep 2\r\nhi\r\n", "foo", "rep", "hi", " rep 2\r\nhi\r\n", 0 },
        { "pub foo 0\r\n\r\n", "foo", NULL, "", " 0\r\n\r\n", 0 },
        { "PUB  foo 2\r\nhi\r\n", "foo", NULL, "hi", " 2\r\nhi\r\n", 0 },
        { "PUB foo  2\r\nhi\r\n", "foo", NULL, "hi", NULL, 0 },
        { "PUB foo 2 \r\nhi\r\n", "foo", NULL, "hi", NULL, 0 },
        { "PUB\tfoo\t2\r\nhi\r\n", "foo", NULL, "hi", NULL, 0 },
        { "PUB foo 2\nhi\r\n", "foo", NULL, "hi", NULL, 0 },
        { "PUB foo 0002\r\nhi\r\n", "foo", NULL, "hi", " 0002\r\nhi\r\n", 0 },
        { "PUB f\ro 2\r\n\r\n\r\n", "f\ro", NULL, "\r\n", " 2\r\n\r\n\r\n", 0 },
        { "HPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", "foo", NULL, "NATS/1.0\r\n\r\nhi",
          " 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", 12 },
        { "hPuB foo r 1 1\r\nx\r\n", "foo", "r", "x", " r 1 1\r\nx\r\n", 1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_command command;
        size_t size;
        assert_int_equal(parse_text(rows[i].text, &command, &size), NATS_PARSE_DONE);
        assert_int_equal(size, strlen(rows[i].text));
        assert_bytes(command.subject, rows[i].subject);
        assert_int_equal(command.reply.data == NULL, rows[i].reply == NULL);
        assert_bytes(command.reply, rows[i].reply == NULL ? "" : rows[i].reply);
        assert_bytes(command.body, rows[i].body);
        assert_int_equal(command.header_size, rows[i].header_size);
        if (rows[i].tail == NULL)
            assert_null(command.tail.data);
        else
            assert_bytes(command.tail, rows[i].tail);
    }
}

static void cuts_the_other_commands(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum nats_verb verb;
        const char *line;
        size_t count;
        const char *arguments[3];
    } rows[] = {
        { "SUB foo 1\r\n", NATS_SUB, "foo 1", 2, { "foo", "1" } },
        { "sub foo q \t 1 \n", NATS_SUB, "foo q \t 1 ", 3, { "foo", "q", "1" } },
        { "SUB a b c d e\r\n", NATS_SUB, "a b c d e", 5, { "a", "b", "c" } },
        { "SUB \r\n", NATS_SUB, "", 0, { NULL } },
        { "UNSUB 1 5\r\n", NATS_UNSUB, "1 5", 2, { "1", "5" } },
        { "PING\r\n", NATS_PING, NULL, 0, { NULL } },
        { "PINGxyz z\n", NATS_PING, NULL, 0, { NULL } },
        { "pong\n", NATS_PONG, NULL, 0, { NULL } },
        { "+OK\r\n", NATS_OK, NULL, 0, { NULL } },
        { "CONNECT {\"a\": 1}\r\n", NATS_CONNECT, "{\"a\": 1}", 0, { NULL } },
        { "connect{}\n", NATS_CONNECT, "{}", 0, { NULL } },
        { "CONNECT\r\n", NATS_CONNECT, "", 0, { NULL } },
        { "INFO {}\r\n", NATS_INFO, "{}", 0, { NULL } },
        { "-ERR 'x y'\r\n", NATS_ERR, "'x y'", 2, { "'x", "y'" } },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_command command;
        size_t size;
        if (parse_text(rows[i].text, &command, &size) != NATS_PARSE_DONE)
            fail_msg("%s", rows[i].text);
        assert_int_equal(size, strlen(rows[i].text));
        assert_int_equal(command.verb, rows[i].verb);
        assert_int_equal(command.count, rows[i].count);
        if (rows[i].line != NULL)
            assert_bytes(command.line, rows[i].line);
        for (size_t k = 0; k < ARRAY_COUNT(rows[i].arguments) && rows[i].arguments[k] != NULL; k++)
            assert_bytes(command.arguments[k], rows[i].arguments[k]);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum nats_parse result;
    } rows[] = {
        { "FOO", NATS_PARSE_UNKNOWN },
        { "G", NATS_PARSE_UNKNOWN },
        { "\r\n", NATS_PARSE_UNKNOWN },
        { "\n", NATS_PARSE_UNKNOWN },
        { " PING\r\n", NATS_PARSE_UNKNOWN },
        { "\x16\x03\x01", NATS_PARSE_UNKNOWN },
        { "PUBX", NATS_PARSE_UNKNOWN },
        { "PUB\r\n", NATS_PARSE_UNKNOWN },
        { "-ERR\r\n", NATS_PARSE_UNKNOWN },
        { "MSG foo 1 2\r\nhi\r\n", NATS_PARSE_UNKNOWN },
        { "PUB foo 2\r\nhix", NATS_PARSE_UNKNOWN },
        { "PUB foo 2\r\nhi\rx", NATS_PARSE_UNKNOWN },
        { "PUB foo 2\r\nhi\n", NATS_PARSE_UNKNOWN },
        { "PUB \r\n", NATS_PARSE_BAD },
        { "PUB foo\r\n", NATS_PARSE_BAD },
        { "PUB foo bar baz 2\r\n", NATS_PARSE_BAD },
        { "PUB foo -1\r\n", NATS_PARSE_BAD },
        { "PUB foo +1\r\n", NATS_PARSE_BAD },
        { "PUB foo 1x\r\n", NATS_PARSE_BAD },
        { "PUB foo 1234567890\r\n", NATS_PARSE_BAD },
        { "HPUB foo 2\r\n", NATS_PARSE_BAD },
        { "HPUB foo a b 1 2\r\n", NATS_PARSE_BAD },
        { "HPUB foo 10 6\r\n", NATS_PARSE_BAD },
        { "HPUB foo x 6\r\n", NATS_PARSE_BAD },
        { "PUB foo 101\r\n", NATS_PARSE_PAYLOAD_TOO_LARGE },
        { "PUB foo 999999999\r\n", NATS_PARSE_PAYLOAD_TOO_LARGE },
        { "HPUB foo 1 101\r\n", NATS_PARSE_PAYLOAD_TOO_LARGE },
        { "SUB 12345678901234567890123456789012345678901234567890123456789012345", NATS_PARSE_LINE_TOO_LONG },
        { "CONNECT {3456789012345678901234567890123456789012345678901234567890123}567\r\n", NATS_PARSE_LINE_TOO_LONG },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct nats_command command;
        size_t size;
        if (parse_text(rows[i].text, &command, &size) != rows[i].result)
            fail_msg("%s", rows[i].text);
    }
    struct nats_command command;
    size_t size;
    const struct nats_parse_limits no_headers = { .line_size = 64, .payload_size = 100 };
    assert_int_equal(nats_parse(&no_headers, BYTES_LITERAL("HPUB foo 1 1\r\n"), &command, &size), NATS_PARSE_BAD);
}

static void a_cr_at_the_cut_does_not_count_as_part_of_the_line(void **state)
{
    (void)state;
    struct nats_command command;
    size_t size;
    assert_int_equal(
        parse_text("SUB 123456789012345678901234567890123456789012345678901234567890 12\r\n", &command, &size),
        NATS_PARSE_DONE);
    assert_int_equal(
        parse_text("SUB 1234567890123456789012345678901234567890123456789012345678901 12\r", &command, &size),
        NATS_PARSE_MORE);
    assert_int_equal(
        parse_text("SUB 12345678901234567890123456789012345678901234567890123456789012 12\r", &command, &size),
        NATS_PARSE_LINE_TOO_LONG);
}

// Each prefix of a command asks for more, and says for how much once it knows.
static void asks_for_more_at_every_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t known_from; // so many bytes tell the whole size
    } rows[] = { { "PUB foo.bar reply 5\r\nhello\r\n", 21 },
                 { "HPUB foo 3 5\r\nhello\r\n", 14 },
                 { "SUB foo 1\r\n", 100 },
                 { "PING\r\n", 100 },
                 { "CONNECT {\"verbose\":false}\r\n", 100 } };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t whole = strlen(rows[i].text), size;
        for (size_t cut = 0; cut < whole; cut++) {
            // An own copy of that size, so that reading beyond it is noticed.
            uint8_t *piece = mem_alloc(cut);
            memcpy(piece, rows[i].text, cut);
            struct nats_command command = { 0 };
            assert_int_equal(nats_parse(&limits, bytes_of(piece, cut), &command, &size), NATS_PARSE_MORE);
            assert_int_equal(size, cut >= rows[i].known_from ? whole : cut + 1);
            free(piece);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_a_publish),
        cmocka_unit_test(cuts_the_other_commands),
        cmocka_unit_test(refuses),
        cmocka_unit_test(a_cr_at_the_cut_does_not_count_as_part_of_the_line),
        cmocka_unit_test(asks_for_more_at_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
