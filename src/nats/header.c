// SPDX-License-Identifier: Apache-2.0
#include "nats/header.h"

#include "base/assert.h"

static const char version[] = "NATS/1.0";

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bytes_t trimmed(bytes_t text)
{
    while (text.size > 0 && is_space(text.data[0]))
        text = bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

// Takes a line off the front, without its CR LF.
static bool take_line(bytes_t *rest, bytes_t *ret_line)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (end == NULL || end == rest->data || end[-1] != '\r')
        return false;
    *ret_line = bytes_of(rest->data, (size_t)(end - 1 - rest->data));
    *rest = bytes_of(end + 1, rest->size - ret_line->size - 2);
    return true;
}

err_t nats_header_walk_begin(bytes_t block, struct nats_header_walk *ret_walk)
{
    size_t size = sizeof version - 1;
    bytes_t line;
    if (!take_line(&block, &line) || line.size < size || memcmp(line.data, version, size) != 0)
        return ERR_MALFORMED;
    if (line.size > size && !is_space(line.data[size]))
        return ERR_MALFORMED;
    *ret_walk = (struct nats_header_walk){ .rest = block };
    return ERR_OK;
}

bool nats_header_walk_next(struct nats_header_walk *walk, struct nats_header *ret_header)
{
    bytes_t rest = walk->rest, line = BYTES_NULL;
    if (walk->err == ERR_OK && (!take_line(&rest, &line) || (line.size == 0 && rest.size > 0)))
        walk->err = ERR_MALFORMED;
    if (walk->err != ERR_OK || line.size == 0)
        return false;
    walk->rest = rest;
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (colon == NULL || colon == line.data) {
        walk->err = ERR_MALFORMED;
        return false;
    }
    size_t size = (size_t)(colon - line.data);
    ret_header->name = trimmed(bytes_of(line.data, size));
    ret_header->value = trimmed(bytes_of(colon + 1, line.size - size - 1));
    return true;
}

void nats_header_begin(struct writer *to)
{
    writer_text(to, version);
    writer_text(to, "\r\n");
}

void nats_header_write(struct writer *to, bytes_t name, bytes_t value)
{
    ASSERT(name.size > 0);
    ASSERT(value.size == 0 || memchr(value.data, '\n', value.size) == NULL);
    writer_bytes(to, name);
    writer_text(to, ": ");
    writer_bytes(to, value);
    writer_text(to, "\r\n");
}

void nats_header_end(struct writer *to)
{
    writer_text(to, "\r\n");
}
