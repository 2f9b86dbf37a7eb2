// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include "base/mem.h"
#include "http/line.h"
#include "http/target.h"

#include <stdio.h>
#include <stdlib.h>

enum { V6_GROUPS = 8 };

// What a URL is made of; views into the caller's text.
struct parts {
    bool is_secure;
    bytes_t host; // with the brackets of an IPv6 address
    uint16_t port;
    bytes_t path, query, fragment; // BYTES_NULL: there is none
};

static err_t refuse(diag_t *diag, const char *complaint)
{
    return diag_fail(diag, ERR_INVALID, "url", "%s", complaint);
}

static bool take_scheme(bytes_t *text, const char *scheme)
{
    size_t size = strlen(scheme);
    if (text->size < size || !http_text_equal(bytes_of(text->data, size), scheme))
        return false;
    *text = bytes_of(text->data + size, text->size - size);
    return true;
}

// Takes what stands in front of the first of the marks (or everything) off *TEXT.
static bytes_t take_until(bytes_t *text, const char *marks)
{
    size_t size = 0;
    while (size < text->size && (text->data[size] == 0 || strchr(marks, text->data[size]) == NULL))
        size++;
    bytes_t taken = bytes_of(text->data, size);
    *text = bytes_of(text->data + size, text->size - size);
    return taken;
}

// ---- host and port

// Four decimal numbers of at most 255 without leading zeros (RFC 3986 3.2.2, IPv4address).
static bool is_v4(bytes_t text)
{
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (at == text.size || text.data[at++] != '.'))
            return false;
        size_t from = at;
        int value = 0;
        for (; at < text.size && at - from < 3 && text.data[at] >= '0' && text.data[at] <= '9'; at++)
            value = value * 10 + (text.data[at] - '0');
        if (at == from || value > 255 || (at - from > 1 && text.data[from] == '0'))
            return false;
    }
    return at == text.size;
}

// One group of an IPv6 address, at most four hexadecimal digits; 0: it is none.
static size_t group_size(bytes_t text)
{
    size_t size = 0;
    while (size < text.size && size < 4 && http_hex_value(text.data[size]) >= 0)
        size++;
    return size;
}

// Eight groups, or fewer and one "::"; the last two may be written as an IPv4 address (RFC 4291 2.2).
static bool is_v6(bytes_t text)
{
    int groups = 0;
    bool is_short = false;
    size_t at = 0;
    while (at < text.size) {
        bytes_t rest = bytes_of(text.data + at, text.size - at);
        if (rest.size >= 2 && rest.data[0] == ':' && rest.data[1] == ':') {
            if (is_short)
                return false;
            is_short = true;
            at += 2;
            continue;
        }
        bool is_behind_group = groups > 0 && text.data[at - 1] != ':';
        if (is_behind_group && rest.data[0] != ':')
            return false;
        if (is_behind_group)
            rest = bytes_of(rest.data + 1, rest.size - 1);
        if (is_v4(rest)) {
            groups += 2;
            break;
        }
        size_t size = group_size(rest);
        if (size == 0)
            return false;
        groups++;
        at = (size_t)(rest.data - text.data) + size;
    }
    return is_short ? groups < V6_GROUPS : groups == V6_GROUPS;
}

// Takes host [":" port] apart.
static err_t take_authority(bytes_t text, struct parts *parts, diag_t *diag)
{
    if (memchr(text.data, '@', text.size) != NULL)
        return refuse(diag, "a user name or password has no place in a URL; send a header field instead");
    bytes_t rest = text;
    bool is_literal = text.size > 0 && text.data[0] == '[';
    bytes_t host = take_until(&rest, is_literal ? "]" : ":");
    if (is_literal && (rest.size == 0 || !is_v6(bytes_of(host.data + 1, host.size - 1))))
        return refuse(diag, "what is in brackets must be an IPv6 address without a zone");
    if (is_literal) {
        host.size++;
        rest = bytes_of(rest.data + 1, rest.size - 1);
    }
    if (host.size == 0)
        return refuse(diag, "the host is missing, as in http://host/path");
    if (!is_literal && !http_chars_has_all(HTTP_CHARS_HOST, host))
        return refuse(diag, "the host must be a name of ASCII letters, digits, \"-\", \".\" and \"_\", or an address");
    if (host.size > sizeof((struct address *)0)->host - 1)
        return refuse(diag, "the host name is longer than 255 characters");
    int64_t port = parts->is_secure ? 443 : 80;
    if (rest.size > 0 && rest.data[0] != ':')
        return refuse(diag, "only a port may follow an address in brackets");
    if (rest.size > 1 &&
        (!http_authority_valid(text) || !bytes_to_int64(bytes_of(rest.data + 1, rest.size - 1), &port) || port < 1 ||
         port > UINT16_MAX))
        return refuse(diag, "the port must be a number from 1 to 65535");
    parts->host = host;
    parts->port = (uint16_t)port;
    return ERR_OK;
}

// ---- the whole

