// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/kafka_binding.h"

#include "base/assert.h"
#include "cloudevents/json_format.h"

static void read_fields(struct cloudevent_message *message, const struct record *record, struct arena *arena)
{
    struct reader at = reader_of(record->headers);
    struct record_header header;
    cloudevent_message_init(message, &cloudevent_binding_kafka, arena);
    while (record_header_next(&at, &header))
        cloudevent_message_field(message, header.key, header.value);
}

enum cloudevent_mode cloudevent_kafka_mode(const struct record *record)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent_message message;
    read_fields(&message, record, &arena);
    enum cloudevent_mode mode = cloudevent_message_mode(&message);
    arena_free(&arena);
    return mode;
}

err_t cloudevent_kafka_decode(const struct record *record, struct arena *arena, struct cloudevent *ret_event,
                              diag_t *diag)
{
    struct cloudevent_message message;
    read_fields(&message, record, arena);
    return cloudevent_message_decode(&message, record->value, ret_event, diag);
}

static const struct record_header *record_headers(const struct http_header *fields, size_t count, struct arena *arena)
{
    struct record_header *headers = arena_array(arena, count, sizeof *headers);
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct record_header){ fields[i].name, fields[i].value };
    return headers;
}

err_t cloudevent_kafka_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                              struct writer *room, struct cloudevent_record *ret_record)
{
    struct cloudevent_record record = { .key = cloudevent_extension_text(event, "partitionkey") };
    struct http_header only, *fields = &only;
    if (mode == CLOUDEVENT_MODE_STRUCTURED) {
        struct json_writer json = json_writer_of(room);
        cloudevent_json_encode(event, &json);
        if (room->err != ERR_OK)
            return room->err;
        only = cloudevent_field_of_mode(&cloudevent_binding_kafka, mode);
        record.header_count = 1;
        record.value = writer_view(room);
    } else {
        ASSERT(mode == CLOUDEVENT_MODE_BINARY);
        record.header_count = cloudevent_fields_encode(&cloudevent_binding_kafka, event, arena, &fields);
        record.value = event->data;
    }
    record.headers = record_headers(fields, record.header_count, arena);
    *ret_record = record;
    return ERR_OK;
}
