// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/http_binding.h"

#include "cloudevents/escape.h"
#include "cloudevents/testing.h"

// "Name: value" lines, each ended by "\n", into headers.
static size_t headers_of(const char *lines, struct http_header *headers)
{
    size_t count = 0;
    for (const char *at = lines; *at != '\0'; at = strchr(at, '\n') + 1) {
        const char *colon = strchr(at, ':'), *end = strchr(at, '\n');
        const char *value = colon + 1 + (colon[1] == ' ');
        headers[count].name = bytes_of(at, (size_t)(colon - at));
        headers[count++].value = bytes_of(value, (size_t)(end - value));
    }
    return count;
}

#define NO_EVENT "! specversion: is required, as ce-specversion or in a body of the type application/cloudevents+json"
#define BASE     "ce-specversion: 1.0\nce-id: 1\nce-source: /s\nce-type: t\n"
#define OLD      "ce-specversion: 0.3\nce-id: 1\nce-source: /s\nce-type: t\n"
#define IS       "id=1 source=/s type=t"
#define JSON     "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"a\": 1}}"

static const struct {
    const char *headers, *body, *event;
} rows[] = {
    { BASE, "", IS },
    { BASE "Content-Type: application/json\n", "{\"a\":1}", IS " datacontenttype=application/json | bytes {\"a\":1}" },
    { BASE, "no type", IS " | bytes no type" },
    // CloudEvents' own conformance cases (features/http-protocol-binding.feature)
    { "Host: example.com\nce-specversion: 1.0\nce-type: com.example.someevent\nce-time: 2018-04-05T03:56:24Z\n"
      "ce-id: 1234-1234-1234\nce-source: /mycontext/subcontext\nContent-Type: application/json; charset=utf-8\n"
      "Content-Length: 33\n",
      "{\"message\": \"Hello World!\"}",
      "id=1234-1234-1234 source=/mycontext/subcontext type=com.example.someevent "
      "datacontenttype=application/json; charset=utf-8 time=2018-04-05T03:56:24Z | bytes {\"message\": \"Hello "
      "World!\"}" },
    // names: any case, any order; others are not looked at
    { "Ce-Type: t\nCE-ID: 1\ncE-sOuRcE: /s\nCE-SPECVERSION: 1.0\nCe-MyExt: v\n", "", IS " myext=v" },
    { BASE "Ce: x\nX-Ce-A: b\nceid: 2\nTraceparent: 00\nkn-namespace: n\n", "", IS },
    { BASE "ce-n: 5\nce-b: true\nce-x0: -\n", "", IS " n=5 b=true x0=-" },
    { BASE "ce-my-ext: x\n", "",
      "! my-ext: a name must consist of the letters a to z and digits, and must not be data" },
    { BASE "ce-my_ext: x\n", "",
      "! my_ext: a name must consist of the letters a to z and digits, and must not be data" },
    { BASE "ce-: x\n", "", "! \"\": a name must consist of the letters a to z and digits, and must not be data" },
    { BASE "ce-data: x\n", "", "! data: a name must consist of the letters a to z and digits, and must not be data" },
    // once only
    { BASE "Ce-Id: 1\n", "", "! id: must be there only once" },
    { BASE "ce-x: 1\nCE-X: 2\n", "", "! x: must be there only once" },
    { BASE "Content-Type: a/b\ncontent-type: a/b\n", "", "! content-type: must be there only once" },
    { BASE "ce-datacontenttype: a/b\n", "", "! datacontenttype: must be in the field Content-Type" },
    // values
    { BASE "ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80\n", "", IS " subject=Euro \xe2\x82\xac \xf0\x9f\x98\x80" },
    { BASE "ce-subject: Euro%20%e2%82%ac\n", "", IS " subject=Euro \xe2\x82\xac" },
    { BASE "ce-subject: %41%2541\n", "", IS " subject=A%41" },
    { BASE "ce-subject: \"a b\"\n", "", IS " subject=a b" },
    { BASE "ce-subject: x\"a \\\"b\\\\\" y\n", "", IS " subject=xa \"b\\ y" },
    { BASE "ce-subject: \"%41\"\n", "", IS " subject=A" },
    { BASE "ce-subject: \"%\"41\n", "", IS " subject=A" },
    { BASE "ce-subject: raw \xe2\x82\xac\n", "", IS " subject=raw \xe2\x82\xac" },
    { BASE "ce-subject: 100%\n", "", IS " subject=100%" },
    { BASE "ce-subject: 5%x%4\n", "", IS " subject=5%x%4" },
    { BASE "ce-subject: 5\" pipe\n", "", IS " subject=5\" pipe" },
    { BASE "ce-subject: \"5\\\"\n", "", IS " subject=\"5\\\"" },
    { BASE "ce-subject: a+b\n", "", IS " subject=a+b" },
    { BASE "ce-subject: %C0%A0\n", "", "! subject: must be well-formed UTF-8" },
    { BASE "ce-subject: %E2%82\n", "", "! subject: must be well-formed UTF-8" },
    { BASE "ce-subject: %ED%BA%AD\n", "", "! subject: must be well-formed UTF-8" },
    { BASE "ce-subject: a%0D%0Ab\n", "",
      "! subject: must not hold control characters (U+0000 to U+001F, U+007F to U+009F)" },
    { BASE "ce-x: %00\n", "", "! x: must not hold control characters (U+0000 to U+001F, U+007F to U+009F)" },
    { BASE "ce-x: %EF%BF%BF\n", "", "! x: must not hold code points that Unicode calls noncharacters" },
    { BASE "ce-subject:\n", "", "! subject: must not be empty" },
    { BASE "ce-x:\n", "", IS " x=" },
    { BASE "ce-time: 2018-04-05T03:56:24.5%2B01:00\n", "", IS " time=2018-04-05T03:56:24.5+01:00" },
    { BASE "ce-time: yesterday\n", "", "! time: must be a time as in 2026-01-02T03:04:05Z (RFC 3339)" },
    { BASE "ce-dataschema: https://a/b#c\n", "", IS " dataschema=https://a/b#c" },
    { BASE "ce-dataschema: b\n", "", "! dataschema: must be an absolute URI (RFC 3986 4.3)" },
    { BASE "Content-Type: xyz\n", "", "! datacontenttype: must be a media type as in text/plain (RFC 2046)" },
    { BASE "Content-Type:\n", "", "! datacontenttype: must not be empty" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: %2Ftest%2Fa\nce-type: t\n", "", "id=1 source=/test/a type=t" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: a%2520b\nce-type: t\n", "", "id=1 source=a%20b type=t" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: a%20b\nce-type: t\n", "", "id=1 source=a%20b type=t" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: a b%20c\nce-type: t\n", "",
      "! source: must be a URI-reference (RFC 3986 4.1)" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: a b\nce-type: t\n", "",
      "! source: must be a URI-reference (RFC 3986 4.1)" },
    { BASE "ce-dataschema: https://a/%7Bid%7D\n", "", IS " dataschema=https://a/%7Bid%7D" },
    // required
    { "ce-specversion: 1.0\nce-source: /s\nce-type: t\n", "", "! id: is required" },
    { "ce-specversion: 1.0\nce-id: 1\nce-type: t\n", "", "! source: is required" },
    { "ce-specversion: 1.0\nce-id: 1\nce-source: /s\n", "", "! type: is required" },
    { "ce-id: 1\nce-source: /s\nce-type: t\n", "", NO_EVENT },
    { "ce-specversion: 1.1\nce-id: 1\nce-source: /s\nce-type: t\n", "",
      "! specversion: must be 1.0 or 0.3, the versions that eddy knows" },
    { "ce-specversion: 1.0\nce-id:\nce-source: /s\nce-type: t\n", "", "! id: must not be empty" },
    // 0.3
    { OLD "ce-schemaurl: https://a/b\nContent-Type: a/b\n", "x",
      IS " datacontenttype=a/b dataschema=https://a/b (0.3) | bytes x" },
    { OLD "ce-datacontentencoding: base64\nContent-Type: a/b\n", "YQ==", IS " datacontenttype=a/b (0.3) | binary a" },
    { OLD "ce-datacontentencoding: base64\n", "?", "! data: must be base64 (RFC 4648 4)" },
    { OLD "ce-datacontentencoding: quoted-printable\n", "x", "! datacontentencoding: must be base64" },
    // structured
    { "Content-Type: application/cloudevents+json\n", JSON, IS " | json {\"a\": 1}" },
    { "content-type: Application/CloudEvents+JSON ; charset=UTF-8\n", JSON, IS " | json {\"a\": 1}" },
    { "Content-Type: application/cloudevents\n", JSON, IS " | json {\"a\": 1}" },
    { "Content-Type: application/cloudevents+json; charset=\"us-ascii\"\n", JSON, IS " | json {\"a\": 1}" },
    { "Content-Type: application/cloudevents+json; charset=utf8\n", JSON, IS " | json {\"a\": 1}" },
    { "Content-Type: application/cloudevents+json; charset=utf-16\n", JSON,
      "! content-type: must have no charset other than utf-8" },
    { "Content-Type: application/cloudevents+json; charset\n", JSON,
      "! content-type: must be a media type as in text/plain (RFC 2046)" },
    { "Content-Type: application/cloudevents+json\nce-id: other\nce-my-ext: bad\nce-specversion: 9\n", JSON,
      IS " | json {\"a\": 1}" },
    { "Content-Type: application/cloudevents+json\n", "",
      "! offset 0: an object or an array is expected but the text ends" },
    { "Content-Type: application/cloudevents+json\n", "[]", "! event: must be a JSON object" },
    { "Content-Type: application/cloudevents+json\nContent-Type: a/b\n", JSON,
      "! content-type: must be there only once" },
    // formats that are not known
    { "Content-Type: application/cloudevents+avro\n", "x", "! content-type: names an event format other than JSON" },
    { BASE "Content-Type: application/cloudevents+avro\n", "x",
      IS " datacontenttype=application/cloudevents+avro | bytes x" },
    { BASE "Content-Type: application/cloudeventsx+json\n", "x",
      IS " datacontenttype=application/cloudeventsx+json | bytes x" },
    { "Content-Type: application/json\n", "{}", NO_EVENT },
    { "", "", NO_EVENT },
    { "Content-Type: application/cloudevents-batch+json\n", "[]", "! content-type: must not be a batch here" },
};

