// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/json_format.h"

#include "cloudevents/testing.h"

// The required attributes; REST follows.
#define BASE(rest) "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"" rest "}"
#define OLD(rest)  "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"" rest "}"
#define IS         "id=1 source=/s type=t"

// What is read, and, unless it is the same, what is written again.
static const struct {
    const char *json, *event, *again;
} rows[] = {
    { BASE(""), IS, BASE("") },
    { " {\t\"type\" :\"t\",\n\"source\":\"/s\",\"id\":\"1\", \"specversion\":\"1.0\"}\r\n", IS, BASE("") },
    // CloudEvents' own conformance cases (format/json): valid events
    { "{\"specversion\":\"1.0\",\"id\":\"minimal\",\"type\":\"io.cloudevents.test\",\"source\":\"https://"
      "cloudevents.io\","
      "\"datacontenttype\":null,\"dataschema\":null,\"subject\":null,\"time\":null}",
      "id=minimal source=https://cloudevents.io type=io.cloudevents.test", NULL },
    { BASE(",\"datacontenttype\":\"text/plain\",\"dataschema\":\"https://cloudevents.io/"
           "dataschema\",\"subject\":\"tests\","
           "\"time\":\"2018-04-05T17:31:00Z\""),
      IS " subject=tests datacontenttype=text/plain dataschema=https://cloudevents.io/dataschema "
         "time=2018-04-05T17:31:00Z",
      NULL },
    { BASE(",\"time\":\"2018-04-05T17:31:00.000000000Z\""), IS " time=2018-04-05T17:31:00.000000000Z", NULL },
    { BASE(",\"time\":\"2018-04-05T18:31:00+01:00\""), IS " time=2018-04-05T18:31:00+01:00", NULL },
    { BASE(",\"datacontenttype\":\"text/plain\",\"data\":\"Simple text\""),
      IS " datacontenttype=text/plain | text Simple text",
      BASE(",\"datacontenttype\":\"text/plain\",\"data\":\"Simple text\"") },
    { BASE(",\"extinteger\":10,\"extboolean\":true,\"extstring\":\"text\",\"exturi\":\"https://cloudevents.io\","
           "\"exturiref\":\"//authority/path\",\"exttimestamp\":\"2023-03-31T15:12:00Z\",\"extbinary\":\"TWE=\""),
      IS " extinteger:Integer=10 extboolean:Boolean=true extstring=text exturi=https://cloudevents.io "
         "exturiref=//authority/path exttimestamp=2023-03-31T15:12:00Z extbinary=TWE=",
      BASE(",\"extinteger\":10,\"extboolean\":true,\"extstring\":\"text\",\"exturi\":\"https://cloudevents.io\","
           "\"exturiref\":\"//authority/path\",\"exttimestamp\":\"2023-03-31T15:12:00Z\",\"extbinary\":\"TWE=\"") },
    // and those that are not
    { "{\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", "! specversion: is required", NULL },
    { "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"t\"}", "! id: is required", NULL },
    { "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\"}", "! type: is required", NULL },
    { "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", "! source: is required", NULL },
    { "{\"specversion\":\"1.0\",\"id\":null,\"source\":\"/s\",\"type\":\"t\"}", "! id: is required", NULL },
    { "{\"specversion\":\"\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", "! specversion: must not be empty",
      NULL },
    { "{\"specversion\":\"0.9\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
      "! specversion: must be 1.0 or 0.3, the versions that eddy knows", NULL },
    { "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}", "! specversion: must be a string", NULL },
    { "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"}", "! id: must not be empty", NULL },
    { "{\"specversion\":\"1.0\",\"id\":25,\"source\":\"/s\",\"type\":\"t\"}", "! id: must be a string", NULL },
    { "{\"specversion\":\"1.0\",\"id\":{\"x\":1},\"source\":\"/s\",\"type\":\"t\"}",
      "! id: must be a string, an integer or a boolean, not an object", NULL },
    { "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"\",\"type\":\"t\"}", "! source: must not be empty", NULL },
    { "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"\"}", "! type: must not be empty", NULL },
    { BASE(",\"time\":\"lunchtime\""), "! time: must be a time as in 2026-01-02T03:04:05Z (RFC 3339)", NULL },
    { BASE(",\"time\":\"\""), "! time: must not be empty", NULL },
    { BASE(",\"time\":1522949460"), "! time: must be a string", NULL },
    { BASE(",\"datacontenttype\":\"\""), "! datacontenttype: must not be empty", NULL },
    { BASE(",\"datacontenttype\":\"xyz\""), "! datacontenttype: must be a media type as in text/plain (RFC 2046)",
      NULL },
    { BASE(",\"dataschema\":\"\""), "! dataschema: must not be empty", NULL },
    { BASE(",\"dataschema\":\"schema\""), "! dataschema: must be an absolute URI (RFC 3986 4.3)", NULL },
    { BASE(",\"subject\":\"\""), "! subject: must not be empty", NULL },
    { BASE(",\"MyExtension\":\"bad\""),
      "! MyExtension: a name must consist of the letters a to z and digits, and must not be data", NULL },
    { BASE(",\"my.extension\":\"bad\""),
      "! my.extension: a name must consist of the letters a to z and digits, and must not be data", NULL },
    { BASE(",\"\":\"bad\""), "! \"\": a name must consist of the letters a to z and digits, and must not be data",
      NULL },
    { BASE(",\"n\":1.5"), "! n: must be an integer from -2147483648 to 2147483647", NULL },
    { BASE(",\"n\":1e3"), "! n: must be an integer from -2147483648 to 2147483647", NULL },
    { BASE(",\"n\":2147483648"), "! n: must be an integer from -2147483648 to 2147483647", NULL },
    { BASE(",\"n\":[]"), "! n: must be a string, an integer or a boolean, not an array", NULL },
    { BASE(",\"n\":{}"), "! n: must be a string, an integer or a boolean, not an object", NULL },
    { BASE(",\"data\":\"text\",\"data_base64\":\"eyAieHl6IjogMTIzIH0=\""),
      "! data_base64: must not be there beside data", NULL },
    // members twice
    { BASE(",\"id\":\"1\""), "! id: must be there only once", NULL },
    { BASE(",\"x\":\"1\",\"x\":\"1\""), "! x: must be there only once", NULL },
    { BASE(",\"x\":\"1\",\"\\u0078\":1"), "! x: must be there only once", NULL },
    { BASE(",\"data\":1,\"data\":1"), "! data: must be there only once", NULL },
    { BASE(",\"data_base64\":\"\",\"data_base64\":\"\""), "! data_base64: must be there only once", NULL },
    { BASE(",\"x\":null,\"x\":\"1\""), IS " x=1", BASE(",\"x\":\"1\"") },
    // data: a JSON value
    { BASE(",\"data\":{\"a\" : [1, 2.50]}"), IS " | json {\"a\" : [1, 2.50]}", BASE(",\"data\":{\"a\" : [1, 2.50]}") },
    { BASE(",\"data\":null"), IS " | json null", BASE(",\"data\":null") },
    { BASE(",\"data\":\"I'm just a string\""), IS " | json \"I'm just a string\"",
      BASE(",\"data\":\"I'm just a string\"") },
    { BASE(",\"datacontenttype\":\"application/json\",\"data\":\"{\\\"a\\\":1}\""),
      IS " datacontenttype=application/json | json \"{\\\"a\\\":1}\"", NULL },
    { "{\"data\":[true],\"datacontenttype\":\"a/b+json; "
      "x=y\",\"type\":\"t\",\"source\":\"/s\",\"id\":\"1\",\"specversion\":"
      "\"1.0\"}",
      IS " datacontenttype=a/b+json; x=y | json [true]",
      BASE(",\"datacontenttype\":\"a/b+json; x=y\",\"data\":[true]") },
    // data: a string
    { BASE(",\"data\":\"<much wow=\\\"xml\\\"/>\",\"datacontenttype\":\"application/xml\""),
      IS " datacontenttype=application/xml | text <much wow=\"xml\"/>",
      BASE(",\"datacontenttype\":\"application/xml\",\"data\":\"<much wow=\\\"xml\\\"/>\"") },
    { BASE(",\"data\":\"\",\"datacontenttype\":\"text/plain\""), IS " datacontenttype=text/plain | text ",
      BASE(",\"datacontenttype\":\"text/plain\",\"data\":\"\"") },
    { BASE(",\"data\":\"a\\u0000\\n\\ud83d\\ude00\",\"datacontenttype\":\"image/png\""), NULL,
      BASE(",\"datacontenttype\":\"image/png\",\"data\":\"a\\u0000\\n\xf0\x9f\x98\x80\"") },
    { BASE(",\"data\":null,\"datacontenttype\":\"text/plain\""), IS " datacontenttype=text/plain",
      BASE(",\"datacontenttype\":\"text/plain\"") },
    { BASE(",\"data\":{},\"datacontenttype\":\"text/plain\""),
      "! data: must be a string, because datacontenttype is not JSON", NULL },
    { BASE(",\"data\":5,\"datacontenttype\":\"text/plain\""),
      "! data: must be a string, because datacontenttype is not JSON", NULL },
    // data: base64
    { BASE(",\"data_base64\":\"AAH/\""), NULL, BASE(",\"data_base64\":\"AAH/\"") },
    { BASE(",\"data_base64\":\"eyJhIjoxfQ==\",\"datacontenttype\":\"application/json\""),
      IS " datacontenttype=application/json | binary {\"a\":1}",
      BASE(",\"datacontenttype\":\"application/json\",\"data_base64\":\"eyJhIjoxfQ==\"") },
    { BASE(",\"data_base64\":\"\""), IS " | binary ", BASE(",\"data_base64\":\"\"") },
    { BASE(",\"data_base64\":null,\"data\":1"), IS " | json 1", BASE(",\"data\":1") },
    { BASE(",\"data\":null,\"data_base64\":\"YQ==\""), IS " | binary a", BASE(",\"data_base64\":\"YQ==\"") },
    { BASE(",\"data_base64\":\"?\""), "! data_base64: must be base64 (RFC 4648 4)", NULL },
    { BASE(",\"data_base64\":{}"), "! data_base64: must be a string", NULL },
    // 0.3
    { OLD(",\"schemaurl\":\"https://a/b\",\"data\":{}"), IS " dataschema=https://a/b (0.3) | json {}",
      BASE(",\"dataschema\":\"https://a/b\",\"data\":{}") },
    { OLD(",\"datacontentencoding\":\"base64\",\"data\":\"eyJhIjoxfQ==\""), IS " (0.3) | binary {\"a\":1}",
      BASE(",\"data_base64\":\"eyJhIjoxfQ==\"") },
    { OLD(",\"data\":\"YQ==\",\"datacontentencoding\":\"Base64\",\"datacontenttype\":\"text/plain\""),
      IS " datacontenttype=text/plain (0.3) | binary a", NULL },
    { OLD(",\"datacontentencoding\":\"base64\""), IS " (0.3)", BASE("") },
    { OLD(",\"data\":\"x\",\"datacontenttype\":\"text/plain\",\"ext\":\"e\""),
      IS " datacontenttype=text/plain ext=e (0.3) | text x", NULL },
    { OLD(",\"datacontentencoding\":\"gzip\""), "! datacontentencoding: must be base64", NULL },
    { OLD(",\"datacontentencoding\":\"base64\",\"data\":{}"),
      "! data: must be a string, because datacontentencoding is base64", NULL },
    { OLD(",\"datacontentencoding\":\"base64\",\"data\":\"?\""), "! data: must be base64 (RFC 4648 4)", NULL },
    { OLD(",\"schemaurl\":\"relative\""), "! dataschema: must be an absolute URI (RFC 3986 4.3)", NULL },
    { OLD(",\"schemaurl\":\"a:b\",\"dataschema\":\"a:b\""), "! dataschema: must be there only once", NULL },
    { OLD(",\"data_base64\":\"YQ==\""), "! data_base64: is not part of CloudEvents 0.3", NULL },
    { BASE(",\"schemaurl\":\"x\",\"datacontentencoding\":\"y\""), IS " schemaurl=x datacontentencoding=y", NULL },
    // no event, no JSON
    { "", "! offset 0: an object or an array is expected but the text ends", NULL },
    { "null", "! offset 0: an object or an array is expected", NULL },
    { "[]", "! event: must be a JSON object", NULL },
    { "{}", "! specversion: is required", NULL },
    { "{\"specversion\":\"1.0\"", "! offset 20: a comma or } is expected but the text ends", NULL },
    { BASE(",\"data\":{\"a\":}"), "! offset 67: a value is expected", NULL },
    { BASE(",\"x\":\"\\ud800\""), "! offset 66: the other half of a surrogate pair is expected", NULL },
    { BASE(",\"x\":\"\\u0000\""), "! x: must not hold control characters (U+0000 to U+001F, U+007F to U+009F)", NULL },
    { BASE("") "x", "! offset 55: the end of the text is expected", NULL },
};

