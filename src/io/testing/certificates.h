// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made when they run. Failures are assertions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct test_certificate; // with its key

struct test_certificate_config {
    const char *subject;   // "CN=alice,OU=ops": in this order in the certificate; NULL: empty
    const char *names;     // "DNS:localhost,IP:127.0.0.1,email:a@example.com,URI:spiffe://x"; NULL: none
    int64_t valid_from_s;  // from now; may be negative
    int64_t valid_until_s; // from now; 0: an hour
    bool is_authority;
};

// Signed by AUTHORITY, or by itself if that is NULL.
struct test_certificate *test_certificate_new(const struct test_certificate *authority,
                                              const struct test_certificate_config *config);
void test_certificate_free(struct test_certificate *certificate);
// PEM. PASSWORD NULL: the key is not encrypted.
void test_certificate_write(const struct test_certificate *certificate, const char *path);
void test_key_write(const struct test_certificate *certificate, const char *path, const char *password);
