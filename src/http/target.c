// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

int http_hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    uint8_t l = (uint8_t)(c | 0x20);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// Cuts the part before the first END off *REST, which is BYTES_NULL when there was none.
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

static bool has_escapes(bytes_t text, bool plus_is_space)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '%' || (plus_is_space && text.data[i] == '+'))
            return true;
    return false;
}

static err_t decode(bytes_t text, bool plus_is_space, struct arena *arena, bytes_t *ret_text)
{
    if (!has_escapes(text, plus_is_space)) {
        *ret_text = text;
        return ERR_OK;
    }
    uint8_t *to = arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = text.size - i < 3 ? -1 : http_hex_value(text.data[i + 1]);
            int low = text.size - i < 3 ? -1 : http_hex_value(text.data[i + 2]);
            if (high < 0 || low < 0)
                return ERR_MALFORMED;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        to[size++] = c;
    }
    *ret_text = bytes_of(to, size);
    return ERR_OK;
}

bool http_path_next(bytes_t *path, bytes_t *ret_segment)
{
    if (path->size == 0 || path->data[0] != '/')
        return false;
    bytes_t rest = bytes_of(path->data + 1, path->size - 1);
    const uint8_t *slash = rest.size == 0 ? NULL : memchr(rest.data, '/', rest.size);
    size_t size = slash == NULL ? rest.size : (size_t)(slash - rest.data);
    *ret_segment = bytes_of(rest.data, size);
    *path = bytes_of(rest.data + size, rest.size - size);
    return true;
}

err_t http_segment_decode(bytes_t segment, struct arena *arena, bytes_t *ret_text)
{
    return decode(segment, false, arena, ret_text);
}

bool http_query_next(struct http_query *query, struct http_parameter *ret_parameter)
{
    bytes_t pair = BYTES_NULL;
    while (pair.size == 0 && query->rest.data != NULL)
        pair = cut(&query->rest, '&');
    if (pair.size == 0 || query->err != ERR_OK)
        return false;
    struct http_parameter parameter = { .name = cut(&pair, '='), .value = pair };
    query->err = decode(parameter.name, true, query->arena, &parameter.name);
    if (query->err == ERR_OK)
        query->err = decode(parameter.value, true, query->arena, &parameter.value);
    if (query->err != ERR_OK)
        return false;
    *ret_parameter = parameter;
    return true;
}
