// SPDX-License-Identifier: Apache-2.0
// What the bindings have in common: an event is header fields and a body, or a body that says so in its media type.
// What they differ in is a row of a table. The bindings themselves (http_binding.h, kafka_binding.h, nats_binding.h)
// turn their messages into fields and back.
#pragma once

#include "base/writer.h"
#include "cloudevents/cloudevent.h"
#include "http/request.h"

enum cloudevent_mode {
    CLOUDEVENT_NO_EVENT, // no content type and no specversion of CloudEvents
    CLOUDEVENT_MODE_BINARY,
    CLOUDEVENT_MODE_STRUCTURED,
    CLOUDEVENT_MODE_BATCH,
    CLOUDEVENT_MODE_UNKNOWN, // an event format that eddy does not read
};

struct cloudevent_binding {
    bytes_t prefix;            // of the fields that are attributes
    bytes_t content_type;      // the field with the media type of the body; written as here, read without case
    bytes_t data_type;         // the field with datacontenttype in binary mode
    bool has_data_type;        // may PREFIX "datacontenttype" be there?
    bool is_escaped;           // are values percent-encoded?
    bool has_batches;          // is there a batched mode?
    bool is_structured_always; // without any of these fields the body is an event (NATS without headers)
};

extern const struct cloudevent_binding cloudevent_binding_http, cloudevent_binding_kafka, cloudevent_binding_nats;

// Room for every field that an event may have.
enum { CLOUDEVENT_FIELDS_MAX = CLOUDEVENT_EXTENSIONS_MAX + CLOUDEVENT_CORE_COUNT + 2 };

// The fields of a message that concern an event. Init it, show it all fields, then ask.
struct cloudevent_message {
    const struct cloudevent_binding *binding;
    struct arena *arena;
    struct http_header fields[CLOUDEVENT_FIELDS_MAX]; // names without the prefix, in lower case
    size_t count;
    bytes_t content_type, specversion; // BYTES_NULL: absent
    bool is_content_type_twice, has_too_many;
};

void cloudevent_message_init(struct cloudevent_message *message, const struct cloudevent_binding *binding,
                             struct arena *arena);
// Ignores what does not concern events, and fields whose value is BYTES_NULL.
void cloudevent_message_field(struct cloudevent_message *message, bytes_t name, bytes_t value);

enum cloudevent_mode cloudevent_message_mode(const struct cloudevent_message *message);
// One event, binary or structured. BODY is BYTES_NULL when there is none. ERR_UNSUPPORTED: no event, a batch, or a
// format or version that eddy does not read; else the errors of cloudevent_json_decode.
err_t cloudevent_message_decode(const struct cloudevent_message *message, bytes_t body, struct cloudevent *ret_event,
                                diag_t *diag) MUST_CHECK;
// Like it; a single event counts as a batch of one.
err_t cloudevent_message_decode_all(const struct cloudevent_message *message, bytes_t body,
                                    struct cloudevent **ret_events, size_t *ret_count, diag_t *diag) MUST_CHECK;

// What a delivery adds of its own: Prefer, Kn-Namespace and the like.
enum { CLOUDEVENT_FIELDS_SPARE = 12 };

// The fields of binary mode, on ARENA, with room for CLOUDEVENT_FIELDS_SPARE more; returns how many.
size_t cloudevent_fields_encode(const struct cloudevent_binding *binding, const struct cloudevent *event,
                                struct arena *arena, struct http_header **ret_fields);
// The field of structured mode or of a batch.
struct http_header cloudevent_field_of_mode(const struct cloudevent_binding *binding, enum cloudevent_mode mode);
