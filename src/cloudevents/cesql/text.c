// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/text.h"

uint32_t text_next(bytes_t text, size_t *at)
{
    const uint8_t *data = text.data + *at;
    size_t size = data[0] < 0x80 ? 1 : bytes_utf8_size(bytes_of(data, text.size - *at));
    *at += size == 0 ? 1 : size;
    switch (size) {
    case 1:
        return data[0];
    case 2:
        return (data[0] & 0x1fU) << 6 | (data[1] & 0x3fU);
    case 3:
        return (data[0] & 0x0fU) << 12 | (data[1] & 0x3fU) << 6 | (data[2] & 0x3fU);
    case 4:
        return (data[0] & 0x07U) << 18 | (data[1] & 0x3fU) << 12 | (data[2] & 0x3fU) << 6 | (data[3] & 0x3fU);
    default:
        return TEXT_BAD_CHARACTER + data[0];
    }
}

static size_t text_append(uint32_t character, uint8_t *out)
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (uint8_t)(0xc0 | character >> 6);
        out[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (uint8_t)(0xe0 | character >> 12);
        out[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (character & 0x3f));
        return 3;
    }
    if (character >= TEXT_BAD_CHARACTER) {
        out[0] = (uint8_t)(character - TEXT_BAD_CHARACTER);
        return 1;
    }
    out[0] = (uint8_t)(0xf0 | character >> 18);
    out[1] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (character & 0x3f));
    return 4;
}

size_t text_length(bytes_t text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; count++)
        (void)text_next(text, &at);
    return count;
}

size_t text_offset(bytes_t text, size_t count)
{
    size_t at = 0;
    for (; count > 0 && at < text.size; count--)
        (void)text_next(text, &at);
    return at;
}

static bool is_space(uint32_t character)
{
    if (character < 0x80)
        return character == ' ' || (character >= 0x09 && character <= 0x0d);
    return character == 0x85 || character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x2028 || character == 0x2029 ||
           character == 0x202f || character == 0x205f || character == 0x3000;
}

bytes_t text_trim(bytes_t text)
{
    size_t start = 0, end = 0;
    bool is_inside = false;
    for (size_t at = 0; at < text.size;) {
        size_t from = at;
        if (is_space(text_next(text, &at)))
            continue;
        if (!is_inside)
            start = from;
        is_inside = true;
        end = at;
    }
    return bytes_of(text.data + start, end - start);
}

size_t text_change_case(bytes_t text, enum text_case text_case, uint8_t *ret)
{
    size_t size = 0;
    for (size_t at = 0; at < text.size;)
        size += text_append(text_map_case(text_next(text, &at), text_case), ret + size);
    return size;
}
