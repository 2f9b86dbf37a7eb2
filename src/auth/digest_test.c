// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include "base/test.h"

// FIPS 180-2, appendix B.1.
static void gives_the_digest_of_the_standard(void **state)
{
    (void)state;
    char text[DIGEST_TEXT_SIZE];
    assert_string_equal(digest_sha256(BYTES_LITERAL("abc"), text),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 1321 A.5.
static void gives_the_md5_of_the_standard(void **state)
{
    (void)state;
    char text[DIGEST_MD5_TEXT_SIZE];
    assert_string_equal(digest_md5(BYTES_LITERAL("message digest"), text), "f96b697d7cb7938d525a2f31aaf161d0");
}

// RFC 4231 4.3: a key that is shorter than the digest.
static void seals_as_the_standard_does(void **state)
{
    (void)state;
    static const uint8_t expected[DIGEST_SIZE] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
                                                   0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
                                                   0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 };
    uint8_t digest[DIGEST_SIZE];
    digest_hmac_sha256(BYTES_LITERAL("Jefe"), BYTES_LITERAL("what do ya want for nothing?"), digest);
    assert_memory_equal(digest, expected, DIGEST_SIZE);
    assert_true(digest_equal(digest, expected));
    digest[DIGEST_SIZE - 1] ^= 1;
    assert_false(digest_equal(digest, expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_digest_of_the_standard),
        cmocka_unit_test(gives_the_md5_of_the_standard),
        cmocka_unit_test(seals_as_the_standard_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
