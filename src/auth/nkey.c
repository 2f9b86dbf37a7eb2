// SPDX-License-Identifier: Apache-2.0
#include "auth/nkey.h"

#include "base/assert.h"
#include "io/random.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum {
    CRC_SIZE = 2,
    RAW_SIZE = 1 + NKEY_SIZE + CRC_SIZE,      // prefix, key, checksum
    RAW_SEED_SIZE = 2 + NKEY_SIZE + CRC_SIZE, // the prefix of seeds and the key's share 16 bits
    SEED_PREFIX = 18 << 3,                    // 'S'
};

// The five upper bits of the first byte are the first letter of the text.
static const uint8_t prefixes[NKEY_KIND_COUNT] = {
    [NKEY_ACCOUNT] = 0 << 3,                                                     // 'A'
    [NKEY_CLUSTER] = 2 << 3, [NKEY_OPERATOR] = 14 << 3, [NKEY_SERVER] = 13 << 3, // 'N', a node
    [NKEY_USER] = 20 << 3,   [NKEY_CURVE] = 23 << 3,                             // 'X'
};

static const char letters[33] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// CRC-16/XMODEM: polynomial 0x1021, starts with 0.
static uint16_t crc16(const uint8_t *data, size_t size)
{
    unsigned crc = 0;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned)data[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
    }
    return (uint16_t)crc;
}

static void crc_append(uint8_t *raw, size_t size)
{
    uint16_t crc = crc16(raw, size - CRC_SIZE);
    raw[size - 2] = (uint8_t)(crc & 0xff);
    raw[size - 1] = (uint8_t)(crc >> 8);
}

static bool crc_fits(const uint8_t *raw, size_t size)
{
    return crc16(raw, size - CRC_SIZE) == (raw[size - 2] | raw[size - 1] << 8);
}

static void base32_encode(const uint8_t *from, size_t size, char *to)
{
    size_t at = 0;
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | from[i];
        for (count += 8; count >= 5; count -= 5)
            to[at++] = letters[bits >> (count - 5) & 31];
    }
    if (count > 0)
        to[at++] = letters[bits << (5 - count) & 31];
    to[at] = '\0';
}

// Exactly SIZE bytes, and nothing in the bits behind them.
static bool base32_decode(bytes_t text, uint8_t *to, size_t size)
{
    if (text.size != (size * 8 + 4) / 5)
        return false;
    size_t at = 0;
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *letter = text.data[i] == '\0' ? NULL : strchr(letters, text.data[i]);
        if (letter == NULL)
            return false;
        bits = bits << 5 | (unsigned)(letter - letters);
        count += 5;
        if (count >= 8) {
            count -= 8;
            to[at++] = (uint8_t)(bits >> count);
        }
    }
    return (bits & ((1U << count) - 1)) == 0;
}

static bool kind_of_prefix(uint8_t prefix, enum nkey_kind *ret_kind)
{
    for (size_t i = 0; i < NKEY_KIND_COUNT; i++) {
        if (prefixes[i] != prefix)
            continue;
        *ret_kind = (enum nkey_kind)i;
        return true;
    }
    return false;
}

err_t nkey_parse(bytes_t text, struct nkey *ret_key)
{
    uint8_t raw[RAW_SIZE];
    struct nkey key;
    if (!base32_decode(text, raw, sizeof(raw)) || !kind_of_prefix(raw[0], &key.kind))
        return ERR_MALFORMED;
    if (!crc_fits(raw, sizeof(raw)))
        return ERR_CORRUPT;
    memcpy(key.bytes, raw + 1, NKEY_SIZE);
    *ret_key = key;
    return ERR_OK;
}

void nkey_format(const struct nkey *key, char to[NKEY_TEXT_SIZE + 1])
{
    uint8_t raw[RAW_SIZE];
    raw[0] = prefixes[key->kind];
    memcpy(raw + 1, key->bytes, NKEY_SIZE);
    crc_append(raw, sizeof(raw));
    base32_encode(raw, sizeof(raw), to);
}

bool nkey_verify(const struct nkey *key, bytes_t message, bytes_t signature)
{
    if (signature.size != NKEY_SIGNATURE_SIZE || key->kind == NKEY_CURVE)
        return false;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, NKEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = pkey != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                 EVP_DigestVerify(context, signature.data, signature.size, message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return right;
}

err_t nkey_seed_parse(bytes_t text, struct nkey_seed *ret_seed)
{
    uint8_t raw[RAW_SEED_SIZE];
    enum nkey_kind kind;
    err_t err = ERR_OK;
    if (!base32_decode(text, raw, sizeof(raw)) || (raw[0] & 0xf8) != SEED_PREFIX ||
        !kind_of_prefix((uint8_t)(raw[0] << 5 | raw[1] >> 3), &kind))
        err = ERR_MALFORMED;
    else if (!crc_fits(raw, sizeof(raw)))
        err = ERR_CORRUPT;
    if (err == ERR_OK) {
        ret_seed->kind = kind;
        memcpy(ret_seed->bytes, raw + 2, NKEY_SIZE);
    }
    OPENSSL_cleanse(raw, sizeof(raw));
    return err;
}

void nkey_seed_format(const struct nkey_seed *seed, char to[NKEY_SEED_TEXT_SIZE + 1])
{
    uint8_t raw[RAW_SEED_SIZE];
    uint8_t prefix = prefixes[seed->kind];
    raw[0] = (uint8_t)(SEED_PREFIX | prefix >> 5);
    raw[1] = (uint8_t)(prefix << 3);
    memcpy(raw + 2, seed->bytes, NKEY_SIZE);
    crc_append(raw, sizeof(raw));
    base32_encode(raw, sizeof(raw), to);
    OPENSSL_cleanse(raw, sizeof(raw));
}

void nkey_seed_new(enum nkey_kind kind, struct nkey_seed *ret_seed)
{
    ret_seed->kind = kind;
    random_bytes(ret_seed->bytes, NKEY_SIZE);
}

static EVP_PKEY *private_key(const struct nkey_seed *seed)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed->bytes, NKEY_SIZE);
    ASSERT(pkey != NULL);
    return pkey;
}

void nkey_seed_public(const struct nkey_seed *seed, struct nkey *ret_key)
{
    EVP_PKEY *pkey = private_key(seed);
    size_t size = NKEY_SIZE;
    int made = EVP_PKEY_get_raw_public_key(pkey, ret_key->bytes, &size);
    ASSERT(made == 1);
    ASSERT(size == NKEY_SIZE);
    ret_key->kind = seed->kind;
    EVP_PKEY_free(pkey);
}

void nkey_seed_sign(const struct nkey_seed *seed, bytes_t message, uint8_t ret_signature[NKEY_SIGNATURE_SIZE])
{
    EVP_PKEY *pkey = private_key(seed);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = NKEY_SIGNATURE_SIZE;
    int begun = EVP_DigestSignInit(context, NULL, NULL, NULL, pkey);
    ASSERT(begun == 1);
    int made = EVP_DigestSign(context, ret_signature, &size, message.data, message.size);
    ASSERT(made == 1);
    ASSERT(size == NKEY_SIGNATURE_SIZE);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
}

void nkey_seed_wipe(struct nkey_seed *seed)
{
    OPENSSL_cleanse(seed->bytes, sizeof(seed->bytes));
}