static void write_event(struct writer *to, const struct cloudevent *event)
{
    struct json_writer json = json_writer_of(to);
    cloudevent_json_encode(event, &json);
}

// What was written reads as the same event, but for what became of the data of 0.3.
static void expect_same_again(size_t row, const struct cloudevent *event, struct arena *arena)
{
    struct cloudevent again;
    struct writer json = WRITER_INIT, first = WRITER_INIT, second = WRITER_INIT;
    diag_t diag = { 0 };
    write_event(&json, event);
    if (cloudevent_json_decode(writer_view(&json), arena, &again, &diag) != ERR_OK)
        fail_msg("row %zu: %s: %s", row, diag.where, diag.text);
    again.is_from_03 = event->is_from_03;
    dump_event(&first, event);
    dump_event(&second, &again);
    assert_true(bytes_equal(writer_view(&first), writer_view(&second)));
    writer_free(&json);
    writer_free(&first);
    writer_free(&second);
}

static void reads_and_writes_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT, json = WRITER_INIT;
        struct cloudevent event;
        diag_t diag = { 0 };
        err_t err = cloudevent_json_decode(bytes_of_text(rows[i].json), &arena, &event, &diag);
        if (rows[i].event != NULL) {
            dump_result(&text, err, &event, &diag);
            expect_text(i, &text, rows[i].event);
        }
        if (rows[i].again != NULL) {
            assert_int_equal(err, ERR_OK);
            write_event(&json, &event);
            expect_text(i, &json, rows[i].again);
        }
        if (err == ERR_OK)
            expect_same_again(i, &event, &arena);
        arena_free(&arena);
    }
}

