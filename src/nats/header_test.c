// SPDX-License-Identifier: Apache-2.0
#include "nats/header.h"

#include "base/test.h"

// The headers as "name=value;", and "!" when the walk ends with an error.
static const struct {
    const char *block, *headers;
} rows[] = {
    { "NATS/1.0\r\n\r\n", "" },
    { "NATS/1.0\r\nA: b\r\n\r\n", "A=b;" },
    { "NATS/1.0\r\nA:b\r\nA:c\r\na:d\r\n\r\n", "A=b;A=c;a=d;" },
    { "NATS/1.0 503\r\n\r\n", "" },
    { "NATS/1.0 100 Idle Heartbeat\r\nNats-Last: 1\r\n\r\n", "Nats-Last=1;" },
    { "NATS/1.0\r\nA: \t b c \t\r\n\r\n", "A=b c;" },
    { "NATS/1.0\r\nA:\r\n\r\n", "A=;" },
    { "NATS/1.0\r\nA: b: c\r\n\r\n", "A=b: c;" },
    { "", "?" },
    { "NATS/1.0", "?" },
    { "NATS/1.1\r\n\r\n", "?" },
    { "NATS/1.0x\r\n\r\n", "?" },
    { "nats/1.0\r\n\r\n", "?" },
    { "NATS/1.0\n\n", "?" },
    { "NATS/1.0\r\n", "!" },
    { "NATS/1.0\r\nA: b\r\n", "A=b;!" },
    { "NATS/1.0\r\nA: b\n\r\n", "!" },
    { "NATS/1.0\r\nA\r\n\r\n", "!" },
    { "NATS/1.0\r\n: b\r\n\r\n", "!" },
    { "NATS/1.0\r\n\r\nmore", "!" },
};

static void reads_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct nats_header_walk walk;
        struct nats_header header;
        struct writer got = WRITER_INIT;
        if (nats_header_walk_begin(bytes_of_text(rows[i].block), &walk) == ERR_OK) {
            while (nats_header_walk_next(&walk, &header))
                writer_format(&got, "%.*s=%.*s;", BYTES_ARG(header.name), BYTES_ARG(header.value));
            assert_false(nats_header_walk_next(&walk, &header));
            writer_text(&got, walk.err == ERR_OK ? "" : "!");
        } else {
            writer_text(&got, "?");
        }
        if (!bytes_is(writer_view(&got), rows[i].headers))
            fail_msg("row %zu: %.*s", i, BYTES_ARG(writer_view(&got)));
        writer_free(&got);
    }
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    struct writer to = WRITER_INIT;
    nats_header_begin(&to);
    nats_header_write(&to, BYTES_LITERAL("ce-id"), BYTES_LITERAL("1"));
    nats_header_write(&to, BYTES_LITERAL("Empty"), BYTES_LITERAL(""));
    nats_header_end(&to);
    assert_true(bytes_is(writer_view(&to), "NATS/1.0\r\nce-id: 1\r\nEmpty: \r\n\r\n"));
    writer_free(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_headers),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
