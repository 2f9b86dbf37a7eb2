// SPDX-License-Identifier: Apache-2.0
// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a keyed hash whose collisions nobody who does not
// know the secret can make. For tables where two keys with the same hash would be taken for one.
#pragma once

#include "base/bytes.h"

struct siphash_secret {
    uint64_t low, high;
};

struct siphash {
    uint64_t low, high;
};

struct siphash siphash_128(struct siphash_secret secret, bytes_t bytes);
