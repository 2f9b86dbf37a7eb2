// SPDX-License-Identifier: Apache-2.0
// What the reader and the writer of JSON have in common: most of a string is ASCII that stands for itself, and is
// looked at eight bytes at a time.
#pragma once

#include "base/bytes.h"

#include <string.h>

static inline bool json_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// In the eight bytes of WORD some are not plain. (Bit Twiddling Hacks: hasless, haszero; a borrow can only reach bytes
// above one that is found already.)
static inline bool json_word_is_plain(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\', del = word ^ ones * 0x7f;
    uint64_t found = (word - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones);
    return ((found | word) & tops) == 0;
}

// How many bytes at the start of TEXT are printable ASCII, neither quote nor backslash.
static inline size_t json_plain_run(bytes_t text)
{
    size_t size = 0;
    uint64_t word;
    for (; size + sizeof word <= text.size; size += sizeof word) {
        memcpy(&word, text.data + size, sizeof word);
        if (!json_word_is_plain(word))
            break;
    }
    while (size < text.size && json_is_plain(text.data[size]))
        size++;
    return size;
}
