// SPDX-License-Identifier: Apache-2.0
// Events as HTTP messages, requests and responses alike (HTTP Protocol Binding for CloudEvents 1.0.2).
#pragma once

#include "cloudevents/binding.h"

// What the fields say the message is, whether or not it is valid.
enum cloudevent_mode cloudevent_http_mode(const struct http_header *headers, size_t count);

// One event, binary or structured; an empty body is no data. Its bytes are those of headers and body, or on ARENA. The
// errors of cloudevent_message_decode.
err_t cloudevent_http_decode(const struct http_header *headers, size_t count, bytes_t body, struct arena *arena,
                             struct cloudevent *ret_event, diag_t *diag) MUST_CHECK;
// Also a batch, which may be empty.
err_t cloudevent_http_decode_all(const struct http_header *headers, size_t count, bytes_t body, struct arena *arena,
                                 struct cloudevent **ret_events, size_t *ret_count, diag_t *diag) MUST_CHECK;

struct cloudevent_http {
    struct http_header *headers; // on the arena, with room for CLOUDEVENT_FIELDS_SPARE more
    size_t header_count;
    bytes_t body; // the event's data, or in ROOM
};

// MODE is binary or structured; ROOM is where the body of structured mode is written, and is not touched by binary
// mode. Returns ROOM's error.
err_t cloudevent_http_encode(const struct cloudevent *event, enum cloudevent_mode mode, struct arena *arena,
                             struct writer *room, struct cloudevent_http *ret_message) MUST_CHECK;
err_t cloudevent_http_encode_batch(const struct cloudevent *events, size_t count, struct arena *arena,
                                   struct writer *room, struct cloudevent_http *ret_message) MUST_CHECK;