static void tells_what_kind_of_error_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        err_t err;
    } errors[] = {
        { "{", ERR_MALFORMED },
        { "[]", ERR_MALFORMED },
        { "{}", ERR_INVALID },
        { BASE(",\"id\":\"1\""), ERR_INVALID },
        { BASE(",\"data_base64\":\"?\""), ERR_INVALID },
        { "{\"specversion\":\"2.0\"}", ERR_UNSUPPORTED },
    };
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        struct arena arena = ARENA_INIT;
        struct cloudevent event;
        assert_int_equal(cloudevent_json_decode(bytes_of_text(errors[i].json), &arena, &event, NULL), errors[i].err);
        arena_free(&arena);
    }
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    bytes_t whole = bytes_of_text(BASE(",\"n\":1,\"b\":true,\"x\":\"\\u00e4\",\"data\":{\"a\":[null,\"\\n\"]}"));
    for (size_t size = 0; size < whole.size; size++) {
        struct arena arena = ARENA_INIT;
        struct cloudevent event;
        uint8_t *exact = malloc(size + 1);
        memcpy(exact, whole.data, size);
        assert_int_equal(cloudevent_json_decode(bytes_of(exact, size), &arena, &event, NULL), ERR_MALFORMED);
        free(exact);
        arena_free(&arena);
    }
}

