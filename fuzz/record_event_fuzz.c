// SPDX-License-Identifier: Apache-2.0
// Records that are no events (eventing/record_event.h): a letter for the type of the key and the key in a line, headers
// "Name: value" in lines up to an empty one, then the value. Whatever they are, they become valid events, which come
// back as themselves in every mode of HTTP and of Kafka.
#include "eventing/record_event.h"

#include "base/assert.h"
#include "cloudevents/http_binding.h"
#include "cloudevents/kafka_binding.h"

enum { HEADERS_MAX = 160, OFFSET = 7, PARTITION = 2 };

static bytes_t take_line(bytes_t *rest)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    bytes_t line = bytes_of(rest->data, size);
    *rest = bytes_of(rest->data + size + (end != NULL), rest->size - size - (end != NULL));
    return line;
}

static size_t take_headers(bytes_t *rest, struct record_header *headers)
{
    size_t count = 0;
    for (bytes_t line; count < HEADERS_MAX && rest->size > 0 && (line = take_line(rest)).size > 0; count++) {
        const uint8_t *colon = memchr(line.data, ':', line.size);
        size_t size = colon == NULL ? line.size : (size_t)(colon - line.data);
        headers[count].key = bytes_of(line.data, size);
        headers[count].value = colon == NULL ? BYTES_NULL : bytes_of(colon + 1, line.size - size - 1);
    }
    return count;
}

static void check_same(const struct cloudevent *a, const struct cloudevent *b)
{
    bytes_t name;
    struct cloudevent_value value, other;
    ASSERT(a->extension_count == b->extension_count);
    for (size_t at = 0; cloudevent_next(a, &at, &name, &value);) {
        ASSERT(cloudevent_check(name, value, NULL) == ERR_OK);
        ASSERT(cloudevent_get(b, name, &other) && bytes_equal(value.text, other.text));
    }
}

static void check_binary(const struct cloudevent *event, struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent again;
    struct cloudevent_http http;
    ASSERT(cloudevent_http_encode(event, CLOUDEVENT_MODE_BINARY, arena, &room, &http) == ERR_OK);
    ASSERT(cloudevent_http_decode(http.headers, http.header_count, http.body, arena, &again, NULL) == ERR_OK);
    check_same(event, &again);
    ASSERT(bytes_equal(event->data, again.data));
    writer_free(&room);
}

// As a dead letter of either kind is kept.
static void check_kafka(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_record record;
    ASSERT(cloudevent_kafka_encode(event, mode, arena, &room, &record) == ERR_OK);
    writer_free(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = { "string", "int", "float", "byte-array" };
    struct record_header headers[HEADERS_MAX];
    struct record_maker maker = { .source = BYTES_LITERAL("/apis/v1/namespaces/n/kafkasources/s#t") };
    struct arena arena = ARENA_INIT;
    struct cloudevent event;
    bytes_t rest = bytes_of(data, size), line = take_line(&rest);
    if (line.size > 0) {
        ASSERT(record_key_read(bytes_of_text(labels[line.data[0] % ARRAY_COUNT(labels)]), &maker.key));
        line = bytes_of(line.data + 1, line.size - 1);
    }
    struct engine_record record = { .offset = OFFSET, .timestamp_ms = (int64_t)size, .key = line, .headers = headers };
    record.header_count = take_headers(&rest, headers);
    record.value = rest.size > 0 ? rest : BYTES_NULL;
    record_event_make(&maker, PARTITION, &record, &arena, &event);
    record_event_mark(&maker, PARTITION, OFFSET, &arena, &event);
    check_binary(&event, &arena);
    check_kafka(&event, CLOUDEVENT_MODE_BINARY, &arena);
    check_kafka(&event, CLOUDEVENT_MODE_STRUCTURED, &arena);
    arena_free(&arena);
    return 0;
}
