// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/binding.h"

#include "base/assert.h"
#include "cloudevents/build.h"
#include "cloudevents/escape.h"
#include "cloudevents/json_format.h"
#include "cloudevents/uri.h"
#include "http/media.h"

// HTTP binding 1.0.2 3.1.1: ce-datacontenttype must not be there.
const struct cloudevent_binding cloudevent_binding_http = {
    .prefix = BYTES_INIT("ce-"),
    .content_type = BYTES_INIT("content-type"),
    .data_type = BYTES_INIT("content-type"),
    .is_escaped = true,
    .has_batches = true,
};

// Kafka binding 1.0.2 3.2.3: UTF-8 as it is.
const struct cloudevent_binding cloudevent_binding_kafka = {
    .prefix = BYTES_INIT("ce_"),
    .content_type = BYTES_INIT("content-type"),
    .data_type = BYTES_INIT("content-type"),
    .has_data_type = true,
};

// NATS binding 1.0.3 3.1
const struct cloudevent_binding cloudevent_binding_nats = {
    .prefix = BYTES_INIT("ce-"),
    .content_type = BYTES_INIT("Content-Type"),
    .data_type = BYTES_INIT("ce-datacontenttype"),
    .has_data_type = true,
    .is_escaped = true,
    .is_structured_always = true,
};

// --- fields in

void cloudevent_message_init(struct cloudevent_message *message, const struct cloudevent_binding *binding,
                             struct arena *arena)
{
    message->binding = binding;
    message->arena = arena;
    message->count = 0;
    message->content_type = message->specversion = BYTES_NULL;
    message->is_content_type_twice = message->has_too_many = false;
}

static bytes_t lower_case(bytes_t name, struct arena *arena)
{
    size_t plain = 0;
    while (plain < name.size && !(name.data[plain] >= 'A' && name.data[plain] <= 'Z'))
        plain++;
    if (plain == name.size)
        return name;
    uint8_t *to = arena_alloc(arena, name.size);
    for (size_t i = 0; i < name.size; i++)
        to[i] = name.data[i] >= 'A' && name.data[i] <= 'Z' ? (uint8_t)(name.data[i] | 0x20) : name.data[i];
    return bytes_of(to, name.size);
}

// A URI that is none when its escapes are resolved was not escaped for a header: the Go SDK sends "/a%20b" as it is.
static bytes_t unescaped(bytes_t name, bytes_t value, struct arena *arena)
{
    bytes_t text = cloudevent_header_unescape(value, arena);
    bool is_uri = bytes_is(name, "source") || bytes_is(name, "dataschema");
    bool was_escaped = text.data == value.data || uri_reference_is_valid(text) || !uri_reference_is_valid(value);
    return is_uri && !was_escaped ? value : text;
}

void cloudevent_message_field(struct cloudevent_message *message, bytes_t name, bytes_t value)
{
    const struct cloudevent_binding *binding = message->binding;
    size_t size = binding->prefix.size;
    if (value.data == NULL)
        return;
    if (http_bytes_equal(name, binding->content_type)) {
        message->is_content_type_twice = message->content_type.data != NULL;
        message->content_type = value;
        return;
    }
    if (name.size < size || !http_bytes_equal(bytes_of(name.data, size), binding->prefix))
        return;
    if (message->count == CLOUDEVENT_FIELDS_MAX) {
        message->has_too_many = true;
        return;
    }
    name = lower_case(bytes_of(name.data + size, name.size - size), message->arena);
    if (binding->is_escaped)
        value = unescaped(name, value, message->arena);
    if (bytes_is(name, "specversion"))
        message->specversion = value;
    message->fields[message->count++] = (struct http_header){ name, value };
}

// --- modes

static const char media_prefix[] = "application/cloudevents";

