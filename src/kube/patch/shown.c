// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/shown.h"

#include "base/assert.h"
#include "base/json_edit.h"
#include "kube/patch/members.h"

#include <stdlib.h>

// A sentence is for people; a value that is longer than this ends in dots.
enum { SHOWN_MAX = 1024 };

static const struct {
    const char *kind, *type;
} kinds[] = {
    [JSON_NULL] = { "null", "%!s(<nil>)" },       [JSON_BOOL] = { "bool", "bool" },
    [JSON_NUMBER] = { "number", "float64" },      [JSON_STRING] = { "string", "string" },
    [JSON_ARRAY] = { "array", "[]interface {}" }, [JSON_OBJECT] = { "object", "map[string]interface {}" },
};

const char *shown_kind(const struct json_value *value)
{
    return kinds[value->type].kind;
}

const char *shown_type(const struct json_value *value)
{
    int64_t number;
    return json_get_int(value, &number) ? "int64" : kinds[value->type].type;
}

// --- %v

static void put(struct writer *out, bytes_t text)
{
    size_t left = SHOWN_MAX - out->size;
    writer_bytes(out, bytes_of(text.data, text.size < left ? text.size : left));
}

static void put_value(struct writer *out, struct arena *arena, const struct json_value *value);

static void put_members(struct writer *out, struct arena *arena, const struct json_value *object)
{
    const struct json_value **sorted = members_sorted(arena, object);
    for (size_t i = 0; i < object->count && out->size < SHOWN_MAX; i++) {
        put(out, i == 0 ? BYTES_LITERAL("") : BYTES_LITERAL(" "));
        put(out, sorted[i]->name);
        put(out, BYTES_LITERAL(":"));
        put_value(out, arena, sorted[i]);
    }
}

static void put_items(struct writer *out, struct arena *arena, const struct json_value *array)
{
    for (const struct json_value *item = array->first; item != NULL && out->size < SHOWN_MAX; item = item->next) {
        put(out, item == array->first ? BYTES_LITERAL("") : BYTES_LITERAL(" "));
        put_value(out, arena, item);
    }
}

static void put_value(struct writer *out, struct arena *arena, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        put(out, BYTES_LITERAL("<nil>"));
        return;
    case JSON_BOOL:
        put(out, value->is_true ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
        return;
    case JSON_NUMBER:
    case JSON_STRING:
        put(out, value->text);
        return;
    case JSON_ARRAY:
        put(out, BYTES_LITERAL("["));
        put_items(out, arena, value);
        put(out, BYTES_LITERAL("]"));
        return;
    case JSON_OBJECT:
        put(out, BYTES_LITERAL("map["));
        put_members(out, arena, value);
        put(out, BYTES_LITERAL("]"));
        return;
    }
}

static const char *taken(struct arena *arena, struct writer *out)
{
    const char *text = arena_text(arena, writer_view(out));
    writer_free(out);
    return text;
}

const char *shown_value(struct arena *arena, const struct json_value *value)
{
    struct writer out = WRITER_INIT;
    put_value(&out, arena, value);
    if (out.size == SHOWN_MAX)
        writer_text(&out, "...");
    return taken(arena, &out);
}

// --- %q

struct range {
    uint32_t first, last;
};

// Code points from U+0080 on that unicode.IsPrint does not take: spaces, marks of direction, private and unused ones.
static const struct range hidden[] = {
    { 0x80, 0xa0 },     { 0xad, 0xad },       { 0x600, 0x605 },      { 0x61c, 0x61c },   { 0x6dd, 0x6dd },
    { 0x70f, 0x70f },   { 0x1680, 0x1680 },   { 0x180e, 0x180e },    { 0x2000, 0x200f }, { 0x2028, 0x202f },
    { 0x205f, 0x206f }, { 0x3000, 0x3000 },   { 0xe000, 0xf8ff },    { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb },
    { 0xfffe, 0xffff }, { 0xe0000, 0xe00ff }, { 0xe01f0, 0x10ffff },
};

static bool is_shown(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (point >= hidden[i].first && point <= hidden[i].last)
            return false;
    }
    return true;
}

static void quote_ascii(struct writer *out, uint8_t byte)
{
    static const char named[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
    const char *at = byte == 0 ? NULL : strchr(named, byte);
    if (at != NULL)
        writer_format(out, "\\%c", letters[at - named]);
    else if (byte < 0x20 || byte == 0x7f)
        writer_format(out, "\\x%02x", byte);
    else
        writer_u8(out, byte);
}

static uint32_t code_point(bytes_t bytes)
{
    static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = bytes.data[0] & lead_bits[bytes.size];
    for (size_t i = 1; i < bytes.size; i++)
        point = point << 6 | (bytes.data[i] & 0x3f);
    return point;
}

static void quote_point(struct writer *out, bytes_t bytes)
{
    uint32_t point = code_point(bytes);
    if (is_shown(point))
        writer_bytes(out, bytes);
    else
        writer_format(out, point > 0xffff ? "\\U%08x" : "\\u%04x", point);
}

const char *shown_quoted(struct arena *arena, bytes_t text)
{
    struct writer out = WRITER_INIT;
    writer_u8(&out, '"');
    for (size_t at = 0; at < text.size;) {
        size_t size = bytes_utf8_size(bytes_of(text.data + at, text.size - at));
        if (size == 1)
            quote_ascii(&out, text.data[at]);
        else if (size > 1)
            quote_point(&out, bytes_of(text.data + at, size));
        else
            writer_format(&out, "\\x%02x", text.data[at]);
        at += size == 0 ? 1 : size;
    }
    writer_u8(&out, '"');
    return taken(arena, &out);
}
