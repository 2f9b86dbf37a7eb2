// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

static const char letters[2][65] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t base64_encode(enum base64_alphabet alphabet, bytes_t from, char *to)
{
    const char *letter = letters[alphabet];
    size_t size = 0;
    for (size_t i = 0; i < from.size; i += 3) {
        size_t left = from.size - i;
        uint32_t bits = (uint32_t)from.data[i] << 16;
        bits |= left > 1 ? (uint32_t)from.data[i + 1] << 8 : 0;
        bits |= left > 2 ? from.data[i + 2] : 0;
        size_t count = left > 2 ? 4 : left + 1;
        for (size_t j = 0; j < count; j++)
            to[size++] = letter[bits >> (18 - 6 * j) & 63];
        for (size_t j = count; j < 4 && alphabet == BASE64_STANDARD; j++)
            to[size++] = '=';
    }
    return size;
}

// 64: not a letter of the alphabet.
static uint32_t value_of(enum base64_alphabet alphabet, uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == (uint8_t)letters[alphabet][62])
        return 62;
    return c == (uint8_t)letters[alphabet][63] ? 63 : 64;
}

bool base64_decode(enum base64_alphabet alphabet, bytes_t text, uint8_t *to, size_t *ret_size)
{
    size_t letter_count = text.size, size = 0;
    if (text.size > 0 && text.size % 4 == 0)
        for (int i = 0; i < 2 && text.data[letter_count - 1] == '='; i++)
            letter_count--;
    if (letter_count % 4 == 1)
        return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < letter_count; i++) {
        uint32_t value = value_of(alphabet, text.data[i]);
        if (value == 64)
            return false;
        bits = bits << 6 | value;
        if (i % 4 == 0)
            continue;
        if (to != NULL)
            to[size] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        size++;
    }
    // What the last letter says beyond the last byte is zero, so that bytes have one text only.
    if ((letter_count % 4 == 2 && (bits & 15) != 0) || (letter_count % 4 == 3 && (bits & 3) != 0))
        return false;
    *ret_size = size;
    return true;
}
