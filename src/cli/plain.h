// SPDX-License-Identifier: Apache-2.0
// What others wrote, in one line of output: it cannot steer a terminal, nor break a column. Pure.
#pragma once

#include "base/writer.h"

// A tab becomes a space, other control characters a question mark.
static inline void plain_put(struct writer *to, bytes_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        writer_u8(to, c == '\t' ? ' ' : c < ' ' || c == 0x7f ? '?' : c);
    }
}
