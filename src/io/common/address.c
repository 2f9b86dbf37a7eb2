// SPDX-License-Identifier: Apache-2.0
// Address text, the same in both worlds.
#include "io/net.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

static err_t parse_port(const char *text, struct address *address, diag_t *diag)
{
    int64_t port;
    if (!bytes_to_int64(bytes_of_text(text), &port) || port < 0 || port > UINT16_MAX)
        return diag_fail(diag, ERR_INVALID, "address", "\"%s\" is not a port (0 to 65535)", text);
    address->port = (uint16_t)port;
    return ERR_OK;
}

static err_t set_host(const char *host, size_t size, struct address *address, diag_t *diag)
{
    if (size >= sizeof(address->host))
        return diag_fail(diag, ERR_INVALID, "address", "the host name is longer than 255 characters");
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)host[i] <= ' ' || strchr("[]/\"'\\\x7f", host[i]) != NULL)
            return diag_fail(diag, ERR_INVALID, "address", "\"%.*s\" is not a host name", (int)size, host);
    }
    memcpy(address->host, host, size);
    address->host[size] = '\0';
    return ERR_OK;
}

static bool is_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

// "[v6]" or "[v6]:port".
static err_t parse_bracketed(const char *text, struct address *address, diag_t *diag)
{
    const char *end = strchr(text, ']');
    if (end == NULL || end == text + 1 || (end[1] != '\0' && end[1] != ':'))
        return diag_fail(diag, ERR_INVALID, "address", "\"%s\" is not of the form [address]:port", text);
    err_t err = set_host(text + 1, (size_t)(end - text - 1), address, diag);
    if (err == ERR_OK && end[1] == ':')
        err = parse_port(end + 2, address, diag);
    return err;
}

err_t address_parse(const char *text, uint16_t default_port, struct address *ret_address, diag_t *diag)
{
    struct address address = { .host = "localhost", .port = default_port };
    err_t err = ERR_OK;
    const char *colon = strchr(text, ':');
    if (text[0] == '\0')
        return diag_fail(diag, ERR_INVALID, "address", "the address is empty; write host:port, host or port");
    if (text[0] == '[') {
        err = parse_bracketed(text, &address, diag);
    } else if (colon == NULL && is_digits(text)) {
        err = parse_port(text, &address, diag);
    } else if (colon == NULL || strchr(colon + 1, ':') != NULL) {
        // A name alone, or a bare IPv6 literal: with several colons none of them can start a port.
        err = set_host(text, strlen(text), &address, diag);
    } else {
        if (colon > text)
            err = set_host(text, (size_t)(colon - text), &address, diag);
        if (err == ERR_OK)
            err = parse_port(colon + 1, &address, diag);
    }
    if (err != ERR_OK)
        return err;
    *ret_address = address;
    return ERR_OK;
}

void address_format(const struct address *address, char *to, size_t size)
{
    ASSERT(size > 0);
    bool is_v6 = strchr(address->host, ':') != NULL;
    snprintf(to, size, is_v6 ? "[%s]:%u" : "%s:%u", address->host, (unsigned)address->port);
}

// Four decimal numbers of at most 255, the first of them 127.
static bool is_loopback_v4(const char *host)
{
    const char *at = host;
    for (int i = 0; i < 4; i++) {
        size_t digits = strspn(at, "0123456789");
        int64_t value;
        if (!bytes_to_int64(bytes_of(at, digits), &value) || value > 255 || (i == 0 && value != 127))
            return false;
        at += digits;
        if (*at++ != (i < 3 ? '.' : '\0'))
            return false;
    }
    return true;
}

bool address_is_loopback(const struct address *address)
{
    // A name such as "127.0.0.1.example.org" is not one.
    return strcmp(address->host, "localhost") == 0 || strcmp(address->host, "::1") == 0 ||
           is_loopback_v4(address->host);
}
