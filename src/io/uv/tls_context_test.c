// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/testing/certificates.h"
#include "io/tls.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"

static char folder[] = "/tmp/eddy-tls-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static const char *const names[] = { "a.pem", "a.key", "b.key", "locked.key", "text.pem", "empty.pem" };

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    const struct test_certificate_config config = { .subject = "CN=a", .valid_until_s = 5000 };
    struct test_certificate *a = test_certificate_new(NULL, &config), *b = test_certificate_new(NULL, &config);
    test_certificate_write(a, path_of("a.pem"));
    test_key_write(a, path_of("a.key"), NULL);
    test_key_write(b, path_of("b.key"), NULL);
    test_key_write(a, path_of("locked.key"), "password");
    test_certificate_free(a);
    test_certificate_free(b);
    assert_int_equal(file_replace(path_of("text.pem"), BYTES_LITERAL("not a certificate\n")), ERR_OK);
    assert_int_equal(file_replace(path_of("empty.pem"), BYTES_NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_int_equal(file_remove(path_of(names[i])), ERR_OK);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void says_which_file_is_wrong_and_how(void **state)
{
    (void)state;
    const struct {
        const char *certificate, *key, *ca;
        enum tls_verify verify;
        err_t err;
        const char *where, *words;
    } rows[] = {
        { "a.pem", NULL, NULL, TLS_VERIFY_NONE, ERR_INVALID, "tls", "key's file is missing" },
        { NULL, "a.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "tls", "certificate's file is missing" },
        { NULL, NULL, NULL, TLS_VERIFY_NONE, ERR_INVALID, "tls", "is missing" },
        { "no.pem", "a.key", NULL, TLS_VERIFY_NONE, ERR_NOT_FOUND, "no.pem", "cannot be read" },
        { "a.pem", "no.key", NULL, TLS_VERIFY_NONE, ERR_NOT_FOUND, "no.key", "cannot be read" },
        { "text.pem", "a.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "text.pem", "no certificate in PEM form" },
        { "empty.pem", "a.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "empty.pem", "no certificate in PEM form" },
        { "a.key", "a.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "a.key", "no certificate in PEM form" },
        { "a.pem", "a.pem", NULL, TLS_VERIFY_NONE, ERR_INVALID, "a.pem", "no private key in PEM form" },
        { "a.pem", "b.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "b.key", "does not belong to the certificate in" },
        { "a.pem", "locked.key", NULL, TLS_VERIFY_NONE, ERR_INVALID, "locked.key", "openssl pkey" },
        { "a.pem", "a.key", NULL, TLS_VERIFY_REQUIRED, ERR_INVALID, "tls", "authorities' file is missing" },
        { "a.pem", "a.key", "no.pem", TLS_VERIFY_REQUIRED, ERR_NOT_FOUND, "no.pem", "cannot be read" },
        { "a.pem", "a.key", "text.pem", TLS_VERIFY_OPTIONAL, ERR_INVALID, "text.pem", "no certificate in PEM form" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct tls_config config = { .certificate_file =
                                               rows[i].certificate == NULL ? NULL : path_of(rows[i].certificate),
                                           .key_file = rows[i].key == NULL ? NULL : path_of(rows[i].key),
                                           .ca_file = rows[i].ca == NULL ? NULL : path_of(rows[i].ca),
                                           .verify = rows[i].verify };
        struct tls_context *context = NULL;
        diag_t diag = { 0 };
        assert_int_equal(tls_server_new(&config, &context, &diag), rows[i].err);
        assert_null(context);
        if (strstr(diag.where, rows[i].where) == NULL || strstr(diag.text, rows[i].words) == NULL)
            fail_msg("row %zu: %s: %s", i, diag.where, diag.text);
    }
}

static void says_which_setting_is_wrong(void **state)
{
    (void)state;
    static char long_list[4096];
    memset(long_list, 'a', sizeof(long_list) - 1);
    static const struct {
        struct tls_config config;
        const char *where, *words;
    } rows[] = {
        { { .ciphers = "TLS_AES_128_GCM_SHA256:TLS_NO_SUCH" }, "ciphers", "\"TLS_NO_SUCH\"" },
        { { .ciphers = "TLS_RSA_WITH_NOTHING" }, "ciphers", "\"TLS_RSA_WITH_NOTHING\"" },
        { { .ciphers = "" }, "ciphers", "not a cipher" },
        { { .ciphers = long_list }, "ciphers", "not a cipher" },
        { { .curves = "X25519:CurveP1" }, "curves", "\"CurveP1\"" },
        { { .curves = "X25519:X25519" }, "curves", "twice" },
        { { .curves = long_list }, "curves", "not a curve" },
        { { .alpn = "h2,,x" }, "alpn", "empty" },
        { { .ca_text = { (const uint8_t *)"not one\n", 8 } }, "ca", "no certificate in PEM form" },
        { { .alpn = long_list }, "alpn", "too long" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct tls_context *context = NULL;
        diag_t diag = { 0 };
        assert_int_equal(tls_client_new(&rows[i].config, &context, &diag), ERR_INVALID);
        assert_null(context);
        assert_string_equal(diag.where, rows[i].where);
        if (strstr(diag.text, rows[i].words) == NULL)
            fail_msg("row %zu: %s", i, diag.text);
    }
}

static void takes_the_names_of_iana_go_and_openssl(void **state)
{
    (void)state;
    static const struct tls_config rows[] = {
        { 0 }, // the system's authorities
        { .ciphers = "TLS_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:ECDHE-RSA-CHACHA20-POLY1305" },
        { .ciphers = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305:TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" }, // Go's
        { .ciphers = "TLS_AES_256_GCM_SHA384", .min_version = TLS_1_2 },
        { .curves = "CurveP256:CurveP384:CurveP521:X25519" },
        { .alpn = "nats" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct tls_context *context = NULL;
        diag_t diag = { 0 };
        if (tls_client_new(&rows[i], &context, &diag) != ERR_OK)
            fail_msg("%s: %s", diag.where, diag.text);
        tls_context_unref(context);
    }
}

static void knows_when_its_certificate_expires(void **state)
{
    (void)state;
    const struct tls_config config = { .certificate_file = path_of("a.pem"), .key_file = path_of("a.key") };
    struct tls_context *context;
    assert_int_equal(tls_server_new(&config, &context, NULL), ERR_OK);
    int64_t left_s = tls_context_expires_s(context) - clock_wall_ms() / 1000;
    assert_in_range(left_s, 4900, 5000);
    tls_context_unref(context);
    assert_int_equal(tls_client_new(&(struct tls_config){ 0 }, &context, NULL), ERR_OK);
    assert_true(tls_context_expires_s(context) == INT64_MAX);
    tls_context_unref(context);
    tls_context_unref(NULL);
}

// Reloading often must not use anything up.
static void contexts_can_be_made_again_and_again(void **state)
{
    (void)state;
    const struct tls_config config = { .certificate_file = path_of("a.pem"), .key_file = path_of("a.key") };
    for (int i = 0; i < 300; i++) {
        struct tls_context *context;
        assert_int_equal(tls_server_new(&config, &context, NULL), ERR_OK);
        tls_context_unref(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_file_is_wrong_and_how),       cmocka_unit_test(says_which_setting_is_wrong),
        cmocka_unit_test(takes_the_names_of_iana_go_and_openssl), cmocka_unit_test(knows_when_its_certificate_expires),
        cmocka_unit_test(contexts_can_be_made_again_and_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
