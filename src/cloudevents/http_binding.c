// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/http_binding.h"

#include "base/assert.h"
#include "cloudevents/json_format.h"

static void read_fields(struct cloudevent_message *message, const struct http_header *headers, size_t count,
                        struct arena *arena)
{
    cloudevent_message_init(message, &cloudevent_binding_http, arena);
    for (size_t i = 0; i < count; i++)
        cloudevent_message_field(message, headers[i].name, headers[i].value);
}

enum cloudevent_mode cloudevent_http_mode(const struct http_header *headers, size_t count)
{
    struct arena arena = ARENA_INIT;
    struct cloudevent_message message;
    read_fields(&message, headers, count, &arena);
    enum cloudevent_mode mode = cloudevent_message_mode(&message);
    arena_free(&arena);
    return mode;
}

// HTTP does not tell an empty body from none.
static bytes_t data_of(bytes_t body)
{
    return body.size == 0 ? BYTES_NULL : body;
}

err_t cloudevent_http_decode(const struct http_header *headers, size_t count, bytes_t body, struct arena *arena,
                             struct cloudevent *ret_event, diag_t *diag)
{
    struct cloudevent_message message;
    read_fields(&message, headers, count, arena);
    return cloudevent_message_decode(&message, data_of(body), ret_event, diag);
}

err_t cloudevent_http_decode_all(const struct http_header *headers, size_t count, bytes_t body, struct arena *arena,
                                 struct cloudevent **ret_events, size_t *ret_count, diag_t *diag)
{
    struct cloudevent_message message;
    read_fields(&message, headers, count, arena);
    return cloudevent_message_decode_all(&message, data_of(body), ret_events, ret_count, diag);
}

// The one field of a message whose body is JSON, which is in ROOM already.
static err_t finish_structured(enum cloudevent_mode mode, struct arena *arena, const struct writer *room,
                               struct cloudevent_http *ret_message)
{
    if (room->err != ERR_OK)
        return room->err;
    struct http_header *headers = arena_array(arena, 1 + CLOUDEVENT_FIELDS_SPARE, sizeof *headers);
    headers[0] = cloudevent_field_of_mode(&cloudevent_binding_http, mode);
    *ret_message = (struct cloudevent_http){ headers, 1, writer_view(room) };
    return ERR_OK;
}

err_t cloudevent_http_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                             struct writer *room, struct cloudevent_http *ret_message)
{
    if (mode == CLOUDEVENT_MODE_STRUCTURED) {
        struct json_writer json = json_writer_of(room);
        cloudevent_json_encode(event, &json);
        return finish_structured(mode, arena, room, ret_message);
    }
    ASSERT(mode == CLOUDEVENT_MODE_BINARY);
    struct http_header *headers;
    size_t count = cloudevent_fields_encode(&cloudevent_binding_http, event, arena, &headers);
    *ret_message = (struct cloudevent_http){ headers, count, event->data };
    return ERR_OK;
}

err_t cloudevent_http_encode_batch(const struct cloudevent *events, size_t count, struct arena *arena,
                                   struct writer *room, struct cloudevent_http *ret_message)
{
    struct json_writer json = json_writer_of(room);
    cloudevent_json_encode_batch(events, count, &json);
    return finish_structured(CLOUDEVENT_MODE_BATCH, arena, room, ret_message);
}