static void reads_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT;
        struct http_header headers[16];
        struct cloudevent event;
        diag_t diag = { 0 };
        size_t count = headers_of(rows[i].headers, headers);
        err_t err = cloudevent_http_decode(headers, count, bytes_of_text(rows[i].body), &arena, &event, &diag);
        dump_result(&text, err, &event, &diag);
        expect_text(i, &text, rows[i].event);
        arena_free(&arena);
    }
}

static void expect_again(size_t row, const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena)
{
    struct writer room = WRITER_INIT, first = WRITER_INIT, second = WRITER_INIT;
    struct cloudevent_http message;
    struct cloudevent again;
    diag_t diag = { 0 };
    assert_int_equal(cloudevent_http_encode(event, mode, arena, &room, &message), ERR_OK);
    assert_int_equal(cloudevent_http_mode(message.headers, message.header_count), mode);
    if (cloudevent_http_decode(message.headers, message.header_count, message.body, arena, &again, &diag) != ERR_OK)
        fail_msg("row %zu: %s: %s", row, diag.where, diag.text);
    // What a mode does not tell: what the data was before.
    again.is_from_03 = event->is_from_03;
    again.form = event->form;
    if (event->form == CLOUDEVENT_JSON && event->core[CLOUDEVENT_DATACONTENTTYPE].data == NULL)
        again.core[CLOUDEVENT_DATACONTENTTYPE] = BYTES_NULL;
    dump_event(&first, event);
    dump_event(&second, &again);
    assert_true(bytes_equal(writer_view(&first), writer_view(&second)));
    writer_free(&room);
    writer_free(&first);
    writer_free(&second);
}

