// SPDX-License-Identifier: Apache-2.0
// nkeys: Ed25519 keys (RFC 8032) whose text says what they are for: "U..." a user, "A..." an account, "N..." a server.
// The text is base32 (RFC 4648 6, no padding) of a prefix byte, the key and a CRC-16; the text of a seed, from which
// the private key comes, starts with 'S' and the letter of its public key. Pure functions; OpenSSL does the
// mathematics. Source: github.com/nats-io/nkeys, README, "Encoding".
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum nkey_kind { NKEY_ACCOUNT, NKEY_CLUSTER, NKEY_OPERATOR, NKEY_SERVER, NKEY_USER, NKEY_CURVE, NKEY_KIND_COUNT };

enum {
    NKEY_SIZE = 32,
    NKEY_SIGNATURE_SIZE = 64,
    NKEY_TEXT_SIZE = 56,
    NKEY_SEED_TEXT_SIZE = 58,
};

struct nkey {
    enum nkey_kind kind;
    uint8_t bytes[NKEY_SIZE];
};

// A secret. Whoever holds one wipes it with nkey_seed_wipe.
struct nkey_seed {
    enum nkey_kind kind;
    uint8_t bytes[NKEY_SIZE];
};

// ERR_MALFORMED: not such a text (also a seed: a secret where a public key belongs); ERR_CORRUPT: the checksum.
err_t nkey_parse(bytes_t text, struct nkey *ret_key) MUST_CHECK;
// Terminated.
void nkey_format(const struct nkey *key, char to[NKEY_TEXT_SIZE + 1]);
// The signature of MESSAGE was made with the seed of KEY. False for anything else, whatever its size. About 0.1 ms.
bool nkey_verify(const struct nkey *key, bytes_t message, bytes_t signature);

// As nkey_parse.
err_t nkey_seed_parse(bytes_t text, struct nkey_seed *ret_seed) MUST_CHECK;
void nkey_seed_format(const struct nkey_seed *seed, char to[NKEY_SEED_TEXT_SIZE + 1]);
// A new one, from the system's random bytes (io/random.h).
void nkey_seed_new(enum nkey_kind kind, struct nkey_seed *ret_seed);
void nkey_seed_public(const struct nkey_seed *seed, struct nkey *ret_key);
void nkey_seed_sign(const struct nkey_seed *seed, bytes_t message, uint8_t ret_signature[NKEY_SIGNATURE_SIZE]);
void nkey_seed_wipe(struct nkey_seed *seed);
