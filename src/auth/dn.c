// SPDX-License-Identifier: Apache-2.0
// A relative name becomes one text with its types in upper case, its values unescaped and its attributes sorted, so
// that comparing names is comparing bytes. Lengths stand between type and value: no value can look like two.
#include "auth/dn.h"

#include "base/assert.h"
#include "base/writer.h"

#include <stdlib.h>

enum {
    ATTRIBUTES_MAX = 8, // of one relative name
};

struct attribute {
    bytes_t type, value;
};

struct cursor {
    const uint8_t *at, *end;
};

static bool at_end(const struct cursor *cursor)
{
    return cursor->at == cursor->end;
}

static void skip_spaces(struct cursor *cursor)
{
    while (!at_end(cursor) && *cursor->at == ' ')
        cursor->at++;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The names that differ between libraries and the RFCs.
static bytes_t type_of_alias(bytes_t type)
{
    static const struct {
        const char *alias, *type;
    } rows[] = {
        { "E", "EMAILADDRESS" },
        { "EMAIL", "EMAILADDRESS" },
        { "1.2.840.113549.1.9.1", "EMAILADDRESS" },
        { "S", "ST" },
        { "2.5.4.3", "CN" },
        { "2.5.4.5", "SERIALNUMBER" },
        { "2.5.4.6", "C" },
        { "2.5.4.7", "L" },
        { "2.5.4.8", "ST" },
        { "2.5.4.9", "STREET" },
        { "2.5.4.10", "O" },
        { "2.5.4.11", "OU" },
        { "2.5.4.17", "POSTALCODE" },
        { "0.9.2342.19200300.100.1.25", "DC" },
        { "0.9.2342.19200300.100.1.1", "UID" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (bytes_is(type, rows[i].alias))
            return bytes_of_text(rows[i].type);
    return type;
}

// A keyword or an object identifier, in upper case and without "OID.".
static bool read_type(struct arena *arena, struct cursor *cursor, bytes_t *ret_type)
{
    skip_spaces(cursor);
    const uint8_t *from = cursor->at;
    for (; !at_end(cursor) && *cursor->at != '=' && *cursor->at != ' '; cursor->at++) {
        uint8_t c = *cursor->at;
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!fits)
            return false;
    }
    size_t size = (size_t)(cursor->at - from);
    skip_spaces(cursor);
    if (size == 0 || at_end(cursor) || *cursor->at++ != '=')
        return false;
    uint8_t *upper = arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        upper[i] = from[i] >= 'a' && from[i] <= 'z' ? (uint8_t)(from[i] - 'a' + 'A') : from[i];
    bytes_t type = bytes_of(upper, size);
    if (size > 4 && memcmp(upper, "OID.", 4) == 0)
        type = bytes_of(upper + 4, size - 4);
    *ret_type = type_of_alias(type);
    return true;
}

// What follows a backslash: two hexadecimal digits, or the character itself.
static bool read_escaped(struct cursor *cursor, uint8_t *ret_byte)
{
    if (at_end(cursor))
        return false;
    int high = hex_value(*cursor->at);
    int low = high >= 0 && cursor->end - cursor->at >= 2 ? hex_value(cursor->at[1]) : -1;
    if (low >= 0) {
        *ret_byte = (uint8_t)(high << 4 | low);
        cursor->at += 2;
        return true;
    }
    *ret_byte = *cursor->at++;
    return strchr(",=+<>#;\\\" ", *ret_byte) != NULL && *ret_byte != '\0';
}

static bool ends_value(uint8_t c)
{
    return c == ',' || c == '+' || c == ';';
}

// Unescaped; spaces around it do not count, those that are escaped or quoted do.
static bool read_value(struct arena *arena, struct cursor *cursor, bytes_t *ret_value)
{
    skip_spaces(cursor);
    uint8_t *to = arena_alloc(arena, (size_t)(cursor->end - cursor->at));
    size_t size = 0, kept = 0; // KEPT: up to the last character that is no plain space
    bool quoted = !at_end(cursor) && *cursor->at == '"';
    if (quoted)
        cursor->at++;
    while (!at_end(cursor) && (quoted || !ends_value(*cursor->at))) {
        uint8_t c = *cursor->at++;
        if (quoted && c == '"') {
            quoted = false;
            kept = size;
            skip_spaces(cursor);
            if (!at_end(cursor) && !ends_value(*cursor->at))
                return false;
            break;
        }
        bool escaped = c == '\\';
        if (escaped && !read_escaped(cursor, &c))
            return false;
        to[size++] = c;
        if (escaped || quoted || c != ' ')
            kept = size;
    }
    *ret_value = bytes_of(to, kept);
    return !quoted;
}

static int order_attributes(const void *a, const void *b)
{
    const struct attribute *one = a, *other = b;
    int order = bytes_compare(one->type, other->type);
    return order != 0 ? order : bytes_compare(one->value, other->value);
}

static bytes_t write_part(struct arena *arena, struct attribute *attributes, size_t count)
{
    qsort(attributes, count, sizeof(*attributes), order_attributes);
    struct writer w = WRITER_INIT;
    for (size_t i = 0; i < count; i++) {
        writer_u32(&w, (uint32_t)attributes[i].type.size);
        writer_bytes(&w, attributes[i].type);
        writer_u32(&w, (uint32_t)attributes[i].value.size);
        writer_bytes(&w, attributes[i].value);
    }
    bytes_t part = arena_copy(arena, writer_view(&w));
    writer_free(&w);
    return part;
}

static err_t read_part(struct arena *arena, struct cursor *cursor, bytes_t *ret_part)
{
    struct attribute attributes[ATTRIBUTES_MAX];
    size_t count = 0;
    do {
        if (count > 0)
            cursor->at++; // '+'
        if (count == ATTRIBUTES_MAX)
            return ERR_TOO_LARGE;
        struct attribute *next = &attributes[count++];
        if (!read_type(arena, cursor, &next->type) || !read_value(arena, cursor, &next->value))
            return ERR_MALFORMED;
    } while (!at_end(cursor) && *cursor->at == '+');
    *ret_part = write_part(arena, attributes, count);
    return ERR_OK;
}

err_t dn_parse(struct arena *arena, bytes_t text, struct dn *ret_dn)
{
    if (text.size > DN_SIZE_MAX)
        return ERR_TOO_LARGE;
    if (text.size == 0)
        return ERR_MALFORMED;
    bytes_t parts[DN_PARTS_MAX];
    size_t count = 0;
    struct cursor cursor = { .at = text.data, .end = text.data + text.size };
    do {
        if (count > 0)
            cursor.at++; // ',' or ';'
        if (count == DN_PARTS_MAX)
            return ERR_TOO_LARGE;
        err_t err = read_part(arena, &cursor, &parts[count++]);
        if (err != ERR_OK)
            return err;
    } while (!at_end(&cursor));
    struct dn dn = { .parts = arena_array(arena, count, sizeof(*parts)), .count = count };
    memcpy(dn.parts, parts, count * sizeof(*parts));
    *ret_dn = dn;
    return ERR_OK;
}

bool dn_equal(const struct dn *a, const struct dn *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (!bytes_equal(a->parts[i], b->parts[i]))
            return false;
    return a->count == b->count;
}

bool dn_same_parts(const struct dn *a, const struct dn *b)
{
    if (a->count != b->count)
        return false;
    bool taken[DN_PARTS_MAX] = { false };
    for (size_t i = 0; i < a->count; i++) {
        size_t j = 0;
        while (j < b->count && (taken[j] || !bytes_equal(a->parts[i], b->parts[j])))
            j++;
        if (j == b->count)
            return false;
        taken[j] = true;
    }
    return true;
}
