// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/go_value.h"

#include "base/json_edit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// What unicode.IsPrint refuses and people meet: controls, spaces but U+0020, marks without a width, surrogates, private
// use. Unassigned code points are written as they are.
static const struct {
    uint32_t from, to;
} unprintable[] = {
    { 0x00, 0x1f },     { 0x7f, 0xa0 },     { 0xad, 0xad },       { 0x600, 0x605 },      { 0x61c, 0x61c },
    { 0x6dd, 0x6dd },   { 0x70f, 0x70f },   { 0x1680, 0x1680 },   { 0x180e, 0x180e },    { 0x2000, 0x200f },
    { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },   { 0xd800, 0xf8ff },    { 0xfeff, 0xfeff },
    { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe00ff }, { 0xe01f0, 0x10ffff },
};

static bool is_printable(uint32_t c)
{
    for (size_t i = 0; i < sizeof unprintable / sizeof unprintable[0]; i++) {
        if (c >= unprintable[i].from && c <= unprintable[i].to)
            return false;
    }
    return true;
}

static uint32_t code_point(const uint8_t *at, size_t size)
{
    static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = at[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        c = c << 6 | (at[i] & 0x3f);
    return c;
}

static void quote_one(struct writer *out, bytes_t text)
{
    static const char plain[] = "\a\b\f\n\r\t\v\\\"", letters[] = "abfnrtv\\\"";
    uint32_t c = code_point(text.data, text.size);
    const char *found = c == 0 || c > 0x7f ? NULL : strchr(plain, (int)c);
    if (found != NULL)
        writer_format(out, "\\%c", letters[found - plain]);
    else if (is_printable(c))
        writer_bytes(out, text);
    else if (c < 0x80)
        writer_format(out, "\\x%02x", c);
    else
        writer_format(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

void go_quote(struct writer *out, bytes_t text)
{
    writer_u8(out, '"');
    for (size_t at = 0; at < text.size;) {
        bytes_t rest = bytes_of(text.data + at, text.size - at);
        size_t size = bytes_utf8_size(rest);
        if (size == 0)
            writer_format(out, "\\x%02x", *rest.data);
        else
            quote_one(out, bytes_of(rest.data, size));
        at += size == 0 ? 1 : size;
    }
    writer_u8(out, '"');
}

// strconv.FormatFloat(number, 'g', -1, 64): the fewest digits that read back as the same number.
void go_double(struct writer *out, double number)
{
    char text[40];
    if (!isfinite(number)) {
        writer_text(out, isnan(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 0; digits < 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*e", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    char *exponent = strchr(text, 'e');
    int power = atoi(exponent + 1);
    if (power >= -4 && power < 6) {
        int digits = (int)(exponent - text) - (text[0] == '-') - 2; // behind the point of d.ddd
        int decimals = (digits > 0 ? digits : 0) - power;
        (void)snprintf(text, sizeof text, "%.*f", decimals > 0 ? decimals : 0, number);
    }
    writer_text(out, text);
}

void go_number(struct writer *out, const struct json_value *number)
{
    int64_t whole;
    double real;
    if (json_get_int(number, &whole))
        writer_format(out, "%lld", (long long)whole);
    else if (json_get_double(number, &real))
        go_double(out, real);
}

static void write_map(struct writer *out, const struct json_value *object)
{
    struct json_value **members = json_sorted(object);
    writer_text(out, "map[string]interface {}{");
    for (size_t i = 0; i < object->count; i++) {
        writer_text(out, i > 0 ? ", " : "");
        go_quote(out, members[i]->name);
        writer_u8(out, ':');
        go_value(out, members[i]);
    }
    writer_u8(out, '}');
    free(members);
}

static void write_slice(struct writer *out, const struct json_value *array)
{
    writer_text(out, "[]interface {}{");
    for (const struct json_value *item = array->first; item != NULL; item = item->next) {
        writer_text(out, item == array->first ? "" : ", ");
        go_value(out, item);
    }
    writer_u8(out, '}');
}

void go_value(struct writer *out, const struct json_value *value)
{
    switch (value->type) {
    case JSON_NULL:
        writer_text(out, "interface {}(nil)");
        break;
    case JSON_BOOL:
        writer_text(out, value->is_true ? "true" : "false");
        break;
    case JSON_NUMBER:
        go_number(out, value);
        break;
    case JSON_STRING:
        go_quote(out, value->text);
        break;
    case JSON_ARRAY:
        write_slice(out, value);
        break;
    case JSON_OBJECT:
        write_map(out, value);
        break;
    }
}
