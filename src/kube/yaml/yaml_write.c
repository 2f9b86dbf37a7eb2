// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_write.h"

#include "base/mem.h"
#include "kube/yaml/number.h"
#include "kube/yaml/scalar.h"
#include "kube/yaml/yaml_emit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// --- the order of keys

// The code point at *AT, which moves on. Bytes that are not UTF-8 are taken one by one.
static uint32_t next_point(bytes_t text, size_t *at)
{
    size_t size = bytes_utf8_size(bytes_of(text.data + *at, text.size - *at));
    static const uint8_t masks[] = { 0xff, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t value = text.data[(*at)++] & masks[size];
    for (size_t i = 1; i < size; i++)
        value = value << 6 | (text.data[(*at)++] & 0x3f);
    return value;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

// Beyond ASCII what is no letter is told roughly: signs of Latin-1, punctuation and symbols, private use, emoji.
static bool is_letter(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } others[] = { { 0x80, 0xa9 },     { 0xab, 0xb4 },     { 0xb6, 0xb9 },      { 0xbb, 0xbf },     { 0xd7, 0xd7 },
                   { 0xf7, 0xf7 },     { 0x2000, 0x2bff }, { 0x3000, 0x303f },  { 0xe000, 0xf8ff }, { 0xfe00, 0xfe6f },
                   { 0xfeff, 0xff20 }, { 0xfff9, 0xffff }, { 0x1f000, 0x1fbff } };
    if (c < 0x80)
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (c >= others[i].first && c <= others[i].last)
            return false;
    }
    return true;
}

// The digits from AT on as a number, which may overflow as it does in Go.
static uint64_t number_at(bytes_t text, size_t at, uint64_t start, size_t *ret_end)
{
    uint64_t value = start;
    for (; at < text.size && is_digit(text.data[at]); at++)
        value = value * 10 + (text.data[at] - 48U);
    *ret_end = at;
    return value;
}

// Whether the digits in front of AT have another one than 0.
static bool follows_digit(bytes_t text, size_t at)
{
    while (at > 0 && is_digit(text.data[at - 1])) {
        if (text.data[--at] != '0')
            return true;
    }
    return false;
}

// A and B differ first at AT, where they have the characters C and D.
static bool differs_less(bytes_t a, bytes_t b, size_t at, uint32_t c, uint32_t d)
{
    if (is_letter(c) && is_letter(d))
        return c < d;
    if (is_letter(c) || is_letter(d))
        return is_letter(d);
    uint64_t start = (c == '0' || d == '0') && follows_digit(a, at) ? 1 : 0;
    size_t a_end, b_end;
    uint64_t a_number = number_at(a, at, start, &a_end), b_number = number_at(b, at, start, &b_end);
    if (a_number != b_number)
        return (int64_t)a_number < (int64_t)b_number;
    return a_end != b_end ? a_end < b_end : c < d;
}

static bool is_less(bytes_t a, bytes_t b)
{
    for (size_t at = 0, next = 0, other = 0; at < a.size && at < b.size; at = next) {
        other = next = at;
        uint32_t c = next_point(a, &next), d = next_point(b, &other);
        if (c != d)
            return differs_less(a, b, at, c, d);
    }
    return a.size < b.size;
}

static int by_key(const void *a, const void *b)
{
    const struct json_value *const *left = a, *const *right = b;
    return is_less((*left)->name, (*right)->name) ? -1 : is_less((*right)->name, (*left)->name) ? 1 : 0;
}

// --- values