static void writes_what_it_reads_in_both_modes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct http_header headers[16];
        struct cloudevent event;
        size_t count = headers_of(rows[i].headers, headers);
        if (cloudevent_http_decode(headers, count, bytes_of_text(rows[i].body), &arena, &event, NULL) == ERR_OK) {
            expect_again(i, &event, CLOUDEVENT_MODE_BINARY, &arena);
            expect_again(i, &event, CLOUDEVENT_MODE_STRUCTURED, &arena);
        }
        arena_free(&arena);
    }
}

static void writes_header_fields(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body, *written;
    } messages[] = {
        { "CE-Type: t\nCe-N: 5\nce-source: /s\nCe-Id: 1\nce-specversion: 1.0\nContent-Type: a/b; c=\"d e\"\n", "x",
          BASE "ce-n: 5\ncontent-type: a/b; c=\"d e\"\n|x" },
        { BASE "ce-subject: \"a b\"%25\xe2\x82\xac\nce-time: 2018-04-05T03:56:24Z\nce-x:\n", "",
          BASE "ce-subject: a%20b%25%E2%82%AC\nce-time: 2018-04-05T03:56:24Z\nce-x: \n|" },
        { OLD "ce-schemaurl: a:b\nce-datacontentencoding: base64\n", "YQ==", BASE "ce-dataschema: a:b\n|a" },
        { "Content-Type: application/cloudevents+json\n", JSON, BASE "content-type: application/json\n|{\"a\": 1}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT, room = WRITER_INIT;
        struct http_header headers[16];
        struct cloudevent event;
        struct cloudevent_http message;
        size_t count = headers_of(messages[i].headers, headers);
        bytes_t body = bytes_of_text(messages[i].body);
        assert_int_equal(cloudevent_http_decode(headers, count, body, &arena, &event, NULL), ERR_OK);
        assert_int_equal(cloudevent_http_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, &room, &message), ERR_OK);
        for (size_t k = 0; k < message.header_count; k++)
            writer_format(&text, "%.*s: %.*s\n", BYTES_ARG(message.headers[k].name),
                          BYTES_ARG(message.headers[k].value));
        writer_format(&text, "|%.*s", BYTES_ARG(message.body));
        expect_text(i, &text, messages[i].written);
        assert_int_equal(room.size, 0);
        arena_free(&arena);
    }
}

