// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include "base/endian.h"
#include "base/mem.h"

__extension__ typedef unsigned __int128 uint128_t;

static uint64_t hash_seed = 0x9ae16a3b2f90404fU;

void bytes_hash_seed(uint64_t seed)
{
    hash_seed = seed;
}

// The two halves of the product, folded: each input bit reaches about half of the output bits.
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    uint128_t product = (uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t bytes_hash(bytes_t b)
{
    uint64_t hash = hash_seed ^ b.size;
    const uint8_t *at = b.data;
    size_t left = b.size;
    for (; left >= 8; at += 8, left -= 8)
        hash = fold(hash ^ get_u64le(at), 0xd6e8feb86659fd93U);
    uint64_t tail = 0;
    for (size_t i = 0; i < left; i++)
        tail |= (uint64_t)at[i] << (8 * i);
    return fold(hash ^ tail, 0xa0761d6478bd642fU) ^ hash >> 32;
}

char *bytes_to_text(bytes_t b)
{
    char *text = mem_alloc(b.size + 1);
    if (b.size > 0)
        memcpy(text, b.data, b.size);
    text[b.size] = '\0';
    return text;
}

bytes_t bytes_of_decimal(uint64_t value, uint8_t room[BYTES_DECIMAL_SIZE])
{
    size_t at = BYTES_DECIMAL_SIZE;
    do {
        room[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return bytes_of(room + at, BYTES_DECIMAL_SIZE - at);
}

bool bytes_to_int64(bytes_t b, int64_t *ret_value)
{
    bool negative = b.size > 0 && b.data[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == b.size)
        return false;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    for (; at < b.size; at++) {
        if (b.data[at] < '0' || b.data[at] > '9')
            return false;
        uint64_t digit = b.data[at] - (uint64_t)'0';
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

size_t bytes_printable_size(bytes_t b)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    size_t size = 0;
    for (uint64_t word; size + sizeof word <= b.size; size += sizeof word) {
        memcpy(&word, b.data + size, sizeof word);
        // Bit Twiddling Hacks, hasless and haszero: a borrow can only reach bytes above one that is found already.
        uint64_t del = word ^ ones * 0x7f;
        if (((word | (word - ones * 0x20) | (del - ones)) & tops) != 0)
            break;
    }
    while (size < b.size && b.data[size] >= 0x20 && b.data[size] < 0x7f)
        size++;
    return size;
}

// Lead bytes, and the range of the byte behind them: RFC 3629 4, the table of well-formed sequences.
static const struct {
    uint8_t first, last, size, second_min, second_max;
} leads[] = {
    { 0x00, 0x7f, 1, 0x00, 0x00 }, { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
    { 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
    { 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

size_t bytes_utf8_size(bytes_t b)
{
    if (b.size == 0)
        return 0;
    size_t row = 0, rows = sizeof leads / sizeof leads[0];
    while (row < rows && (b.data[0] < leads[row].first || b.data[0] > leads[row].last))
        row++;
    if (row == rows || b.size < leads[row].size)
        return 0;
    if (leads[row].size > 1 && (b.data[1] < leads[row].second_min || b.data[1] > leads[row].second_max))
        return 0;
    for (size_t i = 2; i < leads[row].size; i++) {
        if ((b.data[i] & 0xc0) != 0x80)
            return 0;
    }
    return leads[row].size;
}

bool bytes_is_utf8(bytes_t b)
{
    while (b.size > 0) {
        if (b.size >= 8 && (get_u64le(b.data) & 0x8080808080808080U) == 0) {
            b = bytes_of(b.data + 8, b.size - 8);
            continue;
        }
        size_t size = bytes_utf8_size(b);
        if (size == 0)
            return false;
        b = bytes_of(b.data + size, b.size - size);
    }
    return true;
}
