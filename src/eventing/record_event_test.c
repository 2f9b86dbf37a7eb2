// SPDX-License-Identifier: Apache-2.0
#include "eventing/record_event.h"

#include "base/assert.h"
#include "eventing/piece.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

static struct arena arena;
static struct cloudevent event;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct record_maker plain = { .source = BYTES_INIT("/s#t") };

static void make(const struct record_maker *maker, const struct engine_record *record)
{
    bytes_t name;
    struct cloudevent_value value;
    record_event_make(maker, 3, record, &arena, &event);
    record_event_mark(maker, 3, record->offset, &arena, &event);
    size_t at = 0;
    while (cloudevent_next(&event, &at, &name, &value))
        assert_int_equal(cloudevent_check(name, value, NULL), ERR_OK); // whatever the record was
}

static const char *attribute(const char *name)
{
    struct cloudevent_value value;
    if (!cloudevent_get(&event, bytes_of_text(name), &value))
        return NULL;
    return arena_format(&arena, "%.*s", BYTES_ARG(value.text));
}

static void a_record_becomes_an_event_that_says_where_it_was(void **state)
{
    const struct engine_record record = { .offset = 5000000000, .timestamp_ms = 0, .value = BYTES_LITERAL("v") };
    (void)state;
    make(&plain, &record);
    assert_string_equal(attribute("id"), "partition:3/offset:5000000000");
    assert_string_equal(attribute("subject"), "partition:3#5000000000");
    assert_string_equal(attribute("source"), "/s#t");
    assert_string_equal(attribute("type"), "dev.knative.kafka.event");
    assert_string_equal(attribute("time"), "1970-01-01T00:00:00.000Z");
    assert_string_equal(attribute("knativekafkapartition"), "3");
    assert_string_equal(attribute("knativekafkaoffset"), "5000000000");
    assert_null(attribute("key"));
    assert_null(attribute("datacontenttype"));
    assert_true(bytes_is(event.data, "v"));
}

static void a_record_without_time_and_value_has_neither(void **state)
{
    const struct engine_record record = { .timestamp_ms = -1, .value = BYTES_NULL, .key = BYTES_LITERAL("") };
    (void)state;
    make(&plain, &record);
    assert_null(attribute("time"));
    assert_null(attribute("partitionkey"));
    assert_true(event.data.data == NULL);
}

