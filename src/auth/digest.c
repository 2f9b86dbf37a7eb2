// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include "base/assert.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "SHA-256 has 32 bytes");

static const char *text_of(const uint8_t *digest, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digits[digest[i] >> 4];
        ret_text[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_text[2 * size] = '\0';
    return ret_text;
}

const char *digest_sha256(bytes_t bytes, char ret_text[DIGEST_TEXT_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes.data, bytes.size, digest);
    return text_of(digest, sizeof digest, ret_text);
}

const char *digest_md5(bytes_t bytes, char ret_text[DIGEST_MD5_TEXT_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int done = EVP_Digest(bytes.data, bytes.size, digest, &size, EVP_md5(), NULL);
    ASSERT(done == 1);
    return text_of(digest, size, ret_text);
}

void digest_hmac_sha256(bytes_t key, bytes_t bytes, uint8_t ret_digest[DIGEST_SIZE])
{
    unsigned size = 0;
    ASSERT(key.size > 0 && key.size <= INT32_MAX);
    const uint8_t *made = HMAC(EVP_sha256(), key.data, (int)key.size, bytes.data, bytes.size, ret_digest, &size);
    ASSERT(made != NULL);
    ASSERT(size == DIGEST_SIZE);
}

bool digest_equal(const uint8_t a[DIGEST_SIZE], const uint8_t b[DIGEST_SIZE])
{
    return CRYPTO_memcmp(a, b, DIGEST_SIZE) == 0;
}
