// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_format.h"

#include "base/assert.h"
#include "base/civil.h"

#include <ctype.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

// SHAPE letter by letter: 9 a digit, x a hexadecimal digit, anything else itself.
static bool has_shape(bytes_t text, const char *shape)
{
    if (text.size != strlen(shape))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool fits = shape[i] == '9' ? is_digit(c) : shape[i] == 'x' ? is_hex(c) : c == (uint8_t)shape[i];
        if (!fits)
            return false;
    }
    return true;
}

static unsigned two_digits(bytes_t text, size_t at)
{
    return (unsigned)(text.data[at] - '0') * 10 + (unsigned)(text.data[at + 1] - '0');
}

static bytes_t behind(bytes_t text, size_t size)
{
    return size < text.size ? bytes_of(text.data + size, text.size - size) : bytes_of("", 0);
}

static const uint8_t *find(bytes_t text, char c)
{
    return text.size == 0 ? NULL : memchr(text.data, c, text.size);
}

// --- times

static bool is_date(bytes_t text)
{
    if (!has_shape(text, "9999-99-99"))
        return false;
    int32_t year = (int32_t)(two_digits(text, 0) * 100 + two_digits(text, 2));
    int32_t month = (int32_t)two_digits(text, 5), day = (int32_t)two_digits(text, 8);
    return month >= 1 && month <= 12 && day >= 1 && day <= civil_days_in_month(year, month);
}

bool schema_format_date_time(bytes_t text)
{
    if (text.size < 20 || !is_date(bytes_of(text.data, 10)) || (text.data[10] | 0x20) != 't')
        return false;
    bytes_t clock = bytes_of(text.data + 11, 8), zone = behind(text, 19);
    if (!has_shape(clock, "99:99:99") || two_digits(clock, 0) > 23 || two_digits(clock, 3) > 59 ||
        two_digits(clock, 6) > 59)
        return false;
    if (zone.data[0] == '.') {
        size_t size = 1;
        while (size < zone.size && is_digit(zone.data[size]))
            size++;
        if (size == 1)
            return false;
        zone = behind(zone, size);
    }
    return has_shape(zone, "z") || has_shape(zone, "Z") || has_shape(zone, "+99:99") || has_shape(zone, "-99:99");
}

