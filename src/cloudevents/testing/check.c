// SPDX-License-Identifier: Apache-2.0
// Reads messages and says which events they are, and which messages those become, for compare.py. The file in the
// argument has one message a line: {"binding": "http", "headers": [["ce-id", "1"]], "body": base64}. For each comes one
// line: {"error": text} or {"event": {"attributes": {...}, "data": base64}, "messages": {"http binary": message, ...}}.
#include "base/assert.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/json_write.h"
#include "cloudevents/http_binding.h"
#include "cloudevents/kafka_binding.h"
#include "cloudevents/nats_binding.h"
#include "io/file.h"
#include "io/system.h"
#include "nats/header.h"

static bytes_t from_base64(const struct json_value *value, struct arena *arena)
{
    bytes_t text;
    size_t size;
    if (!json_get_text(value, &text))
        return BYTES_NULL;
    uint8_t *to = arena_alloc(arena, text.size);
    bool ok = base64_decode(BASE64_STANDARD, text, to, &size);
    ASSERT(ok);
    return bytes_of(to, size);
}

// --- messages in

static struct http_header *headers_of(const struct json_value *message, struct arena *arena, size_t *ret_count)
{
    const struct json_value *list = json_get(message, "headers");
    struct http_header *headers = arena_array(arena, list->count, sizeof *headers);
    size_t count = 0;
    for (const struct json_value *pair = list->first; pair != NULL; pair = pair->next)
        headers[count++] = (struct http_header){ pair->first->text, pair->last->text };
    *ret_count = count;
    return headers;
}

static err_t read_kafka(const struct http_header *fields, size_t count, bytes_t value, struct arena *arena,
                        struct cloudevent *ret_event, diag_t *diag)
{
    struct record_header *headers = arena_array(arena, count, sizeof *headers);
    struct batch_builder builder;
    struct batch_header header;
    struct slice batch;
    struct record record;
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct record_header){ fields[i].name, fields[i].value };
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, BYTES_NULL, value, headers, count, 0);
    err_t err = batch_builder_finish(&builder, &batch);
    batch_builder_free(&builder);
    ASSERT(err == ERR_OK);
    err = batch_header_read(batch.bytes, &header);
    ASSERT(err == ERR_OK);
    bytes_t copy =
        arena_copy(arena, bytes_of(batch.bytes.data + BATCH_HEADER_SIZE, batch.bytes.size - BATCH_HEADER_SIZE));
    slice_free(&batch);
    struct record_walk walk = record_walk_of(copy, header.record_count);
    bool ok = record_walk_next(&walk, &record);
    ASSERT(ok);
    return cloudevent_kafka_decode(&record, arena, ret_event, diag);
}

static err_t read_nats(const struct http_header *fields, size_t count, bytes_t payload, struct arena *arena,
                       struct cloudevent *ret_event, diag_t *diag)
{
    struct writer block = WRITER_INIT;
    nats_header_begin(&block);
    for (size_t i = 0; i < count; i++)
        nats_header_write(&block, fields[i].name, fields[i].value);
    nats_header_end(&block);
    bytes_t headers = arena_copy(arena, writer_view(&block));
    writer_free(&block);
    return cloudevent_nats_decode(headers, payload, arena, ret_event, diag);
}

static err_t read_message(const struct json_value *message, struct arena *arena, struct cloudevent *ret_event,
                          diag_t *diag)
{
    size_t count;
    const struct http_header *headers = headers_of(message, arena, &count);
    bytes_t body = from_base64(json_get(message, "body"), arena), binding = json_text_at(message, "binding");
    if (bytes_is(binding, "kafka"))
        return read_kafka(headers, count, body, arena, ret_event, diag);
    if (bytes_is(binding, "nats"))
        return read_nats(headers, count, body, arena, ret_event, diag);
    ASSERT(bytes_is(binding, "http"));
    return cloudevent_http_decode(headers, count, body, arena, ret_event, diag);
}

// --- messages out

static void write_pair(struct json_writer *json, bytes_t name, bytes_t value)
{
    json_array_begin(json);
    json_bytes(json, name);
    json_bytes(json, value);
    json_array_end(json);
}

static void write_body(struct json_writer *json, const char *key, bytes_t body)
{
    json_key(json, key);
    if (body.data == NULL)
        json_null(json);
    else
        json_base64(json, body);
}

static void write_http(struct json_writer *json, const struct cloudevent *event, enum cloudevent_mode mode,
                       struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_http message;
    err_t err = cloudevent_http_encode(event, mode, arena, &room, &message);
    ASSERT(err == ERR_OK);
    for (size_t i = 0; i < message.header_count; i++)
        write_pair(json, message.headers[i].name, message.headers[i].value);
    json_array_end(json);
    write_body(json, "body", message.body);
    writer_free(&room);
}

