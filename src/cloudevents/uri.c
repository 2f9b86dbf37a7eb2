// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/uri.h"

#include "http/target.h"

static bool is_alpha(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_letter_or_digit(uint8_t c)
{
    return is_alpha(c) || is_digit(c);
}

// unreserved / sub-delims (RFC 3986 2.2, 2.3)
static bool is_plain(uint8_t c)
{
    return is_letter_or_digit(c) || is_one_of(c, "-._~!$&'()*+,;=");
}

// Only plain characters, percent-encoded ones, and those of ALSO.
static bool has_only(bytes_t text, const char *also)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (is_plain(c) || is_one_of(c, also))
            continue;
        if (c != '%' || text.size - i < 3 || http_hex_value(text.data[i + 1]) < 0 ||
            http_hex_value(text.data[i + 2]) < 0)
            return false;
        i += 2;
    }
    return true;
}

// Cuts what stands before the first of ENDS, which are no letters, off *REST, and leaves the rest with that character.
static bytes_t cut_before(bytes_t *rest, const char *ends)
{
    size_t size = 0;
    while (size < rest->size && (is_letter_or_digit(rest->data[size]) || !is_one_of(rest->data[size], ends)))
        size++;
    bytes_t part = bytes_of(rest->data, size);
    *rest = bytes_of(rest->data + size, rest->size - size);
    return part;
}

static bytes_t behind(bytes_t text, size_t size)
{
    return bytes_of(text.data + size, text.size - size);
}

static bool starts_with(bytes_t text, const char *prefix)
{
    return bytes_starts_with(text, bytes_of_text(prefix));
}

// RFC 3986 3.1
static bool is_scheme(bytes_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_alpha(text.data[i]) && !(i > 0 && (is_digit(text.data[i]) || is_one_of(text.data[i], "+-."))))
            return false;
    return text.size > 0;
}

// [ ":" *DIGIT ]
static bool is_port(bytes_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (i == 0 ? text.data[i] != ':' : !is_digit(text.data[i]))
            return false;
    return true;
}

// RFC 3986 3.2. What stands between brackets is not taken apart.
static bool is_authority(bytes_t text)
{
    bytes_t host = text;
    bytes_t user = cut_before(&host, "@");
    if (host.size > 0) {
        if (!has_only(user, ":"))
            return false;
        host = behind(host, 1);
    } else {
        host = text;
    }
    if (!starts_with(host, "[")) {
        bytes_t name = cut_before(&host, ":");
        return has_only(name, "") && is_port(host);
    }
    bytes_t address = cut_before(&host, "]");
    return address.size > 1 && has_only(behind(address, 1), ":") && host.size > 0 && is_port(behind(host, 1));
}

// Takes the parts from left to right; *RET_HAS_SCHEME counts when it returns true.
static bool take_apart(bytes_t text, bool *ret_has_scheme)
{
    bytes_t rest = text, fragment = BYTES_NULL, query = BYTES_NULL;
    *ret_has_scheme = false;
    if (text.size == 0)
        return true;
    bytes_t scheme = cut_before(&rest, ":/?#");
    *ret_has_scheme = starts_with(rest, ":");
    if (*ret_has_scheme && !is_scheme(scheme))
        return false;
    rest = *ret_has_scheme ? behind(rest, 1) : text;
    if (starts_with(rest, "//")) {
        rest = behind(rest, 2);
        if (!is_authority(cut_before(&rest, "/?#")))
            return false;
    }
    bytes_t path = cut_before(&rest, "?#");
    if (starts_with(rest, "?")) {
        rest = behind(rest, 1);
        query = cut_before(&rest, "#");
    }
    if (starts_with(rest, "#"))
        fragment = behind(rest, 1);
    return has_only(path, ":@/") && has_only(query, ":@/?") && has_only(fragment, ":@/?");
}

bool uri_reference_is_valid(bytes_t text)
{
    bool has_scheme;
    return take_apart(text, &has_scheme);
}

bool uri_is_absolute(bytes_t text)
{
    bool has_scheme;
    return take_apart(text, &has_scheme) && has_scheme;
}
