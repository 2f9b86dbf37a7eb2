// SPDX-License-Identifier: Apache-2.0
#include "auth/authority.h"

#include "io/clock.h"

#include "base/test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const struct authority_leaf server_leaf = {
    .common_name = "eddy",
    .names = "DNS:localhost,IP:127.0.0.1",
    .days = 365,
};

static X509 *parsed(bytes_t text)
{
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static bool verifies(bytes_t authority, bytes_t leaf, int purpose)
{
    X509 *root = parsed(authority), *certificate = parsed(leaf);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(context, store, certificate, NULL);
    X509_STORE_CTX_set_purpose(context, purpose);
    bool ok = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(root);
    X509_free(certificate);
    return ok;
}

static void what_it_signs_is_trusted_by_who_trusts_it(void **state)
{
    (void)state;
    struct authority *authority = authority_new("eddy local"), *other = authority_new("eddy local");
    struct slice root = authority_certificate(authority), stranger = authority_certificate(other), leaf, key;
    authority_sign(authority, &server_leaf, &leaf, &key);
    assert_true(verifies(root.bytes, leaf.bytes, X509_PURPOSE_SSL_SERVER));
    assert_false(verifies(root.bytes, leaf.bytes, X509_PURPOSE_SSL_CLIENT));
    assert_false(verifies(stranger.bytes, leaf.bytes, X509_PURPOSE_SSL_SERVER));
    assert_true(certificate_has_name(leaf.bytes, "DNS:localhost"));
    assert_true(certificate_has_name(leaf.bytes, "IP:127.0.0.1"));
    assert_false(certificate_has_name(leaf.bytes, "DNS:example.com"));
    int64_t expires_s;
    assert_int_equal(certificate_expires(leaf.bytes, &expires_s), ERR_OK);
    int64_t days = (expires_s - clock_wall_ms() / 1000 + 60) / 86400;
    assert_int_equal(days, 365);
    slice_free(&leaf);
    slice_free(&key);
    slice_free(&root);
    slice_free(&stranger);
    authority_free(authority);
    authority_free(other);
}

static void a_client_has_a_name_and_a_group(void **state)
{
    (void)state;
    struct authority *authority = authority_new("eddy local");
    struct slice root = authority_certificate(authority), leaf, key;
    struct authority_leaf client = { .common_name = "bob", .organization = "system:masters", .days = 1 };
    authority_sign(authority, &client, &leaf, &key);
    assert_true(verifies(root.bytes, leaf.bytes, X509_PURPOSE_SSL_CLIENT));
    X509 *certificate = parsed(leaf.bytes);
    char text[100];
    X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
    assert_string_equal(text, "/O=system:masters/CN=bob");
    X509_free(certificate);
    slice_free(&leaf);
    slice_free(&key);
    slice_free(&root);
    authority_free(authority);
}

static void it_is_read_back(void **state)
{
    (void)state;
    struct authority *authority = authority_new("eddy local"), *other = authority_new("x"), *again = NULL;
    struct slice root = authority_certificate(authority), key = authority_key(authority);
    struct slice other_key = authority_key(other), leaf, leaf_key;
    assert_int_equal(authority_load(root.bytes, other_key.bytes, &again), ERR_INVALID);
    assert_int_equal(authority_load(root.bytes, BYTES_LITERAL("no key"), &again), ERR_MALFORMED);
    assert_int_equal(authority_load(root.bytes, key.bytes, &again), ERR_OK);
    authority_sign(again, &server_leaf, &leaf, &leaf_key);
    assert_true(verifies(root.bytes, leaf.bytes, X509_PURPOSE_SSL_SERVER));
    slice_free(&leaf);
    slice_free(&leaf_key);
    slice_free(&root);
    slice_free(&key);
    slice_free(&other_key);
    authority_free(authority);
    authority_free(other);
    authority_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_signs_is_trusted_by_who_trusts_it),
        cmocka_unit_test(a_client_has_a_name_and_a_group),
        cmocka_unit_test(it_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
