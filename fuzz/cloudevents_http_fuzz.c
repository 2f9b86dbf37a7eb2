// SPDX-License-Identifier: Apache-2.0
// Events in HTTP messages (cloudevents/http_binding.h): lines "Name: value" up to an empty one, then the body. What is
// accepted is valid, goes through every binding and both modes, and comes back as the same event.
#include "cloudevents/http_binding.h"

#include "base/assert.h"
#include "cloudevents/kafka_binding.h"
#include "cloudevents/nats_binding.h"

enum { HEADERS_MAX = 160 };

static bool take_line(bytes_t *rest, bytes_t *ret_line)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (end == NULL || end == rest->data)
        return false;
    *ret_line = bytes_of(rest->data, (size_t)(end - rest->data));
    *rest = bytes_of(end + 1, rest->size - ret_line->size - 1);
    return true;
}

static size_t take_headers(bytes_t *rest, struct http_header *headers)
{
    size_t count = 0;
    for (bytes_t line; count < HEADERS_MAX && take_line(rest, &line); count++) {
        const uint8_t *colon = memchr(line.data, ':', line.size);
        size_t size = colon == NULL ? line.size : (size_t)(colon - line.data);
        size_t skipped = size + 2 <= line.size && line.data[size + 1] == ' ' ? size + 2 : size + (colon != NULL);
        headers[count].name = bytes_of(line.data, size);
        headers[count].value = bytes_of(line.data + skipped, line.size - skipped);
    }
    if (rest->size > 0)
        *rest = bytes_of(rest->data + 1, rest->size - 1);
    return count;
}

// Without the space that JSON allows around a value.
static bytes_t trimmed(bytes_t text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL && text.data[0] != '\0')
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL && text.data[text.size - 1] != '\0')
        text.size--;
    return text;
}

// But for datacontenttype, which a binding sets where JSON leaves it out.
static void check_same(const struct cloudevent *a, const struct cloudevent *b)
{
    bytes_t name;
    struct cloudevent_value value, other;
    ASSERT(a->extension_count == b->extension_count);
    for (size_t at = 0; cloudevent_next(a, &at, &name, &value);) {
        ASSERT(cloudevent_check(name, value, NULL) == ERR_OK);
        ASSERT(cloudevent_get(b, name, &other) && bytes_equal(value.text, other.text));
    }
    bool is_json = cloudevent_media_is_json(cloudevent_media_type(b));
    ASSERT(bytes_equal(a->data, b->data) || (is_json && bytes_equal(trimmed(a->data), trimmed(b->data))));
}

static void check_modes(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent again;
    struct cloudevent_http http;
    struct cloudevent_nats nats;
    struct cloudevent_record record;
    struct batch_builder builder;
    struct slice batch;
    ASSERT(cloudevent_http_encode(event, mode, arena, &room, &http) == ERR_OK);
    ASSERT(cloudevent_http_decode(http.headers, http.header_count, http.body, arena, &again, NULL) == ERR_OK);
    check_same(event, &again);
    writer_reset(&room);
    ASSERT(cloudevent_nats_encode(event, mode, arena, &room, &nats) == ERR_OK);
    ASSERT(cloudevent_nats_decode(nats.headers, nats.payload, arena, &again, NULL) == ERR_OK);
    check_same(event, &again);
    writer_reset(&room);
    ASSERT(cloudevent_kafka_encode(event, mode, arena, &room, &record) == ERR_OK);
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, record.key, record.value, record.headers, record.header_count, 0);
    ASSERT(batch_builder_finish(&builder, &batch) == ERR_OK);
    batch_builder_free(&builder);
    struct record stored;
    struct record_walk walk =
        record_walk_of(bytes_of(batch.bytes.data + BATCH_HEADER_SIZE, batch.bytes.size - BATCH_HEADER_SIZE), 1);
    ASSERT(record_walk_next(&walk, &stored));
    ASSERT(cloudevent_kafka_decode(&stored, arena, &again, NULL) == ERR_OK);
    check_same(event, &again);
    slice_free(&batch);
    writer_free(&room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct http_header headers[HEADERS_MAX];
    struct cloudevent event, *events;
    diag_t diag = { 0 };
    bytes_t body = bytes_of(data, size);
    size_t count = take_headers(&body, headers), event_count;
    enum cloudevent_mode mode = cloudevent_http_mode(headers, count);
    err_t err = cloudevent_http_decode(headers, count, body, &arena, &event, &diag);
    if (err == ERR_OK) {
        ASSERT(mode == CLOUDEVENT_MODE_BINARY || mode == CLOUDEVENT_MODE_STRUCTURED);
        check_modes(&event, CLOUDEVENT_MODE_BINARY, &arena);
        check_modes(&event, CLOUDEVENT_MODE_STRUCTURED, &arena);
    } else {
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    }
    err_t all = cloudevent_http_decode_all(headers, count, body, &arena, &events, &event_count, &diag);
    ASSERT(mode == CLOUDEVENT_MODE_BATCH || all == err);
    arena_free(&arena);
    return 0;
}