static bool is_unit(bytes_t word)
{
    static const char *const exact[] = { "ns", "us", "\xc2\xb5s", "ms", "s", "m", "h", "hr", "d", "w", "wk" };
    static const char *const begins[] = { "nano", "micro", "milli", "sec", "min", "hour", "day", "week" };
    char lower[8] = { 0 };
    for (size_t i = 0; i < word.size && i < sizeof lower - 1; i++)
        lower[i] = (char)tolower(word.data[i]);
    for (size_t i = 0; i < ARRAY_COUNT(exact); i++) {
        if (word.size < sizeof lower && strcmp(lower, exact[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_COUNT(begins); i++) {
        if (strncmp(lower, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

// Go's "1h30m" and Scala's "3 days": a number and a unit somewhere, which is all that is asked there, too.
static bool is_duration(bytes_t text)
{
    if (bytes_is(text, "0") || bytes_is(text, "+0") || bytes_is(text, "-0"))
        return true;
    bool found = false;
    for (size_t at = 0; at < text.size;) {
        size_t digits = 0, size;
        while (at + digits < text.size && is_digit(text.data[at + digits]))
            digits++;
        if (digits > 18)
            return false;
        for (size = digits; digits > 0 && at + size < text.size && isspace(text.data[at + size]);)
            size++;
        size_t start = at + size;
        while (digits > 0 && at + size < text.size && (is_letter(text.data[at + size]) || text.data[at + size] > 0x7f))
            size++;
        found = found || (digits > 0 && is_unit(bytes_of(text.data + start, at + size - start)));
        at += size > 0 ? size : 1;
    }
    return found;
}

// --- names and addresses in networks

static bool is_ipv4_text(bytes_t text)
{
    size_t parts = 0, at = 0;
    while (parts < 4) {
        unsigned value = 0;
        size_t start = at;
        for (; at < text.size && is_digit(text.data[at]) && value <= 255; at++)
            value = value * 10 + (unsigned)(text.data[at] - '0');
        if (at == start || value > 255)
            return false;
        parts++;
        if (parts < 4 && (at == text.size || text.data[at++] != '.'))
            return false;
    }
    return at == text.size;
}

static bool is_ipv6_text(bytes_t text)
{
    size_t groups = 0, at = 0;
    bool has_gap = false;
    if (text.size >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        has_gap = true;
        at = 2;
    }
    while (at < text.size) {
        size_t size = 0;
        while (at + size < text.size && is_hex(text.data[at + size]))
            size++;
        if (at + size < text.size && text.data[at + size] == '.') {
            groups += 2;
            return is_ipv4_text(behind(text, at)) && (has_gap ? groups < 8 : groups == 8);
        }
        if (size == 0 || size > 4)
            return false;
        groups++;
        at += size;
        if (at == text.size)
            break;
        if (text.data[at++] != ':' || at == text.size)
            return false;
        if (text.data[at] == ':') {
            if (has_gap)
                return false;
            has_gap = true;
            at++;
        }
    }
    return has_gap ? groups < 8 : groups == 8;
}

static bool is_ipv4(bytes_t text)
{
    return is_ipv4_text(text) || (find(text, '.') != NULL && is_ipv6_text(text));
}

static bool is_cidr(bytes_t text)
{
    const uint8_t *slash = find(text, '/');
    if (slash == NULL)
        return false;
    bytes_t address = bytes_of(text.data, (size_t)(slash - text.data)), bits = behind(text, address.size + 1);
    int64_t count;
    bool is_number = bits.size > 0 && bits.size <= 3 && is_digit(bits.data[0]) && bytes_to_int64(bits, &count);
    return is_number && ((is_ipv4_text(address) && count <= 32) || (is_ipv6_text(address) && count <= 128));
}

static bool is_mac(bytes_t text)
{
    static const char *const shapes[] = { "xx:xx:xx:xx:xx:xx",   "xx:xx:xx:xx:xx:xx:xx:xx", "xxxx.xxxx.xxxx",
                                          "xxxx.xxxx.xxxx.xxxx", "xx-xx-xx-xx-xx-xx",       "xx-xx-xx-xx-xx-xx-xx-xx" };
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        if (has_shape(text, shapes[i]))
            return true;
    }
    return false;
}

// RFC 1034 3.1 with letters of all alphabets; several labels end in one of letters only.
static bool is_hostname(bytes_t text)
{
    size_t start = 0, labels = 0;
    bool only_letters = true;
    if (text.size == 0 || text.size > 255)
        return false;
    for (size_t at = 0; at <= text.size; at++) {
        uint8_t c = at < text.size ? text.data[at] : '.';
        if (c != '.') {
            only_letters = only_letters && (is_letter(c) || c > 0x7f);
            if (!is_letter(c) && !is_digit(c) && c <= 0x7f && (c != '-' || at == start))
                return false;
            continue;
        }
        size_t size = at - start;
        if (size == 0 || size > 63 || text.data[at - 1] == '-')
            return false;
        labels++;
        if (at == text.size)
            return labels == 1 || (only_letters && size >= 2);
        start = at + 1;
        only_letters = true;
    }
    return false;
}

static bool is_email(bytes_t text)
{
    const uint8_t *angle = find(text, '<');
    if (angle != NULL && text.data[text.size - 1] == '>')
        text = bytes_of(angle + 1, (size_t)(text.data + text.size - angle) - 2);
    const uint8_t *at = find(text, '@');
    if (at == NULL || at == text.data || at + 1 == text.data + text.size)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t *here = text.data + i;
        if (*here <= ' ' || *here == 0x7f || strchr("()<>[]:;,\\\"", *here) != NULL || (*here == '@' && here != at))
            return false;
        bool is_end = i == 0 || i + 1 == text.size || here[1] == '@' || here[-1] == '@';
        if (*here == '.' && (is_end || here[1] == '.'))
            return false;
    }
    return true;
}

// What may stand in a request line: a scheme, or a path from the root.
static bool is_uri(bytes_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
        bool is_escape = text.size - i > 2 && is_hex(text.data[i + 1]) && is_hex(text.data[i + 2]);
        if (text.data[i] == '%' && !is_escape)
            return false;
    }
    size_t scheme = 0;
    while (scheme < text.size && (is_letter(text.data[scheme]) ||
                                  (scheme > 0 && (is_digit(text.data[scheme]) || strchr("+-.", text.data[scheme])))))
        scheme++;
    if (scheme == 0 || scheme == text.size || text.data[scheme] != ':')
        return bytes_is(text, "*") || (text.size > 0 && text.data[0] == '/');
    bytes_t rest = behind(text, scheme + 1);
    if (rest.size < 2 || memcmp(rest.data, "//", 2) != 0)
        return true;
    for (size_t i = 2; i < rest.size && strchr("/?#", rest.data[i]) == NULL; i++) {
        if (rest.data[i] == ' ' || strchr("\"\\^`{|}", rest.data[i]) != NULL)
            return false;
    }
    return true;
}

// --- numbers with check digits, colours, the rest

// The digits of TEXT without what SKIPPED says; -1 for too many.
static int digits_of(bytes_t text, const char *skipped, char *ret_digits, int limit)
{
    int count = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c != '\0' && (skipped == NULL ? !is_digit(c) : strchr(skipped, c) != NULL))
            continue;
        if (count == limit)
            return -1;
        ret_digits[count++] = (char)c;
    }
    return count;
}

static bool is_isbn10(bytes_t text)
{
    char digits[10];
    int sum = 0;
    if (digits_of(text, " \t\n\f\r-", digits, 10) != 10)
        return false;
    for (int i = 0; i < 10; i++) {
        bool is_x = i == 9 && digits[i] == 'X';
        if (!is_x && !is_digit((uint8_t)digits[i]))
            return false;
        sum += (i + 1) * (is_x ? 10 : digits[i] - '0');
    }
    return sum % 11 == 0;
}

static bool is_isbn13(bytes_t text)
{
    char digits[13];
    int sum = 0;
    if (digits_of(text, " \t\n\f\r-", digits, 13) != 13)
        return false;
    for (int i = 0; i < 13; i++) {
        if (!is_digit((uint8_t)digits[i]))
            return false;
        sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
    }
    return sum % 10 == 0;
}

static bool is_isbn(bytes_t text)
{
    return is_isbn10(text) || is_isbn13(text);
}

// ISO/IEC 7812-1: 13 to 16 digits of the issuers that are known, with Luhn's check digit.
static bool is_credit_card(bytes_t text)
{
    static const struct {
        const char *prefix;
        int size;
    } issuers[] = { { "4", 13 },   { "4", 16 },    { "51", 16 },   { "52", 16 },  { "53", 16 },  { "54", 16 },
                    { "55", 16 },  { "6011", 16 }, { "65", 16 },   { "34", 15 },  { "37", 15 },  { "300", 14 },
                    { "301", 14 }, { "302", 14 },  { "303", 14 },  { "304", 14 }, { "305", 14 }, { "36", 14 },
                    { "38", 14 },  { "2131", 15 }, { "1800", 15 }, { "35", 16 } };
    char digits[16];
    int count = digits_of(text, NULL, digits, 16), sum = 0;
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_COUNT(issuers); i++)
        is_known =
            is_known || (count == issuers[i].size && memcmp(digits, issuers[i].prefix, strlen(issuers[i].prefix)) == 0);
    for (int i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        digit *= i % 2 == 0 ? 1 : 2;
        sum += digit > 9 ? digit - 9 : digit;
    }
    return is_known && sum % 10 == 0;
}

static bool is_ssn(bytes_t text)
{
    return has_shape(text, "999-99-9999") || has_shape(text, "999 99 9999") || has_shape(text, "999-99 9999") ||
           has_shape(text, "999 99-9999");
}

static bool is_hex_colour(bytes_t text)
{
    return has_shape(text, "#xxx") || has_shape(text, "#xxxxxx") || has_shape(text, "xxx") || has_shape(text, "xxxxxx");
}

static size_t spaces(bytes_t text, size_t at)
{
    while (at < text.size && isspace(text.data[at]))
        at++;
    return at;
}

static bool is_rgb_colour(bytes_t text)
{
    if (text.size < 4 || memcmp(text.data, "rgb(", 4) != 0)
        return false;
    size_t at = 4;
    for (int i = 0; i < 3; i++) {
        size_t start = at = spaces(text, at);
        int64_t value;
        while (at < text.size && is_digit(text.data[at]))
            at++;
        bytes_t digits = bytes_of(text.data + start, at - start);
        bool is_plain = digits.size > 0 && digits.size <= 3 && (digits.size == 1 || digits.data[0] != '0');
        if (!is_plain || !bytes_to_int64(digits, &value) || value > 255)
            return false;
        at = spaces(text, at);
        if (at == text.size || text.data[at++] != (i < 2 ? ',' : ')'))
            return false;
    }
    return at == text.size;
}

static bool is_base64(bytes_t text)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < text.size - padding; i++) {
        uint8_t c = text.data[i];
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '/')
            return false;
    }
    return text.size > 0 && text.size % 4 == 0;
}