static void tells_modes_apart(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        enum cloudevent_mode mode;
    } modes[] = {
        { "", CLOUDEVENT_NO_EVENT },
        { "Content-Type: application/json\n", CLOUDEVENT_NO_EVENT },
        { "ce-id: 1\n", CLOUDEVENT_NO_EVENT },
        { "Content-Type: application/cloudevent+json\n", CLOUDEVENT_NO_EVENT },
        { "ce-specversion: 1.0\n", CLOUDEVENT_MODE_BINARY },
        { "ce-specversion: nonsense\n", CLOUDEVENT_MODE_BINARY },
        { "Content-Type: application/cloudevents+xml\n", CLOUDEVENT_MODE_UNKNOWN },
        { "Content-Type: application/cloudevents-batch+xml\n", CLOUDEVENT_MODE_UNKNOWN },
        { "Content-Type: application/cloudevents+xml\nCe-Specversion: 1.0\n", CLOUDEVENT_MODE_BINARY },
        { "Content-Type: APPLICATION/CLOUDEVENTS+JSON;charset=utf-8\n", CLOUDEVENT_MODE_STRUCTURED },
        { "Content-Type: application/cloudevents+json\nCe-Specversion: 1.0\n", CLOUDEVENT_MODE_STRUCTURED },
        { "Content-Type: application/cloudevents-batch+json\n", CLOUDEVENT_MODE_BATCH },
        { "Content-Type: application/cloudevents-batch\n", CLOUDEVENT_MODE_BATCH },
    };
    for (size_t i = 0; i < ARRAY_COUNT(modes); i++) {
        struct http_header headers[16];
        size_t count = headers_of(modes[i].headers, headers);
        assert_int_equal(cloudevent_http_mode(headers, count), modes[i].mode);
    }
}

