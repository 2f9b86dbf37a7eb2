// SPDX-License-Identifier: Apache-2.0
#include "base/json_write.h"

#include "base/assert.h"
#include "base/json_plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t depth_bit(const struct json_writer *json)
{
    return UINT64_C(1) << (json->depth - 1);
}

static bool in_array(const struct json_writer *json)
{
    return json->depth > 0 && (json->arrays & depth_bit(json)) != 0;
}

// The comma before every item but the first.
static void separate(struct json_writer *json)
{
    if (json->depth == 0)
        return;
    if ((json->filled & depth_bit(json)) != 0)
        writer_u8(json->out, ',');
    json->filled |= depth_bit(json);
}

static void value_begin(struct json_writer *json)
{
    ASSERT(json->depth == 0 || in_array(json) || json->after_key);
    if (!json->after_key)
        separate(json);
    json->after_key = false;
}

static void bracket_open(struct json_writer *json, uint8_t bracket, bool array)
{
    value_begin(json);
    ASSERT(json->depth < JSON_WRITE_DEPTH_MAX);
    json->depth++;
    json->filled &= ~depth_bit(json);
    json->arrays = array ? json->arrays | depth_bit(json) : json->arrays & ~depth_bit(json);
    writer_u8(json->out, bracket);
}

static void bracket_close(struct json_writer *json, uint8_t bracket, bool array)
{
    ASSERT(json->depth > 0);
    ASSERT(in_array(json) == array);
    ASSERT(!json->after_key);
    json->depth--;
    writer_u8(json->out, bracket);
}

void json_object_begin(struct json_writer *json)
{
    bracket_open(json, '{', false);
}

void json_object_end(struct json_writer *json)
{
    bracket_close(json, '}', false);
}

void json_array_begin(struct json_writer *json)
{
    bracket_open(json, '[', true);
}

void json_array_end(struct json_writer *json)
{
    bracket_close(json, ']', true);
}

// The escape of the character at the start of TEXT, or NULL when it stands for itself. *RET_SIZE: bytes it takes.
static const char *escape_of(bytes_t text, char room[8], size_t *ret_size)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t size = bytes_utf8_size(text);
    uint8_t c = text.data[0];
    *ret_size = size == 0 ? 1 : size;
    if (size == 0)
        return "\xef\xbf\xbd"; // U+FFFD as itself
    const char *found = c == '\0' ? NULL : strchr(plain, c);
    if (found != NULL) {
        room[0] = '\\';
        room[1] = letters[found - plain];
        room[2] = '\0';
        return room;
    }
    // Line separators are legal in JSON, but split lines elsewhere; DEL and below 0x20 disturb terminals.
    if (size == 3 && memcmp(text.data, "\xe2\x80", 2) == 0 && (text.data[2] & 0xfe) == 0xa8)
        return text.data[2] == 0xa8 ? "\\u2028" : "\\u2029";
    if (size == 1 && (c < 0x20 || c == 0x7f)) {
        (void)snprintf(room, 8, "\\u%04x", c);
        return room;
    }
    // C1 controls, among them NEL, which some readers take for a line end.
    if (size == 2 && c == 0xc2 && text.data[1] < 0xa0) {
        (void)snprintf(room, 8, "\\u%04x", text.data[1]);
        return room;
    }
    return NULL;
}

static void write_string(struct writer *out, bytes_t text)
{
    writer_u8(out, '"');
    while (text.size > 0) {
        size_t size = json_plain_run(text);
        writer_bytes(out, bytes_of(text.data, size));
        text = bytes_of(text.data + size, text.size - size);
        if (text.size == 0)
            break;
        char room[8];
        const char *escape = escape_of(text, room, &size);
        if (escape == NULL)
            writer_bytes(out, bytes_of(text.data, size));
        else
            writer_text(out, escape);
        text = bytes_of(text.data + size, text.size - size);
    }
    writer_u8(out, '"');
}

void json_key_bytes(struct json_writer *json, bytes_t key)
{
    ASSERT(json->depth > 0);
    ASSERT(!in_array(json));
    ASSERT(!json->after_key);
    separate(json);
    write_string(json->out, key);
    writer_u8(json->out, ':');
    json->after_key = true;
}

void json_key(struct json_writer *json, const char *key)
{
    json_key_bytes(json, bytes_of_text(key));
}

void json_bytes(struct json_writer *json, bytes_t text)
{
    value_begin(json);
    write_string(json->out, text);
}

void json_text(struct json_writer *json, const char *text)
{
    json_bytes(json, bytes_of_text(text));
}

void json_base64(struct json_writer *json, bytes_t data)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    value_begin(json);
    writer_u8(json->out, '"');
    for (size_t at = 0; at < data.size; at += 3) {
        size_t left = data.size - at;
        uint32_t bits = (uint32_t)data.data[at] << 16;
        bits |= left > 1 ? (uint32_t)data.data[at + 1] << 8 : 0;
        bits |= left > 2 ? data.data[at + 2] : 0;
        char group[5] = { letters[bits >> 18], letters[bits >> 12 & 63], '=', '=', '\0' };
        if (left > 1)
            group[2] = letters[bits >> 6 & 63];
        if (left > 2)
            group[3] = letters[bits & 63];
        writer_text(json->out, group);
    }
    writer_u8(json->out, '"');
}

void json_int(struct json_writer *json, int64_t value)
{
    value_begin(json);
    writer_format(json->out, "%lld", (long long)value);
}

void json_uint(struct json_writer *json, uint64_t value)
{
    value_begin(json);
    writer_format(json->out, "%llu", (unsigned long long)value);
}

void json_double(struct json_writer *json, double value)
{
    if (!isfinite(value)) {
        json_null(json);
        return;
    }
    char text[40];
    value_begin(json);
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    writer_text(json->out, text);
}

void json_bool(struct json_writer *json, bool value)
{
    json_raw(json, bytes_of_text(value ? "true" : "false"));
}

void json_null(struct json_writer *json)
{
    json_raw(json, BYTES_LITERAL("null"));
}

void json_raw(struct json_writer *json, bytes_t value)
{
    value_begin(json);
    writer_bytes(json->out, value);
}

void json_field_text(struct json_writer *json, const char *key, const char *value)
{
    json_key(json, key);
    json_text(json, value);
}

void json_field_bytes(struct json_writer *json, const char *key, bytes_t value)
{
    json_key(json, key);
    json_bytes(json, value);
}

void json_field_int(struct json_writer *json, const char *key, int64_t value)
{
    json_key(json, key);
    json_int(json, value);
}

void json_field_bool(struct json_writer *json, const char *key, bool value)
{
    json_key(json, key);
    json_bool(json, value);
}

void json_field_data(struct json_writer *json, const char *key, bytes_t data)
{
    char name[48];
    if (data.data == NULL) {
        json_key(json, key);
        json_null(json);
        return;
    }
    if (bytes_is_utf8(data)) {
        json_field_bytes(json, key, data);
        return;
    }
    int size = snprintf(name, sizeof name, "%s_base64", key);
    ASSERT(size > 0 && (size_t)size < sizeof name);
    json_key(json, name);
    json_base64(json, data);
}
