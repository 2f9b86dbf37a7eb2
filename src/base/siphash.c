// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static uint64_t load_little_endian(const uint8_t *at, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

static void rounds(struct state *s, int count)
{
    for (int i = 0; i < count; i++) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

struct siphash siphash_128(struct siphash_secret secret, bytes_t bytes)
{
    struct state s = { secret.low ^ 0x736f6d6570736575U, secret.high ^ 0x646f72616e646f6dU ^ 0xee,
                       secret.low ^ 0x6c7967656e657261U, secret.high ^ 0x7465646279746573U };
    size_t at = 0;
    for (; at + 8 <= bytes.size; at += 8)
        absorb(&s, load_little_endian(bytes.data + at, 8));
    uint64_t last = (uint64_t)(bytes.size & 0xff) << 56;
    absorb(&s, last | (at < bytes.size ? load_little_endian(bytes.data + at, bytes.size - at) : 0));
    s.v2 ^= 0xee;
    rounds(&s, 4);
    struct siphash hash = { .low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3 };
    s.v1 ^= 0xdd;
    rounds(&s, 4);
    hash.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return hash;
}
