// SPDX-License-Identifier: Apache-2.0
#include "base/partitioner.h"

enum { SHIFT = 24 };
static const uint32_t MULTIPLIER = 0x5bd1e995, SEED = 0x9747b28c;

static uint32_t little_endian(const uint8_t *at, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

uint32_t partitioner_murmur2(bytes_t key)
{
    uint32_t hash = SEED ^ (uint32_t)key.size;
    size_t at = 0;
    for (; at + 4 <= key.size; at += 4) {
        uint32_t k = little_endian(key.data + at, 4) * MULTIPLIER;
        k = (k ^ k >> SHIFT) * MULTIPLIER;
        hash = hash * MULTIPLIER ^ k;
    }
    if (at < key.size)
        hash = (hash ^ little_endian(key.data + at, key.size - at)) * MULTIPLIER;
    hash = (hash ^ hash >> 13) * MULTIPLIER;
    return hash ^ hash >> 15;
}

int32_t partitioner_of_key(bytes_t key, int32_t count)
{
    return (int32_t)(partitioner_murmur2(key) & 0x7fffffff) % count;
}
