// SPDX-License-Identifier: Apache-2.0
#include "http/request.h"

#include "base/assert.h"

static const char *const method_names[HTTP_METHOD_COUNT] = {
#define HTTP_METHOD_TEXT(name) [HTTP_##name] = #name,
    HTTP_METHOD_TABLE(HTTP_METHOD_TEXT)
#undef HTTP_METHOD_TEXT
};

const char *http_method_name(enum http_method method)
{
    ASSERT(method < HTTP_METHOD_COUNT);
    return method_names[method];
}

bool http_method_find(bytes_t name, enum http_method *ret_method)
{
    for (size_t i = 0; i < HTTP_METHOD_COUNT; i++) {
        if (!bytes_is(name, method_names[i]))
            continue;
        *ret_method = (enum http_method)i;
        return true;
    }
    return false;
}

bool http_method_is_safe(enum http_method method)
{
    return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_OPTIONS || method == HTTP_TRACE;
}

void http_limits_default(struct http_limits *ret_limits)
{
    *ret_limits = (struct http_limits){
        .line_size = 8192,
        .header_count = 100,
        .header_size = 32768,
        .body_size = 1048576,
        .header_timeout_ms = 10000,
        .body_timeout_ms = 60000,
        .idle_timeout_ms = 60000,
        .connection_count = 1024,
    };
}

bytes_t http_headers_find(const struct http_header *headers, size_t count, const char *name)
{
    bytes_t wanted = bytes_of_text(name);
    for (size_t i = 0; i < count; i++)
        if (http_bytes_equal(headers[i].name, wanted))
            return headers[i].value;
    return BYTES_NULL;
}

bytes_t http_header_find(const struct http_request *request, const char *name)
{
    return http_headers_find(request->headers, request->header_count, name);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool http_same_letters(const uint8_t *a, const uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bytes_t http_bearer_token(const struct http_request *request)
{
    static const char scheme[] = "Bearer ";
    size_t size = sizeof scheme - 1;
    bytes_t value = http_header_find(request, "Authorization");
    if (value.size <= size || !http_text_equal(bytes_of(value.data, size), scheme))
        return BYTES_NULL;
    while (size < value.size && value.data[size] == ' ')
        size++;
    return bytes_of(value.data + size, value.size - size);
}

static bytes_t list_item(bytes_t list, size_t from, size_t to)
{
    while (from < to && (list.data[from] == ' ' || list.data[from] == '\t'))
        from++;
    while (to > from && (list.data[to - 1] == ' ' || list.data[to - 1] == '\t'))
        to--;
    return bytes_of(list.data + from, to - from);
}

bool http_list_has(bytes_t list, const char *token)
{
    size_t from = 0;
    for (size_t i = 0; i <= list.size && list.size > 0; i++) {
        if (i < list.size && list.data[i] != ',')
            continue;
        if (http_text_equal(list_item(list, from, i), token))
            return true;
        from = i + 1;
    }
    return false;
}
