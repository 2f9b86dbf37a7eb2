// SPDX-License-Identifier: Apache-2.0
#include "base/json_scan.h"
#include "cloudevents/build.h"
#include "cloudevents/json_format.h"

#include <stdio.h>

// The two members that are no attributes. What they mean depends on the attributes, so they wait for them.
enum payload { DATA, DATA_BASE64, PAYLOAD_COUNT };

static const char *const payload_names[PAYLOAD_COUNT] = { "data", "data_base64" };

struct reading {
    struct cloudevent_builder builder;
    struct json_item payloads[PAYLOAD_COUNT];
    bool has[PAYLOAD_COUNT];
};

// The rows of JSON format 1.0.2 2.2; an Integer is checked with its type.
static err_t value_of(struct reading *reading, const struct json_item *item, struct cloudevent_value *ret_value)
{
    char room[CLOUDEVENT_NAME_ROOM];
    switch (item->type) {
    case JSON_STRING:
        *ret_value = cloudevent_string(json_item_text(item, reading->builder.arena));
        return ERR_OK;
    case JSON_BOOL:
        *ret_value = (struct cloudevent_value){ CLOUDEVENT_TYPE_BOOLEAN, item->source };
        return ERR_OK;
    case JSON_NUMBER:
        *ret_value = (struct cloudevent_value){ CLOUDEVENT_TYPE_INTEGER, item->source };
        return ERR_OK;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return diag_fail(reading->builder.diag, ERR_INVALID, cloudevent_name_shown(item->name, room),
                     "must be a string, an integer or a boolean, not an %s",
                     item->type == JSON_ARRAY ? "array" : "object");
}

static err_t take_payload(struct reading *reading, enum payload which, const struct json_item *item)
{
    if (reading->has[which])
        return diag_fail(reading->builder.diag, ERR_INVALID, payload_names[which], "must be there only once");
    reading->has[which] = true;
    reading->payloads[which] = *item;
    return ERR_OK;
}

static err_t take_member(struct reading *reading, const struct json_item *item)
{
    struct cloudevent_value value = { 0 };
    for (size_t i = 0; i < PAYLOAD_COUNT; i++)
        if (bytes_is(item->name, payload_names[i]))
            return take_payload(reading, (enum payload)i, item);
    if (item->type == JSON_NULL)
        return ERR_OK; // unset (JSON format 1.0.2 2.2)
    err_t err = value_of(reading, item, &value);
    return err == ERR_OK ? cloudevent_builder_add(&reading->builder, item->name, value) : err;
}

static err_t read_base64(struct reading *reading)
{
    struct cloudevent_builder *builder = &reading->builder;
    const struct json_item *item = &reading->payloads[DATA_BASE64];
    if (cloudevent_builder_is_03(builder))
        return diag_fail(builder->diag, ERR_INVALID, "data_base64", "is not part of CloudEvents 0.3");
    if (item->type != JSON_STRING)
        return diag_fail(builder->diag, ERR_INVALID, "data_base64", "must be a string");
    builder->event.form = CLOUDEVENT_BINARY;
    return cloudevent_data_decode(json_item_text(item, builder->arena), "data_base64", builder->arena,
                                  &builder->event.data, builder->diag);
}

// JSON format 1.0.2 3.1.2. In 0.3 a string of base64 may stand here, whatever the media type says.
static err_t read_data(struct reading *reading)
{
    struct cloudevent_builder *builder = &reading->builder;
    struct cloudevent *event = &builder->event;
    const struct json_item *item = &reading->payloads[DATA];
    bytes_t type = event->core[CLOUDEVENT_DATACONTENTTYPE];
    bool is_encoded =
        cloudevent_builder_is_03(builder) && cloudevent_extension_text(event, "datacontentencoding").data != NULL;
    if (!is_encoded && (type.data == NULL || cloudevent_media_is_json(type))) {
        event->form = CLOUDEVENT_JSON;
        event->data = item->source;
        return ERR_OK;
    }
    if (item->type == JSON_NULL)
        return ERR_OK;
    if (item->type != JSON_STRING)
        return diag_fail(builder->diag, ERR_INVALID, "data", "must be a string, because %s",
                         is_encoded ? "datacontentencoding is base64" : "datacontenttype is not JSON");
    event->form = CLOUDEVENT_TEXT;
    event->data = json_item_text(item, builder->arena);
    return ERR_OK;
}

// A null beside the other member says that it is not used.
static err_t read_payload(struct reading *reading)
{
    bool *has = reading->has;
    if (has[DATA_BASE64] && reading->payloads[DATA_BASE64].type == JSON_NULL)
        has[DATA_BASE64] = false;
    if (has[DATA_BASE64] && has[DATA] && reading->payloads[DATA].type == JSON_NULL)
        has[DATA] = false;
    if (has[DATA] && has[DATA_BASE64])
        return diag_fail(reading->builder.diag, ERR_INVALID, "data_base64", "must not be there beside data");
    if (has[DATA_BASE64])
        return read_base64(reading);
    return has[DATA] ? read_data(reading) : ERR_OK;
}

err_t cloudevent_json_decode(bytes_t text, struct arena *arena, struct cloudevent *ret_event, diag_t *diag)
{
    struct reading reading = { .builder = cloudevent_builder_of(arena, diag) };
    struct json_scan scan;
    struct json_item item;
    err_t err = json_scan_begin(text, arena, &scan, diag);
    if (err != ERR_OK)
        return err;
    if (scan.type != JSON_OBJECT)
        return diag_fail(diag, ERR_MALFORMED, "event", "must be a JSON object");
    scan.depth_max = CLOUDEVENT_DATA_DEPTH_MAX;
    while (err == ERR_OK && json_scan_next(&scan, &item))
        err = take_member(&reading, &item);
    if (err == ERR_OK)
        err = scan.lex.err;
    if (err == ERR_OK)
        err = read_payload(&reading);
    return err == ERR_OK ? cloudevent_builder_finish(&reading.builder, ret_event) : err;
}

// --- batches

static err_t decode_item(bytes_t text, size_t index, struct arena *arena, struct cloudevent *ret_event, diag_t *diag)
{
    diag_t inner;
    char where[sizeof diag->where];
    err_t err = cloudevent_json_decode(text, arena, ret_event, &inner);
    if (err == ERR_OK)
        return err;
    (void)snprintf(where, sizeof where, "event %zu: %.64s", index, inner.where);
    return diag_fail(diag, err, where, "%s", inner.text);
}

// How many items the array has, all well-formed.
static err_t count_items(bytes_t text, struct arena *arena, size_t *ret_count, diag_t *diag)
{
    struct json_scan scan;
    struct json_item item;
    err_t err = json_scan_begin(text, arena, &scan, diag);
    if (err != ERR_OK)
        return err;
    if (scan.type != JSON_ARRAY)
        return diag_fail(diag, ERR_MALFORMED, "batch", "must be a JSON array");
    size_t count = 0;
    while (json_scan_next(&scan, &item))
        count++;
    if (scan.lex.err == ERR_OK && count > CLOUDEVENT_BATCH_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "batch", "has at most %d events", CLOUDEVENT_BATCH_MAX);
    *ret_count = count;
    return scan.lex.err;
}

err_t cloudevent_json_decode_batch(bytes_t text, struct arena *arena, struct cloudevent **ret_events, size_t *ret_count,
                                   diag_t *diag)
{
    struct json_scan scan;
    struct json_item item;
    size_t count = 0;
    err_t err = count_items(text, arena, &count, diag);
    if (err == ERR_OK)
        err = json_scan_begin(text, arena, &scan, diag);
    if (err != ERR_OK)
        return err;
    struct cloudevent *events = arena_array(arena, count, sizeof *events);
    for (size_t i = 0; err == ERR_OK && json_scan_next(&scan, &item); i++) {
        err = decode_item(item.source, i, arena, &events[i], diag);
        // HTTP binding 1.0.2 3.3.2
        if (err == ERR_OK && events[i].is_from_03 != events[0].is_from_03)
            err = diag_fail(diag, ERR_INVALID, "batch", "all its events must have the same specversion");
    }
    if (err != ERR_OK)
        return err;
    *ret_events = events;
    *ret_count = count;
    return ERR_OK;
}