static err_t decode_with_extensions(size_t count, size_t value_size)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent event;
    struct writer json = WRITER_INIT;
    writer_text(&json, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"");
    for (size_t i = 0; i < count; i++) {
        writer_format(&json, ",\"x%zu\":\"", i);
        for (size_t k = 0; k < value_size; k++)
            writer_u8(&json, 'v');
        writer_u8(&json, '"');
    }
    writer_u8(&json, '}');
    err_t err = cloudevent_json_decode(writer_view(&json), &arena, &event, NULL);
    assert_true(err != ERR_OK || event.extension_count == count);
    arena_free(&arena);
    writer_free(&json);
    return err;
}

static void limits_attributes(void **state)
{
    (void)state;
    size_t core = strlen("specversion1.0id1source/stypet");
    assert_int_equal(decode_with_extensions(CLOUDEVENT_EXTENSIONS_MAX, 1), ERR_OK);
    assert_int_equal(decode_with_extensions(CLOUDEVENT_EXTENSIONS_MAX + 1, 1), ERR_TOO_LARGE);
    assert_int_equal(decode_with_extensions(1, CLOUDEVENT_ATTRIBUTES_SIZE_MAX - core - 2), ERR_OK);
    assert_int_equal(decode_with_extensions(1, CLOUDEVENT_ATTRIBUTES_SIZE_MAX - core - 1), ERR_TOO_LARGE);
}