static void keys_are_read_as_their_type(void **state)
{
    static const struct {
        const char *label;
        bytes_t key;
        const char *shown;
        enum cloudevent_type type;
    } rows[] = {
        { "", BYTES_INIT("abc"), "abc", CLOUDEVENT_TYPE_STRING },
        { "string", BYTES_INIT("\xc3\xa4"), "\xc3\xa4", CLOUDEVENT_TYPE_STRING },
        { "string", BYTES_INIT("\xff"), "/w==", CLOUDEVENT_TYPE_BINARY },
        { "string", BYTES_INIT("a\nb"), "YQpi", CLOUDEVENT_TYPE_BINARY },
        { "int", BYTES_INIT("\xff\xff\xff\xfe"), "-2", CLOUDEVENT_TYPE_INTEGER },
        { "int", BYTES_INIT("\x80\x00\x00\x00\x00\x00\x00\x00"), "-9223372036854775808", CLOUDEVENT_TYPE_STRING },
        { "int", BYTES_INIT("\x00\x00\x00\x00\x00\x00\x00\x07"), "7", CLOUDEVENT_TYPE_INTEGER },
        { "int", BYTES_INIT("12"), "12", CLOUDEVENT_TYPE_STRING },
        { "float", BYTES_INIT("\x3d\xcc\xcc\xcd"), "0.1", CLOUDEVENT_TYPE_STRING },
        { "float", BYTES_INIT("\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1", CLOUDEVENT_TYPE_STRING },
        { "float", BYTES_INIT("\x7f\xc0\x00\x00"), "nan", CLOUDEVENT_TYPE_STRING },
        { "float", BYTES_INIT("\xff\xf0\x00\x00\x00\x00\x00\x00"), "-inf", CLOUDEVENT_TYPE_STRING },
        { "byte-array", BYTES_INIT("abc"), "YWJj", CLOUDEVENT_TYPE_BINARY },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct record_maker maker = plain;
        const struct engine_record record = { .key = rows[i].key };
        struct cloudevent_value value;
        assert_true(record_key_read(bytes_of_text(rows[i].label), &maker.key));
        make(&maker, &record);
        assert_string_equal(attribute("key"), rows[i].shown);
        assert_string_equal(attribute("partitionkey"), rows[i].shown);
        assert_true(cloudevent_get(&event, BYTES_LITERAL("key"), &value));
        assert_int_equal(value.type, rows[i].type);
    }
    enum record_key key;
    assert_false(record_key_read(BYTES_LITERAL("Integer"), &key));
}

static void headers_become_extensions(void **state)
{
    static const struct record_header headers[] = {
        { BYTES_INIT("X-Trace_ID"), BYTES_INIT("1") },
        { BYTES_INIT("a.b"), BYTES_INIT("first") },
        { BYTES_INIT("AB"), BYTES_INIT("last") },
        { BYTES_INIT("null"), { NULL, 0 } },
        { BYTES_INIT("raw"), BYTES_INIT("\x01\xfe") },
        { BYTES_INIT("--"), BYTES_INIT("nameless") },
        { BYTES_INIT("empty"), BYTES_INIT("") },
        { BYTES_INIT("\xc3\xa4"), BYTES_INIT("x") },
        { BYTES_INIT("CONTENT-type"), BYTES_INIT("Text/HTML; charset=UTF-8") },
    };
    const struct engine_record record = { .headers = headers, .header_count = ARRAY_COUNT(headers) };
    (void)state;
    make(&plain, &record);
    assert_string_equal(attribute("kafkaheaderxtraceid"), "1");
    assert_string_equal(attribute("kafkaheaderab"), "last");
    assert_null(attribute("kafkaheadernull"));
    assert_string_equal(attribute("kafkaheaderraw"), "Af4=");
    assert_string_equal(attribute("kafkaheader"), "x");
    assert_string_equal(attribute("kafkaheaderempty"), "");
    assert_string_equal(attribute("datacontenttype"), "text/html; charset=utf-8");
    assert_null(attribute("kafkaheadercontenttype"));
}

// Else whoever gets the event in the binary mode of HTTP would look for one in its body.
static void a_media_type_of_events_is_not_that_of_the_data(void **state)
{
    static const char *const types[] = { "application/cloudevents+json", "Application/CloudEvents-batch+json",
                                         "nonsense" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        const struct record_header header = { BYTES_LITERAL("content-type"), bytes_of_text(types[i]) };
        const struct engine_record record = { .headers = &header, .header_count = 1, .value = BYTES_LITERAL("{") };
        make(&plain, &record);
        assert_null(attribute("datacontenttype"));
        assert_string_equal(attribute("kafkaheadercontenttype"), types[i]);
    }
}

static void what_an_event_has_no_room_for_is_left_out(void **state)
{
    enum { MANY = 150, LARGE = 20000 };
    static struct record_header headers[MANY];
    static char names[MANY][8], value[LARGE];
    (void)state;
    memset(value, 'v', sizeof value);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "h%d", i);
        headers[i] = (struct record_header){ bytes_of_text(names[i]), BYTES_LITERAL("v") };
    }
    make(&plain, &(struct engine_record){ .headers = headers, .header_count = MANY });
    assert_int_equal(event.extension_count, CLOUDEVENT_EXTENSIONS_MAX);
    headers[0].value = headers[1].value = bytes_of(value, sizeof value);
    make(&plain, &(struct engine_record){ .headers = headers, .header_count = 3 });
    assert_non_null(attribute("kafkaheaderh0"));
    assert_null(attribute("kafkaheaderh1"));
    assert_string_equal(attribute("kafkaheaderh2"), "v");
}

static void overrides_are_on_every_event(void **state)
{
    static const struct cloudevent_extension overrides[] = {
        { BYTES_INIT("key"), { CLOUDEVENT_TYPE_STRING, BYTES_INIT("mine") } },
        { BYTES_INIT("region"), { CLOUDEVENT_TYPE_STRING, BYTES_INIT("eu") } },
    };
    const struct record_maker maker = { BYTES_LITERAL("/s#t"), RECORD_KEY_STRING, overrides, ARRAY_COUNT(overrides) };
    (void)state;
    make(&maker, &(struct engine_record){ .key = BYTES_LITERAL("theirs") });
    assert_string_equal(attribute("key"), "mine");
    assert_string_equal(attribute("partitionkey"), "theirs");
    assert_string_equal(attribute("region"), "eu");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_becomes_an_event_that_says_where_it_was),
        TEST(a_record_without_time_and_value_has_neither),
        TEST(keys_are_read_as_their_type),
        TEST(headers_become_extensions),
        TEST(a_media_type_of_events_is_not_that_of_the_data),
        TEST(what_an_event_has_no_room_for_is_left_out),
        TEST(overrides_are_on_every_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