static bool is_object_id(bytes_t text)
{
    return has_shape(text, "xxxxxxxxxxxxxxxxxxxxxxxx");
}

// RFC 4122 3; each dash may be absent. VERSION 0: any.
static bool is_uuid_of(bytes_t text, char version, bool check_variant)
{
    char digits[32];
    int count = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool may_be_dash = count == 8 || count == 12 || count == 16 || count == 20;
        if (text.data[i] == '-' && may_be_dash && i > 0 && text.data[i - 1] != '-')
            continue;
        if (count == 32 || !is_hex(text.data[i]))
            return false;
        digits[count++] = (char)tolower(text.data[i]);
    }
    return count == 32 && (version == 0 || digits[12] == version) && (!check_variant || strchr("89ab", digits[16]));
}

static bool is_uuid(bytes_t text)
{
    return is_uuid_of(text, 0, false);
}

static bool is_uuid3(bytes_t text)
{
    return is_uuid_of(text, '3', false);
}

static bool is_uuid4(bytes_t text)
{
    return is_uuid_of(text, '4', true);
}

static bool is_uuid5(bytes_t text)
{
    return is_uuid_of(text, '5', true);
}

static bool is_anything(bytes_t text)
{
    (void)text;
    return true;
}

static const struct {
    const char *name;
    schema_format_check *check;
} formats[] = {
    { "bsonobjectid", is_object_id },
    { "byte", is_base64 },
    { "cidr", is_cidr },
    { "creditcard", is_credit_card },
    { "date", is_date },
    { "datetime", schema_format_date_time },
    { "duration", is_duration },
    { "email", is_email },
    { "hexcolor", is_hex_colour },
    { "hostname", is_hostname },
    { "ipv4", is_ipv4 },
    { "ipv6", is_ipv6_text },
    { "isbn", is_isbn },
    { "isbn10", is_isbn10 },
    { "isbn13", is_isbn13 },
    { "mac", is_mac },
    { "password", is_anything },
    { "rgbcolor", is_rgb_colour },
    { "ssn", is_ssn },
    { "uri", is_uri },
    { "uuid", is_uuid },
    { "uuid3", is_uuid3 },
    { "uuid4", is_uuid4 },
    { "uuid5", is_uuid5 },
};

schema_format_check *schema_format_find(bytes_t name)
{
    char plain[16];
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '-')
            continue;
        if (size == sizeof plain)
            return NULL;
        plain[size++] = (char)name.data[i];
    }
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
        if (bytes_equal(bytes_of(plain, size), bytes_of_text(formats[i].name)))
            return formats[i].check;
    }
    return NULL;
}
