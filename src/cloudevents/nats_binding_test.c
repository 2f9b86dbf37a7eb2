// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/nats_binding.h"

#include "cloudevents/testing.h"

#define NO_EVENT "! specversion: is required, as ce-specversion or in a body of the type application/cloudevents+json"
#define BASE     "NATS/1.0\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\n"
#define IS       "id=1 source=/s type=t"
#define JSON     "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"a\": 1}}"

static const struct {
    const char *headers, *payload, *event; // headers: NULL for none
} rows[] = {
    { BASE "\r\n", "", IS },
    { BASE "\r\n", "x", IS " | bytes x" },
    { BASE "ce-datacontenttype: application/json\r\n\r\n", "{}", IS " datacontenttype=application/json | bytes {}" },
    { BASE "Content-Type: application/json\r\n\r\n", "{}", IS " datacontenttype=application/json | bytes {}" },
    { BASE "ce-datacontenttype: text/plain;%20charset=utf-8\r\n\r\n", "x",
      IS " datacontenttype=text/plain; charset=utf-8 | bytes x" },
    { BASE "Nats-Msg-Id: 7\r\nCE-Ext: v\r\nce-subject: a%20b\r\n\r\n", "", IS " subject=a b ext=v" },
    { BASE "ce-subject: \"a b\"\r\n\r\n", "", IS " subject=a b" },
    { BASE "ce-id: 2\r\n\r\n", "", "! id: must be there only once" },
    { BASE "ce-datacontenttype: a/b\r\nContent-Type: a/b\r\n\r\n", "x", "! datacontenttype: must be there only once" },
    { BASE "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n", "x", "! content-type: must be there only once" },
    { "NATS/1.0\r\nContent-Type: application/cloudevents+json\r\n\r\n", JSON, IS " | json {\"a\": 1}" },
    { "NATS/1.0\r\ncontent-type: application/cloudevents\r\n\r\n", JSON, IS " | json {\"a\": 1}" },
    { "NATS/1.0\r\nContent-Type: application/cloudevents-batch+json\r\n\r\n", "[]",
      "! content-type: must not be a batch here" },
    { "NATS/1.0\r\nContent-Type: application/json\r\n\r\n", JSON, NO_EVENT },
    { "NATS/1.0\r\nce-id: 1\r\n\r\n", JSON, NO_EVENT },
    { "NATS/1.0\r\nNats-Msg-Id: 7\r\n\r\n", JSON, IS " | json {\"a\": 1}" },
    { NULL, JSON, IS " | json {\"a\": 1}" },
    { NULL, "hello", "! offset 0: an object or an array is expected" },
    { NULL, "", "! offset 0: an object or an array is expected but the text ends" },
    { "HTTP/1.1\r\n\r\n", "", "! headers: are no header block of NATS/1.0" },
    { BASE, "", "! headers: are no header block of NATS/1.0" },
    { BASE "bad\r\n\r\n", "", "! headers: are no header block of NATS/1.0" },
};

static bytes_t headers_of(size_t row)
{
    return rows[row].headers == NULL ? BYTES_NULL : bytes_of_text(rows[row].headers);
}

static void reads_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT;
        struct cloudevent event;
        diag_t diag = { 0 };
        err_t err = cloudevent_nats_decode(headers_of(i), bytes_of_text(rows[i].payload), &arena, &event, &diag);
        dump_result(&text, err, &event, &diag);
        expect_text(i, &text, rows[i].event);
        arena_free(&arena);
    }
}

static void writes_what_it_reads_in_both_modes(void **state)
{
    (void)state;
    static const enum cloudevent_mode modes[] = { CLOUDEVENT_MODE_BINARY, CLOUDEVENT_MODE_STRUCTURED };
    for (size_t i = 0; i < 2 * ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct writer room = WRITER_INIT;
        struct cloudevent event, again;
        struct cloudevent_nats message;
        bytes_t payload = bytes_of_text(rows[i / 2].payload);
        if (cloudevent_nats_decode(headers_of(i / 2), payload, &arena, &event, NULL) == ERR_OK) {
            assert_int_equal(cloudevent_nats_encode(&event, modes[i % 2], &arena, &room, &message), ERR_OK);
            assert_int_equal(cloudevent_nats_decode(message.headers, message.payload, &arena, &again, NULL), ERR_OK);
            assert_true(bytes_equal(event.data, again.data));
            for (size_t k = 0; k < CLOUDEVENT_CORE_COUNT; k++)
                assert_true(bytes_equal(event.core[k], again.core[k]) ||
                            (k == CLOUDEVENT_DATACONTENTTYPE && event.form == CLOUDEVENT_JSON));
            assert_int_equal(event.extension_count, again.extension_count);
        }
        writer_free(&room);
        arena_free(&arena);
    }
}

static void writes_header_blocks(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer room = WRITER_INIT;
    struct cloudevent event;
    struct cloudevent_nats message;
    bytes_t headers = BYTES_LITERAL(BASE "ce-subject: \"a b\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    assert_int_equal(cloudevent_nats_decode(headers, BYTES_LITERAL("x"), &arena, &event, NULL), ERR_OK);
    assert_int_equal(cloudevent_nats_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, &room, &message), ERR_OK);
    assert_true(
        bytes_is(message.headers, BASE "ce-subject: a%20b\r\nce-datacontenttype: text/plain;%20charset=utf-8\r\n\r\n"));
    assert_true(bytes_is(message.payload, "x"));
    writer_reset(&room);
    assert_int_equal(cloudevent_nats_encode(&event, CLOUDEVENT_MODE_STRUCTURED, &arena, &room, &message), ERR_OK);
    assert_true(bytes_is(message.headers, "NATS/1.0\r\nContent-Type: application/cloudevents+json\r\n\r\n"));
    assert_true(bytes_is(message.payload,
                         "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"subject\":\"a b\","
                         "\"datacontenttype\":\"text/plain; charset=utf-8\",\"data\":\"x\"}"));
    writer_free(&room);
    room = (struct writer){ .limit = 10 };
    assert_int_equal(cloudevent_nats_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, &room, &message), ERR_TOO_LARGE);
    writer_free(&room);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(writes_what_it_reads_in_both_modes),
        cmocka_unit_test(writes_header_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
