// SPDX-License-Identifier: Apache-2.0
#include "base/json_scan.h"
#include "cloudevents/json_format.h"

// JSON format 1.0.2 2.2
static void write_value(struct json_writer *json, struct cloudevent_value value)
{
    bool is_bare = value.type == CLOUDEVENT_TYPE_BOOLEAN || value.type == CLOUDEVENT_TYPE_INTEGER;
    if (is_bare)
        json_raw(json, value.text);
    else
        json_bytes(json, value.text);
}

// JSON format 1.0.2 3.1.1: how the data is represented. Bytes of JSON by another name, as application/vnd.x+json, are
// Binary: the SDKs of Go and Java refuse a JSON value there, and every SDK reads base64.
static enum cloudevent_form form_of(const struct cloudevent *event)
{
    bytes_t type = event->core[CLOUDEVENT_DATACONTENTTYPE];
    switch (event->form) {
    case CLOUDEVENT_BINARY:
        return CLOUDEVENT_BINARY;
    case CLOUDEVENT_JSON:
        return CLOUDEVENT_JSON;
    case CLOUDEVENT_TEXT:
    case CLOUDEVENT_BYTES:
        break;
    }
    if (type.data == NULL || cloudevent_media_is_json(type)) {
        bool is_value = (type.data == NULL || cloudevent_media_is_plain_json(type)) &&
                        json_is_valid(event->data, CLOUDEVENT_DATA_DEPTH_MAX);
        return is_value ? CLOUDEVENT_JSON : CLOUDEVENT_BINARY;
    }
    bool is_text = event->form == CLOUDEVENT_TEXT || cloudevent_media_is_text(type);
    return is_text && bytes_is_utf8(event->data) ? CLOUDEVENT_TEXT : CLOUDEVENT_BINARY;
}

static void write_data(struct json_writer *json, const struct cloudevent *event)
{
    switch (form_of(event)) {
    case CLOUDEVENT_JSON:
        json_key(json, "data");
        json_raw(json, event->data);
        break;
    case CLOUDEVENT_TEXT:
        json_field_bytes(json, "data", event->data);
        break;
    case CLOUDEVENT_BYTES:
    case CLOUDEVENT_BINARY:
        json_key(json, "data_base64");
        json_base64(json, event->data);
        break;
    }
}

void cloudevent_json_encode(const struct cloudevent *event, struct json_writer *json)
{
    bytes_t name;
    struct cloudevent_value value;
    json_object_begin(json);
    for (size_t at = 0; cloudevent_next(event, &at, &name, &value);) {
        json_key_bytes(json, name);
        write_value(json, value);
    }
    if (event->data.data != NULL)
        write_data(json, event);
    json_object_end(json);
}

void cloudevent_json_encode_batch(const struct cloudevent *events, size_t count, struct json_writer *json)
{
    json_array_begin(json);
    for (size_t i = 0; i < count; i++)
        cloudevent_json_encode(&events[i], json);
    json_array_end(json);
}
