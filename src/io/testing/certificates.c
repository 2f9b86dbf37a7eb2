// SPDX-License-Identifier: Apache-2.0
#include "io/testing/certificates.h"

#include "base/assert.h"
#include "base/mem.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct test_certificate {
    X509 *certificate;
    EVP_PKEY *key;
};

static void must(int result)
{
    ASSERT(result > 0);
}

static void add_subject(X509_NAME *name, const char *subject)
{
    char *copy = mem_text(subject), *rest = NULL;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(part, '=');
        ASSERT(value != NULL);
        *value++ = '\0';
        must(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0));
    }
    free(copy);
}

static void add_extension(X509 *certificate, const X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, (X509 *)(uintptr_t)issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    ASSERT(extension != NULL);
    must(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

struct test_certificate *test_certificate_new(const struct test_certificate *authority,
                                              const struct test_certificate_config *config)
{
    static long serial;
    struct test_certificate *made = mem_zalloc(1, sizeof(*made));
    made->key = EVP_EC_gen("P-256");
    made->certificate = X509_new();
    ASSERT(made->key != NULL && made->certificate != NULL);
    const struct test_certificate *issuer = authority == NULL ? made : authority;
    must(X509_set_version(made->certificate, X509_VERSION_3));
    must(ASN1_INTEGER_set(X509_get_serialNumber(made->certificate), ++serial));
    X509_gmtime_adj(X509_getm_notBefore(made->certificate), config->valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(made->certificate), config->valid_until_s == 0 ? 3600 : config->valid_until_s);
    if (config->subject != NULL)
        add_subject(X509_get_subject_name(made->certificate), config->subject);
    must(X509_set_issuer_name(made->certificate, X509_get_subject_name(issuer->certificate)));
    must(X509_set_pubkey(made->certificate, made->key));
    if (config->is_authority)
        add_extension(made->certificate, issuer->certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (config->names != NULL)
        add_extension(made->certificate, issuer->certificate, NID_subject_alt_name, config->names);
    must(X509_sign(made->certificate, issuer->key, EVP_sha256()));
    return made;
}

void test_certificate_free(struct test_certificate *certificate)
{
    if (certificate == NULL)
        return;
    X509_free(certificate->certificate);
    EVP_PKEY_free(certificate->key);
    free(certificate);
}

void test_certificate_write(const struct test_certificate *certificate, const char *path)
{
    BIO *file = BIO_new_file(path, "w");
    ASSERT(file != NULL);
    must(PEM_write_bio_X509(file, certificate->certificate));
    must(BIO_free(file));
}

void test_key_write(const struct test_certificate *certificate, const char *path, const char *password)
{
    BIO *file = BIO_new_file(path, "w");
    ASSERT(file != NULL);
    const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_128_cbc();
    int size = password == NULL ? 0 : (int)strlen(password);
    must(PEM_write_bio_PKCS8PrivateKey(file, certificate->key, cipher, password, size, NULL, NULL));
    must(BIO_free(file));
}
