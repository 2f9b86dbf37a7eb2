// SPDX-License-Identifier: Apache-2.0
#include "kube/table/go_text.h"

#include "base/json_edit.h"
#include "kube/yaml/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_number(struct writer *out, const struct json_value *value, enum number_layout layout)
{
    char room[NUMBER_TEXT_SIZE];
    int64_t integer;
    double real = 0;
    if (json_get_int(value, &integer))
        (void)snprintf(room, sizeof room, "%" PRId64, integer);
    else if (json_get_double(value, &real) && isfinite(real))
        (void)number_text(real, layout, room);
    else
        (void)snprintf(room, sizeof room, "%s", real > 0 ? "+Inf" : "-Inf");
    writer_text(out, room);
}

// What Go escapes of the character at the start of TEXT, which has SIZE bytes (0: it is not UTF-8); NULL: nothing.
static const char *escape_of(bytes_t text, size_t size, char room[8])
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    uint8_t c = text.data[0];
    if (size == 0)
        return "\\ufffd";
    if (size == 3 && memcmp(text.data, "\xe2\x80", 2) == 0 && (text.data[2] & 0xfe) == 0xa8)
        return text.data[2] == 0xa8 ? "\\u2028" : "\\u2029";
    const char *found = c == 0 ? NULL : strchr(plain, c);
    if (found != NULL)
        (void)snprintf(room, 8, "\\%c", letters[found - plain]);
    else if (c < 0x20 || c == '<' || c == '>' || c == '&')
        (void)snprintf(room, 8, "\\u%04x", c);
    else
        return NULL;
    return room;
}

static void put_string(struct writer *out, bytes_t text)
{
    writer_u8(out, '"');
    while (text.size > 0) {
        char room[8];
        size_t size = bytes_utf8_size(text), step = size == 0 ? 1 : size;
        const char *escape = escape_of(text, size, room);
        if (escape != NULL)
            writer_text(out, escape);
        else
            writer_bytes(out, bytes_of(text.data, step));
        text = bytes_of(text.data + step, text.size - step);
    }
    writer_u8(out, '"');
}

// --- encoding/json

static void put_break(struct writer *out, bool lines, unsigned level)
{
    if (!lines)
        return;
    writer_u8(out, '\n');
    for (unsigned i = 0; i < level; i++)
        writer_text(out, "    ");
}

static void put_json(struct writer *out, const struct json_value *value, bool lines, unsigned level);

static void put_json_inside(struct writer *out, const struct json_value *value, bool lines, unsigned level)
{
    bool is_object = value->type == JSON_OBJECT;
    struct json_value **items = json_sorted(value);
    writer_u8(out, is_object ? '{' : '[');
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0)
            writer_u8(out, ',');
        put_break(out, lines, level + 1);
        if (is_object) {
            put_string(out, items[i]->name);
            writer_text(out, lines ? ": " : ":");
        }
        put_json(out, items[i], lines, level + 1);
    }
    if (value->count > 0)
        put_break(out, lines, level);
    writer_u8(out, is_object ? '}' : ']');
    free(items);
}

static void put_json(struct writer *out, const struct json_value *value, bool lines, unsigned level)
{
    switch (value->type) {
    case JSON_NULL:
        writer_text(out, "null");
        return;
    case JSON_BOOL:
        writer_text(out, value->is_true ? "true" : "false");
        return;
    case JSON_NUMBER:
        put_number(out, value, NUMBER_JSON);
        return;
    case JSON_STRING:
        put_string(out, value->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        put_json_inside(out, value, lines, level);
        return;
    }
}

void go_json_write(struct writer *out, const struct json_value *value)
{
    put_json(out, value, false, 0);
}

void go_json_write_lines(struct writer *out, const struct json_value *value, unsigned level)
{
    put_json(out, value, true, level);
}

// --- fmt

static void sprint_inside(struct writer *out, const struct json_value *value)
{
    bool is_object = value->type == JSON_OBJECT;
    struct json_value **items = json_sorted(value);
    writer_text(out, is_object ? "map[" : "[");
    for (size_t i = 0; i < value->count; i++) {
        if (i > 0)
            writer_u8(out, ' ');
        if (is_object) {
            writer_bytes(out, items[i]->name);
            writer_u8(out, ':');
        }
        go_sprint(out, items[i]);
    }
    writer_u8(out, ']');
    free(items);
}

void go_sprint(struct writer *out, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        writer_text(out, "<nil>");
        return;
    case JSON_BOOL:
        writer_text(out, value->is_true ? "true" : "false");
        return;
    case JSON_NUMBER:
        put_number(out, value, NUMBER_SHORT);
        return;
    case JSON_STRING:
        writer_bytes(out, value->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        sprint_inside(out, value);
        return;
    }
}
