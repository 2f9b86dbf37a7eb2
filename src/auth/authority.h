// SPDX-License-Identifier: Apache-2.0
// A certificate authority of this machine's own, for doors whose clients insist on TLS: it is made at the first start,
// signs the door's certificate, and clients are given its certificate to trust (RFC 5280). Pure: PEM in, PEM out.
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct authority;

// A new one, P-256, for ten years. The caller frees it.
struct authority *authority_new(const char *common_name) __attribute__((returns_nonnull));
// From what authority_certificate and authority_key wrote. ERR_MALFORMED; ERR_INVALID: they do not belong together.
err_t authority_load(bytes_t certificate, bytes_t key, struct authority **ret_authority) MUST_CHECK;
void authority_free(struct authority *authority);

// PEM. The key is not encrypted: it belongs into a file that only its owner reads.
struct slice authority_certificate(const struct authority *authority);
struct slice authority_key(const struct authority *authority);

struct authority_leaf {
    const char *common_name;
    const char *organization; // O: a client's group; NULL: none
    const char *names;        // "DNS:localhost,IP:127.0.0.1"; NULL: a client's
    int64_t days;
};
// A certificate with a new key, signed by the authority: for servers if it has names, else for clients.
void authority_sign(const struct authority *authority, const struct authority_leaf *leaf, struct slice *ret_certificate,
                    struct slice *ret_key);
// When a certificate ends, in unix seconds; ERR_MALFORMED.
err_t certificate_expires(bytes_t certificate, int64_t *ret_unix_s) MUST_CHECK;
// Has the certificate that alternative name ("DNS:localhost", "IP:127.0.0.1")?
bool certificate_has_name(bytes_t certificate, const char *name);
