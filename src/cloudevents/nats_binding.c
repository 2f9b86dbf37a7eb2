// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/nats_binding.h"

#include "base/assert.h"
#include "cloudevents/json_format.h"
#include "nats/header.h"

static err_t read_fields(struct cloudevent_message *message, bytes_t headers, diag_t *diag)
{
    struct nats_header_walk walk;
    struct nats_header header;
    if (headers.size == 0)
        return ERR_OK;
    err_t err = nats_header_walk_begin(headers, &walk);
    if (err == ERR_OK) {
        while (nats_header_walk_next(&walk, &header))
            cloudevent_message_field(message, header.name, header.value);
        err = walk.err;
    }
    return err == ERR_OK ? ERR_OK : diag_fail(diag, err, "headers", "are no header block of NATS/1.0");
}

err_t cloudevent_nats_decode(bytes_t headers, bytes_t payload, struct arena *arena, struct cloudevent *ret_event,
                             diag_t *diag)
{
    struct cloudevent_message message;
    cloudevent_message_init(&message, &cloudevent_binding_nats, arena);
    err_t err = read_fields(&message, headers, diag);
    if (err != ERR_OK)
        return err;
    return cloudevent_message_decode(&message, payload.size == 0 ? BYTES_NULL : payload, ret_event, diag);
}

static void write_headers(struct writer *to, const struct http_header *fields, size_t count)
{
    nats_header_begin(to);
    for (size_t i = 0; i < count; i++)
        nats_header_write(to, fields[i].name, fields[i].value);
    nats_header_end(to);
}

err_t cloudevent_nats_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                             struct writer *room, struct cloudevent_nats *ret_message)
{
    struct http_header only, *fields = &only;
    size_t count = 1, size;
    bool is_structured = mode == CLOUDEVENT_MODE_STRUCTURED;
    ASSERT(room->size == 0);
    ASSERT(is_structured || mode == CLOUDEVENT_MODE_BINARY);
    if (is_structured)
        only = cloudevent_field_of_mode(&cloudevent_binding_nats, mode);
    else
        count = cloudevent_fields_encode(&cloudevent_binding_nats, event, arena, &fields);
    write_headers(room, fields, count);
    size = room->size;
    if (is_structured) {
        struct json_writer json = json_writer_of(room);
        cloudevent_json_encode(event, &json);
    }
    if (room->err != ERR_OK)
        return room->err;
    bytes_t all = writer_view(room);
    *ret_message = (struct cloudevent_nats){
        .headers = bytes_of(all.data, size),
        .payload = is_structured ? bytes_of(all.data + size, all.size - size) : event->data,
    };
    return ERR_OK;
}
