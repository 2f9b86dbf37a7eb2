// SPDX-License-Identifier: Apache-2.0
#include "http/route.h"

#include <stdio.h>

const struct http_route *http_route_find(const struct http_route *routes, size_t count, enum http_method method,
                                         bytes_t path, unsigned *ret_allowed)
{
    const struct http_route *found = NULL;
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    unsigned allowed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!bytes_is(path, routes[i].path))
            continue;
        allowed |= 1U << routes[i].method | 1U << HTTP_OPTIONS;
        if (routes[i].method == HTTP_GET)
            allowed |= 1U << HTTP_HEAD;
        if (routes[i].method == wanted)
            found = &routes[i];
    }
    *ret_allowed = allowed;
    return found;
}

const struct http_prefix *http_prefix_find(const struct http_prefix *prefixes, size_t count, bytes_t path)
{
    const struct http_prefix *found = NULL;
    size_t found_size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(prefixes[i].path);
        bool starts = path.size >= size && memcmp(path.data, prefixes[i].path, size) == 0;
        if (!starts || (found != NULL && size <= found_size))
            continue;
        found = &prefixes[i];
        found_size = size;
    }
    return found;
}

void http_route_allow(unsigned allowed, char *to, size_t size)
{
    size_t used = 0;
    to[0] = '\0';
    for (unsigned i = 0; i < HTTP_METHOD_COUNT; i++) {
        if ((allowed & 1U << i) == 0 || used >= size)
            continue;
        int n = snprintf(to + used, size - used, "%s%s", used == 0 ? "" : ", ", http_method_name((enum http_method)i));
        used += (size_t)n;
    }
}