// What may stand behind the prefix. The bare type is JSON for NATS, and for nobody else anything else.
static const struct {
    const char *suffix;
    enum cloudevent_mode mode;
} formats[] = {
    { "+json", CLOUDEVENT_MODE_STRUCTURED },
    { "", CLOUDEVENT_MODE_STRUCTURED },
    { "-batch+json", CLOUDEVENT_MODE_BATCH },
    { "-batch", CLOUDEVENT_MODE_BATCH },
};

// Parameters apart: they are looked at when the body is.
static enum cloudevent_mode mode_of_media(bytes_t type)
{
    size_t size = sizeof media_prefix - 1, end = 0;
    while (end < type.size && type.data[end] != ';' && type.data[end] != ' ' && type.data[end] != '\t')
        end++;
    if (end < size || !http_text_equal(bytes_of(type.data, size), media_prefix))
        return CLOUDEVENT_NO_EVENT;
    bytes_t suffix = bytes_of(type.data + size, end - size);
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++)
        if (http_text_equal(suffix, formats[i].suffix))
            return formats[i].mode;
    return CLOUDEVENT_MODE_UNKNOWN;
}

// A format that is not known may be passed on as the data of a binary event (HTTP binding 1.0.2 3).
enum cloudevent_mode cloudevent_message_mode(const struct cloudevent_message *message)
{
    enum cloudevent_mode mode = mode_of_media(message->content_type);
    bool is_format = mode == CLOUDEVENT_MODE_STRUCTURED || mode == CLOUDEVENT_MODE_BATCH;
    if (!is_format && message->specversion.data != NULL)
        return CLOUDEVENT_MODE_BINARY;
    bool is_bare = message->content_type.data == NULL && message->count == 0;
    return is_bare && message->binding->is_structured_always ? CLOUDEVENT_MODE_STRUCTURED : mode;
}

// --- events in

// JSON is UTF-8 (RFC 8259 8.1), whatever a charset says.
static err_t check_charset(const struct cloudevent_message *message, diag_t *diag)
{
    struct http_media media;
    if (message->content_type.data == NULL)
        return ERR_OK;
    if (http_media_parse(message->content_type, message->arena, &media) != ERR_OK)
        return diag_fail(diag, ERR_INVALID, "content-type", "must be a media type as in text/plain (RFC 2046)");
    if (cloudevent_charset_is_utf8(http_media_parameter(&media, "charset")))
        return ERR_OK;
    return diag_fail(diag, ERR_UNSUPPORTED, "content-type", "must have no charset other than utf-8");
}

static err_t decode_binary(const struct cloudevent_message *message, bytes_t body, struct cloudevent *ret_event,
                           diag_t *diag)
{
    struct cloudevent_builder builder = cloudevent_builder_of(message->arena, diag);
    bytes_t type = BYTES_LITERAL("datacontenttype");
    err_t err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < message->count; i++) {
        const struct http_header *field = &message->fields[i];
        if (!message->binding->has_data_type && bytes_equal(field->name, type))
            err = diag_fail(diag, ERR_INVALID, "datacontenttype", "must be in the field Content-Type");
        else
            err = cloudevent_builder_add(&builder, field->name, cloudevent_string(field->value));
    }
    if (err == ERR_OK && message->content_type.data != NULL)
        err = cloudevent_builder_add(&builder, type, cloudevent_string(message->content_type));
    builder.event.data = body;
    return err == ERR_OK ? cloudevent_builder_finish(&builder, ret_event) : err;
}

static err_t check_fields(const struct cloudevent_message *message, diag_t *diag)
{
    if (message->is_content_type_twice)
        return diag_fail(diag, ERR_INVALID, "content-type", "must be there only once");
    if (message->has_too_many)
        return diag_fail(diag, ERR_TOO_LARGE, "extensions", "an event has at most %d", CLOUDEVENT_EXTENSIONS_MAX);
    return ERR_OK;
}

