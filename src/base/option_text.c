// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and addresses as text.
#include "base/option.h"

#include "base/assert.h"

struct unit {
    const char *name;
    int64_t factor;
};

// Those that are also written stand in falling order and end with the factor 1.
static const struct unit size_units[] = {
    { "TB", INT64_C(1) << 40 }, { "GB", 1 << 30 },  { "MB", 1 << 20 },  { "KB", 1 << 10 }, { "B", 1 },
    { "T", INT64_C(1) << 40 },  { "G", 1 << 30 },   { "M", 1 << 20 },   { "K", 1 << 10 },  { "TiB", INT64_C(1) << 40 },
    { "GiB", 1 << 30 },         { "MiB", 1 << 20 }, { "KiB", 1 << 10 },
};

static const struct unit duration_units[] = {
    { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - ('a' - 'A')) : c;
}

static bool same_letters(bytes_t a, bytes_t b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        if (upper(a.data[i]) != upper(b.data[i]))
            return false;
    }
    return true;
}

static const struct unit *find_unit(const struct unit *units, size_t count, bytes_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (same_letters(name, bytes_of_text(units[i].name)))
            return &units[i];
    }
    return NULL;
}

// Takes digits and the letters behind them off the front of TEXT.
static bool take_number(bytes_t *text, int64_t *ret_number, bytes_t *ret_unit)
{
    size_t digits = 0, end;
    while (digits < text->size && is_digit(text->data[digits]))
        digits++;
    for (end = digits; end < text->size && !is_digit(text->data[end]); end++) {
    }
    if (!bytes_to_int64(bytes_of(text->data, digits), ret_number))
        return false;
    *ret_unit = bytes_of(text->data + digits, end - digits);
    *text = bytes_of(text->data + end, text->size - end);
    return true;
}

bool option_parse_size(bytes_t text, int64_t *ret_size)
{
    int64_t number;
    bytes_t name;
    if (text.size == 0 || !take_number(&text, &number, &name) || text.size > 0)
        return false;
    const struct unit *unit = name.size == 0 ? &size_units[4] : find_unit(size_units, ARRAY_COUNT(size_units), name);
    return unit != NULL && !__builtin_mul_overflow(number, unit->factor, ret_size);
}

bool option_parse_duration(bytes_t text, int64_t *ret_ms)
{
    int64_t total = 0;
    if (bytes_is(text, "0")) {
        *ret_ms = 0;
        return true;
    }
    if (text.size == 0)
        return false;
    while (text.size > 0) {
        int64_t number, part;
        bytes_t name;
        if (!take_number(&text, &number, &name))
            return false;
        const struct unit *unit = find_unit(duration_units, ARRAY_COUNT(duration_units), name);
        if (unit == NULL || __builtin_mul_overflow(number, unit->factor, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
    }
    *ret_ms = total;
    return true;
}

static bool is_host(bytes_t host, bool bracketed)
{
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];
        bool word = is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '.' || c == '-' || c == '_';
        if (!word && !(bracketed && (c == ':' || c == '%')))
            return false;
    }
    return !bracketed || host.size > 0;
}

bool option_parse_address(bytes_t text, bytes_t *ret_host, uint16_t *ret_port)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    // COLON is now the place behind the last colon: where the port starts, 0 when there is no colon.
    bytes_t host = bytes_of(text.data, colon == 0 ? 0 : colon - 1);
    bytes_t port_text = colon == 0 ? text : bytes_of(text.data + colon, text.size - colon);
    bool bracketed = host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    if (bracketed)
        host = bytes_of(host.data + 1, host.size - 2);
    int64_t port;
    if (port_text.size > 5 || !bytes_to_int64(port_text, &port) || port < 0 || port > UINT16_MAX)
        return false;
    if (!is_digit(port_text.data[0]) || !is_host(host, bracketed))
        return false;
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return true;
}

// With the largest unit that divides it.
static void write_number(int64_t number, const struct unit *units, struct writer *out)
{
    size_t i = 0;
    while (number % units[i].factor != 0)
        i++;
    bool is_plain = units == size_units && units[i].factor == 1;
    writer_format(out, "%lld%s", (long long)(number / units[i].factor), is_plain ? "" : units[i].name);
}

void option_write_size(int64_t size, struct writer *out)
{
    if (size <= 0)
        writer_format(out, "%lld", (long long)size);
    else
        write_number(size, size_units, out);
}

void option_write_duration(int64_t ms, struct writer *out)
{
    if (ms <= 0)
        writer_format(out, "%lld", (long long)ms);
    else
        write_number(ms, duration_units, out);
}
