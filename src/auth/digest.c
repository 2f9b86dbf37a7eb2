// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <openssl/sha.h>

const char *digest_sha256(bytes_t bytes, char ret_text[DIGEST_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes.data, bytes.size, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        ret_text[2 * i] = digits[digest[i] >> 4];
        ret_text[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_text[DIGEST_TEXT_SIZE - 1] = '\0';
    return ret_text;
}
