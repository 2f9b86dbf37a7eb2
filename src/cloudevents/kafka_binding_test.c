// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/kafka_binding.h"

#include "cloudevents/testing.h"

enum { HEADERS_MAX = 16 };

// A header's value of "-" is null.
struct row {
    const char *headers[HEADERS_MAX]; // name, value, ...
    const char *value;                // NULL: null
    const char *event;
};

#define NO_EVENT "! specversion: is required, as ce_specversion or in a body of the type application/cloudevents+json"
#define BASE     "ce_specversion", "1.0", "ce_id", "1", "ce_source", "/s", "ce_type", "t"
#define OLD      "ce_specversion", "0.3", "ce_id", "1", "ce_source", "/s", "ce_type", "t"
#define IS       "id=1 source=/s type=t"
#define JSON     "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"a\": 1}}"

static const struct row rows[] = {
    { { BASE }, NULL, IS },
    { { BASE }, "", IS " | bytes " },
    { { BASE, "content-type", "application/json" }, "{}", IS " datacontenttype=application/json | bytes {}" },
    // CloudEvents' own conformance case (features/kafka-protocol-binding.feature)
    { { "ce_specversion", "1.0", "ce_id", "1234-1234-1234", "ce_type", "com.example.someevent", "ce_source",
        "/mycontext/subcontext", "ce_time", "2018-04-05T03:56:24Z", "content-type", "application/json" },
      "{\"message\": \"Hello World!\"}",
      "id=1234-1234-1234 source=/mycontext/subcontext type=com.example.someevent datacontenttype=application/json "
      "time=2018-04-05T03:56:24Z | bytes {\"message\": \"Hello World!\"}" },
    // values are not escaped
    { { BASE, "ce_subject", "a b%20\"c\" \xe2\x82\xac" }, NULL, IS " subject=a b%20\"c\" \xe2\x82\xac" },
    { { BASE, "ce_subject", "\xff" }, NULL, "! subject: must be well-formed UTF-8" },
    { { BASE, "ce_subject", "a\nb" },
      NULL,
      "! subject: must not hold control characters (U+0000 to U+001F, U+007F to U+009F)" },
    { { BASE, "ce_subject", "-" }, NULL, IS },
    { { BASE, "ce_subject", "" }, NULL, "! subject: must not be empty" },
    { { BASE, "ce_x", "" }, NULL, IS " x=" },
    { { BASE, "CE_Ext", "v", "ce-no", "w", "other", "x" }, NULL, IS " ext=v" },
    { { BASE, "ce_partitionkey", "k" }, "x", IS " partitionkey=k | bytes x" },
    { { BASE, "ce_datacontenttype", "a/b" }, "x", IS " datacontenttype=a/b | bytes x" },
    { { BASE, "ce_datacontenttype", "a/b", "content-type", "a/b" }, "x", "! datacontenttype: must be there only once" },
    { { BASE, "ce_id", "1" }, NULL, "! id: must be there only once" },
    { { BASE, "ce_a_b", "1" },
      NULL,
      "! a_b: a name must consist of the letters a to z and digits, and must not be data" },
    { { BASE, "Content-Type", "xyz" }, NULL, "! datacontenttype: must be a media type as in text/plain (RFC 2046)" },
    { { OLD, "ce_schemaurl", "a:b" }, NULL, IS " dataschema=a:b (0.3)" },
    { { "ce_specversion", "1.0", "ce_id", "1", "ce_type", "t" }, NULL, "! source: is required" },
    { { "ce_specversion", "-", "ce_id", "1" }, NULL, NO_EVENT },
    { { NULL }, "x", NO_EVENT },
    // structured
    { { "content-type", "application/cloudevents+json" }, JSON, IS " | json {\"a\": 1}" },
    { { "Content-Type", "application/cloudevents+json; charset=UTF-8", "ce_id", "2" }, JSON, IS " | json {\"a\": 1}" },
    { { "content-type", "application/cloudevents+json" },
      NULL,
      "! offset 0: an object or an array is expected but the text ends" },
    { { "content-type", "application/cloudevents-batch+json" }, "[]", "! content-type: must not be a batch here" },
    { { "content-type", "application/cloudevents+avro" },
      "x",
      "! content-type: names an event format other than JSON" },
};

static size_t headers_of(const struct row *row, struct record_header *headers)
{
    size_t count = 0;
    for (; 2 * count < HEADERS_MAX && row->headers[2 * count] != NULL; count++) {
        const char *value = row->headers[2 * count + 1];
        headers[count].key = bytes_of_text(row->headers[2 * count]);
        headers[count].value = strcmp(value, "-") == 0 ? BYTES_NULL : bytes_of_text(value);
    }
    return count;
}

// Through a batch, as records are in a topic. Free it when the record was used.
static struct slice batch_of(const struct cloudevent_record *record, struct record *ret_record)
{
    struct batch_builder builder;
    struct batch_header header;
    struct slice batch;
    bytes_t records;
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, record->key, record->value, record->headers, record->header_count, 0);
    assert_int_equal(batch_builder_finish(&builder, &batch), ERR_OK);
    batch_builder_free(&builder);
    assert_int_equal(batch_check(batch.bytes, BATCH_FROM_CLIENT, &header, NULL), ERR_OK);
    assert_int_equal(batch_records(batch.bytes, &header, SIZE_MAX, NULL, &records), ERR_OK);
    struct record_walk walk = record_walk_of(records, header.record_count);
    assert_true(record_walk_next(&walk, ret_record));
    return batch;
}