// What Go has of a number on its way through JSON.
static void put_number(struct yaml_emit *emit, const struct json_value *value)
{
    char text[NUMBER_TEXT_SIZE];
    int64_t integer;
    double real = 0;
    if (json_get_int(value, &integer)) {
        (void)snprintf(text, sizeof text, "%" PRId64, integer);
        yaml_emit_word(emit, text);
        return;
    }
    if (!json_get_double(value, &real) || !isfinite(real)) {
        yaml_emit_word(emit, real < 0 ? "-.inf" : ".inf");
        return;
    }
    struct scalar scalar = scalar_of(bytes_of_text(number_text(real, NUMBER_JSON, text)));
    if (scalar.type == SCALAR_INT)
        (void)snprintf(text, sizeof text, "%s%" PRIu64, scalar.is_negative ? "-" : "", scalar.magnitude);
    else
        (void)number_text(real, NUMBER_SHORT, text);
    yaml_emit_word(emit, text);
}

static void put_string(struct yaml_emit *emit, bytes_t text, int indent, bool is_key)
{
    if (bytes_is_utf8(text)) {
        yaml_emit_string(emit, text, indent, is_key);
        return;
    }
    struct writer clean = WRITER_INIT;
    for (size_t at = 0; at < text.size;) {
        size_t size = bytes_utf8_size(bytes_of(text.data + at, text.size - at));
        writer_bytes(&clean, size == 0 ? BYTES_LITERAL("\xef\xbf\xbd") : bytes_of(text.data + at, size));
        at += size == 0 ? 1 : size;
    }
    yaml_emit_string(emit, writer_view(&clean), indent, is_key);
    writer_free(&clean);
}

static void put_value(struct yaml_emit *emit, const struct json_value *value, int indent, bool in_map);

static void put_list(struct yaml_emit *emit, const struct json_value *list, int indent, bool in_map)
{
    bool is_flush = in_map && !emit->indention; // with its key
    int inner = indent < 0 ? 0 : is_flush ? indent : indent + YAML_INDENT;
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        yaml_emit_indent(emit, inner);
        yaml_emit_indicator(emit, "-", true, true);
        put_value(emit, item, inner, false);
    }
}

static void put_member(struct yaml_emit *emit, const struct json_value *member, int indent)
{
    yaml_emit_indent(emit, indent);
    bool is_simple = yaml_emit_is_simple_key(member->name);
    if (!is_simple)
        yaml_emit_indicator(emit, "?", true, true);
    put_string(emit, member->name, indent, is_simple);
    if (!is_simple)
        yaml_emit_indent(emit, indent);
    yaml_emit_indicator(emit, ":", !is_simple, !is_simple);
    put_value(emit, member, indent, true);
}

static void put_map(struct yaml_emit *emit, const struct json_value *map, int indent)
{
    int inner = indent < 0 ? 0 : indent + YAML_INDENT;
    const struct json_value **members = mem_zalloc(map->count, sizeof *members);
    size_t count = 0;
    for (const struct json_value *member = map->first; member != NULL; member = member->next)
        members[count++] = member;
    qsort(members, count, sizeof *members, by_key);
    for (size_t i = 0; i < count; i++)
        put_member(emit, members[i], inner);
    free(members);
}

static void put_value(struct yaml_emit *emit, const struct json_value *value, int indent, bool in_map)
{
    switch (value->type) {
    case JSON_NULL:
        yaml_emit_word(emit, "null");
        return;
    case JSON_BOOL:
        yaml_emit_word(emit, value->is_true ? "true" : "false");
        return;
    case JSON_NUMBER:
        put_number(emit, value);
        return;
    case JSON_STRING:
        put_string(emit, value->text, indent, false);
        return;
    case JSON_ARRAY:
        if (value->first == NULL)
            yaml_emit_word(emit, "[]");
        else
            put_list(emit, value, indent, in_map);
        return;
    case JSON_OBJECT:
        if (value->first == NULL)
            yaml_emit_word(emit, "{}");
        else
            put_map(emit, value, indent);
        return;
    }
}

void yaml_write(struct writer *out, const struct json_value *value)
{
    struct yaml_emit emit = YAML_EMIT_INIT(out);
    put_value(&emit, value, -1, false);
    yaml_emit_indent(&emit, -1);
}