static err_t refuse(const struct cloudevent_message *message, enum cloudevent_mode mode, diag_t *diag)
{
    if (mode == CLOUDEVENT_MODE_UNKNOWN)
        return diag_fail(diag, ERR_UNSUPPORTED, "content-type", "names an event format other than JSON");
    if (mode == CLOUDEVENT_MODE_BATCH)
        return diag_fail(diag, ERR_UNSUPPORTED, "content-type", "must not be a batch here");
    return diag_fail(diag, ERR_UNSUPPORTED, "specversion",
                     "is required, as %.*sspecversion or in a body of the type " CLOUDEVENT_JSON_MEDIA_TYPE,
                     BYTES_ARG(message->binding->prefix));
}

err_t cloudevent_message_decode(const struct cloudevent_message *message, bytes_t body, struct cloudevent *ret_event,
                                diag_t *diag)
{
    enum cloudevent_mode mode = cloudevent_message_mode(message);
    err_t err = check_fields(message, diag);
    if (err != ERR_OK)
        return err;
    if (mode == CLOUDEVENT_MODE_BINARY)
        return decode_binary(message, body, ret_event, diag);
    if (mode != CLOUDEVENT_MODE_STRUCTURED)
        return refuse(message, mode, diag);
    err = check_charset(message, diag);
    return err == ERR_OK ? cloudevent_json_decode(body, message->arena, ret_event, diag) : err;
}

err_t cloudevent_message_decode_all(const struct cloudevent_message *message, bytes_t body,
                                    struct cloudevent **ret_events, size_t *ret_count, diag_t *diag)
{
    if (message->binding->has_batches && cloudevent_message_mode(message) == CLOUDEVENT_MODE_BATCH) {
        err_t err = check_fields(message, diag);
        if (err == ERR_OK)
            err = check_charset(message, diag);
        return err == ERR_OK ? cloudevent_json_decode_batch(body, message->arena, ret_events, ret_count, diag) : err;
    }
    struct cloudevent *event = arena_alloc(message->arena, sizeof *event);
    err_t err = cloudevent_message_decode(message, body, event, diag);
    if (err == ERR_OK) {
        *ret_events = event;
        *ret_count = 1;
    }
    return err;
}

// --- fields out

static bytes_t joined(bytes_t first, bytes_t second, struct arena *arena)
{
    uint8_t *to = arena_alloc(arena, first.size + second.size);
    memcpy(to, first.data, first.size);
    memcpy(to + first.size, second.data, second.size);
    return bytes_of(to, first.size + second.size);
}

size_t cloudevent_fields_encode(const struct cloudevent_binding *binding, const struct cloudevent *event,
                                struct arena *arena, struct http_header **ret_fields)
{
    struct http_header *fields =
        arena_array(arena, CLOUDEVENT_CORE_COUNT + event->extension_count + CLOUDEVENT_FIELDS_SPARE, sizeof *fields);
    bytes_t name, media_type = cloudevent_media_type(event);
    struct cloudevent_value value;
    size_t count = 0;
    for (size_t at = 0; cloudevent_next(event, &at, &name, &value);) {
        if (bytes_is(name, "datacontenttype"))
            continue;
        bytes_t text = binding->is_escaped ? cloudevent_header_escape(value.text, arena) : value.text;
        fields[count++] = (struct http_header){ joined(binding->prefix, name, arena), text };
    }
    if (binding->is_escaped && !bytes_equal(binding->data_type, binding->content_type))
        media_type = cloudevent_header_escape(media_type, arena);
    if (media_type.data != NULL)
        fields[count++] = (struct http_header){ binding->data_type, media_type };
    *ret_fields = fields;
    return count;
}

struct http_header cloudevent_field_of_mode(const struct cloudevent_binding *binding, enum cloudevent_mode mode)
{
    ASSERT(mode == CLOUDEVENT_MODE_STRUCTURED || mode == CLOUDEVENT_MODE_BATCH);
    const char *media = mode == CLOUDEVENT_MODE_BATCH ? CLOUDEVENT_JSON_BATCH_MEDIA_TYPE : CLOUDEVENT_JSON_MEDIA_TYPE;
    return (struct http_header){ binding->content_type, bytes_of_text(media) };
}
