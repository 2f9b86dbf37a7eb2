// SPDX-License-Identifier: Apache-2.0
#include "io/uv/net_internal.h"

#include "base/assert.h"
#include "io/uv/errno_internal.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

socklen_t socket_address_size(const union socket_address *address)
{
    return address->any.sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

// Copies instead of casts keep the compiler's alias rules out of it.
static union socket_address of_v4(struct in_addr host, uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = host, .sin_port = htons(port) };
    union socket_address address = { 0 };
    memcpy(&address, &in, sizeof(in));
    return address;
}

static union socket_address of_v6(struct in6_addr host, uint32_t scope, uint16_t port)
{
    struct sockaddr_in6 in = {
        .sin6_family = AF_INET6, .sin6_addr = host, .sin6_scope_id = scope, .sin6_port = htons(port)
    };
    union socket_address address = { 0 };
    memcpy(&address, &in, sizeof(in));
    return address;
}

size_t socket_addresses_of_literal(const struct address *address, union socket_address *to)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(address->host, "localhost") == 0) {
        to[0] = of_v4((struct in_addr){ htonl(INADDR_LOOPBACK) }, address->port);
        to[1] = of_v6(in6addr_loopback, 0, address->port);
        return 2;
    }
    if (inet_pton(AF_INET, address->host, &v4) == 1) {
        to[0] = of_v4(v4, address->port);
        return 1;
    }
    if (inet_pton(AF_INET6, address->host, &v6) == 1) {
        to[0] = of_v6(v6, 0, address->port);
        return 1;
    }
    return 0;
}

size_t socket_addresses_of_lookup(const struct addrinfo *found, uint16_t port, union socket_address *to)
{
    size_t count = 0;
    for (; found != NULL && count < ADDRESSES_MAX; found = found->ai_next) {
        if (found->ai_family != AF_INET && found->ai_family != AF_INET6)
            continue;
        to[count] = (union socket_address){ 0 };
        memcpy(&to[count], found->ai_addr, found->ai_addrlen);
        socket_address_port_set(&to[count++], port);
    }
    return count;
}

uint16_t socket_address_port(const union socket_address *address)
{
    // At the same place in both families.
    _Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "port");
    uint16_t port;
    memcpy(&port, (const char *)address + offsetof(struct sockaddr_in, sin_port), sizeof(port));
    return ntohs(port);
}

void socket_address_port_set(union socket_address *address, uint16_t port)
{
    uint16_t wire = htons(port);
    memcpy((char *)address + offsetof(struct sockaddr_in, sin_port), &wire, sizeof(wire));
}

void socket_address_format(const union socket_address *address, char to[PEER_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = socket_address_port(address);
    if (address->any.sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
        snprintf(to, PEER_SIZE, "%s:%u", host, port);
        return;
    }
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof(in));
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
        // An IPv4 peer of a socket that listens on "::".
        inet_ntop(AF_INET, (const char *)&in.sin6_addr + 12, host, sizeof(host));
        snprintf(to, PEER_SIZE, "%s:%u", host, port);
        return;
    }
    inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof(host));
    snprintf(to, PEER_SIZE, "[%s]:%u", host, port);
}

err_t socket_error(int fd)
{
    int number = 0;
    socklen_t size = sizeof(number);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0 || number == 0)
        return ERR_RESET;
    return err_of_socket(number);
}
