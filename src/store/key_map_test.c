// SPDX-License-Identifier: Apache-2.0
#include "store/key_map.h"

#include "base/test.h"

static const struct siphash_secret secret = { 1, 2 };

static bytes_t key_of(int *number)
{
    return bytes_of(number, sizeof(*number));
}

static void remembers_the_newest_offset_of_each_key(void **state)
{
    (void)state;
    struct key_map *map = key_map_new(1 << 20, secret);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10000; i++)
            assert_true(key_map_put(map, key_of(&i), round * 10000 + i));
    }
    assert_int_equal(key_map_count(map), 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(key_map_get(map, key_of(&i)), 20000 + i);
    int other = 10000;
    assert_int_equal(key_map_get(map, key_of(&other)), -1);
    assert_int_equal(key_map_get(map, BYTES_LITERAL("")), -1);
    key_map_free(map);
}

static void says_when_it_is_full_and_stays_right(void **state)
{
    (void)state;
    struct key_map *map = key_map_new(0, secret);
    int count = 0;
    while (key_map_put(map, key_of(&count), count))
        count++;
    assert_int_equal(count, 12);
    // A known key always fits.
    int first = 0;
    assert_true(key_map_put(map, key_of(&first), 77));
    assert_int_equal(key_map_get(map, key_of(&first)), 77);
    assert_int_equal(key_map_get(map, key_of(&count)), -1);
    key_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_the_newest_offset_of_each_key),
        cmocka_unit_test(says_when_it_is_full_and_stays_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