static err_t take_apart(bytes_t text, struct parts *parts, diag_t *diag)
{
    parts->is_secure = take_scheme(&text, "https://");
    if (!parts->is_secure && !take_scheme(&text, "http://"))
        return refuse(diag, "a URL here must start with http:// or https://");
    err_t err = take_authority(take_until(&text, "/?#"), parts, diag);
    if (err != ERR_OK)
        return err;
    parts->path = take_until(&text, "?#");
    if (text.size > 0 && text.data[0] == '?')
        parts->query = take_until(&text, "#");
    parts->fragment = text;
    if (parts->query.size > 0)
        parts->query = bytes_of(parts->query.data + 1, parts->query.size - 1);
    if (parts->fragment.size > 0)
        parts->fragment = bytes_of(parts->fragment.data + 1, parts->fragment.size - 1);
    if (!http_target_part_valid(parts->path, HTTP_CHARS_PATH) ||
        !http_target_part_valid(parts->query, HTTP_CHARS_QUERY) ||
        !http_target_part_valid(parts->fragment, HTTP_CHARS_QUERY))
        return refuse(diag, "the path, query or fragment has characters that must be percent-encoded");
    return ERR_OK;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text | 0x20);
}

err_t http_url_parse(bytes_t text, struct http_url *ret_url, diag_t *diag)
{
    if (text.size > HTTP_URL_SIZE_MAX)
        return diag_fail(diag, ERR_TOO_LARGE, "url", "the URL is longer than %d characters", HTTP_URL_SIZE_MAX);
    struct parts parts = { 0 };
    err_t err = take_apart(text, &parts, diag);
    if (err != ERR_OK)
        return err;
    struct http_url url = { .is_secure = parts.is_secure };
    char *origin =
        mem_format("%s://%.*s:%u", parts.is_secure ? "https" : "http", BYTES_ARG(parts.host), (unsigned)parts.port);
    lower(origin);
    size_t scheme_size = parts.is_secure ? 8 : 7;
    url.text = mem_format("%s%s%.*s%s%.*s", origin, parts.path.size == 0 ? "/" : "", BYTES_ARG(parts.path),
                          parts.query.data == NULL ? "" : "?", BYTES_ARG(parts.query));
    url.origin = bytes_of(url.text, strlen(origin));
    url.target = bytes_of_text(url.text + url.origin.size);
    bool is_default = parts.port == (parts.is_secure ? 443 : 80);
    url.host = bytes_of(url.text + scheme_size, is_default ? parts.host.size : url.origin.size - scheme_size);
    bool is_literal = parts.host.data[0] == '[';
    snprintf(url.address.host, sizeof url.address.host, "%.*s", (int)(parts.host.size - (is_literal ? 2 : 0)),
             url.text + scheme_size + is_literal);
    url.address.port = parts.port;
    free(origin);
    *ret_url = url;
    return ERR_OK;
}

// ---- relative references

bool http_url_is_absolute(bytes_t text)
{
    bytes_t rest = text, scheme = take_until(&rest, ":/?#");
    return scheme.size > 0 && rest.size > 0 && rest.data[0] == ':';
}

// RFC 3986 5.2.4, of a path that starts with "/"; in ARENA.
static const char *without_dots(bytes_t path, struct arena *arena)
{
    char *made = arena_alloc(arena, path.size + 2);
    size_t size = 0;
    bool ends_open = false; // behind the last segment follows a "/"
    while (path.size > 0) {
        path = bytes_of(path.data + 1, path.size - 1);
        bytes_t segment = take_until(&path, "/");
        bool is_up = bytes_is(segment, "..");
        ends_open = is_up || bytes_is(segment, ".");
        while (is_up && size > 0 && made[--size] != '/')
            continue;
        if (ends_open)
            continue;
        made[size++] = '/';
        memcpy(made + size, segment.data, segment.size);
        size += segment.size;
    }
    if (ends_open || size == 0)
        made[size++] = '/';
    made[size] = '\0';
    return made;
}

const char *http_url_resolve(const struct http_url *base, bytes_t reference, struct arena *arena)
{
    const char *scheme = base->is_secure ? "https" : "http";
    bytes_t query = base->target, below = take_until(&query, "?"), rest = reference;
    bytes_t path = take_until(&rest, "?#"), own_query = take_until(&rest, "#");
    bool has_query = own_query.size > 0;
    if (path.size >= 2 && path.data[0] == '/' && path.data[1] == '/')
        return arena_format(arena, "%s:%.*s%.*s", scheme, BYTES_ARG(path), BYTES_ARG(own_query));
    const char *whole;
    if (path.size == 0) {
        whole = arena_text(arena, below);
    } else if (path.data[0] == '/') {
        whole = without_dots(path, arena);
    } else {
        while (below.data[below.size - 1] != '/')
            below.size--;
        whole = without_dots(bytes_of_text(arena_format(arena, "%.*s%.*s", BYTES_ARG(below), BYTES_ARG(path))), arena);
    }
    if (path.size == 0 && !has_query)
        own_query = query;
    return arena_format(arena, "%s://%.*s%s%.*s", scheme, BYTES_ARG(base->host), whole, BYTES_ARG(own_query));
}

void http_url_free(struct http_url *url)
{
    free(url->text);
    *url = (struct http_url){ 0 };
}