static void write_kafka(struct json_writer *json, const struct cloudevent *event, enum cloudevent_mode mode,
                        struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_record record;
    err_t err = cloudevent_kafka_encode(event, mode, arena, &room, &record);
    ASSERT(err == ERR_OK);
    for (size_t i = 0; i < record.header_count; i++)
        write_pair(json, record.headers[i].key, record.headers[i].value);
    json_array_end(json);
    write_body(json, "body", record.value);
    write_body(json, "key", record.key);
    writer_free(&room);
}

static void write_nats(struct json_writer *json, const struct cloudevent *event, enum cloudevent_mode mode,
                       struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_nats message;
    struct nats_header_walk walk;
    struct nats_header header;
    err_t err = cloudevent_nats_encode(event, mode, arena, &room, &message);
    ASSERT(err == ERR_OK);
    err = nats_header_walk_begin(message.headers, &walk);
    ASSERT(err == ERR_OK);
    while (nats_header_walk_next(&walk, &header))
        write_pair(json, header.name, header.value);
    json_array_end(json);
    write_body(json, "body", message.payload);
    writer_free(&room);
}

static const struct {
    const char *name, *binding;
    enum cloudevent_mode mode;
    void (*write)(struct json_writer *json, const struct cloudevent *event, enum cloudevent_mode mode,
                  struct arena *arena);
} outputs[] = {
    { "http binary", "http", CLOUDEVENT_MODE_BINARY, write_http },
    { "http structured", "http", CLOUDEVENT_MODE_STRUCTURED, write_http },
    { "kafka binary", "kafka", CLOUDEVENT_MODE_BINARY, write_kafka },
    { "kafka structured", "kafka", CLOUDEVENT_MODE_STRUCTURED, write_kafka },
    { "nats binary", "nats", CLOUDEVENT_MODE_BINARY, write_nats },
    { "nats structured", "nats", CLOUDEVENT_MODE_STRUCTURED, write_nats },
};

static void write_messages(struct json_writer *json, const struct cloudevent *event, struct arena *arena)
{
    json_key(json, "messages");
    json_object_begin(json);
    for (size_t i = 0; i < ARRAY_COUNT(outputs); i++) {
        json_key(json, outputs[i].name);
        json_object_begin(json);
        json_field_text(json, "binding", outputs[i].binding);
        json_key(json, "headers");
        json_array_begin(json);
        outputs[i].write(json, event, outputs[i].mode, arena);
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_event(struct json_writer *json, const struct cloudevent *event)
{
    bytes_t name;
    struct cloudevent_value value;
    json_key(json, "event");
    json_object_begin(json);
    json_key(json, "attributes");
    json_object_begin(json);
    for (size_t at = 0; cloudevent_next(event, &at, &name, &value);) {
        json_key_bytes(json, name);
        if (value.type == CLOUDEVENT_TYPE_INTEGER || value.type == CLOUDEVENT_TYPE_BOOLEAN)
            json_raw(json, value.text);
        else
            json_bytes(json, value.text);
    }
    json_object_end(json);
    write_body(json, "data", event->data);
    json_object_end(json);
}

static void answer(bytes_t line, struct json_writer *json)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 10000 };
    struct arena arena = ARENA_INIT;
    struct json_value *message;
    struct cloudevent event;
    diag_t diag = { 0 };
    err_t err = json_parse(line, &limits, &arena, &message, NULL);
    ASSERT(err == ERR_OK);
    json_object_begin(json);
    if (read_message(message, &arena, &event, &diag) == ERR_OK) {
        write_event(json, &event);
        write_messages(json, &event, &arena);
    } else {
        json_field_text(json, "error", arena_format(&arena, "%s: %s", diag.where, diag.text));
    }
    json_object_end(json);
    writer_u8(json->out, '\n');
    arena_free(&arena);
}

int main(int count, char **arguments)
{
    struct buf *file;
    struct writer out = WRITER_INIT;
    ASSERT(count == 2);
    if (file_read_whole(arguments[1], 1 << 30, &file) != ERR_OK)
        return 1;
    const uint8_t *at = file->data, *end = at + file->capacity;
    while (at < end) {
        const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
        bytes_t line = bytes_of(at, (size_t)((line_end == NULL ? end : line_end) - at));
        struct json_writer json = json_writer_of(&out);
        answer(line, &json);
        at += line.size + 1;
    }
    bool is_written = system_write_out(writer_view(&out)) == ERR_OK;
    writer_free(&out);
    buf_unref(file);
    return is_written ? 0 : 1;
}
