// SPDX-License-Identifier: Apache-2.0
#include "http/guard.h"

#include "io/net.h"

bytes_t http_host_part(bytes_t authority)
{
    if (authority.size > 0 && authority.data[0] == '[') {
        const uint8_t *end = memchr(authority.data, ']', authority.size);
        size_t size = end == NULL ? authority.size : (size_t)(end - authority.data);
        return bytes_of(authority.data + 1, size - 1);
    }
    const uint8_t *colon = authority.size == 0 ? NULL : memchr(authority.data, ':', authority.size);
    size_t size = colon == NULL ? authority.size : (size_t)(colon - authority.data);
    if (size > 1 && authority.data[size - 1] == '.')
        size--;
    return bytes_of(authority.data, size);
}

static bool ends_with(bytes_t host, const char *suffix)
{
    size_t size = strlen(suffix);
    return host.size > size && http_text_equal(bytes_of(host.data + host.size - size, size), suffix);
}

static bool is_ipv4(bytes_t host)
{
    int dots = 0, digits = 0, value = 0;
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];
        if (c == '.' && digits > 0) {
            dots++;
            digits = value = 0;
        } else if (c >= '0' && c <= '9' && digits < 3) {
            digits++;
            value = value * 10 + (c - '0');
        } else {
            return false;
        }
        if (value > 255)
            return false;
    }
    return dots == 3 && digits > 0;
}

static bool is_loopback(bytes_t host, bool bracketed)
{
    struct address address = { .port = 1 };
    if (host.size == 0 || host.size >= sizeof address.host)
        return false;
    if (http_text_equal(host, "localhost") || ends_with(host, ".localhost")) // RFC 6761 6.3
        return true;
    if (!bracketed && !is_ipv4(host)) // "127.evil.example" is a name
        return false;
    memcpy(address.host, host.data, host.size);
    return address_is_loopback(&address);
}

bool http_guard_host(const struct http_guard *guard, bytes_t authority)
{
    if (authority.data == NULL)
        return true;
    bytes_t host = http_host_part(authority);
    bool bracketed = authority.size > 0 && authority.data[0] == '[';
    for (size_t i = 0; i < guard->host_count; i++)
        if (strcmp(guard->hosts[i], "*") == 0 || http_text_equal(host, guard->hosts[i]))
            return true;
    if (guard->any_literal && (bracketed || is_ipv4(host)))
        return true;
    return is_loopback(host, bracketed);
}

// "http://host:port" against "host:port"; the scheme is not compared: a proxy may speak TLS for us.
static bool origin_is(bytes_t origin, bytes_t authority)
{
    static const char *const schemes[] = { "http://", "https://" };
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(schemes[i]);
        if (origin.size != size + authority.size || !http_text_equal(bytes_of(origin.data, size), schemes[i]))
            continue;
        bytes_t rest = bytes_of(origin.data + size, authority.size);
        char text[512];
        if (authority.size >= sizeof text)
            return false;
        memcpy(text, authority.data, authority.size);
        text[authority.size] = '\0';
        return http_text_equal(rest, text);
    }
    return false;
}

bool http_guard_origin(const struct http_request *request)
{
    if (http_method_is_safe(request->method))
        return true;
    bytes_t origin = http_header_find(request, "Origin");
    if (origin.data != NULL)
        return request->authority.size > 0 && origin_is(origin, request->authority);
    bytes_t site = http_header_find(request, "Sec-Fetch-Site");
    return site.data == NULL || http_text_equal(site, "same-origin") || http_text_equal(site, "none");
}
