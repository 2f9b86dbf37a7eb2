// SPDX-License-Identifier: Apache-2.0
#include "base/partitioner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

// The values that Kafka's own UtilsTest expects.
static void hashes_as_java_does(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } rows[] = {
        { "21", -973932308 },
        { "foobar", -790332482 },
        { "a-little-bit-long-string", -985981536 },
        { "a-little-bit-longer-string", -1486304829 },
        { "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971 },
        { "abc", 479470107 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal((int32_t)partitioner_murmur2(bytes_of_text(rows[i].key)), rows[i].hash);
}

static void stays_in_range(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int32_t partition = partitioner_of_key(bytes_of(&i, sizeof(i)), 7);
        assert_in_range(partition, 0, 6);
    }
    assert_int_equal(partitioner_of_key(BYTES_LITERAL("foobar"), 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_as_java_does),
        cmocka_unit_test(stays_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
