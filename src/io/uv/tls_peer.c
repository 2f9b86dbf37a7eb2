// SPDX-License-Identifier: Apache-2.0
// The names in a certificate. Each has a size of its own: a NUL inside a name does not end it, so that no name can look
// like another (CVE-2009-2408).
#include "io/uv/tls_internal.h"

#include "base/assert.h"

#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static bytes_t subject_of(const X509 *certificate, struct arena *arena)
{
    const X509_NAME *name = X509_get_subject_name(certificate);
    if (X509_NAME_entry_count(name) == 0)
        return BYTES_NULL;
    BIO *text = BIO_new(BIO_s_mem());
    ASSERT(text != NULL);
    // UTF-8 stays as it is; the rest is as the RFC says.
    X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    char *data;
    long size = BIO_get_mem_data(text, &data);
    bytes_t subject = arena_copy(arena, bytes_of(data, (size_t)size));
    BIO_free(text);
    return subject;
}

static struct tls_names names_of(const GENERAL_NAMES *all, int type, struct arena *arena)
{
    int total = all == NULL ? 0 : sk_GENERAL_NAME_num(all);
    bytes_t *items = arena_array(arena, (size_t)total, sizeof(*items));
    size_t count = 0;
    for (int i = 0; i < total; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type != type)
            continue;
        const ASN1_IA5STRING *text = name->d.ia5; // all three kinds are this
        items[count++] = arena_copy(arena, bytes_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)));
    }
    return (struct tls_names){ items, count };
}

void tls_peer_read(const X509 *certificate, struct arena *arena, struct tls_peer *ret_peer)
{
    struct tls_peer peer = { .subject = subject_of(certificate, arena) };
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    peer.emails = names_of(all, GEN_EMAIL, arena);
    peer.hosts = names_of(all, GEN_DNS, arena);
    peer.uris = names_of(all, GEN_URI, arena);
    GENERAL_NAMES_free(all);
    uint8_t *key = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
    ASSERT(size > 0);
    SHA256(key, (size_t)size, peer.key_sha256);
    OPENSSL_free(key);
    *ret_peer = peer;
}
