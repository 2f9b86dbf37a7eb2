// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648): the ordinary alphabet with padding, and the one for URLs without it.
#pragma once

#include "base/bytes.h"

// The characters that SIZE bytes become, padding included.
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)

enum base64_alphabet {
    BASE64_STANDARD, // "+/", padded
    BASE64_URL,      // "-_", not padded (RFC 4648 5)
};

// Writes at most BASE64_SIZE(from.size) characters, not terminated; returns how many.
size_t base64_encode(enum base64_alphabet alphabet, bytes_t from, char *to);
// Writes at most TEXT.size / 4 * 3 + 2 bytes to TO. Padding may be there or not, of both alphabets; false on any other
// character, and on a size or on last bits that no encoder writes. TO may be NULL: then the text is only checked.
bool base64_decode(enum base64_alphabet alphabet, bytes_t text, uint8_t *to, size_t *ret_size);
