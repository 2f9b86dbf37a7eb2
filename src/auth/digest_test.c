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

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gives_the_digest_of_the_standard) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
