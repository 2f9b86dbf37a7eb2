// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <isa-l/crc.h>
#include <limits.h>

uint32_t crc32c(uint32_t seed, bytes_t bytes)
{
    // ISA-L's function is the bare shift register: the convention's inversion before and after is ours to do.
    uint32_t state = ~seed;
    for (size_t at = 0; at < bytes.size;) {
        size_t part = bytes.size - at < INT_MAX ? bytes.size - at : INT_MAX;
        // It wants a mutable pointer and only reads.
        state = crc32_iscsi((unsigned char *)(uintptr_t)(bytes.data + at), (int)part, state);
        at += part;
    }
    return ~state;
}
