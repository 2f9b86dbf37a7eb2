// SPDX-License-Identifier: Apache-2.0
#include "auth/authority.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/mem.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { AUTHORITY_DAYS = 3650, DAY_S = 86400, CLOCK_SLACK_S = 3600, SERIAL_BITS = 127 };

struct authority {
    X509 *certificate;
    EVP_PKEY *key;
};

// OpenSSL fails here only without memory.
static void must(int result)
{
    ASSERT(result > 0);
}

// --- PEM

static struct slice bio_finish(BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    ASSERT(size > 0);
    struct buf *buf = buf_copy(bytes_of(data, (size_t)size));
    struct slice slice = { buf, bytes_of(buf->data, (size_t)size) };
    OPENSSL_cleanse(data, (size_t)size);
    BIO_free(bio);
    return slice;
}

static struct slice certificate_write(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_X509(bio, certificate));
    return bio_finish(bio);
}

static struct slice key_write(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    return bio_finish(bio);
}

static X509 *certificate_read(bytes_t text)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *key_read(bytes_t text)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

// --- making certificates

static void entry_add(X509_NAME *name, const char *field, const char *value)
{
    if (value != NULL)
        must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0));
}

static void extension_add(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    ASSERT(extension != NULL);
    must(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void serial_set(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    must(BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
    ASSERT(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL);
    BN_free(serial);
}

// Without extensions and signature.
static X509 *certificate_begin(EVP_PKEY *key, const char *common_name, const char *organization, int64_t days)
{
    X509 *certificate = X509_new();
    ASSERT(certificate != NULL);
    must(X509_set_version(certificate, X509_VERSION_3));
    serial_set(certificate);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SLACK_S);
    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL);
    X509_NAME *name = X509_get_subject_name(certificate);
    entry_add(name, "O", organization);
    entry_add(name, "CN", common_name);
    must(X509_set_pubkey(certificate, key));
    return certificate;
}

struct authority *authority_new(const char *common_name)
{
    struct authority *authority = mem_zalloc(1, sizeof *authority);
    authority->key = EVP_EC_gen("P-256");
    ASSERT(authority->key != NULL);
    X509 *certificate = certificate_begin(authority->key, common_name, NULL, AUTHORITY_DAYS);
    authority->certificate = certificate;
    must(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)));
    extension_add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extension_add(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    extension_add(certificate, certificate, NID_subject_key_identifier, "hash");
    must(X509_sign(certificate, authority->key, EVP_sha256()));
    return authority;
}

err_t authority_load(bytes_t certificate, bytes_t key, struct authority **ret_authority)
{
    struct authority *authority = mem_zalloc(1, sizeof *authority);
    authority->certificate = certificate_read(certificate);
    authority->key = key_read(key);
    err_t err = ERR_OK;
    if (authority->certificate == NULL || authority->key == NULL)
        err = ERR_MALFORMED;
    else if (X509_check_private_key(authority->certificate, authority->key) != 1)
        err = ERR_INVALID;
    if (err != ERR_OK) {
        authority_free(authority);
        return err;
    }
    *ret_authority = authority;
    return ERR_OK;
}

void authority_free(struct authority *authority)
{
    if (authority == NULL)
        return;
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

struct slice authority_certificate(const struct authority *authority)
{
    return certificate_write(authority->certificate);
}

struct slice authority_key(const struct authority *authority)
{
    return key_write(authority->key);
}

void authority_sign(const struct authority *authority, const struct authority_leaf *leaf, struct slice *ret_certificate,
                    struct slice *ret_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ASSERT(key != NULL);
    X509 *certificate = certificate_begin(key, leaf->common_name, leaf->organization, leaf->days);
    must(X509_set_issuer_name(certificate, X509_get_subject_name(authority->certificate)));
    extension_add(certificate, authority->certificate, NID_basic_constraints, "critical,CA:FALSE");
    extension_add(certificate, authority->certificate, NID_key_usage, "critical,digitalSignature");
    extension_add(certificate, authority->certificate, NID_ext_key_usage,
                  leaf->names != NULL ? "serverAuth" : "clientAuth");
    extension_add(certificate, authority->certificate, NID_authority_key_identifier, "keyid");
    if (leaf->names != NULL)
        extension_add(certificate, authority->certificate, NID_subject_alt_name, leaf->names);
    must(X509_sign(certificate, authority->key, EVP_sha256()));
    *ret_certificate = certificate_write(certificate);
    *ret_key = key_write(key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

// --- looking at certificates

err_t certificate_expires(bytes_t certificate, int64_t *ret_unix_s)
{
    X509 *read = certificate_read(certificate);
    struct tm tm;
    if (read == NULL)
        return ERR_MALFORMED;
    bool ok = ASN1_TIME_to_tm(X509_get0_notAfter(read), &tm) == 1;
    X509_free(read);
    if (!ok)
        return ERR_MALFORMED;
    struct civil civil = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, 0, 0 };
    *ret_unix_s = civil_to_ms(&civil) / 1000;
    return ERR_OK;
}

bool certificate_has_name(bytes_t certificate, const char *name)
{
    X509 *read = certificate_read(certificate);
    bool has = false;
    if (read == NULL)
        return false;
    if (strncmp(name, "DNS:", 4) == 0)
        has = X509_check_host(read, name + 4, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
    else if (strncmp(name, "IP:", 3) == 0)
        has = X509_check_ip_asc(read, name + 3, 0) == 1;
    X509_free(read);
    return has;
}