static void reads_and_writes_batches(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body;
        err_t err;
        size_t count;
    } batches[] = {
        { "Content-Type: application/cloudevents-batch+json\n", "[]", ERR_OK, 0 },
        { "Content-Type: application/cloudevents-batch+json; charset=utf-8\n", "[" JSON "," JSON "]", ERR_OK, 2 },
        { "Content-Type: application/cloudevents+json\n", JSON, ERR_OK, 1 },
        { BASE, "x", ERR_OK, 1 },
        { "Content-Type: application/cloudevents-batch+json; charset=utf-16\n", "[]", ERR_UNSUPPORTED, 0 },
        { "Content-Type: application/cloudevents-batch+json\n", "", ERR_MALFORMED, 0 },
        { "Content-Type: application/cloudevents-batch+json\n", JSON, ERR_MALFORMED, 0 },
        { "Content-Type: application/cloudevents-batch+json\n", "[{}]", ERR_INVALID, 0 },
        { "Content-Type: application/cloudevents+json\n", "[" JSON "]", ERR_MALFORMED, 0 },
        { "Content-Type: text/plain\n", "x", ERR_UNSUPPORTED, 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(batches); i++) {
        struct arena arena = ARENA_INIT;
        struct writer room = WRITER_INIT;
        struct http_header headers[16];
        struct cloudevent *events = NULL;
        struct cloudevent_http message;
        size_t count = 0, header_count = headers_of(batches[i].headers, headers);
        bytes_t body = bytes_of_text(batches[i].body);
        err_t err = cloudevent_http_decode_all(headers, header_count, body, &arena, &events, &count, NULL);
        assert_int_equal(err, batches[i].err);
        assert_int_equal(count, batches[i].count);
        assert_int_equal(cloudevent_http_encode_batch(events, count, &arena, &room, &message), ERR_OK);
        assert_int_equal(cloudevent_http_mode(message.headers, message.header_count), CLOUDEVENT_MODE_BATCH);
        err = cloudevent_http_decode_all(message.headers, message.header_count, message.body, &arena, &events, &count,
                                         NULL);
        assert_int_equal(err, ERR_OK);
        assert_int_equal(count, batches[i].count);
        writer_free(&room);
        arena_free(&arena);
    }
}

static void limits_what_it_reads_and_writes(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct http_header headers[4 + CLOUDEVENT_FIELDS_MAX];
    struct cloudevent event;
    struct cloudevent_http message;
    struct writer room = { .limit = 20 };
    size_t base = headers_of(BASE, headers);
    for (size_t i = base; i < ARRAY_COUNT(headers); i++)
        headers[i] = (struct http_header){ bytes_of_text(arena_format(&arena, "ce-x%zu", i)), BYTES_LITERAL("") };
    err_t err = cloudevent_http_decode(headers, base + CLOUDEVENT_EXTENSIONS_MAX, BYTES_NULL, &arena, &event, NULL);
    assert_int_equal(err, ERR_OK);
    err = cloudevent_http_decode(headers, base + CLOUDEVENT_EXTENSIONS_MAX + 1, BYTES_NULL, &arena, &event, NULL);
    assert_int_equal(err, ERR_TOO_LARGE);
    err = cloudevent_http_decode(headers, ARRAY_COUNT(headers), BYTES_NULL, &arena, &event, NULL);
    assert_int_equal(err, ERR_TOO_LARGE);
    err = cloudevent_http_encode(&event, CLOUDEVENT_MODE_STRUCTURED, &arena, &room, &message);
    assert_int_equal(err, ERR_TOO_LARGE);
    writer_free(&room);
    arena_free(&arena);
}

static void escapes_every_byte(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    bytes_t escaped = cloudevent_header_escape(bytes_of(all, sizeof all), &arena);
    for (size_t i = 0; i < escaped.size; i++)
        assert_true(escaped.data[i] > ' ' && escaped.data[i] < 0x7f && escaped.data[i] != '"');
    assert_true(bytes_equal(cloudevent_header_unescape(escaped, &arena), bytes_of(all, sizeof all)));
    bytes_t plain = BYTES_LITERAL("plain!");
    assert_ptr_equal(cloudevent_header_escape(plain, &arena).data, plain.data);
    assert_ptr_equal(cloudevent_header_unescape(plain, &arena).data, plain.data);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_messages),           cmocka_unit_test(writes_what_it_reads_in_both_modes),
        cmocka_unit_test(writes_header_fields),     cmocka_unit_test(tells_modes_apart),
        cmocka_unit_test(reads_and_writes_batches), cmocka_unit_test(limits_what_it_reads_and_writes),
        cmocka_unit_test(escapes_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