// How data that came as a body is written.
static void chooses_how_data_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *type, *data, *member;
    } bodies[] = {
        { NULL, NULL, "" },
        { "application/json", "{\"a\": 1}", ",\"data\":{\"a\": 1}" },
        { "Text/JSON ; charset=utf-8", "1", ",\"data\":1" },
        { "a/b+json", "1", ",\"data_base64\":\"MQ==\"" },
        { "text/b+json", "1", ",\"data_base64\":\"MQ==\"" },
        { NULL, "[1]", ",\"data\":[1]" },
        { NULL, "hello", ",\"data_base64\":\"aGVsbG8=\"" },
        { "application/json", "{\"a\":", ",\"data_base64\":\"eyJhIjo=\"" },
        { "application/json", "", ",\"data_base64\":\"\"" },
        { "text/plain", "he\"llo\n", ",\"data\":\"he\\\"llo\\n\"" },
        { "text/plain; charset=utf-8", "\xe2\x82\xac", ",\"data\":\"\xe2\x82\xac\"" },
        { "text/plain; charset=latin1", "\xe4", ",\"data_base64\":\"5A==\"" },
        { "text/plain", "\xe4", ",\"data_base64\":\"5A==\"" },
        { "image/svg+xml", "<svg/>", ",\"data\":\"<svg/>\"" },
        { "image/png", "png", ",\"data_base64\":\"cG5n\"" },
        { "application/octet-stream", "", ",\"data_base64\":\"\"" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct arena arena = ARENA_INIT;
        struct writer json = WRITER_INIT;
        struct cloudevent event;
        assert_int_equal(cloudevent_json_decode(bytes_of_text(BASE("")), &arena, &event, NULL), ERR_OK);
        event.data = bodies[i].data == NULL ? BYTES_NULL : bytes_of_text(bodies[i].data);
        event.core[CLOUDEVENT_DATACONTENTTYPE] = bodies[i].type == NULL ? BYTES_NULL : bytes_of_text(bodies[i].type);
        const char *base = arena_text(&arena, bytes_of(BASE(""), sizeof BASE("") - 2));
        write_event(&json, &event);
        expect_text(i, &json,
                    bodies[i].type == NULL ? arena_format(&arena, "%s%s}", base, bodies[i].member)
                                           : arena_format(&arena, "%s,\"datacontenttype\":\"%s\"%s}", base,
                                                          bodies[i].type, bodies[i].member));
        arena_free(&arena);
    }
}

// As deep as fits into a batch; deeper data that came as a body goes as base64.
static void limits_the_depth_of_data(void **state)
{
    (void)state;
    char body[2 * JSON_DEPTH_MAX];
    for (size_t depth = CLOUDEVENT_DATA_DEPTH_MAX; depth <= JSON_DEPTH_MAX; depth++) {
        struct arena arena = ARENA_INIT;
        struct writer json = WRITER_INIT, batch = WRITER_INIT;
        struct json_writer to = json_writer_of(&batch);
        struct cloudevent event, *events;
        size_t count;
        memset(body, '[', depth);
        memset(body + depth, ']', depth);
        writer_format(&json, "%.*s,\"data\":%.*s}", (int)sizeof BASE("") - 2, BASE(""), (int)(2 * depth), body);
        err_t err = cloudevent_json_decode(writer_view(&json), &arena, &event, NULL);
        assert_int_equal(err, depth == CLOUDEVENT_DATA_DEPTH_MAX ? ERR_OK : ERR_TOO_LARGE);
        assert_int_equal(cloudevent_json_decode(bytes_of_text(BASE("")), &arena, &event, NULL), ERR_OK);
        event.data = bytes_of(body, 2 * depth);
        cloudevent_json_encode_batch(&event, 1, &to);
        assert_int_equal(cloudevent_json_decode_batch(writer_view(&batch), &arena, &events, &count, NULL), ERR_OK);
        assert_int_equal(events->form, depth == CLOUDEVENT_DATA_DEPTH_MAX ? CLOUDEVENT_JSON : CLOUDEVENT_BINARY);
        assert_true(bytes_equal(events->data, event.data));
        writer_free(&json);
        writer_free(&batch);
        arena_free(&arena);
    }
}

