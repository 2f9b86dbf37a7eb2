// SPDX-License-Identifier: Apache-2.0
#include "nats/query.h"

#include "base/civil.h"
#include "http/target.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

// --- parameters

void nats_query_complain(struct nats_query *query, const char *format, ...)
{
    if (query->complaint[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(query->complaint, sizeof(query->complaint), format, arguments);
    va_end(arguments);
}

// False when a percent sign has no two digits behind it.
static bool decode(bytes_t text, uint8_t *to, size_t *ret_size)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            if (i + 2 >= text.size || http_hex_value(text.data[i + 1]) < 0 || http_hex_value(text.data[i + 2]) < 0)
                return false;
            c = (uint8_t)(http_hex_value(text.data[i + 1]) << 4 | http_hex_value(text.data[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        to[size++] = c;
    }
    *ret_size = size;
    return true;
}

// Cuts the part before the first END off *REST.
static bytes_t cut(bytes_t *rest, char end)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, end, rest->size);
    bytes_t part = *rest;
    if (at == NULL) {
        *rest = BYTES_NULL;
        return part;
    }
    part.size = (size_t)(at - rest->data);
    *rest = bytes_of(at + 1, rest->size - part.size - 1);
    return part;
}

bytes_t nats_query_text(struct nats_query *query, const char *name)
{
    bytes_t rest = query->text;
    while (rest.data != NULL) {
        bytes_t value = cut(&rest, '&');
        if (value.size > 0 && memchr(value.data, ';', value.size) != NULL)
            continue;
        if (!bytes_is(cut(&value, '='), name))
            continue;
        size_t size;
        uint8_t *to = arena_alloc(query->arena, value.size + 1);
        return decode(value, to, &size) ? bytes_of(to, size) : bytes_of(to, 0);
    }
    return bytes_of("", 0);
}

bool nats_query_bool(struct nats_query *query, const char *name)
{
    static const struct {
        const char *text;
        bool is_true;
    } words[] = {
        { "", false },      { "1", true },      { "t", true },      { "T", true },  { "true", true },
        { "TRUE", true },   { "True", true },   { "0", false },     { "f", false }, { "F", false },
        { "false", false }, { "FALSE", false }, { "False", false },
    };
    bytes_t text = nats_query_text(query, name);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (bytes_is(text, words[i].text))
            return words[i].is_true;
    nats_query_complain(query, "Error decoding boolean for '%s': \"%.*s\" is neither true nor false", name,
                        text.size > 40 ? 40 : (int)text.size, (const char *)text.data);
    return false;
}

enum nats_query_choice nats_query_bool_or_detail(struct nats_query *query, const char *name)
{
    bytes_t text = nats_query_text(query, name);
    if (text.size == 6 && strncasecmp((const char *)text.data, "detail", 6) == 0)
        return NATS_QUERY_DETAIL;
    return nats_query_bool(query, name) ? NATS_QUERY_YES : NATS_QUERY_NO;
}

int64_t nats_query_int(struct nats_query *query, const char *name)
{
    int64_t value = 0;
    bytes_t text = nats_query_text(query, name);
    bool is_signed = text.size > 1 && text.data[0] == '+' && text.data[1] != '-';
    bytes_t digits = is_signed ? bytes_of(text.data + 1, text.size - 1) : text;
    if (text.size > 0 && !bytes_to_int64(digits, &value))
        nats_query_complain(query, "Error decoding int for '%s': \"%.*s\" is not a whole number", name,
                            text.size > 40 ? 40 : (int)text.size, (const char *)text.data);
    return value;
}

// --- times

const char *nats_time_text(int64_t unix_ms, char ret_text[NATS_TIME_SIZE])
{
    civil_format(unix_ms, ret_text);
    size_t size = strlen(ret_text) - 1; // without the Z
    while (ret_text[size - 1] == '0' && memchr(ret_text, '.', size) != NULL)
        size--;
    size -= ret_text[size - 1] == '.';
    memcpy(ret_text + size, "Z", 2);
    return ret_text;
}

const char *nats_uptime_text(int64_t ms, char ret_text[NATS_TIME_SIZE])
{
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = { { 365 * 86400, 'y' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
    int64_t seconds = ms < 0 ? 0 : ms / 1000;
    size_t size = 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (size == 0 && seconds < units[i].seconds && units[i].seconds > 1)
            continue;
        size += (size_t)snprintf(ret_text + size, NATS_TIME_SIZE - size, "%" PRId64 "%c", seconds / units[i].seconds,
                                 units[i].unit);
        seconds %= units[i].seconds;
    }
    return ret_text;
}

// VALUE with DIGITS of them behind the point, and no zeros at the end.
static void write_fraction(int64_t value, int digits, const char *unit, char *to, size_t size)
{
    int64_t one = 1;
    for (int i = 0; i < digits; i++)
        one *= 10;
    char fraction[32];
    snprintf(fraction, sizeof(fraction), ".%0*" PRId64, digits, value % one);
    size_t end = strlen(fraction);
    while (end > 0 && fraction[end - 1] == '0')
        end--;
    end -= end == 1;
    snprintf(to, size, "%" PRId64 "%.*s%s", value / one, (int)end, fraction, unit);
}

const char *nats_round_trip_text(int64_t ns, char ret_text[NATS_TIME_SIZE])
{
    const int64_t us = 1000, ms = 1000 * us, minute = 60 * 1000 * ms;
    size_t at = 0;
    if (ns <= 0)
        snprintf(ret_text, NATS_TIME_SIZE, "0s");
    else if (ns <= us)
        snprintf(ret_text, NATS_TIME_SIZE, "%" PRId64 "ns", ns);
    else if (ns < ms)
        snprintf(ret_text, NATS_TIME_SIZE, "%" PRId64 "µs", ns / us);
    else if (ns < 1000 * ms)
        write_fraction(ns, 6, "ms", ret_text, NATS_TIME_SIZE);
    else {
        if (ns >= minute)
            at = (size_t)snprintf(ret_text, NATS_TIME_SIZE, "%" PRId64 "m", ns / minute);
        write_fraction(ns % minute, 9, "s", ret_text + at, NATS_TIME_SIZE - at);
    }
    return ret_text;
}

// --- layout

static void line_break(struct writer *out, unsigned depth)
{
    writer_u8(out, '\n');
    for (unsigned i = 0; i < depth; i++)
        writer_text(out, "  ");
}

// Index behind the string that begins at I.
static size_t string_end(bytes_t json, size_t i)
{
    for (i++; i < json.size && json.data[i] != '"'; i++)
        i += json.data[i] == '\\';
    return i + 1 > json.size ? json.size : i + 1;
}

void nats_json_indent(bytes_t json, struct writer *out)
{
    unsigned depth = 0;
    for (size_t i = 0; i < json.size;) {
        uint8_t c = json.data[i];
        if (c == '"') {
            size_t end = string_end(json, i);
            writer_bytes(out, bytes_of(json.data + i, end - i));
            i = end;
            continue;
        }
        bool is_open = c == '{' || c == '[', is_close = c == '}' || c == ']';
        bool is_empty = is_open && i + 1 < json.size && (json.data[i + 1] == '}' || json.data[i + 1] == ']');
        if (is_close)
            line_break(out, --depth);
        writer_u8(out, c);
        i++;
        if (is_empty) {
            writer_u8(out, json.data[i++]);
        } else if (is_open) {
            line_break(out, ++depth);
        } else if (c == ',') {
            line_break(out, depth);
        } else if (c == ':') {
            writer_u8(out, ' ');
        }
    }
}
