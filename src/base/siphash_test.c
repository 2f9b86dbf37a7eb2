// SPDX-License-Identifier: Apache-2.0
#include "base/siphash.h"

#include "base/test.h"

// The vectors of the reference implementation: key 00..0f, input 00..(n-1).
static void matches_the_reference(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint8_t hash[16];
    } rows[] = {
        { 0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
        { 1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
        { 8, { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 } },
    };
    uint8_t input[64];
    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (uint8_t)i;
    struct siphash_secret secret = { 0x0706050403020100U, 0x0f0e0d0c0b0a0908U };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct siphash hash = siphash_128(secret, bytes_of(input, rows[i].size));
        for (size_t b = 0; b < 8; b++) {
            assert_int_equal((uint8_t)(hash.low >> (8 * b)), rows[i].hash[b]);
            assert_int_equal((uint8_t)(hash.high >> (8 * b)), rows[i].hash[8 + b]);
        }
    }
}

static void depends_on_the_secret_and_every_byte(void **state)
{
    (void)state;
    uint8_t input[23] = { 0 };
    struct siphash_secret secret = { 1, 2 }, other = { 1, 3 };
    struct siphash hash = siphash_128(secret, bytes_of(input, sizeof(input)));
    assert_true(siphash_128(other, bytes_of(input, sizeof(input))).low != hash.low);
    for (size_t i = 0; i < sizeof(input); i++) {
        input[i] = 1;
        struct siphash changed = siphash_128(secret, bytes_of(input, sizeof(input)));
        assert_true(changed.low != hash.low && changed.high != hash.high);
        input[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_reference),
        cmocka_unit_test(depends_on_the_secret_and_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