static struct slice batch_of_row(const struct row *row, struct record *ret_record)
{
    struct record_header headers[HEADERS_MAX];
    struct cloudevent_record record = { .headers = headers, .header_count = headers_of(row, headers) };
    record.value = row->value == NULL ? BYTES_NULL : bytes_of_text(row->value);
    return batch_of(&record, ret_record);
}

static void reads_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct writer text = WRITER_INIT;
        struct record record;
        struct cloudevent event;
        diag_t diag = { 0 };
        struct slice batch = batch_of_row(&rows[i], &record);
        err_t err = cloudevent_kafka_decode(&record, &arena, &event, &diag);
        dump_result(&text, err, &event, &diag);
        expect_text(i, &text, rows[i].event);
        arena_free(&arena);
        slice_free(&batch);
    }
}

static void expect_again(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena)
{
    struct writer room = WRITER_INIT, first = WRITER_INIT, second = WRITER_INIT;
    struct cloudevent_record message;
    struct cloudevent again;
    struct record record;
    assert_int_equal(cloudevent_kafka_encode(event, mode, arena, &room, &message), ERR_OK);
    struct slice batch = batch_of(&message, &record);
    assert_true(bytes_equal(record.key, cloudevent_extension_text(event, "partitionkey")));
    assert_int_equal(cloudevent_kafka_mode(&record), mode);
    assert_int_equal(cloudevent_kafka_decode(&record, arena, &again, NULL), ERR_OK);
    again.is_from_03 = event->is_from_03;
    again.form = event->form;
    if (event->form == CLOUDEVENT_JSON)
        again.core[CLOUDEVENT_DATACONTENTTYPE] = event->core[CLOUDEVENT_DATACONTENTTYPE];
    dump_event(&first, event);
    dump_event(&second, &again);
    assert_true(bytes_equal(writer_view(&first), writer_view(&second)));
    assert_int_equal(event->data.data == NULL, again.data.data == NULL);
    slice_free(&batch);
    writer_free(&room);
    writer_free(&first);
    writer_free(&second);
}

static void writes_what_it_reads_in_both_modes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        struct record record;
        struct cloudevent event;
        struct slice batch = batch_of_row(&rows[i], &record);
        if (cloudevent_kafka_decode(&record, &arena, &event, NULL) == ERR_OK) {
            expect_again(&event, CLOUDEVENT_MODE_BINARY, &arena);
            expect_again(&event, CLOUDEVENT_MODE_STRUCTURED, &arena);
        }
        arena_free(&arena);
        slice_free(&batch);
    }
}

static void writes_headers_and_key(void **state)
{
    (void)state;
    static const struct row row = { { BASE, "ce_partitionkey", "k", "content-type", "text/plain" }, "x", NULL };
    static const char *const expected[] = { "ce_specversion",  "1.0", "ce_id",        "1",
                                            "ce_source",       "/s",  "ce_type",      "t",
                                            "ce_partitionkey", "k",   "content-type", "text/plain" };
    struct arena arena = ARENA_INIT;
    struct record record;
    struct cloudevent event;
    struct cloudevent_record written;
    struct slice batch = batch_of_row(&row, &record);
    assert_int_equal(cloudevent_kafka_decode(&record, &arena, &event, NULL), ERR_OK);
    assert_int_equal(cloudevent_kafka_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, NULL, &written), ERR_OK);
    assert_int_equal(written.header_count, ARRAY_COUNT(expected) / 2);
    for (size_t i = 0; i < written.header_count; i++) {
        assert_true(bytes_is(written.headers[i].key, expected[2 * i]));
        assert_true(bytes_is(written.headers[i].value, expected[2 * i + 1]));
    }
    assert_true(bytes_is(written.key, "k"));
    assert_true(bytes_is(written.value, "x"));
    cloudevent_remove(&event, BYTES_LITERAL("partitionkey"), &arena);
    assert_int_equal(cloudevent_kafka_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, NULL, &written), ERR_OK);
    assert_null(written.key.data);
    arena_free(&arena);
    slice_free(&batch);
}

static void is_a_view_of_the_record(void **state)
{
    (void)state;
    static const struct row row = { { BASE, "ce_x", "v", "content-type", "a/b" }, "data", NULL };
    struct arena arena = ARENA_INIT;
    struct record record;
    struct cloudevent event;
    struct slice batch = batch_of_row(&row, &record);
    assert_int_equal(cloudevent_kafka_decode(&record, &arena, &event, NULL), ERR_OK);
    const uint8_t *end = batch.bytes.data + batch.bytes.size;
    assert_true(event.data.data == record.value.data);
    assert_true(event.core[CLOUDEVENT_ID].data > batch.bytes.data && event.core[CLOUDEVENT_ID].data < end);
    assert_true(event.extensions[0].value.text.data > batch.bytes.data && event.extensions[0].value.text.data < end);
    arena_free(&arena);
    slice_free(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_records),
        cmocka_unit_test(writes_what_it_reads_in_both_modes),
        cmocka_unit_test(writes_headers_and_key),
        cmocka_unit_test(is_a_view_of_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