static void reads_and_writes_batches(void **state)
{
    (void)state;
    static const struct {
        const char *json, *events;
    } batches[] = {
        { "[]", "" },
        { " [ ] ", "" },
        { "[" BASE("") "]", IS ";" },
        { "[" BASE(",\"n\":1") " , " BASE(",\"data\":[]") "]", IS " n:Integer=1;" IS " | json [];" },
        { "[" OLD("") "," OLD("") "]", IS " (0.3);" IS " (0.3);" },
        { "[" BASE("") "," OLD("") "]", "! batch: all its events must have the same specversion" },
        { "[" BASE("") ",{\"specversion\":\"0.9\"}]",
          "! event 1: specversion: must be 1.0 or 0.3, the versions that eddy knows" },
        { "[{\"specversion\":\"1.0\"}]", "! event 0: id: is required" },
        { "[" BASE("") ",\"x\"]", "! event 1: offset 0: an object or an array is expected" },
        { "[[]]", "! event 0: event: must be a JSON object" },
        { BASE(""), "! batch: must be a JSON array" },
        { "[" BASE("") ",]", "! offset 57: a value is expected" },
        { "[" BASE(""), "! offset 56: a comma or ] is expected but the text ends" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(batches); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT, json = WRITER_INIT;
        struct json_writer to = json_writer_of(&json);
        struct cloudevent *events = NULL;
        size_t count = 0, again = 0;
        diag_t diag = { 0 };
        err_t err = cloudevent_json_decode_batch(bytes_of_text(batches[i].json), &arena, &events, &count, &diag);
        if (err != ERR_OK)
            dump_result(&text, err, NULL, &diag);
        for (size_t k = 0; k < count; k++) {
            struct writer one = WRITER_INIT;
            dump_event(&one, &events[k]);
            writer_bytes(&text, writer_view(&one));
            writer_u8(&text, ';');
            writer_free(&one);
        }
        expect_text(i, &text, batches[i].events);
        cloudevent_json_encode_batch(events, count, &to);
        assert_int_equal(cloudevent_json_decode_batch(writer_view(&json), &arena, &events, &again, NULL), ERR_OK);
        assert_int_equal(again, count);
        writer_free(&json);
        arena_free(&arena);
    }
}

static void limits_batches(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer json = WRITER_INIT;
    struct cloudevent *events;
    size_t count;
    writer_u8(&json, '[');
    for (int i = 0; i < CLOUDEVENT_BATCH_MAX; i++)
        writer_format(&json, "%s%s", i == 0 ? "" : ",", BASE(""));
    size_t end = json.size;
    writer_u8(&json, ']');
    assert_int_equal(cloudevent_json_decode_batch(writer_view(&json), &arena, &events, &count, NULL), ERR_OK);
    assert_int_equal(count, CLOUDEVENT_BATCH_MAX);
    json.size = end;
    writer_text(&json, "," BASE("") "]");
    assert_int_equal(cloudevent_json_decode_batch(writer_view(&json), &arena, &events, &count, NULL), ERR_TOO_LARGE);
    writer_free(&json);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_events),
        cmocka_unit_test(tells_what_kind_of_error_it_is),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(limits_attributes),
        cmocka_unit_test(chooses_how_data_is_written),
        cmocka_unit_test(reads_and_writes_batches),
        cmocka_unit_test(limits_batches),
        cmocka_unit_test(limits_the_depth_of_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
