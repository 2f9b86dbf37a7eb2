// SPDX-License-Identifier: Apache-2.0
#include "auth/password.h"

#include "base/mem.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
    BCRYPT_SIZE = 60,      // of a whole hash
    BCRYPT_PREFIX = 7,     // "$2b$10$"
    BCRYPT_SALT = 22,      // behind it; the digest follows
    BCRYPT_INPUT_MAX = 72, // the bytes of a password that the algorithm looks at
    COST_MIN = 4,
};

void secret_wipe(void *secret, size_t size)
{
    OPENSSL_cleanse(secret, size);
}

// Digests have one size, so that the comparison tells nothing about how much of a guess was right.
bool secret_equal(bytes_t a, bytes_t b)
{
    uint8_t digest[2][SHA256_DIGEST_LENGTH];
    SHA256(a.data, a.size, digest[0]);
    SHA256(b.data, b.size, digest[1]);
    bool equal = CRYPTO_memcmp(digest[0], digest[1], sizeof(digest[0])) == 0;
    secret_wipe(digest, sizeof(digest));
    return equal;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool password_is_hash(bytes_t stored)
{
    const uint8_t *at = stored.data;
    return stored.size >= BCRYPT_PREFIX && at[0] == '$' && at[1] == '2' && at[2] != '\0' &&
           strchr("abxy", at[2]) != NULL && at[3] == '$' && is_digit(at[4]) && is_digit(at[5]) && at[6] == '$';
}

err_t password_check(bytes_t stored, const char *where, diag_t *diag)
{
    if (!password_is_hash(stored))
        return ERR_OK;
    if (stored.data[2] == 'x')
        return diag_fail(diag, ERR_INVALID, where,
                         "a hash that starts with \"$2x$\" was made by a faulty bcrypt; make a new one");
    if (stored.size != BCRYPT_SIZE)
        return diag_fail(diag, ERR_INVALID, where, "a bcrypt hash has %d characters, this one has %zu", BCRYPT_SIZE,
                         stored.size);
    int cost = (stored.data[4] - '0') * 10 + stored.data[5] - '0';
    if (cost < COST_MIN || cost > PASSWORD_COST_MAX)
        return diag_fail(diag, ERR_INVALID, where, "a bcrypt hash has a cost from %d to %d, this one has %d", COST_MIN,
                         PASSWORD_COST_MAX, cost);
    for (size_t i = BCRYPT_PREFIX; i < stored.size; i++) {
        uint8_t c = stored.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !is_digit(c) && c != '.' && c != '/')
            return diag_fail(diag, ERR_INVALID, where, "character %zu of the bcrypt hash is not one of its alphabet",
                             i + 1);
    }
    return ERR_OK;
}

static bool hash_verify(bytes_t stored, bytes_t given)
{
    char password[BCRYPT_INPUT_MAX + 1] = { 0 }, setting[BCRYPT_SIZE + 1] = { 0 };
    size_t size = given.size < BCRYPT_INPUT_MAX ? given.size : BCRYPT_INPUT_MAX;
    // A NUL ends what crypt(3) reads: with it, other passwords would do.
    if (stored.size != BCRYPT_SIZE || (size > 0 && memchr(given.data, '\0', size) != NULL))
        return false;
    if (size > 0)
        memcpy(password, given.data, size);
    memcpy(setting, stored.data, BCRYPT_SIZE);
    struct crypt_data *data = mem_zalloc(1, sizeof(*data)); // 32 KB, too much for a small stack
    const char *made = crypt_r(password, setting, data);
    // Of the salt's last letter two bits count. crypt(3) sets the others to zero, other libraries keep what was there.
    const size_t at = BCRYPT_PREFIX + BCRYPT_SALT;
    bool right = made != NULL && strlen(made) == BCRYPT_SIZE &&
                 secret_equal(bytes_of(made + at, BCRYPT_SIZE - at), bytes_of(stored.data + at, BCRYPT_SIZE - at));
    secret_wipe(password, sizeof(password));
    secret_wipe(data, sizeof(*data));
    free(data);
    return right;
}

bool password_verify(bytes_t stored, bytes_t given)
{
    return password_is_hash(stored) ? hash_verify(stored, given) : secret_equal(stored, given);
}
